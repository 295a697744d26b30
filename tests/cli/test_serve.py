"""`tellverify serve`: what it answers, whom it refuses, and how it follows edits."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tellverify.cli.check_options import Flags
from tellverify.cli.live import live_check
from tellverify.cli.live.live_check import LiveCheck, LiveState, NotEditable
from tellverify.cli.live.live_server import ADDRESS, LiveServer

SHOP = """\
protocol Shop =
  roles Buyer, Seller, Courier
  choice Buyer at
    | Order =>
        Buyer -> Seller : Order
        Seller -> Courier : Pack
        Courier -> Buyer : Parcel
    | Leave =>
        Buyer -> Seller : Leave
"""
MENDED = SHOP + "        Seller -> Courier : Idle\n"
TYPED = {"Content_Type": "application/json"}
pytestmark = pytest.mark.usefixtures("default_signals")
LONGEST = 60.0  # seconds until something that has to happen has happened


class Served:
    """A server in a process of its own, and its page as a client sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving http://127.0.0.1:"), line
        self.words = process.stdout.readline()
        parts = urlsplit(line.split()[1])
        self.port = parts.port or 0
        self.path = parts.path
        self.origin = f"http://127.0.0.1:{self.port}"

    def ask(
        self, route: str, method: str = "GET", body: object = None, **headers: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        """Status, text and headers of an answer; `route` is behind the token."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST)
        content = None if body is None else json.dumps(body)
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        client.request(method, route, content, given)
        answer = client.getresponse()
        text = answer.read().decode()
        client.close()
        return answer.status, text, answer.headers

    def get(self, route: str) -> str:
        status, text, _ = self.ask(self.path + route)
        assert status == 200, text
        return text

    def post(self, route: str, body: object) -> tuple[int, str]:
        path = self.path + route
        status, text, _ = self.ask(path, "POST", body, Origin=self.origin, **TYPED)
        return status, text

    def settled(self, report: int) -> dict[str, object]:
        """The state when the report of that number, or a later one, is there."""
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            state = json.loads(self.get("state"))
            if not state["is_busy"] and state["report"] >= report:
                assert isinstance(state, dict)
                return state
            time.sleep(0.05)
        raise AssertionError("no report came")


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tellverify", "serve", "--isolated", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Served(process)
    finally:
        process.terminate()
        process.communicate(timeout=LONGEST)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "order.tell").write_text(SHOP, encoding="utf-8")
    return tmp_path


def test_a_fault_of_the_text_is_one_failure(shop: Path) -> None:
    (shop / "order.tell").write_text(SHOP.replace("->", "", 1), encoding="utf-8")
    with serving(shop, "order.tell") as served:
        (failure,) = served.settled(1)["failures"]
        assert (failure["code"], failure["what"]) == ("TV131", "well-formed")


def test_a_page_an_edit_a_change_of_the_file_and_its_end(shop: Path) -> None:
    with serving(shop, "order.tell") as served:
        frame = served.get("")
        assert "<textarea" in frame and "order.tell" not in frame
        state = served.settled(1)
        assert (state["exit_code"], state["may_write"]) == (1, False)
        (failure,) = state["failures"]
        assert (failure["path"], failure["line"], failure["code"]) == ("order.tell", 6, "TV512")
        assert failure["what"] == "no-stuck-role[Courier]"
        report = served.get("report")
        assert f'id="{failure["anchor"]}"' in report
        assert "tellverify check --isolated order.tell" in report

        text = json.loads(served.get("file?path=order.tell"))
        assert (text["text"], text["is_edited"]) == (SHOP, False)
        status, answer = served.post("edit", {"path": "order.tell", "text": MENDED})
        assert status == 200, answer
        state = served.settled(2)
        assert (state["exit_code"], state["failures"]) == (0, [])
        assert state["files"] == [{"path": "order.tell", "is_edited": True, "is_stale": False}]
        assert (shop / "order.tell").read_text(encoding="utf-8") == SHOP

        number = state["report"]
        (shop / "order.tell").write_text(SHOP.replace("Pack", "Wrap"), encoding="utf-8")
        state = served.settled(number + 1)
        assert state["files"] == [{"path": "order.tell", "is_edited": True, "is_stale": True}]
        assert state["exit_code"] == 0
        assert served.post("revert", {"path": "order.tell"})[0] == 200
        state = served.settled(number + 2)
        assert state["exit_code"] == 1
        assert "waits for `Wrap`" in state["failures"][0]["message"]

        served.process.send_signal(signal.SIGINT)
        out, err = served.process.communicate(timeout=LONGEST)
        assert (served.process.returncode, err) == (130, "interrupted\n")
        lines = out.splitlines()
        assert "nothing is written" in served.words
        assert lines[0] == "1 file: 2 refuted, 10 proved of 12 obligations; exit 1"
        assert lines[1] == "1 file, 1 edited text: 10 proved of 10 obligations; exit 0"


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_with_a_page_open(shop: Path, number: int, code: int) -> None:
    with serving(shop) as served:
        client = http.client.HTTPConnection("127.0.0.1", served.port, timeout=LONGEST)
        client.request("GET", served.path + "events")
        answer = client.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.readline().startswith(b'data: {"number":')
        served.process.send_signal(number)
        served.process.communicate(timeout=LONGEST)
        assert served.process.returncode == code
        with pytest.raises(ConnectionRefusedError):
            served.get("state")


def test_changes_come_as_events(shop: Path) -> None:
    with serving(shop) as served:
        served.settled(1)
        client = http.client.HTTPConnection("127.0.0.1", served.port, timeout=LONGEST)
        client.request("GET", served.path + "events")
        answer = client.getresponse()

        def event() -> dict[str, object]:
            while not (line := answer.readline()).startswith(b"data: "):
                assert line, "the stream has ended"
            found = json.loads(line.removeprefix(b"data: "))
            assert isinstance(found, dict)
            return found

        first = event()
        assert first["report"] == 1
        served.post("edit", {"path": "order.tell", "text": MENDED})
        seen = [event()]
        while seen[-1]["report"] == 1:
            seen.append(event())
        assert any(one["is_busy"] for one in seen)
        assert seen[-1]["exit_code"] == 0
        numbers = [one["number"] for one in (first, *seen)]
        assert numbers == sorted(set(numbers))
        client.close()


def test_nothing_is_saved_unless_it_was_asked_for(shop: Path) -> None:
    with serving(shop) as served:
        served.settled(1)
        digest = json.loads(served.get("file?path=order.tell"))["sha256"]
        served.post("edit", {"path": "order.tell", "text": MENDED})
        status, answer = served.post("save", {"path": "order.tell", "sha256": digest})
        assert (status, answer) == (403, "files are not written without --write\n")
        assert (shop / "order.tell").read_text(encoding="utf-8") == SHOP


def test_a_text_is_saved_over_the_file_that_was_shown_and_no_other(shop: Path) -> None:
    path = shop / "order.tell"
    path.write_bytes(SHOP.replace("\n", "\r\n").encode())
    with serving(shop, "--write") as served:
        served.settled(1)
        digest = json.loads(served.get("file?path=order.tell"))["sha256"]
        served.post("edit", {"path": "order.tell", "text": MENDED})
        path.write_bytes(MENDED.replace("Idle", "Rest").encode())
        status, _ = served.post("save", {"path": "order.tell", "sha256": digest})
        assert status == 409
        assert b"Rest" in path.read_bytes()
        path.write_bytes(SHOP.replace("\n", "\r\n").encode())
        status, answer = served.post("save", {"path": "order.tell", "sha256": digest})
        assert status == 200, answer
        assert path.read_bytes() == MENDED.replace("\n", "\r\n").encode()
        assert json.loads(answer)["files"][0]["is_edited"] is False


def test_only_files_of_the_check_are_shown_and_no_links_are_written(shop: Path) -> None:
    other = shop / "elsewhere.txt"
    other.write_text(SHOP, encoding="utf-8")
    (shop / "link.tell").symlink_to(other)
    with serving(shop, "--write") as served:
        served.settled(1)
        for path in ("elsewhere.txt", "../order.tell", "/etc/passwd", "", "order.tell%00"):
            status, answer, _ = served.ask(f"{served.path}file?path={path}")
            assert (status, answer) == (404, "no check has read this file\n")
            status, answer = served.post("edit", {"path": path, "text": "x"})
            assert (status, answer) == (403, "no check has read this file\n")
        digest = json.loads(served.get("file?path=link.tell"))["sha256"]
        served.post("edit", {"path": "link.tell", "text": MENDED})
        status, answer = served.post("save", {"path": "link.tell", "sha256": digest})
        assert (status, answer) == (403, "the file is a link\n")
    assert other.read_text(encoding="utf-8") == SHOP


def test_who_has_no_token_or_is_another_page_gets_nothing(shop: Path) -> None:
    with serving(shop) as served:
        served.settled(1)
        token = served.path.strip("/")
        assert len(token) == 43
        longer, shorter = f"/{token}x/state", f"/{token[:-1]}/state"
        for path in ("/", "/state", f"/{token}", shorter, longer, "/x//"):
            status, text, headers = served.ask(path)
            assert (status, text) == (404, "there is nothing here\n"), path
            assert headers["Cache-Control"] == "no-store"
        state = served.path + "state"
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.", "127.0.0.1:x", ""):
            assert served.ask(state, Host=host)[0] == 403, host
        for host in ("localhost:9", "LOCALHOST", "[::1]:80"):
            assert served.ask(state, Host=host)[0] == 200, host
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"):
            assert served.ask(state, Origin=origin)[0] == 403, origin
        change = {"path": "order.tell", "text": MENDED}
        edit = served.path + "edit"
        assert served.ask(edit, "POST", change, **TYPED)[0] == 403
        assert served.ask(edit, "POST", change, Origin="https://evil.example", **TYPED)[0] == 403
        own = served.origin
        assert served.ask(edit, "POST", change, Origin=own, Content_Type="text/plain")[0] == 415
        assert served.ask(edit, "POST", {"name": 1}, Origin=own, **TYPED)[0] == 400
        assert served.ask(served.path + "x", "POST", change, Origin=own, **TYPED)[0] == 404
        huge = {"Content_Length": str(10**11), **TYPED}
        assert served.ask(edit, "POST", None, Origin=own, **huge)[0] == 413
        assert served.ask(edit, "POST", None, Origin=own, Content_Length="-1", **TYPED)[0] == 411
        assert served.ask(edit, "PUT", change, Origin=own, **TYPED)[0] == 501
        assert json.loads(served.get("state"))["report"] == 1
        _, _, headers = served.ask(served.path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        _, _, headers = served.ask(served.path + "report")
        assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"
        assert headers["Server"].strip() == "tellverify"


def test_it_listens_on_the_loopback_interface_and_says_when_it_cannot(shop: Path) -> None:
    assert ADDRESS == "127.0.0.1"
    with LiveServer(LiveCheck(Flags(), ("check",)), "t" * 43) as server:
        assert server.server_address[0] == "127.0.0.1"
        taken = server.server_address[1]
        done = subprocess.run(
            [sys.executable, "-m", "tellverify", "serve", f"--port={taken}"],
            cwd=shop,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == f"Error: cannot listen on 127.0.0.1:{taken}: Address already in use\n"


def test_what_is_wrong_with_the_configuration_is_shown_and_mended(shop: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tellverify", "serve"],
        cwd=shop,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        served = Served(process)
        served.settled(1)
        (shop / "tellverify.toml").write_text("dialec = 'strict'\n", encoding="utf-8")
        end = time.monotonic() + LONGEST
        while not (state := json.loads(served.get("state")))["problem"]:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert "dialec" in state["problem"]
        assert state["report"] == 1
        (shop / "tellverify.toml").unlink()
        assert served.settled(2)["problem"] == ""
    finally:
        process.terminate()
        process.communicate(timeout=LONGEST)


def test_the_folder_brings_no_code_and_gets_no_evidence(shop: Path) -> None:
    """What is called like a module of the program is none, whatever the configuration asks for."""
    for name in ("msgspec.py", "click.py", "tellverify.py"):
        (shop / name).write_text("raise SystemExit('taken over')\n", encoding="utf-8")
    (shop / "tellverify.toml").write_text(
        "evidence = 'evidence'\nreports = ['html=report.html']\n", encoding="utf-8"
    )
    command = Path(sys.executable).parent / "tellverify"
    process = subprocess.Popen(
        [str(command), "serve"],
        cwd=shop,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        state = Served(process).settled(1)
        assert (state["exit_code"], state["problem"]) == (1, "")
        assert sorted(one.name for one in shop.iterdir()) == [
            *("click.py", "msgspec.py", "order.tell", "tellverify.py", "tellverify.toml")
        ]
    finally:
        process.terminate()
        process.communicate(timeout=LONGEST)


@contextmanager
def living(
    monkeypatch: pytest.MonkeyPatch, code: str, tell: Callable[[LiveState], None] | None = None
) -> Iterator[LiveCheck]:
    """A check whose process runs `code`, watched in a thread."""
    monkeypatch.setattr(live_check, "_COMMAND", (sys.executable, "-c", code))
    live = LiveCheck(Flags(), ("check",), tell=tell)
    thread = threading.Thread(target=live.watch)
    thread.start()
    try:
        yield live
    finally:
        live.close()
        thread.join(LONGEST)
        assert not thread.is_alive()


FAKE = """
import os, sys, time
from tellverify.cli.live.served_check import CheckAnswer, CheckRequest
import msgspec
request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=CheckRequest)
if "slow" in request.edits.get("a.tell", ""):
    open("pid", "w").write(str(os.getpid()))
    time.sleep(600)
