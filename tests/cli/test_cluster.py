"""A check on a cluster finds out what a check here does, also when a worker is lost."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tellverify.language.files.inputs import ReadFile, read
from tellverify.obligations.options import Options
from tellverify.verification.cache import package_digest
from tellverify.verification.cluster import parts
from tellverify.verification.cluster_part import ClusterPart, answer_of

distributed = pytest.importorskip("distributed")

GOOD = "protocol Good{0} =\n  roles A, B\n  A -> B : Go{0}\n"
BAD = """\
protocol Bad{0} =
  roles A, B, C
  choice A at
    | x =>
      A -> B : x
      C -> B : Done
    | y =>
      A -> B : y
"""
# Eight interleaved exchanges on shared roles take a search of some seconds.
SLOW = "protocol Slow =\n  roles {roles}\n  par\n{branches}"


def slow(pairs: int) -> str:
    roles = ", ".join(f"A{n}, B{n}" for n in range(pairs))
    branches = "".join(
        f"  |\n    A{n} -> B{n} : M\n    B{n} -> A{n} : N\n    A0 -> B{n} : K\n"
        for n in range(pairs)
    )
    return SLOW.format(roles=roles, branches=branches)


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    )
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        (tmp_path / f"good{number}.tell").write_text(GOOD.format(number))
        (tmp_path / f"bad{number}.tell").write_text(BAD.format(number))
    (tmp_path / "broken.tell").write_text("protocol P =\n  roles A\n  A ->\n")
    return tmp_path


def command(folder: Path, report: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "tellverify", "check", ".", "--isolated", "--format", "none"),
        *("--report", f"json={report}"),
        *more,
    ]


def checked(folder: Path, report: Path, *more: str) -> tuple[int, bytes]:
    done = subprocess.run(
        command(folder, report, *more), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, report.read_bytes()


def test_the_run_is_the_same_byte_for_byte(
    cluster: object, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reports = tmp_path_factory.mktemp("reports")
    alone = checked(folder, reports / "alone.json")
    there = checked(folder, reports / "there.json", "--cluster", cluster.scheduler_address)
    assert alone[0] == 1
    assert there == alone


def test_a_policy_in_the_folder_goes_along(
    cluster: object, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reports = tmp_path_factory.mktemp("reports")
    root = Path(__file__).parents[2]
    (folder / "policy.toml").write_text(
        (root / "counterexamples/admission/policy.toml").read_text()
    )
    (folder / "bare.tell").write_text(
        (root / "counterexamples/admission/missing_key.tell").read_text()
    )
    more = ("--policy", "policy.toml", "--runtime", "unrecorded")
    alone = checked(folder, reports / "alone.json", *more)
    there = checked(folder, reports / "there.json", *more, "--cluster", cluster.scheduler_address)
    assert b"admission" in alone[1]
    assert there == alone


def test_the_files_of_a_lost_worker_are_checked_by_another(
    cluster: object, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reports = tmp_path_factory.mktemp("reports")
    (folder / "slow.tell").write_text(slow(4))
    alone = checked(folder, reports / "alone.json")
    report = reports / "there.json"
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        process = subprocess.Popen(
            command(folder, report, "--cluster", cluster.scheduler_address),
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        victim = busy(client, process)
        killed = client.run(os.getpid, workers=[victim])[victim]
        os.kill(killed, signal.SIGKILL)
        _, stderr = process.communicate()
        assert killed not in client.run(os.getpid).values()
    assert (process.returncode, stderr) == (alone[0], "")
    assert report.read_bytes() == alone[1]


def busy(client: object, process: subprocess.Popen[str]) -> str:
    """The address of a worker that is at work."""
    while process.poll() is None:
        for address, tasks in client.processing().items():
            if tasks:
                return address
        time.sleep(0.01)
    raise AssertionError("no worker was seen at work")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:1", "the cluster at tcp://127.0.0.1:1 cannot be reached"),
        ("nonsense://here", "the cluster at nonsense://here cannot be reached"),
    ],
)
def test_an_address_without_a_scheduler_is_said(
    folder: Path, address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1s")
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", "check", ".", "--isolated", "--cluster", address],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_parts_share_the_text_and_lose_no_file(tmp_path: Path) -> None:
    files: list[ReadFile] = []
    for number in range(20):
        path = tmp_path / f"{number}.tell"
        path.write_text("-- " + "x" * (100 * number))
        files.append(read(str(path)))
    made = parts(files, range(20), 4)
    assert sorted(index for part in made for index in part) == list(range(20))
    lengths = [sum(len(files[index].text or "") for index in part) for part in made]
    assert len(made) == 4
    assert max(lengths) < 1.2 * min(lengths)


def test_a_worker_with_another_package_is_refused() -> None:
    asked = ClusterPart((), (), (), Options(), None, None, 1, "0" * 64)
    answer = pickle.loads(answer_of(pickle.dumps(asked)))
    assert answer == "a worker has another version of tellverify, Python or a solver"


def test_another_python_gives_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    here = package_digest()
    monkeypatch.setattr(sys, "version", "another")
    assert package_digest() != here
