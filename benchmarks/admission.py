"""Speed of admission: the matrix of the Aura policy, and synthetic policies that grow.

Usage: python benchmarks/admission.py [FACTOR]. The first part reads the Aura policy and all specs
and decides the whole matrix in this process. The second decides the admission of every protocol of
policies with up to 1,000 protocols, 200 packs and 500 capabilities against a full runtime and one
that lacks every tenth key, and prints the exponent of the growth; FACTOR divides these numbers.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tellverify.admission.manifest import Manifest, TheoremPack, derive
from tellverify.admission.matrix import matrix
from tellverify.admission.resolve import admit, requirements
from tellverify.admission.runtime import inventory_of
from tellverify.language.syntax.parser import parse
from tellverify.policy import rows
from tellverify.policy.model import Policy
from tellverify.policy.read import policy_of_rows, read_policy
from tellverify.source.text import SourceFile

SPECS = Path(__file__).resolve().parents[1] / "specs"
LARGEST = (1_000, 200, 500)
STEPS = (8, 4, 2, 1)


class Size(NamedTuple):
    protocols: int
    packs: int
    capabilities: int


def synthetic(size: Size) -> Policy:
    """A policy in which every protocol requires two packs of eight keys, and two plain keys."""
    keys = [f"key_{index:04}" for index in range(size.capabilities)]

    def some(start: int, count: int) -> tuple[str, ...]:
        return tuple(dict.fromkeys(keys[(start + 7 * i) % len(keys)] for i in range(count)))

    packs = tuple(
        rows.Pack(
            name=f"Pack{index}", status="active", declares=some(index, 6), runtime=some(index, 8)
        )
        for index in range(size.packs)
    )
    protocols = tuple(
        rows.ProtocolEntry(
            module=f"module_{index}",
            protocol=f"Protocol{index}",
            id=f"synthetic.protocol_{index}",
            files=(f"src/module_{index}.tell",),
            packs=tuple(f"Pack{(index * step) % size.packs}" for step in (3, 11)),
            keys=some(index * 5, 2),
        )
        for index in range(size.protocols)
    )
    content = rows.PolicyFile(
        format=1,
        families=(rows.FamilyRow(name="own", inventory=True),),
        capabilities=tuple(rows.Capability(key=key, family="own") for key in keys),
        packs=packs,
        protocols=protocols,
        waves=(
            rows.Wave(
                name="all", admits_packs=True, protocols=tuple(row.name for row in protocols)
            ),
        ),
        grants=tuple(rows.Grant(key=key, all=(f"fact:{key}",)) for key in keys),
        runtimes=(
            rows.Runtime(name="full", facts=tuple(f"fact:{key}" for key in keys)),
            rows.Runtime(name="holes", extends="full", lacks=tuple(keys[::10])),
        ),
        admission=rows.Admission(runtime="full"),
    )
    read = policy_of_rows(content)
    if read.policy is None:
        raise SystemExit(str(read.diagnostics))
    return read.policy


def manifests(policy: Policy) -> list[tuple[Manifest, str]]:
    """What each protocol of a policy would be launched with."""
    found = []
    for row in policy.protocols.values():
        names = tuple(sorted(set(row.packs)))
        packs = tuple(TheoremPack(name, policy.packs[name].declares) for name in names)
        carried = tuple(sorted({key for pack in packs for key in pack.capabilities}))
        found.append(
            (
                Manifest(
                    row.protocol,
                    row.module,
                    row.qualified,
                    row.name,
                    ("A", "B"),
                    row.keys,
                    packs,
                    names,
                    carried,
                ),
                row.files[0],
            )
        )
    return found


def aura() -> tuple[float, float, int]:
    """Seconds for reading everything and for the matrix, and the number of its cells."""
    start = time.process_time()
    policy = read_policy(str(SPECS / "policy")).policy
    if policy is None:
        raise SystemExit("the Aura policy has faults")
    resolved = []
    for path in sorted(SPECS.glob("*.tell")):
        source = SourceFile(str(path), path.read_text(encoding="utf-8"))
        parsed = parse(source)
        derived = derive(parsed.file, parsed.file.protocols[0], source, policy)
        resolved.append(requirements(policy, derived.manifest, source.path))
    read = time.process_time()
    table = matrix(policy, resolved)
    return read - start, time.process_time() - read, len(table.rows) * len(table.columns)


def admission(size: Size) -> float:
    """Seconds for the admission of every protocol by two runtimes, the best of three."""
    policy = synthetic(size)
    launched = manifests(policy)
    runtimes = [inventory_of(policy, name) for name in policy.runtimes]
    best = math.inf
    for _ in range(3):
        start = time.process_time()
        refused = 0
        for manifest, path in launched:
            for runtime in runtimes:
                if runtime is not None:
                    refused += not admit(policy, manifest, runtime, path).admitted
        best = min(best, time.process_time() - start)
        if not 0 < refused < 2 * len(launched):
            raise SystemExit("the runtimes do not differ")
    return best


def main() -> None:
    factor = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    read, decided, cells = aura()
    print(f"Aura: {cells} cells, {read:.2f} s to read, {decided:.3f} s to decide")
    print(f"{'protocols':>10}{'packs':>7}{'capabilities':>14}{'seconds':>9}{'exponent':>10}")
    before: tuple[int, float] | None = None
    for step in STEPS:
        size = Size(*(max(10, number // (step * factor)) for number in LARGEST))
        seconds = admission(size)
        exponent = ""
        if before is not None:
            growth = math.log(seconds / before[1]) / math.log(size.protocols / before[0])
            exponent = f"{growth:.2f}"
        print(
            f"{size.protocols:>10}{size.packs:>7}{size.capabilities:>14}{seconds:>9.3f}{exponent:>10}"
        )
        before = (size.protocols, seconds)


if __name__ == "__main__":
    main()
