"""The settings that come out of all layers of a configuration."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from tellverify.obligations.options import (
    ConfiguredScenario,
    Level,
    Options,
    RequirementPlace,
    UserProperty,
)
from tellverify.source.builtin_policies import name_of_policy
from tellverify.source.span import NOWHERE
from tellverify.verification.configuration_file import PATHS
from tellverify.verification.configuration_layers import LoadedConfiguration, flat
from tellverify.verification.levels import ordered
from tellverify.verification.setting_values import sizes_of, toml_text
from tellverify.verification.settings import CompareSettings, Settings


def settings_of(loaded: LoadedConfiguration, flags: Sequence[Level] = ()) -> Settings:
    """The settings of a configuration.

    `flags` are levels of the command line, which win over those of the configuration.
    """
    found = loaded.configuration
    return Settings(
        loaded.folder,
        loaded.path,
        _options(loaded, flags),
        tuple(found.include),
        tuple(found.exclude),
        found.baseline,
        found.ledger,
        found.evidence,
        tuple(found.reports),
        tuple(found.workflows),
        found.jobs,
        found.cache,
        found.cache_dir,
        (*_listed(loaded), *((f"levels.{one.selector}", one.level) for one in flags)),
        frozenset(key for key in (*PATHS, "reports", "workflows") if loaded.is_of_file((key,))),
        compare=CompareSettings(
            found.compare.fail_on,
            tuple(map(equated, found.compare.payloads)),
            tuple(map(equated, found.compare.renamed)),
            found.compare.against,
        ),
    )


def _options(loaded: LoadedConfiguration, flags: Sequence[Level]) -> Options:
    found = loaded.configuration
    bounds, require = found.bounds, dict(found.require)
    default = require.pop("default", "bounded")
    levels = [
        Level(key, level, loaded.origins.get(("levels", key), ""))
        for key, level in found.levels.items()
    ]
    path = os.path.basename(loaded.path)
    return Options(
        instances=tuple((family, sizes_given(sizes)) for family, sizes in bounds.instances.items()),
        require=default,
        dialect=found.dialect,
        target="" if found.target == "any" else found.target,
        fail_on=found.fail_on,
        event_limit=bounds.events,
        step_limit=bounds.steps,
        search_limit=bounds.configurations,
        queue_limit=bounds.queue,
        rlimit=bounds.rlimit,
        levels=(*ordered(levels), *ordered(flags)),
        requirements=tuple(sorted(require.items())),
        user_properties=tuple(
            UserProperty(
                name,
                formula,
                path,
                loaded.lines.get(("properties", name), 0),
                loaded.texts.get(("properties", name), NOWHERE),
            )
            for name, formula in found.properties.items()
        ),
        required_at=tuple(
            RequirementPlace(
                name,
                *(
                    (path, loaded.texts.get(("require", name), NOWHERE))
                    if loaded.is_of_file(("require", name))
                    else (loaded.origins.get(("require", name), ""), NOWHERE)
                ),
            )
            for name in sorted(require)
        ),
        scenarios=tuple(
            ConfiguredScenario(
                name,
                tuple(one.rules),
                path,
                loaded.lines.get(("faults", name), 0),
                one.engaged_only,
                one.deduplicate,
                tuple(
                    loaded.texts.get(("faults", name, "rules", str(n)), NOWHERE)
                    for n in range(len(one.rules))
                ),
            )
            for name, one in found.faults.items()
        ),
        policy=None if found.policy is None else name_of_policy(found.policy),
        late="own" if found.dialect == "faithful" else found.semantics.late,
        fire=found.semantics.fire,
    )


def sizes_given(given: list[int] | int | str) -> tuple[int, ...]:
    """The sizes of a family as a configuration writes them, each once."""
    match given:
        case int():
            return (given,)
        case str():
            return sizes_of(given) or ()
        case _:
            return tuple(dict.fromkeys(given))


def equated(text: str) -> tuple[str, str]:
    """Both sides of `Old = New`, the second empty where there is no such sign."""
    left, _, right = text.partition("=")
    return left.strip(), right.strip()


def _listed(loaded: LoadedConfiguration) -> tuple[tuple[str, str], ...]:
    table = msgspec.to_builtins(loaded.configuration)
    return tuple(
        (".".join(path), toml_text(value))
        for path, value in flat(table)
        if path in loaded.origins and path[0] not in _OUTPUT
    )


_OUTPUT = frozenset({"reports", "evidence", "jobs", "cache", "cache-dir", "include", "workflows"})
