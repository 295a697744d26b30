"""Protocols that need no choreography: of one party, or a plain request with its response."""

from __future__ import annotations

from collections.abc import Iterator

from tellverify.diagnostics import shape as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.walk import preorder, same_role
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.source.text import SourceFile


def small_protocols(file: ast.File, source: SourceFile) -> Iterator[Diagnostic]:
    """A note for each such protocol of a file."""
    for protocol in file.protocols:
        where = Where(source.path, protocol.name.text)
        name = (protocol.name.text, protocol.name.span)
        if _is_of_one_party(protocol):
            yield say.one_party(where, name)
        elif _is_request_and_response(protocol):
            yield say.request_and_response(where, name)


def _is_of_one_party(protocol: ast.Protocol) -> bool:
    """Whether no role sends anything, or there is one role that is not a family."""
    roles = declared_roles(protocol)
    bodies = [protocol.body, *(local.body for local in protocol.locals)]
    sends = any(
        isinstance(one, ast.Send | ast.Broadcast) for body in bodies for one in preorder(body)
    )
    return not sends or (len(roles) == 1 and roles[0].size is None)


def _is_request_and_response(protocol: ast.Protocol) -> bool:
    """One message between two roles, and one back, perhaps one of several."""
    roles = declared_roles(protocol)
    if len(roles) != 2 or any(role.size is not None for role in roles) or len(protocol.body) != 2:
        return False
    request, answer = protocol.body
    if not isinstance(request, ast.Send):
        return False
    match answer:
        case ast.Send():
            return _answers(request, answer)
        case ast.Choice(branches=branches):
            return all(
                len(branch.body) == 1
                and isinstance(branch.body[0], ast.Send)
                and _answers(request, branch.body[0])
                for branch in branches
            )
        case ast.Broadcast() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Call():
            return False
        case ast.Let() | ast.Case() | ast.Timeout() | ast.OperationStatement():
            return False


def _answers(request: ast.Send, answer: ast.Send) -> bool:
    return same_role(answer.sender, request.receiver) and same_role(answer.receiver, request.sender)
