"""Files read whole, within a bound."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tellverify.source.files import OverLimit, Unreadable, read_bytes
from tellverify.source.text import read_text


def reason(path: Path | str, limit: int = 3) -> str:
    with pytest.raises(Unreadable) as caught:
        read_text(str(path), limit)
    return str(caught.value)


def test_a_file_may_have_as_many_bytes_as_the_limit(tmp_path: Path) -> None:
    for content in (b"", b"abc"):
        (tmp_path / "f").write_bytes(content)
        assert read_bytes(str(tmp_path / "f"), 3) == content
    (tmp_path / "f").write_bytes(b"abcd")
    with pytest.raises(OverLimit) as caught:
        read_bytes(str(tmp_path / "f"), 3)
    assert caught.value.size == 4
    assert str(caught.value) == "it has 4 bytes, more than the 3 that are read"


def test_what_is_no_file_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("gone")
    (tmp_path / "latin").write_bytes(b"a\xe9")
    os.mkfifo(tmp_path / "pipe")
    assert reason(tmp_path / "gone") == "there is no such file"
    assert reason(tmp_path / "link") == "the link leads nowhere"
    assert reason(tmp_path) == "it is not a regular file"
    assert reason(tmp_path / "pipe") == "it is not a regular file"
    assert reason("/dev/null") == "it is not a regular file"
    assert reason(tmp_path / "latin") == "it is not UTF-8 text: byte 0xe9 at 1"
    assert "null" in reason("a\0b")
    assert "too long" in reason("x" * 5000)
