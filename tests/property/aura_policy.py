"""The Aura policy, and manifests of texts under it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tellverify.admission.manifest import Derived, derive
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.syntax.parser import parse
from tellverify.policy.model import Policy
from tellverify.policy.read import read_policy, read_policy_text
from tellverify.source.text import SourceFile

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "specs"


@cache
def aura() -> Policy:
    read = read_policy(str(SPECS / "policy"))
    assert read.policy is not None, read.diagnostics
    return read.policy


def policy_of(text: str) -> Policy:
    read = read_policy_text(text)
    assert read.policy is not None, read.diagnostics
    return read.policy


def derived(text: str, path: str = "example.tell", policy: Policy | None = None) -> Derived:
    source = SourceFile(path, text)
    file = parse(source).file
    return derive(CheckedFile(file, source, ()), file.protocols[0], policy or aura())


def spec(name: str, policy: Policy | None = None) -> Derived:
    text = (SPECS / f"{name}.tell").read_text(encoding="utf-8")
    return derived(text, f"specs/{name}.tell", policy)


def spec_names() -> list[str]:
    return sorted(path.stem for path in SPECS.glob("*.tell"))
