"""Where a policy that a configuration names may read: its imports and the schemas it names."""

from __future__ import annotations

from tellverify.obligations.policies import policy_at
from tellverify.source.builtin_policies import is_builtin
from tellverify.verification.output_paths import escape


def policy_refusal(policy: str, folder: str) -> str:
    """Why a configuration in `folder` may not have this policy; empty when it may.

    What the policy imports, at any distance, and the fact schemas that it names stay below the
    folder, links resolved. `policy` is relative to the working folder.
    """
    if is_builtin(policy):
        return ""
    read = policy_at(policy)
    named = [name for name in read.sources if not is_builtin(name)]
    if read.policy is not None:
        rows = read.policy.ceremony_names.values()
        named += [read.policy.schema_path(row) for row in rows if row.schema]
    for name in named:
        if is_builtin(name):
            continue
        why = escape(name, folder)
        if why:
            return f"the policy `{policy}` reads `{name}`, which {why.partition('` ')[2]}"
    return ""
