"""Trees that the brace surface can express, and their text on it, in all its spellings."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st
from trees import (
    any_number,
    bounds,
    declared,
    durations,
    indices,
    maybe,
    names,
    numbers,
    some,
    type_paths,
    words,
)

from tellverify.language.syntax import ast

_TEXTS = ("", "a", "relay:forward", "-- no comment", "// nor this", "a|b;c = d", "{}")
_OPAQUE = ("u8, String", "a.b > 3 && !c", '"s"', "[1, 2]", "-1", "&x")

texts = st.sampled_from(_TEXTS)
roles = st.builds(ast.RoleRef, names, maybe(indices))
values = st.one_of(
    st.builds(ast.TextValue, texts),
    durations,
    st.builds(ast.IntsValue, some(numbers)),
    st.builds(ast.NamesValue, some(words)),
    st.builds(ast.IntValue, numbers),
    st.builds(ast.WordValue, words),
)
records = st.builds(ast.Record, any_number(st.builds(ast.RecordEntry, names, values), 3))
messages = st.one_of(
    st.builds(ast.Message, names, maybe(type_paths)),
    st.builds(
        ast.Message,
        names,
        maybe(type_paths),
        st.sampled_from(_OPAQUE),
        st.sampled_from("({"),
    ),
)
single = st.one_of(
    st.builds(ast.Send, roles, roles, messages, maybe(records)),
    st.builds(ast.Broadcast, roles, messages, maybe(records)),
    st.builds(ast.Continue, names),
    st.builds(ast.Call, names),
)
guards = st.builds(ast.WhenPredicate, st.sampled_from(_OPAQUE))
kinds = st.one_of(
    st.builds(ast.Decide, roles),
    st.builds(ast.Repeat, bounds),
    st.builds(ast.While, texts),
    st.just(ast.Forever()),
)


def _nested(inner: st.SearchStrategy[ast.Statement]) -> st.SearchStrategy[ast.Statement]:
    blocks = some(inner)
    return st.one_of(
        st.builds(ast.Choice, roles, some(st.builds(ast.Branch, names, blocks, maybe(guards)))),
        st.builds(ast.Par, some(blocks)),
        st.builds(ast.Loop, kinds, blocks),
        st.builds(ast.Rec, names, blocks),
    )


statements = st.recursive(single, _nested, max_leaves=8)
blocks = some(statements)


@st.composite
def brace_files(draw: st.DrawFn) -> ast.File:
    protocol = ast.Protocol(
        draw(names),
        draw(blocks),
        roles=draw(some(declared)),
        locals=draw(any_number(st.builds(ast.LocalProtocol, names, blocks))),
    )
    module = ast.Module(draw(names), (protocol.name,)) if draw(st.booleans()) else None
    return ast.File(module, protocols=(protocol,))


# Text


def brace_text(file: ast.File, random: Random) -> str:
    """`file` on the brace surface; `random` chooses between spellings."""
    (protocol,) = file.protocols
    writer = _Writer(random)
    space = file.module.name.text if file.module is not None else None
    attribute = "" if space is None else f'#[namespace = "{space}"]\n'
    word = random.choice(["protocol", "choreography"])
    listed = ", ".join(one.name.text + index(one.size) for one in protocol.roles or ())
    locals_ = "".join(
        f"protocol {one.name.text} {writer.block(one.body)}\n" for one in protocol.locals
    )
    body = "".join(map(writer.statement, protocol.body))
    text = f"{word} {protocol.name.text} {{\nroles: {listed};\n{locals_}{body}}}"
    text = attribute + text
    return random.choice([text, f"tell! {{ {text} }}", f"// old\ntell!({text});\n"])


def index(value: ast.Index | None) -> str:
    match value:
        case None:
            return ""
        case ast.AnyIndex():
            return "[*]"
        case ast.ConstIndex(value=number):
            return f"[{number}]"
        case ast.NameIndex(name=name):
            return f"[{name}]"
        case ast.RangeIndex(low=low, high=high):
            return f"[{low}..{high}]"


def role(value: ast.RoleRef) -> str:
    return value.name.text + index(value.index)


def type_text(path: ast.TypePath) -> str:
    inner = ", ".join(map(type_text, path.arguments))
    return "::".join(path.parts) + (f"<{inner}>" if inner else "")


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random

    def block(self, block: ast.Block) -> str:
        return "{ " + "".join(map(self.statement, block)) + "}"

    def statement(self, statement: ast.Statement) -> str:
        pick = self.random.choice
        end = pick(["\n", " ", " // note\n", " /* a */ "])
        match statement:
            case ast.Send():
                notes, sender = self.sender(statement)
                target = f"-> {role(statement.receiver)}"
                return f"{notes}{sender} {target}: {self.message(statement.message)};{end}"
            case ast.Broadcast():
                notes, sender = self.sender(statement)
                arrow = pick(["->*", "-> *"])
                return f"{notes}{sender} {arrow}: {self.message(statement.message)};{end}"
            case ast.Continue(name=name):
                return f"continue {name.text};{end}"
            case ast.Call(name=name):
                return f"call {name.text};{end}"
            case ast.Rec(name=name, body=body):
                return f"rec {name.text} {self.block(body)}{end}"
            case ast.Loop(kind=kind, body=body):
                return f"loop {self.kind(kind)} {self.block(body)}{end}"
            case ast.Par(branches=branches):
                inner = " | ".join("".join(map(self.statement, branch)) for branch in branches)
                return f"{pick(['par', 'parallel'])} {{ {pick(['', '| '])}{inner} }}{end}"
            case ast.Choice(decider=decider, branches=branches):
                head = pick(["choice {}", "choice at {}", "choice {} at", "case choose {} of"])
                inner = "".join(map(self.branch, branches))
                return f"{head.format(role(decider))} {{ {inner}}}{end}"
            case _:
                raise TypeError(statement)

    def branch(self, branch: ast.Branch) -> str:
        pick = self.random.choice
        guard = "" if branch.guard is None else f" when ({branch.guard.text})"
        mark = pick([":", " =>", " ->", ""])
        body = self.block(branch.body)
        if mark and len(branch.body) == 1:
            body = pick([body, self.statement(branch.body[0])])
        return f"{pick(['', '| '])}{branch.label.text}{guard}{mark} {body}{pick(['', ',', ' '])}"

    def kind(self, kind: ast.LoopKind) -> str:
        pick = self.random.choice
        match kind:
            case ast.Decide(decider=decider):
                return pick(["(decides: {})", "decide by {}"]).format(role(decider))
            case ast.Repeat(count=count):
                return pick([f"(count: {count})", f"repeat {count}"])
            case ast.While(text=text):
                return pick([f'(custom: "{text}")', f'while "{text}"'])
            case ast.Forever():
                return pick(["", "forever"])

    def sender(self, statement: ast.Send | ast.Broadcast) -> tuple[str, str]:
        text = role(statement.sender)
        record = statement.record
        if record is None:
            return "", text
        entries = list(record.entries)
        notes = ""
        if entries and self.random.random() < 0.3:
            last = entries.pop()
            notes = f"@{last.key.text}({self.value(last.value)}) "
        if notes and not entries:
            return notes, text
        inner = ", ".join(
            f"{self.random.choice(['', '@'])}{one.key.text} = {self.value(one.value)}"
            for one in entries
        )
        if not inner:
            return notes, f"{text} {{}}"
        return notes, f"{text}[{inner}]"

    def value(self, value: ast.Value) -> str:
        match value:
            case ast.TextValue(text=text):
                return f'"{text}"'
            case ast.DurationValue(amount=amount, unit=unit):
                return f"{amount}{self.random.choice(['', ' '])}{unit}"
            case ast.IntsValue(values=numbers):
                return f"[{', '.join(map(str, numbers))}]"
            case ast.NamesValue(names=words):
                return f"({', '.join(words)})"
            case ast.IntValue(value=number):
                return str(number)
            case ast.WordValue(word=word):
                return word

    def message(self, message: ast.Message) -> str:
        payload = {"(": f"({message.payload})", "{": f" {{ {message.payload} }}", "": ""}
        text = payload[message.bracket]
        if message.type is None:
            return message.label.text + text
        path = type_text(message.type)
        if message.bracket:
            return f"{message.label.text}<{path}>{text}"
        return message.label.text + self.random.choice([f"({path})", f"<{path}>", f" of {path}"])
