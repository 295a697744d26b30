"""The rules that hold for one check: those of its policy, or the built-in ones."""

from __future__ import annotations

from tellverify.annotations.rules import Rules, default_rules, rules_of
from tellverify.obligations.options import Options
from tellverify.obligations.policies import policy_at
from tellverify.policy.model import Policy

_known: list[tuple[Policy, Rules]] = []


def rules_for(options: Options) -> Rules:
    """The rules of the policy that a check names; a policy with faults is told of elsewhere."""
    policy = None if options.policy is None else policy_at(options.policy).policy
    if policy is None:
        return default_rules()
    if not _known or _known[0][0] is not policy:
        _known[:] = [(policy, rules_of(policy))]
    return _known[0][1]
