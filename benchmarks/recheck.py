"""Measures the recheck of certificates against the check that made them and prints a table.

    python benchmarks/recheck.py [--sizes 3,30,100] [--runs 5]

One row for each family size of a protocol with a role family, and one for each graph family: the
time from text (or graph) to verdicts and certificate, the time from the text of the certificate to
its acceptance, both best of several in one process, and their ratio; below 0.3 is the aim. It
measures and judges nothing: the exit code is 0.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from families import FAMILIES  # noqa: E402

from tellverify.evidence.certificate import (  # noqa: E402
    CERTIFICATE_SCHEMA,
    Certificate,
    write_certificate,
)
from tellverify.evidence.recheck.evidence_files import recheck  # noqa: E402
from tellverify.model.graph import ProtocolGraph  # noqa: E402
from tellverify.obligations.options import Options  # noqa: E402
from tellverify.projection.certify import certify  # noqa: E402
from tellverify.projection.implementability import check_graph  # noqa: E402
from tellverify.verification.certificate_files import certificate_files  # noqa: E402
from tellverify.verification.pipeline import check_text  # noqa: E402

SPEC = HERE.parent / "specs" / "ota_activation.tell"


def best(runs: int, call: Callable[[], object]) -> float:
    """The shortest time of `runs` calls, in milliseconds."""
    found = []
    for _ in range(runs):
        gc.collect()
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found) * 1_000


def checked(text: str, size: int) -> str:
    """The certificate that a check of the spec at one family size ends with."""
    options = Options(instances=(("Devices", (size,)),), keep_graphs=True)
    result = check_text(text, options, "ota.tell")
    protocol = result.run.protocols[0]
    graphs = result.graphs[protocol.path, protocol.name]
    return certificate_files(protocol, graphs, "0" * 64)[0][2]


def certified(graph: ProtocolGraph) -> str:
    """The certificate of a graph, after the check of implementability."""
    if not check_graph(graph).implementable:
        return ""
    part = certify(graph, "", 1_000_000_000)
    return write_certificate(
        Certificate(
            schema=CERTIFICATE_SCHEMA,
            source="family",
            sha256="0" * 64,
            protocol="Family",
            claim="implementable",
            instances=[part],
        )
    )


def row(name: str, make: Callable[[], str], runs: int, folder: str) -> None:
    """Print one row; nothing when there is no certificate."""
    text = make()
    if not text:
        return
    path = os.path.join(folder, "implementable.certificate.json")
    Path(path).write_text(text, encoding="utf-8")
    made, again = best(runs, make), best(runs, lambda: recheck(path))
    print(f"{name:28}{len(text):>10}{made:>12.2f}{again:>12.2f}{again / made:>8.2f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="3,30,100")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    text = SPEC.read_text(encoding="utf-8")
    print(f"{'':28}{'bytes':>10}{'check, ms':>12}{'recheck, ms':>12}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for size in map(int, given.sizes.split(",")):
            name = f"specs/ota_activation {size}"
            row(name, lambda size=size: checked(text, size), given.runs, folder)
        for family in FAMILIES:
            for size in map(int, given.sizes.split(",")):
                depth = max(family.smallest, min(size, 8) if "tree" in family.name else size)
                graph = family.build(depth)
                name = f"{family.name} {depth}"
                row(name, lambda graph=graph: certified(graph), given.runs, folder)


if __name__ == "__main__":
    main()
