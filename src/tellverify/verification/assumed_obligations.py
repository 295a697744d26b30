"""The obligation that an `assume` comment names."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tellverify.model.roles import family_of
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

_OBLIGATION: Final = re.compile(
    r"([a-z][a-z-]*)(?:\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\])?"
    r"(?:\s*@\s*([A-Za-z][A-Za-z0-9_-]*))?"
)


def wrong_assume(text: str) -> tuple[str, str]:
    """Why an obligation cannot be assumed, and what to do instead; else empty."""
    found = _OBLIGATION.fullmatch(text)
    names = [prop.value for prop in Property]
    if found is None or found[1] not in names:
        return "is no obligation", f"the properties are {', '.join(names)}"
    if found[1] == Property.WELL_FORMED:
        return "cannot be taken on trust", "mend the text"
    return "", ""


def speaks_of(text: str, verdict: Verdict) -> bool:
    """Whether `no-stuck-role`, `no-stuck-role[Courier]` or `[Family]` means the obligation.

    Without ` @ SCENARIO` it means those without faults.
    """
    found = _OBLIGATION.fullmatch(text)
    if found is None or found[1] != verdict.property.value:
        return False
    if (found[3] or "") != verdict.scope.scenario:
        return False
    if found[2] is None:
        return True
    wanted = " ".join(found[2].split())
    subject = verdict.scope
    under = f" @ {subject.scenario}" if subject.scenario else ""
    if verdict.name == f"{verdict.property}[{wanted}]{under}":
        return True
    channel = subject.channel
    if channel is not None:
        return wanted == f"{channel[0]} -> {channel[1]}"
    roles = {part.strip() for part in wanted.split(",")}
    return bool(subject.roles) and all(
        role in roles or family_of(role) in roles for role in subject.roles
    )


def of_role(verdict: Verdict, *roles: str) -> Verdict:
    """The verdict for some of its roles."""
    scope = msgspec.structs.replace(verdict.scope, roles=roles)
    return msgspec.structs.replace(verdict, scope=scope)


def single(verdict: Verdict) -> list[Verdict]:
    """The verdict for each of its roles."""
    roles = verdict.scope.roles
    return [of_role(verdict, role) for role in roles] if len(roles) > 1 else [verdict]
