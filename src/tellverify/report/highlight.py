"""The colours of `.tell` texts: the one lexer for terminals, pages and tools that know pygments.

The home of pygments. Words of the language are contextual: `progress` may be a field. So a word
before `:` counts as a field, and one after `.` as a part of a path.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

DECLARATIONS: Final = (
    "agreement_profile", "cluster", "effect", "fragment", "guest", "import", "module", "operation",
    "proof_bundle", "protocol", "region", "ring", "role_set", "roles", "runtime", "type",
)  # fmt: skip
KEYWORDS: Final = (
    *DECLARATIONS,
    "admissibility", "agreement", "agreement_use", "alias", "as", "at", "authoritative", "await",
    "begin", "by", "call", "cancel", "case", "check", "choice", "class", "command", "compose",
    "constraint", "continue", "decide", "dependent", "entry", "escalation_window", "evidence",
    "exposing", "fairness", "finalized_at", "for", "forever", "from", "handoff", "in",
    "invalidate", "issuer", "let", "loop", "materialize", "mesh", "observe", "of", "par",
    "prestate", "profile", "progress", "publish", "rec", "reentrancy", "repeat", "required",
    "requires", "resolve", "rule", "stall", "subset", "timeout", "to", "transfer", "under",
    "usable_at", "uses", "version", "visibility", "when", "where", "while", "with", "within",
    "work", "yields",
)  # fmt: skip


class TellLexer(RegexLexer):
    """Tokens of choreographies in `.tell`, on both surfaces."""

    name = "Telltale choreography"
    url = ""
    aliases: ClassVar = ["tell", "telltale"]
    filenames: ClassVar = ["*.tell"]
    flags = re.MULTILINE

    tokens: ClassVar = {
        "root": [
            (r"\s+", Whitespace),
            (r"--[^\r\n]*", Comment.Single),
            (r"\{-", Comment.Multiline, "comment"),
            (r'"[^"\n]*"?', String.Double),
            (r"[0-9]+(?:ms|[smh])?\b", Number.Integer),
            (r"(?<=\.)[A-Za-z_]\w*", Name),
            (r"[a-z]\w*(?=[ \t]*:(?!:))", Name.Attribute),
            (
                r"(?:(?<=\bprotocol )|(?<=\bmodule )|(?<=\bimport )|(?<=\bcall )|(?<=\brec )"
                r"|(?<=\bcontinue ))\w+",
                Name.Function,
            ),
            (words(DECLARATIONS, suffix=r"\b"), Keyword.Declaration),
            (words(KEYWORDS, suffix=r"\b"), Keyword),
            (r"(?<=: )[A-Z]\w*", Name.Tag),
            (r"\w+", Name),
            (r"->\*?|=>|\.\.|[=|<>*!&]", Operator),
            (r"[(){}\[\],:.;]", Punctuation),
            (r".", Name),
        ],
        "comment": [
            (r"[^-]+", Comment.Multiline),
            (r"-\}", Comment.Multiline, "#pop"),
            (r"-", Comment.Multiline),
        ],
    }
