"""What a worker of a cluster does: check its part of the files in its own process.

The process stands in an empty folder, into which the files of the policy are written. It ends when
the worker does, keeps the limits of the check, and a file that ends it is named, as with the
processes of one machine.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from typing import Final

import msgspec

from tellverify.language.files.inputs import ReadFile
from tellverify.obligations.options import Options

_PROGRAM: Final = "from tellverify.verification.cluster_part import main; main()"


class ClusterPart(msgspec.Struct, frozen=True):
    """What a worker is asked: the `wanted` ones of its `files`, within `seconds`.

    `policy` has the files of the policy by path. `memory` are megabytes for all parts that one
    machine has at a time, which are up to `beside`.
    """

    files: tuple[ReadFile, ...]
    wanted: tuple[int, ...]
    policy: tuple[tuple[str, bytes], ...]
    options: Options
    seconds: float | None
    memory: int | None
    beside: int
    package: str


def answer_of(part: bytes) -> bytes:
    """The pickled list of (number, `FileResult`) for a `ClusterPart`, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="tellverify-") as folder:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(os.getpid())],
            input=part,
            capture_output=True,
            cwd=folder,
            check=False,
        )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return pickle.dumps(f"a process of a worker ended with {done.returncode}: {''.join(last)}")
    return done.stdout


def main() -> None:
    """Read a part from standard input, write the answer to standard output."""
    from tellverify.verification.workers import end_with

    threading.Thread(target=end_with, args=(int(sys.argv[1]),), daemon=True).start()
    pickle.dump(_answer(pickle.load(sys.stdin.buffer)), sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _answer(part: ClusterPart) -> object:
    from tellverify.verification.cache import package_digest
    from tellverify.verification.memory import limit_memory
    from tellverify.verification.workers import in_processes

    if package_digest() != part.package:
        return "a worker has another version of tellverify, Python or a solver"
    differing = _with_policy(part.policy)
    if differing:
        return (
            f"a worker has no file {differing} with this content; name a policy below this folder"
        )
    limit_memory(part.memory, part.beside)
    options = part.options
    if part.seconds is not None:
        options = msgspec.structs.replace(options, until=time.monotonic() + part.seconds)
    return list(in_processes(part.files, ((index, options) for index in part.wanted), 1))


def _with_policy(policy: Iterable[tuple[str, bytes]]) -> str:
    """Write the files of the policy; the first that is outside this folder and not the same."""
    here = os.path.realpath(".")
    for path, content in policy:
        inside = os.path.realpath(path).startswith(os.path.join(here, ""))
        if not inside:
            try:
                with open(path, "rb") as file:
                    if file.read() == content:
                        continue
            except OSError:
                pass
            return path
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    return ""
