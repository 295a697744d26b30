"""The version of tellverify, apart from everything else so that reports can name it."""

from __future__ import annotations

VERSION = "0.1.0"
