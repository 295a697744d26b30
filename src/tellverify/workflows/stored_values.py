"""Heads and interfaces of protocols that have not changed, taken from the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from tellverify.verification.cache import Cache

_Stored = TypeVar("_Stored", bound=msgspec.Struct)


class StoredValues:
    """Values in a `cache`, if there is one, whose keys begin with what is `common` to all."""

    def __init__(self, cache: Cache | None, common: str) -> None:
        self._cache = cache
        self._common = common
        self._fetched: dict[str, bytes | None] = {}

    @property
    def has_cache(self) -> bool:
        """Whether there is a cache."""
        return self._cache is not None

    def key(self, *parts: str) -> str:
        """The key of what follows from `parts`."""
        text = "\n".join((self._common, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def fetch(self, keys: Sequence[str]) -> None:
        """Ask the cache for all of `keys` at once."""
        asked = [key for key in dict.fromkeys(keys) if key not in self._fetched]
        if self._cache is not None and asked:
            found = self._cache.lookup(asked)
            self._fetched.update((key, found.get(key)) for key in asked)

    def stored(self, key: str, kind: type[_Stored]) -> _Stored | None:
        """The value of a key; None where there is none of this kind."""
        self.fetch([key])
        text = self._fetched.get(key)
        if text is None:
            return None
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.DecodeError:
            return None

    def store(self, key: str, value: msgspec.Struct) -> None:
        """Store the value of a key for later checks."""
        if self._cache is not None:
            self._cache.store(key, msgspec.json.encode(value))
