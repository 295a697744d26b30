"""`pytest tests/spec --rewrite` writes the outputs of the spec cases anew."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write the spec cases' outputs anew")
