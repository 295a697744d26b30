"""A run of a pattern in a file of evidence, held against the model in its source."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.source.files import read_bytes

if TYPE_CHECKING:
    from tellverify.models.pattern_model import Model, ModelClaim
    from tellverify.models.pattern_search import ModelRun

_MOST_BYTES: Final = 16 * 1024 * 1024  # of a source


class FalseRun(Exception):
    """Why a file holds no run that breaks a claim of the model in its source."""


class _Marked(msgspec.Struct, frozen=True):
    meta: dict[str, object] = msgspec.field(name="#meta")


def is_pattern_run(content: bytes) -> bool:
    """True when a file in the Informal Trace Format is a run of a pattern."""
    try:
        return "pattern" in msgspec.json.decode(content, type=_Marked).meta
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


class PatternReplay(msgspec.Struct, frozen=True):
    """A run that breaks a claim of a model, both read again."""

    model: Model
    run: ModelRun
    claim: ModelClaim


def replayed_pattern(content: bytes, source: str = "") -> PatternReplay:
    """The run in a file, stepped through the model of its source, or of the file at `source`.

    The source that it names must be the one it was made of. Raises FalseRun and Unreadable.
    """
    from tellverify.models.pattern_model import read_models
    from tellverify.models.pattern_replay import NoSuchRun, replayed_run, subject_of

    try:
        subject = subject_of(content)
        path = source or subject.source
        text = read_bytes(path, _MOST_BYTES)
        if not source and hashlib.sha256(text).hexdigest() != subject.sha256:
            raise FalseRun(f"{path} changed since this was written")
        found = read_models(path, text.decode("utf-8"))
        model = next((one for one in found.found if one.name == subject.pattern), None)
        if model is None:
            raise FalseRun(f"{path} has no pattern `{subject.pattern}`")
        return PatternReplay(model, *replayed_run(content, model))
    except UnicodeDecodeError:
        raise FalseRun(f"{path} is not UTF-8 text") from None
    except NoSuchRun as error:
        raise FalseRun(str(error)) from None
