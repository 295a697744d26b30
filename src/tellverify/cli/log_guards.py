"""The annotations that guards and facts in a log are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tellverify.annotations.log_annotations import differences, recorded_of
from tellverify.annotations.metadata import Metadata, of_sites
from tellverify.annotations.rules import default_rules, rules_of
from tellverify.cli.policies import load_policy, policy_path_of
from tellverify.evidence.event_log import LogEvent
from tellverify.model.graph import ProtocolGraph

AnnotatedMessages: TypeAlias = Mapping[tuple[str, str, str], Sequence[Metadata]]
"""The annotations of messages by sender, receiver and label, each place once."""


def annotated_messages(graph: ProtocolGraph) -> AnnotatedMessages:
    """The annotations of all messages, by the rules of the policy that is configured.

    Raises Stopped where that policy cannot be used.
    """
    path = policy_path_of(None)
    rules = rules_of(load_policy(path)) if path is not None else default_rules()
    found: dict[tuple[str, str, str], dict[Metadata, None]] = {}
    metadata = of_sites(graph.sites, rules)
    for number in range(len(graph.sender)):
        event = graph.event(number)
        key = (event.sender, event.receiver, event.label)
        found.setdefault(key, {})[metadata[graph.site[number]]] = None
    return {key: tuple(each) for key, each in found.items()}


def guard_differences(event: LogEvent, annotated: AnnotatedMessages) -> Sequence[str]:
    """How the guards that a send records differ from its annotations, or why that is unknown."""
    try:
        recorded = recorded_of(event)
    except ValueError as error:
        return (str(error),)
    return differences(recorded, annotated.get((event.role, event.peer, event.label), ()))
