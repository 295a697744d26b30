"""Each part of `ci/deep` names tests that exist and settings that these tests read."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = (ROOT / "ci" / "deep").read_text()
PARTS = re.findall(r'\[([a-z$-]+)\]="([^"]+)"', SCRIPT)


@pytest.mark.parametrize(("name", "words"), PARTS, ids=[name for name, _ in PARTS])
def test_a_part_sets_what_its_tests_read(name: str, words: str) -> None:
    settings = re.findall(r"(TELLVERIFY_\w+)=", words)
    paths = [ROOT / word for word in words.split() if "=" not in word]
    files = [f for path in paths for f in ([path] if path.is_file() else path.rglob("*.py"))]
    assert settings and files and all(path.exists() for path in paths)
    texts = [file.read_text() for file in files]
    assert [name for name in settings if not any(name in text for text in texts)] == []


def test_every_setting_of_a_random_test_belongs_to_a_part() -> None:
    read = {
        name
        for file in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r'environ(?:\.get\(|\[)"(TELLVERIFY_\w+)"', file.read_text())
    }
    known = set(re.findall(r"TELLVERIFY_\w+", SCRIPT))
    assert read - known == {"TELLVERIFY_SEED", "TELLVERIFY_CHROMIUM"}
