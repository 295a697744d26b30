"""How the files of a check are got through: from the cache, by processes, against the clock.

None of this changes results; what it cannot finish is *unknown*, or is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from tellverify.language.files.inputs import ReadFile, may_include
from tellverify.obligations.options import Options
from tellverify.verdict.run import Input
from tellverify.verification.checked import Checked, FileResult, assembled
from tellverify.verification.interruption import INTERRUPTED, code_of

if TYPE_CHECKING:
    from tellverify.language.workspace import Workspace
    from tellverify.verification.cache import Cache


class Schedule(msgspec.Struct, frozen=True):
    """`jobs` processes, a `cache` file (empty: none), and `seconds` for everything together.

    With `recheck` nothing is taken from the cache: its entries are compared with new results,
    as for a cache that is not in the folder of the user.
    `only` are the numbers of the files that are reported on; the others are there to be imported.
    `progress` is called with how many files are done, of how many, and the path of the last one.
    With a `cluster`, the address of its scheduler, its workers check the files in place of `jobs`,
    each with `memory` megabytes.
    `more` gives the results of files of another kind, which belong to the same run. `unchecked`
    gives the texts of the project that are not checked, which a setting may be about.
    """

    jobs: int = 1
    cluster: str = ""
    memory: int | None = None
    cache: str = ""
    recheck: bool = False
    seconds: float | None = None
    only: frozenset[int] | None = None
    progress: Callable[[int, int, str], None] | None = None
    more: Callable[[], Sequence[FileResult]] | None = None
    unchecked: Callable[[], Sequence[str]] = tuple


class ScheduledRun(msgspec.Struct, frozen=True):
    """What came out, what to tell about the way there, and how many files the cache knew.

    `seconds` are those that each file took, by its path; 0 for what the cache knew.
    """

    checked: Checked
    notes: tuple[str, ...] = ()
    cached: int = 0
    seconds: tuple[tuple[str, float], ...] = ()


def conducted(files: Sequence[ReadFile], options: Options, how: Schedule) -> ScheduledRun:
    """Check `files`. After an interrupt, what was finished is reported with exit code 130, 143
    after TERM, 129 after HUP.
    """
    work = _Work(files, options, how)
    ended = 0
    try:
        work.run()
    except KeyboardInterrupt as stop:
        ended = code_of(stop)
    notes = work.finish()
    done = [result for result in work.results if result is not None]
    if how.more is not None and not ended:
        done.extend(how.more())
    checked = assembled(done, options, how.unchecked)
    read = {file.path: file.source() for file in files}  # findings may point into imported files
    checked = msgspec.structs.replace(checked, sources={**read, **checked.sources})
    if ended:
        word = "interrupted" if ended == INTERRUPTED else "ended by a signal"
        reason = f"{word}: {len(done)} of {work.count} files were checked"
        run = msgspec.structs.replace(checked.run, exit_code=ended, exit_reason=reason)
        checked = msgspec.structs.replace(checked, run=run)
    seconds = tuple((result.file.path, round(result.seconds, 3)) for result in done)
    return ScheduledRun(checked, notes, work.cached, seconds)


class _Work:
    """One check on its way; `results` has None for files that are not done."""

    def __init__(self, files: Sequence[ReadFile], options: Options, how: Schedule) -> None:
        self.results: list[FileResult | None] = [None] * len(files)
        self.cached = 0
        self._files = files
        self._options = options
        self._how = how
        self._cache: Cache | None = None
        self._workspace: Workspace | None = None  # made when a stored refutation is replayed
        self._keys: dict[int, str] = {}
        self._stored: dict[int, bytes] = {}  # entries compared with computed results
        self._differing: list[str] = []
        self._done = 0
        self._end: float | None = None

    def run(self) -> None:
        """Fill in all results."""
        files, how = self._files, self._how
        if how.seconds is not None:
            import time

            self._end = time.monotonic() + how.seconds
        if any(map(may_include, files)):
            self._in_order()
            return
        if how.cache and not (self._options.keep_graphs or self._options.draw):
            self._look_up()
        missing = [index for index in self._wanted() if self.results[index] is None]
        if how.cluster and missing:
            self._by_cluster(missing)
        elif how.jobs > 1 and len(missing) > 1:
            from tellverify.verification.workers import in_processes

            # The longest texts first, so that no process is left alone with one at the end.
            missing.sort(key=lambda index: len(files[index].text or ""), reverse=True)
            wanted = ((index, self._limited()) for index in missing)
            for index, result in in_processes(files, wanted, how.jobs):
                self._take(index, result)
        elif missing:
            from tellverify.verification import pipeline

            workspace = pipeline.workspace_of(files, self._options)
            for index in missing:
                self._take(index, pipeline.check_file(workspace, index, self._limited()))

    def _by_cluster(self, missing: Sequence[int]) -> None:
        from tellverify.verification.cluster import on_cluster

        how, options = self._how, self._limited()
        for index, result in on_cluster(how.cluster, self._files, missing, options, how.memory):
            self._take(index, result)
        from tellverify.verification import pipeline

        workspace = pipeline.workspace_of(self._files, options)
        for index in missing:
            if self.results[index] is None:  # its time was over
                self._take(index, pipeline.check_file(workspace, index, self._limited()))

    @property
    def count(self) -> int:
        """How many files are reported on."""
        return len(self._wanted())

    def _wanted(self) -> list[int]:
        numbers = range(len(self._files))
        return [index for index in numbers if self._how.only is None or index in self._how.only]

    def finish(self) -> tuple[str, ...]:
        """Write new entries to the cache; returns its failures."""
        if self._cache is None:
            return ()
        self._cache.close()
        return (*dict.fromkeys(self._cache.notes), *self._differing)

    def _in_order(self) -> None:
        """Files that include others, which are told in the place of the first that does."""
        from tellverify.verification.pipeline import results

        self.results = []
        wanted = {self._files[index].path for index in self._wanted()}
        named = {file.path for file in self._files}
        for result in results(self._files, self._limited()):
            path = result.file.path
            if path in wanted or path not in named:
                self.results.append(result)
                self._tell(path)

    def _limited(self) -> Options:
        """The options with the end of the time for the whole check."""
        if self._end is None:
            return self._options
        return msgspec.structs.replace(self._options, total=self._how.seconds, until=self._end)

    def _take(self, index: int, result: FileResult) -> None:
        self.results[index] = result
        if self._cache is not None:
            from tellverify.verification.stored_results import encoded

            text = encoded(result)
            if index in self._stored and text == self._stored[index]:
                self.cached += 1
            elif index in self._stored:
                here = f"{result.file.path} in the cache {self._how.cache}"
                self._differing.append(f"the result of {here} differs from the result computed now")
            if text is not None and index in self._keys:
                self._cache.store(self._keys[index], text)
        self._tell(result.file.path)

    def _tell(self, path: str) -> None:
        self._done += 1
        if self._how.progress is not None:
            self._how.progress(self._done, len(self._wanted()), path)

    # The cache

    def _look_up(self) -> None:
        from tellverify.verification.cache import Cache, Keys

        self._cache = Cache(self._how.cache)
        keys = Keys(self._files, self._options)
        for index in self._wanted():
            file = self._files[index]
            if file.text is not None:
                imports = "import" in file.text
                self._keys[index] = keys.key(file, imports=imports)
        found = self._cache.lookup(self._keys.values())
        for index, key in self._keys.items():
            if key not in found:
                continue
            if self._how.recheck:
                self._stored[index] = found[key]
            else:
                self._restore(index, found[key])

    def _restore(self, index: int, text: bytes) -> None:
        """Take over a stored result; with a refutation only after it was replayed."""
        from tellverify.verification.stored_results import decoded, refutations, restored

        stored = decoded(text)
        if stored is None:
            return
        file = self._files[index]
        empty = FileResult(Input(file.path, file.sha256), file.source(), [], [], [], [], {}, {})
        result = restored(stored, empty)
        if refutations(result.reports):
            from tellverify.verification.cached_runs import confirmed
            from tellverify.verification.pipeline import workspace_of

            if self._workspace is None:
                self._workspace = workspace_of(self._files, self._options)
            if not confirmed(self._workspace, index, result.reports, self._options):
                return
        self.results[index] = result
        self.cached += 1
        self._tell(file.path)
