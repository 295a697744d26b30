"""`tellverify laws`: do merges of replicated data keep the laws of a lattice?"""

from __future__ import annotations

import click
import msgspec

from tellverify.cli.data_files import DataFlags, DataKind, data_options, decide


@click.command("laws")
@data_options
def laws(**given: object) -> int:
    """Decide the laws of the structures that TOML files describe.

    PATH is such a file or a folder of them, where other TOML files are passed over and counted.
    A broken law comes with the smallest values that break it. Exit codes: 0 all laws hold,
    1 one is broken or a file has errors, 3 one is not known, 4 nothing was checked.
    """
    from tellverify.verification.law_files import check_laws

    return decide(
        msgspec.convert(given, DataFlags), check_laws, "structure", DataKind("structure", "laws")
    )
