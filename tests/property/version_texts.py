"""Pairs of texts with a known answer: which mixtures fail, after how many events, and the order."""

from __future__ import annotations

from collections.abc import Mapping

from tellverify.language.files import inputs
from tellverify.language.workspace import Workspace
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.machines import Machines
from tellverify.versions.role_versions import RoleVersions
from tellverify.versions.wire_labels import WireRules, on_the_wire


def protocol(roles: str, body: str, module: str = "") -> str:
    """A protocol `P`; the lines of `body` are separated by `;`, their indents are kept."""
    lines = "\n".join(f"  {line}" for line in body.split(";"))
    head = f"module {module} exposing (P)\n\n" if module else ""
    return f"{head}protocol P =\n  roles {roles}\n{lines}\n"


GET = "choice C at;  | Get =>;      C -> S : Get;      S -> C : Val;  | Quit =>;      C -> S : Quit"
PUT = ";  | Put =>;      C -> S : Put;      S -> C : Ok"
VAL = "C -> S : Get;choice S at;  | Val =>;      S -> C : Val;  | None =>;      S -> C : None"
BUSY = ";  | Busy =>;      S -> C : Busy"
BOTH = (
    "choice C at;  | Get =>;      C -> S : Get;      choice S at;        | Val =>;"
    "            S -> C : Val;        | Busy =>;            S -> C : Busy" + PUT
)
LEFT = (
    "choice A at;  | L =>;      A -> B : L;      B -> A : Ok;  | R =>;      A -> B : R;"
    "      B -> A : "
)

VECTORS: Mapping[str, tuple[str, str]] = {
    "V1": (protocol("A, B", "A -> B : X", "old"), protocol("A, B", "A -> B : X", "new")),
    "V2": (
        protocol("A, B", "A -> B : Ping;B -> A : Pong"),
        protocol("A, B", "A -> B : Ping2;B -> A : Pong"),
    ),
    "V3": (protocol("C, S", GET), protocol("C, S", GET + PUT)),
    "V4": (protocol("C, S", VAL), protocol("C, S", VAL + BUSY)),
    "V5": (protocol("C, S", "C -> S : Get;S -> C : Val"), protocol("C, S", BOTH)),
    "V6": (
        protocol("A, B", "A -> B : X;B -> A : Y"),
        protocol("A, B", "B -> A : Y;A -> B : X"),
    ),
    "V7": (
        protocol("A, B", "A -> B : X of crate.V1"),
        protocol("A, B", "A -> B : X of crate.V2"),
    ),
    "V8": (protocol("A, B", "A -> B : X"), protocol("A, B", "A -> B : X;B -> A : Ack")),
    "V9": (
        protocol("A, B, C", "A -> B : X;B -> C : Y"),
        protocol("A, B, C, D", "A -> B : X;B -> D : Y;D -> C : Y"),
    ),
    "V10": (protocol("A, B", LEFT + "Done"), protocol("A, B", LEFT + "Finished")),
    "gone": (
        protocol("M, S, A", "M -> S : Hello;S -> M : Ok;A -> S : X"),
        protocol("S, A", "A -> S : X"),
    ),
}

_OTA = (
    "C -> D[*] : Propose;D[*] -> C : Ready;choice C at;  | Commit =>;      C -> D[*] : Commit;"
    "  | Abort =>;      C -> D[*] : Abort"
)
OTA = (
    protocol("C, D[N]", _OTA),
    protocol("C, D[N]", _OTA + ";  | Postpone =>;      C -> D[*] : Postpone"),
)


def graph_of_text(text: str, sizes: Mapping[str, int]) -> ProtocolGraph:
    """The graph of the only protocol of a text."""
    workspace = Workspace([inputs.decode("p.tell", text.encode())])
    (found,) = workspace.protocols()
    assert not found.errors, found.errors
    graph = workspace.graph(found, sizes).graph
    assert graph is not None
    return graph


def versions_of(
    old: str,
    new: str,
    sizes: Mapping[str, int] | None = None,
    rules: WireRules | None = None,
) -> RoleVersions:
    """Both versions of the roles of two texts."""
    graphs = (graph_of_text(old, sizes or {}), graph_of_text(new, sizes or {}))
    left, right = on_the_wire(*graphs, rules or WireRules())
    return RoleVersions(Machines(left).all(), Machines(right).all())
