"""`tellverify patterns`: do models of resilience satisfy their claims?"""

from __future__ import annotations

import click
import msgspec

from tellverify.cli.data_files import DataFlags, DataKind, data_options, decide


@click.command("patterns")
@data_options
def patterns(**given: object) -> int:
    """Decide the claims about the models in TOML files.

    PATH is such a file or a folder of them, where other TOML files are passed over and counted.
    A claim that is false comes with a shortest run against it. Exit codes: 0 all claims hold,
    1 one is false or a file has errors, 3 one is not known, 4 nothing was checked.
    """
    from tellverify.verification.pattern_files import check_patterns

    return decide(
        msgspec.convert(given, DataFlags), check_patterns, "model", DataKind("pattern", "patterns")
    )
