"""The `expect` comments of a choreography, and what its reports and findings are with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tellverify.diagnostics import directives as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.syntax.directives import Directive, directives
from tellverify.obligations.options import Options
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport
from tellverify.verification.expectations import Expectation, read_items, settled
from tellverify.verification.suppressions import comment_key

_KIND = "expect"


def as_expected(
    judged: CheckedFile,
    spans: Mapping[str, Span],
    reports: Sequence[ProtocolReport],
    said: Sequence[Diagnostic],
    options: Options,
) -> tuple[list[ProtocolReport], list[Diagnostic]]:
    """Reports and findings of one choreography after its `expect` comments.

    `spans` are the protocols that were checked, by name. In a strict check only comments that the
    base revision has count. Without a policy nothing of admission is decided, nor expected.
    """
    source = judged.source
    every = [protocol.span for protocol in judged.file.protocols]
    more: list[Diagnostic] = []
    expectations: list[Expectation] = []
    for one in directives(judged.file, source).of_kind(_KIND):
        reviewed = options.reviewed
        if reviewed is not None and comment_key(one, source) not in reviewed:
            more.append(say.unreviewed_comment(source.path, one.span, _KIND))
            continue
        region, above = _region(one, every, source)
        subjects = frozenset(
            name for name, span in spans.items() if above or one.reaches(span) or len(every) == 1
        )
        if every and not subjects and options.protocols:
            continue  # of a protocol that was not asked for
        items, wrong = read_items(source.path, one.argument_span, one.items)
        if options.policy is None:
            items = [(word, what) for word, what in items if not _needs_a_policy(what)]
        more.extend(wrong)
        place = f"{source.path}:{one.line}".replace("\\", "/")
        expectations.extend(
            Expectation(word, what, source.path, place, one.argument_span, region, subjects)
            for word, what in items
        )
    found = settled(expectations, reports, said, selection=frozenset(options.properties))
    return found.reports, [*found.diagnostics, *more]


def _needs_a_policy(what: str) -> bool:
    return what.partition("[")[0] in (Property.ADMISSION, Property.ACCEPTANCE)


def _region(one: Directive, protocols: Sequence[Span], source: SourceFile) -> tuple[Span, bool]:
    """Where a comment looks for findings, and whether it refers to the whole file.

    One above a protocol refers to the text up to the next protocol, which may be so broken that it
    is no part of the protocol; with a single protocol, or none, of all of the text.
    """
    whole = Span(0, len(source.text) + 1)
    if one.covers_file:
        return whole, True
    if len(protocols) < 2 and all(one.span.start < span.start for span in protocols):
        return whole, True
    if one.covers.start == one.covers.end or one.covers in protocols:
        if len(protocols) < 2:
            return whole, not protocols
        following = [span.start for span in protocols if span.start > one.covers.start]
        return Span(one.span.start, min(following, default=whole.end)), False
    return one.covers, False
