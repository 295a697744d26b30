"""How fast mixtures of two versions are decided: `python benchmarks/versions.py`.

Every time is that of the process, so that other work on the machine does not count, and stands
beside that of one search for each deployment where that ends in reasonable time.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tellverify.language.files import inputs
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.machines import Machines
from tellverify.search.breadth_first import explored
from tellverify.search.encoding import CompiledSystem
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import RoleVersions
from tellverify.versions.wire_labels import WireRules, on_the_wire

SPECS = Path(__file__).parents[1] / "specs"
OTA = """\
protocol Ota =
  roles C, D[N]
  C -> D[*] : Propose
  D[*] -> C : Ready
  choice C at
    | Commit =>
        C -> D[*] : Commit
    | Abort =>
        C -> D[*] : Abort
"""
POSTPONE = """\
    | Postpone =>
        C -> D[*] : Postpone
"""
SMALL = """\
module m{0} exposing (P{0})

protocol P{0} =
  roles A, B, C
  A -> B : Ask
  choice B at
    | Yes =>
        B -> A : Yes
        B -> C : Note
    | No =>
        B -> A : No
        B -> C : Skip
"""


def protocols(text: str) -> tuple[Workspace, list[SourceProtocol]]:
    """The protocols of a text."""
    workspace = Workspace([inputs.decode("p.tell", text.encode())])
    return workspace, workspace.protocols()


def graph(text: str, size: int) -> ProtocolGraph:
    """The graph of the only protocol of a text, its families of one size."""
    workspace, (found,) = protocols(text)
    lowered = workspace.graph(found, dict.fromkeys(found.families, size)).graph
    assert lowered is not None
    return lowered


def versions(old: ProtocolGraph, new: ProtocolGraph) -> RoleVersions:
    """Both versions of all roles."""
    left, right = on_the_wire(old, new, WireRules())
    return RoleVersions(Machines(left).all(), Machines(right).all())


def timed(work: Callable[[], object]) -> float:
    """Seconds of this process, the best of three."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def ota(size: int) -> None:
    """All members mixed one by one, in one search and in one for each deployment."""
    roles = versions(graph(OTA, size), graph(OTA + POSTPONE, size))
    found = Mixtures(roles, largest_bound=8, budget=200_000)
    one = timed(lambda: Mixtures(roles, largest_bound=8, budget=200_000))
    line = (
        f"ota({size}): {found.total} deployments, {found.search.count} configurations, {one:.2f} s"
    )
    if size <= 8:

        def separately() -> None:
            for versions_ in found.space.deployments(found.space.whole):
                named = dict(zip(roles.changed, versions_, strict=True))
                explored(CompiledSystem(roles.machines(named), 1), 200_000)

        each = timed(separately)
        line += f"; one search each {each:.2f} s, {each / one:.0f} times as long"
    print(line)


def specs() -> None:
    """Every specification against itself with its last label changed, families of two."""
    pairs = []
    for path in sorted(SPECS.glob("*.tell")):
        workspace, found = protocols(path.read_text(encoding="utf-8"))
        for one in found:
            old = workspace.graph(one, dict.fromkeys(one.families, 2)).graph
            if old is None or not old.label:
                continue
            last = max(old.label)
            labels = (*old.labels[:last], f"{old.labels[last]}Changed", *old.labels[last + 1 :])
            new = ProtocolGraph(
                old.name,
                old.roles,
                labels,
                old.first,
                old.sender,
                old.receiver,
                old.label,
                old.target,
                old.site,
                old.final,
                old.sites,
            )
            pairs.append((old, new))

    def work() -> None:
        for old, new in pairs:
            Mixtures(versions(old, new), largest_bound=8, budget=200_000)

    print(f"{len(pairs)} specifications, one label changed: {timed(work):.3f} s, machines included")


def tree(count: int, changed: int) -> None:
    """`compare --against HEAD` beside `check` of the files that changed, whole processes."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for number in range(count):
            (here / f"p{number}.tell").write_text(SMALL.format(number), encoding="utf-8")
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", folder]
        for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
            subprocess.run([*git, *arguments], check=True, capture_output=True)
        names = [f"p{number}.tell" for number in range(changed)]
        for name in names:
            path = here / name
            path.write_text(path.read_text().replace(": Skip", ": Omit"), encoding="utf-8")

        def command(*arguments: str) -> Callable[[], object]:
            call = [sys.executable, "-m", "tellverify", *arguments, "--isolated", "-q"]
            return lambda: subprocess.run(call, cwd=folder, capture_output=True, check=False)

        check, compare = [], []
        for _ in range(10):  # in turn, so that other work on the machine slows down both
            check.append(elapsed(command("check", "--no-progress", "--no-cache", *names)))
            compare.append(elapsed(command("compare", "--against", "HEAD")))
        print(
            f"{changed} of {count} protocols changed: compare {min(compare):.3f} s,"
            f" check of these {min(check):.3f} s, ratio {median(compare) / median(check):.2f}"
        )


def elapsed(work: Callable[[], object]) -> float:
    """Seconds that child processes take on a processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    for members in (3, 5, 8, 10):
        ota(members)
    specs()
    tree(300, 3)
