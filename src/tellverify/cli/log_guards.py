"""The annotations that guards and facts in a log are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from tellverify.annotations.log_annotations import differences, recorded_of
from tellverify.annotations.metadata import Metadata, of_sites
from tellverify.annotations.rules import default_rules, rules_of
from tellverify.cli.policies import load_policy, policy_path_of
from tellverify.evidence.event_log import LogEvent
from tellverify.model.graph import ProtocolGraph
from tellverify.model.timed_text import MessageNode, TimedProtocol

AnnotatedMessages: TypeAlias = Mapping[tuple[str, str, str], Sequence[Metadata]]
"""The annotations of messages by sender, receiver and label, each place once."""


def annotated_messages(protocol: ProtocolGraph | TimedProtocol) -> AnnotatedMessages:
    """The annotations of all messages, by the rules of the policy that is configured.

    Raises Stopped where that policy cannot be used.
    """
    path = policy_path_of(None)
    rules = rules_of(load_policy(path)) if path is not None else default_rules()
    found: dict[tuple[str, str, str], dict[Metadata, None]] = {}
    metadata = of_sites(protocol.sites, rules)
    for key, site in _messages(protocol):
        if site >= 0:
            found.setdefault(key, {})[metadata[site]] = None
    return {key: tuple(each) for key, each in found.items()}


def _messages(
    protocol: ProtocolGraph | TimedProtocol,
) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Sender, receiver and label of all messages, with the number of the site."""
    if isinstance(protocol, TimedProtocol):
        for node in protocol.nodes:
            if isinstance(node, MessageNode):
                yield (node.sender, node.receiver, node.label), node.site
        return
    for number in range(protocol.event_count):
        event, site = protocol.event(number), protocol.site[number]
        yield (event.sender, event.receiver, event.label), site


def guard_differences(event: LogEvent, annotated: AnnotatedMessages) -> Sequence[str]:
    """How the guards that a send records differ from its annotations, or why that is unknown."""
    try:
        recorded = recorded_of(event)
    except ValueError as error:
        return (str(error),)
    return differences(recorded, annotated.get((event.role, event.peer, event.label), ()))
