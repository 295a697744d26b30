"""Files checked by the workers of a Dask cluster; answers come back as parts of them are done.

The cluster belongs to the user: who can reach its scheduler can run code on its workers, and its
answers are believed as those of processes of this machine are. A part of the files that a lost
worker had is given to another one by the scheduler. Each worker checks its part in a process of its
own (`cluster_part`), under the limits of time and memory of the check.
"""

from __future__ import annotations

import heapq
import pickle
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tellverify.language.files.inputs import ReadFile
from tellverify.obligations.options import Options
from tellverify.verification.cache import files_of_policy, package_digest
from tellverify.verification.checked import FileResult
from tellverify.verification.cluster_part import ClusterPart, answer_of
from tellverify.verification.refused import ClusterFailure
from tellverify.verification.workers import dead

if TYPE_CHECKING:
    from distributed import Client, Future

_PATIENCE: Final = 20.0  # seconds to reach the scheduler
_PARTS: Final = 4  # for each thread of the cluster, so that none ends long before the others
_GRACE: Final = 5.0  # seconds behind the end of the check in which workers still answer


def on_cluster(
    address: str,
    files: Sequence[ReadFile],
    wanted: Sequence[int],
    options: Options,
    memory: int | None = None,
) -> Iterator[tuple[int, FileResult]]:
    """The results of the `wanted` files, as they are found; none for which the time was too short.

    Raises ClusterFailure when there is no scheduler, when it has no workers, or when a worker has
    another version of tellverify, of a solver, or of a file of the policy outside this folder.
    """
    client = _connected(address)
    try:
        threads: Counter[str] = Counter()
        for worker in client.scheduler_info(n_workers=-1)["workers"].values():
            threads[worker["host"]] += worker["nthreads"]
        if not threads:
            raise ClusterFailure(f"the cluster at {address} has no workers")
        work = _ClusterWork(client, files, options, memory, max(threads.values()))
        for part in parts(files, wanted, threads.total() * _PARTS):
            work.submit(part)
        yield from work.answers()
    finally:
        client.close()


def parts(files: Sequence[ReadFile], wanted: Sequence[int], most: int) -> list[tuple[int, ...]]:
    """`wanted` in at most `most` parts of about equal length of text, the longest files first."""
    order = sorted(wanted, key=lambda index: (-len(files[index].text or ""), index))
    made: list[list[int]] = [[] for _ in range(max(1, min(most, len(order))))]
    sizes = [(0, number) for number in range(len(made))]
    for index in order:
        size, number = heapq.heappop(sizes)
        made[number].append(index)
        heapq.heappush(sizes, (size + len(files[index].text or "") + 1, number))
    return [tuple(part) for part in made if part]


def _connected(address: str) -> Client:
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address
        from distributed.comm.registry import get_backend
    except ModuleNotFoundError as error:
        if error.name != "distributed":
            raise
        raise ClusterFailure("a cluster needs the extra `cluster` of tellverify") from None
    import logging

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        get_backend(parse_address(address)[0])  # else a client waits for a scheme that is unknown
        return Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterFailure(f"the cluster at {address} cannot be reached: {why}") from None


def _policy(options: Options) -> Iterator[tuple[str, bytes]]:
    for path in files_of_policy(options.policy) if options.policy else ():
        try:
            with open(path, "rb") as file:
                yield path, file.read()
        except OSError:
            continue  # the check says so wherever it is made


class _ClusterWork:
    """The parts that are with the cluster."""

    def __init__(
        self,
        client: Client,
        files: Sequence[ReadFile],
        options: Options,
        memory: int | None,
        beside: int,
    ) -> None:
        self._client = client
        self._files = files
        self._options = options
        self._memory = memory
        self._beside = beside
        self._policy = tuple(_policy(options))
        self._parts: dict[Future[bytes], tuple[int, ...]] = {}

    def submit(self, part: tuple[int, ...]) -> Future[bytes]:
        """Give a part to the cluster."""
        until = self._options.until
        left = None if until is None else max(0.0, until - time.monotonic())
        limits = (left, self._memory, self._beside)
        files = self._needed(part)
        limits = (left, self._memory, self._beside)
        wanted = tuple(files.index(index) for index in part)
        asked = ClusterPart(
            tuple(self._files[index] for index in files),
            wanted,
            self._policy,
            self._options,
            *limits,
            package_digest(),
        )
        # An argument, not scattered data: that would be lost with the worker that holds it.
        future = self._client.submit(answer_of, pickle.dumps(asked), pure=False)
        self._parts[future] = part
        return future

    def _needed(self, part: tuple[int, ...]) -> Sequence[int]:
        """The files that some of a part may import, which can be all, and the part itself."""
        imports = any("import" in (self._files[index].text or "") for index in part)
        return range(len(self._files)) if imports else part

    def answers(self) -> Iterator[tuple[int, FileResult]]:
        """The answers as they come; a file that ends every worker that has it gets a finding."""
        from distributed import CancelledError, KilledWorker, as_completed

        until = self._options.until
        left = None if until is None else until - time.monotonic() + _GRACE
        coming = as_completed(list(self._parts), loop=self._client.loop, timeout=left)
        try:
            for future in coming:
                part = self._parts.pop(future)
                try:
                    files = self._needed(part)
                    for number, result in _results(future.result()):
                        yield files[number], result
                except KilledWorker:
                    if len(part) == 1:
                        yield part[0], dead(self._files[part[0]])
                    else:
                        for index in part:
                            coming.add(self.submit((index,)))
        except TimeoutError:
            return
        except (OSError, CancelledError) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ClusterFailure(f"the cluster was lost on the way: {why}") from error
        finally:
            self._client.cancel(list(self._parts), force=True)


def _results(answer: bytes) -> Iterator[tuple[int, FileResult]]:
    found = pickle.loads(answer)
    if isinstance(found, str):
        raise ClusterFailure(found)
    yield from found