answer = CheckAnswer(0, "fine", "", str(request.edits), (), ("a.tell",))
sys.stdout.buffer.write(msgspec.msgpack.encode(answer))
"""


def test_an_edit_ends_the_check_at_hand(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    (shop / "a.tell").write_text("a", encoding="utf-8")
    with living(monkeypatch, FAKE) as live:
        _until(lambda: live.state().report == 1)
        live.edit("a.tell", "slow")
        _until((shop / "pid").exists)
        _until(lambda: (shop / "pid").read_text() != "")
        pid = int((shop / "pid").read_text())
        assert live.state().is_busy and live.state().report == 1
        live.edit("a.tell", "quick")
        _until(lambda: live.state().report == 2)
        assert "quick" in live.report()
        _until(lambda: not _is_running(pid))


def test_a_check_that_dies_leaves_the_last_report_and_says_so(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    told: list[LiveState] = []
    with living(monkeypatch, "raise SystemExit(9)", told.append) as live:
        _until(lambda: bool(live.state().problem))
        assert live.state().problem == "the check ended with code 9"
        assert (live.report(), live.state().report) == ("", 0)
        _until(lambda: bool(told))
        assert told[0].exit_code is None


def test_a_text_that_is_no_utf8_or_too_large_is_refused(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    (shop / "a.tell").write_text("a", encoding="utf-8")
    with living(monkeypatch, FAKE) as live:
        _until(lambda: live.state().report == 1)
        with pytest.raises(NotEditable, match="UTF-8"):
            live.edit("a.tell", "\ud800")
        with pytest.raises(NotEditable, match="more than"):
            live.edit("a.tell", "x" * (live_check.LARGEST + 1))
        assert live.edit("a.tell", "a").files[0].is_edited is False


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
