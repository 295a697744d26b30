"""The commands by name: where each is, and the line that the list of commands shows."""

from __future__ import annotations

from typing import Final

COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "check": ("tellverify.cli.check", "check", "decide all obligations of choreographies"),
    "serve": ("tellverify.cli.serve", "serve", "show a check live in a browser"),
    "project": ("tellverify.cli.project", "project", "show what each role does"),
    "show": ("tellverify.cli.show", "show", "show one stage of a protocol"),
    "replay": ("tellverify.cli.replay", "replay", "step a trace through a protocol"),
    "simulate": ("tellverify.cli.simulate", "simulate", "make random runs, with faults if asked"),
    "run": ("tellverify.cli.run", "run", "launch a protocol on a runtime and execute it"),
    "accept": ("tellverify.cli.accept", "accept", "decide which packs protocols may carry"),
    "compare": (
        "tellverify.cli.compare",
        "compare",
        "decide whether old and new roles run together",
    ),
    "report": ("tellverify.cli.report", "report", "render a stored run again"),
    "recheck": ("tellverify.cli.recheck", "recheck_command", "check certificates and traces again"),
    "admit": ("tellverify.cli.admit", "admit", "decide whether a runtime admits protocols"),
    "manifest": (
        "tellverify.cli.manifest",
        "manifest",
        "show what a runtime is told about a protocol",
    ),
    "inventory": (
        "tellverify.cli.inventory",
        "inventory",
        "list the status of each protocol of a policy",
    ),
    "done": ("tellverify.cli.done", "done", "judge each line of the definition of done"),
    "policy": ("tellverify.cli.policy", "policy", "check a policy, print its schema"),
    "guard": ("tellverify.cli.guard", "guard", "evaluate the guards of a message for a snapshot"),
    "laws": ("tellverify.cli.data_files", "laws", "check the laws of merges of replicated data"),
    "facts": ("tellverify.cli.facts", "facts", "check and compare schemas of facts"),
    "patterns": ("tellverify.cli.data_files", "patterns", "check the claims about models"),
    "workflow": (
        "tellverify.cli.workflow",
        "workflow",
        "check composed protocols, or draw them",
    ),
    "audit": ("tellverify.cli.audit", "audit", "list what verdicts assume and leave out"),
    "baseline": (
        "tellverify.cli.baseline",
        "baseline",
        "record known findings, which do not fail a check",
    ),
    "config": (
        "tellverify.cli.config",
        "config",
        "show settings or their schema, or start a file",
    ),
    "init": ("tellverify.cli.init", "init", "scan a tree and write a configuration for it"),
    "repair": ("tellverify.cli.repair", "repair", "find the smallest change that fixes a protocol"),
    "lint": ("tellverify.cli.lint", "lint", "find deviations from the canonical shape, fix them"),
    "fmt": ("tellverify.cli.fmt", "fmt", "rewrite files in canonical layout"),
    "explain": ("tellverify.cli.explain", "explain", "explain a code or a property"),
    "completions": (
        "tellverify.cli.completions",
        "completions",
        "print the completion script of a shell",
    ),
}

SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "Check": (
        *("check", "workflow", "compare", "serve", "explain", "repair", "report"),
        *("audit", "baseline"),
    ),
    "Look at a protocol": ("show", "project", "simulate", "replay", "run"),
    "Evidence and admission": (
        *("recheck", "accept", "admit", "manifest", "inventory", "done", "policy", "guard"),
    ),
    "Data and models": ("laws", "facts", "patterns"),
    "Write": ("init", "config", "fmt", "lint", "completions"),
}
"""The commands under the headings of the help; others stand at its end."""
