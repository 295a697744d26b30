"""The files that a policy reads, and where one that a configuration names may read."""

from __future__ import annotations

from tellverify.obligations.policies import policy_at
from tellverify.source.builtin_policies import is_builtin
from tellverify.verification.output_paths import escape


def policy_files(policy: str) -> list[str]:
    """A policy, what it imports at any distance, and the fact schemas that it names.

    What comes with the package is left out. `policy` is relative to the working folder.
    """
    if is_builtin(policy):
        return []
    read = policy_at(policy)
    named = [policy, *read.sources]
    if read.policy is not None:
        rows = read.policy.ceremony_names.values()
        named += [read.policy.schema_path(row) for row in rows if row.schema]
    return [name for name in dict.fromkeys(named) if not is_builtin(name)]


def policy_refusal(policy: str, folder: str) -> str:
    """Why a configuration in `folder` may not have this policy; empty when it may.

    What the policy reads stays below the folder, links resolved.
    """
    for name in policy_files(policy):
        why = escape(name, folder)
        if why:
            return f"the policy `{policy}` reads `{name}`, which {why.partition('` ')[2]}"
    return ""
