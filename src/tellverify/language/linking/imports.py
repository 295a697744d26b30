"""Imported protocols: what the names in a file's imports mean among the files of one check.

`import M` brings in all protocols that the file with `module M` exposes, `import M exposing (P)`
those that are listed. An imported protocol is called like a local one, with the caller's roles of
the same names. A second name by `as` names the module, which no statement mentions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import imports as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.suggest import closest
from tellverify.language.checks.walk import Walk, child_blocks, drive, preorder, with_blocks
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.source.dependencies import needed_by
from tellverify.source.span import Span
from tellverify.source.text import SourceFile


class Imported(msgspec.Struct, frozen=True):
    """A protocol of another file under the name by which statements call it."""

    local: ast.LocalProtocol
    source: SourceFile
    roles: tuple[ast.RoleDecl, ...]
    calls: tuple[str, ...] = ()


class Linked(msgspec.Struct, frozen=True):
    """What a file gets from others.

    `imported` has the protocols that it may call and what those call in turn; `excused` the names
    whose import is itself a fault. `blocked` says why nothing can be said about the file's
    protocols although nothing is wrong with itself, and is empty otherwise.
    """

    imported: Mapping[str, Imported]
    excused: frozenset[str] = frozenset()
    blocked: str = ""

    @property
    def sources(self) -> dict[str, SourceFile]:
        """Where the text of the callable protocols stands."""
        return {name: one.source for name, one in self.imported.items()}

    @property
    def locals(self) -> tuple[ast.LocalProtocol, ...]:
        """All that can be called, as local protocols."""
        return tuple(
            one.local
            if one.local.name.text == name
            else msgspec.structs.replace(one.local, name=ast.Name(name, one.local.name.span))
            for name, one in self.imported.items()
        )

    def roles_of(self, protocol: ast.Protocol) -> tuple[str, ...]:
        """The roles that take part in what `protocol` calls of other files, as far as is known."""
        if not (self.imported or self.excused):
            return ()
        found: dict[str, None] = {}
        for name, _ in _first_calls(protocol):
            if name in self.excused:
                found.update((role.name.text, None) for role in declared_roles(protocol))
            elif name in self.imported:
                found.update((role.name.text, None) for role in self.imported[name].roles)
        return tuple(found)

    def called_by(self, protocol: ast.Protocol) -> tuple[Imported, ...]:
        """What `protocol` calls of other files, directly or by others, in the order of calls."""
        own = {local.name.text for local in protocol.locals}
        found: dict[str, Imported] = {}
        pending = [name for name, _ in _first_calls(protocol)][::-1]
        while pending:
            name = pending.pop()
            if name in self.imported and name not in found and name not in own:
                found[name] = self.imported[name]
                pending += self.imported[name].calls[::-1]
        return tuple(found.values())


NOT_LINKED: Final = Linked({})


def with_imported(protocol: ast.Protocol, linked: Linked) -> ast.Protocol:
    """`protocol` with what it gets from other files among its local protocols."""
    if not linked.imported:
        return protocol
    return msgspec.structs.replace(protocol, locals=(*protocol.locals, *linked.locals))


class LinkedModule(msgspec.Struct, frozen=True):
    """A file that others may import. `exports` is keyed by names that no file can write.

    `blocked` says why its protocols cannot be used, and is empty otherwise.
    """

    file: ast.File
    source: SourceFile
    exports: Mapping[str, Imported]
    blocked: str = ""


def module_of(file: ast.File, source: SourceFile, linked: Linked, blocked: str) -> LinkedModule:
    """`file` as others see it. Names in its bodies are made unique in the whole check."""
    module = file.module.name.text if file.module is not None else ""
    exports: dict[str, Imported] = {}
    for protocol in file.protocols[:1]:
        main = f"{module}.{protocol.name.text}"
        names = {name: one.local.name.text for name, one in linked.imported.items()}
        names.update((local.name.text, f"{main}.{local.name.text}") for local in protocol.locals)
        roles = declared_roles(protocol)
        bodies = [(main, protocol.name, protocol.body)]
        bodies += [(names[one.name.text], one.name, one.body) for one in protocol.locals]
        for key, name, body in bodies:
            renamed = _renamed(body, names)
            local = ast.LocalProtocol(ast.Name(key, name.span), renamed)
            exports.setdefault(key, Imported(local, source, roles, _callees(renamed)))
        for one in linked.imported.values():
            exports.setdefault(one.local.name.text, one)
    return LinkedModule(file, source, exports, blocked)


def _renamed(block: ast.Block, names: Mapping[str, str]) -> ast.Block:
    if not any(isinstance(statement, ast.Call) for statement in preorder(block)):
        return block
    done: list[ast.Block] = []

    def rebuilt(block: ast.Block) -> Walk:
        kept: list[ast.Statement] = []
        for statement in block:
            inner = child_blocks(statement)
            if inner:
                for each in inner:
                    yield rebuilt(each)
                bodies = done[len(done) - len(inner) :]
                del done[len(done) - len(inner) :]
                kept.append(with_blocks(statement, bodies))
            elif isinstance(statement, ast.Call):
                name = statement.name
                text = names.get(name.text, name.text)
                kept.append(ast.Call(ast.Name(text, name.span), statement.span))
            else:
                kept.append(statement)
        done.append(tuple(kept))

    drive(rebuilt(block))
    return done[0]


def _callees(block: ast.Block) -> tuple[str, ...]:
    found = (each.name.text for each in preorder(block) if isinstance(each, ast.Call))
    return tuple(dict.fromkeys(found))


Find = Callable[[str], Sequence[LinkedModule]]


class Linker:
    """Resolves the imports of one file. `find` gives the files with a module of a name.

    `circle` gives the modules from an imported one to this file, when it imports this file in
    turn. `names` are all modules there are, `alone` is True when nothing else is checked.
    """

    def __init__(
        self,
        file: ast.File,
        source: SourceFile,
        find: Find,
        circle: Callable[[str], Sequence[str]],
        names: Sequence[str] = (),
        *,
        alone: bool = False,
    ) -> None:
        self.file = file
        self.source = source
        self.where = Where(source.path)
        self.found: list[Diagnostic] = []
        self._find = find
        self._circle = circle
        self._names = names
        self._alone = alone
        self._calls: dict[str, list[ast.Call]] = {}
        self._own: dict[str, Span] = {}
        for protocol in file.protocols:
            for local in protocol.locals:
                self._own.setdefault(local.name.text, local.name.span)
            for block in (protocol.body, *(local.body for local in protocol.locals)):
                for statement in preorder(block):
                    if isinstance(statement, ast.Call):
                        self._calls.setdefault(statement.name.text, []).append(statement)
        self._brought: dict[str, tuple[ast.Import, Span, LinkedModule]] = {}
        self._excused: dict[str, None] = {}

    def link(self) -> Linked:
        """What the file gets from others; the faults of its imports are in `found`."""
        for item in self.file.imports:
            self._import(item)
        imported: dict[str, Imported] = {}
        blocked = ""
        for name, (item, span, module) in self._brought.items():
            calls = self._calls.get(name, ())
            if not calls:
                if item.exposing is not None:
                    self.found.append(say.unused_import(self.where, name, item.module.text, span))
                continue
            self.found.append(
                say.imported_call(self.where, name, item.module.text, calls[0].span, span)
            )
            if module.blocked:
                blocked = blocked or f"`call {name}` needs {module.blocked}"
                self._excused[name] = None
                continue
            key = f"{item.module.text}.{name}"
            self._bring(imported, name, key, module)
        for protocol in self.file.protocols:
            self._check_roles(protocol, imported)
        return Linked(imported, frozenset(self._excused), blocked)

    def _bring(
        self, imported: dict[str, Imported], name: str, key: str, module: LinkedModule
    ) -> None:
        """Add a protocol and all that it calls."""
        imported[name] = module.exports[key]
        calls = {
            each: [callee for callee in one.calls if callee in module.exports]
            for each, one in module.exports.items()
        }
        needed = needed_by(key, calls)
        for callee, one in module.exports.items():
            if callee in needed:
                imported.setdefault(callee, one)

    def _import(self, item: ast.Import) -> None:
        name = item.module.text
        circle = self._circle(name)
        modules = self._find(name)
        if circle:
            self.found.append(say.import_cycle(self.where, circle, item.module.span))
        elif not modules:
            calls = [call.span for each in self._meant(item) for call in self._calls[each]]
            nearest = closest(name, self._names)
            self.found.append(
                say.module_not_found(
                    self.where, name, item.module.span, nearest, calls, self._alone
                )
            )
        elif len(modules) > 1:
            headers = [(one.source.path, _header(one)) for one in modules]
            self.found.append(say.module_twice(self.where, name, item.module.span, headers))
        else:
            self._expose(item, modules[0])
            return
        self._excused.update(dict.fromkeys(self._meant(item)))

    def _meant(self, item: ast.Import) -> list[str]:
        """The names that are called and that an import which cannot be resolved may bring in."""
        if item.exposing is not None:
            return [one.text for one in item.exposing if one.text in self._calls]
        listed = {one.text for each in self.file.imports for one in each.exposing or ()}
        return [name for name in self._calls if name not in self._own and name not in listed]

    def _expose(self, item: ast.Import, module: LinkedModule) -> None:
        """Bring in what `item` lists, or all protocols of the module."""
        header = module.file.module
        exposed = [one.text for one in header.exposing] if header is not None else []
        protocols = [one.name.text for one in module.file.protocols[:1]]
        if item.exposing is None:
            for name in protocols:
                if name in exposed:
                    self._take(name, item, item.module.span, module)
            return
        declared = [*protocols, *(one.name.text for one in module.file.declarations)]
        path, title = module.source.path, item.module.text
        for one in item.exposing:
            if one.text not in declared:
                if not module.blocked:  # a name may stand where the file could not be read
                    nearest = closest(one.text, [name for name in declared if name in exposed])
                    self.found.append(
                        say.not_declared_there(self.where, one.text, title, path, one.span, nearest)
                    )
                    self._excused[one.text] = None
                elif one.text in self._calls:
                    self._take(one.text, item, one.span, module)
            elif one.text not in exposed:
                self.found.append(
                    say.not_exposed(self.where, one.text, title, path, one.span, _header(module))
                )
                self._excused[one.text] = None
            elif one.text in protocols:
                self._take(one.text, item, one.span, module)

    def _take(self, name: str, item: ast.Import, span: Span, module: LinkedModule) -> None:
        other = self._brought.get(name)
        if name in self._own:
            if item.exposing is not None or name in self._calls:
                places = [(self._own[name], "a local protocol")]
                self.found.append(say.ambiguous_name(self.where, name, span, places))
        elif other is None:
            self._brought[name] = (item, span, module)
        elif other[2] is not module and (item.exposing is not None or name in self._calls):
            places = [(other[1], f"imported from `{other[0].module.text}` too")]
            self.found.append(say.ambiguous_name(self.where, name, span, places))

    def _check_roles(self, protocol: ast.Protocol, imported: Mapping[str, Imported]) -> None:
        """The caller must have the roles of what it calls, each for the first call only."""
        where = Where(self.source.path, protocol.name.text)
        own = {one.name.text: one for one in declared_roles(protocol)}
        for name, call in _first_calls(protocol):
            if name not in imported or name in self._own:
                continue
            for role in imported[name].roles:
                mine = own.get(role.name.text)
                if mine is not None and _same_size(mine.size, role.size):
                    continue
                how = ""
                if mine is not None:
                    how = "as one role" if mine.size is None else "with another size"
                path = imported[name].source.path
                self.found.append(
                    say.imported_role(
                        where, name, role.name.text, call.span, (path, role.span), how
                    )
                )


def _first_calls(protocol: ast.Protocol) -> Iterator[tuple[str, ast.Call]]:
    seen: set[str] = set()
    for block in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(block):
            if isinstance(statement, ast.Call) and statement.name.text not in seen:
                seen.add(statement.name.text)
                yield statement.name.text, statement


def _same_size(mine: ast.Index | None, other: ast.Index | None) -> bool:
    """Whether references that are right with one declaration are right with the other."""
    if isinstance(other, ast.AnyIndex):
        return mine is not None
    return mine == other


def _header(module: LinkedModule) -> Span:
    header = module.file.module
    return header.span if header is not None else Span(0, 0)
