"""Scenarios read from text: `crash <= 1 of Devices, loss on A -> B, partition {A} | *`.

rule      = ("crash" | "byzantine") [bound] ["of" group]
          | ("loss" | "duplicate" | "reorder") [bound] ["on" ("*" | group "->" group)]
          | "partition" group "|" group ["heals"]
          | ("engaged-only" | "deduplicate") "=" ("true" | "false")
bound     = "<=" NUMBER
group     = "*" | NAME | NAME "[" NUMBER "]" | NAME "[*]" | "{" group {"," group} "}"
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tellverify.model.scenario import OF_ROLES, RuleKind, Scenario, ScenarioRule

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<word>[A-Za-z_][\w./-]*?(?:\[(?:\d+|\*)\])?(?![\w./\[]|-(?!>)))"
    r"|(?P<number>\d+)|(?P<sign><=|->|[|{},*=])|(?P<other>\S))"
)
_SETTINGS: Final = ("engaged-only", "deduplicate")
_LARGEST: Final = 999_999
KINDS_HELP: Final = (
    "a rule is `crash <= 1 of Role`, `byzantine <= 1 of Role`, `loss on A -> B`, "
    "`duplicate on A -> B`, `reorder on A -> B` or `partition {A} | *`"
)


class ScenarioError(Exception):
    """Text that is no scenario: why, what to write, and where in the text that is."""

    def __init__(self, message: str, start: int, end: int, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.help = help


class _Token(NamedTuple):
    text: str
    kind: str
    start: int
    end: int


def parse_scenario(name: str, text: str) -> Scenario:
    """The scenario that `text` lists. Raises ScenarioError where it is none."""
    return _ScenarioReader(text).scenario(name)


class _ScenarioReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = []
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or "other"
            start, end = match.span(kind)
            self.tokens.append(_Token(match[kind], kind, start, end))
        end = len(text)
        self.end = _Token("", "end", max(0, end - 1), end)
        self.at = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else self.end

    def take(self, *texts: str) -> bool:
        if self.next.kind != "end" and self.next.text in texts:
            self.at += 1
            return True
        return False

    def expect(self, text: str, help: str) -> None:
        if not self.take(text):
            raise self.wrong(f"`{text}` is expected", help)

    def wrong(self, message: str, help: str = "") -> ScenarioError:
        token = self.next
        found = f", not `{token.text}`" if token.text else ", and the text ends"
        return ScenarioError(message + found, token.start, token.end, help)

    def scenario(self, name: str) -> Scenario:
        rules: list[ScenarioRule] = []
        settings: dict[str, bool] = {}
        if self.next.kind == "end":
            raise ScenarioError("the scenario has no rule", 0, len(self.text), KINDS_HELP)
        while True:
            if self.next.text in _SETTINGS:
                first = self.next
                key, value = self.setting()
                if key in settings:
                    end = self.tokens[self.at - 1].end
                    raise ScenarioError(f"`{key}` is set twice", first.start, end, "set it once")
                settings[key] = value
            else:
                rules.append(self.rule())
            if self.next.kind == "end":
                break
            self.expect(",", "separate rules with commas")
        if not rules:
            raise ScenarioError("the scenario has no rule", 0, len(self.text), KINDS_HELP)
        return Scenario(
            name,
            tuple(rules),
            settings.get("engaged-only", True),
            settings.get("deduplicate", False),
        )

    def setting(self) -> tuple[str, bool]:
        key = self.next.text
        self.at += 1
        self.expect("=", f"write `{key} = true` or `{key} = false`")
        if not self.take("true", "false"):
            raise self.wrong("`true` or `false` is expected")
        return key, self.tokens[self.at - 1].text == "true"

    def rule(self) -> ScenarioRule:
        start = self.next.start
        words = [kind.value for kind in RuleKind]
        if not self.take(*words):
            raise self.wrong("a kind of fault is expected", KINDS_HELP)
        kind = RuleKind(self.tokens[self.at - 1].text)
        most: int | None = None
        left: tuple[str, ...] = ()
        right: tuple[str, ...] = ()
        heals = False
        if kind is RuleKind.PARTITION:
            left = self.group()
            self.expect("|", "write `partition {A} | *`")
            right = self.group()
            heals = self.take("heals")
        elif kind in OF_ROLES:
            most = self.bound()
            if self.take("of"):
                left = self.group()
        else:
            most = None if kind is RuleKind.REORDER else self.bound()
            if self.take("on"):
                left, right = self.channel()
        end = self.tokens[self.at - 1].end
        return ScenarioRule(kind, most, left, right, heals, start, end)

    def bound(self) -> int | None:
        if not self.take("<="):
            return None
        token = self.next
        if token.kind != "number" or len(token.text) > len(str(_LARGEST)):
            raise self.wrong(f"a number up to {_LARGEST} is expected")
        self.at += 1
        return int(token.text)

    def channel(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Both ends; `*` alone is every channel."""
        left = self.group()
        if not left and self.next.text != "->":
            return (), ()
        self.expect("->", "a channel is `A -> B`, and `*` is any role")
        return left, self.group()

    def group(self) -> tuple[str, ...]:
        """Names; empty for `*`."""
        if self.take("*"):
            return ()
        if self.take("{"):
            names: list[str] = []
            while True:
                names.append(self.name())
                if not self.take(","):
                    break
            self.expect("}", "close the braces")
            return tuple(dict.fromkeys(names))
        return (self.name(),)

    def name(self) -> str:
        token = self.next
        if token.kind != "word":
            raise self.wrong("the name of a role is expected")
        self.at += 1
        return token.text.removesuffix("[*]")
