"""The page on `tellverify serve`: its file is served, and every answer is what the page shows.

`python tests/docs/test_serve_page.py` writes the answers of the page anew.
"""

from __future__ import annotations

import http.client
import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import transcripts

PAGE = transcripts.DOCS / "serve.md"
LONGEST = 60.0


def consoles(text: str) -> list[str]:
    """The fences of kind `console`."""
    return re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def curl(command: str, port: int, token: str) -> str:
    """What a call of curl on the page prints, JSON in lines of its own."""
    origin = f"http://127.0.0.1:{port}"
    command = command.replace("$PAGE", f"{origin}/{token}").replace("$ORIGIN", origin)
    words = iter(shlex.split(command)[1:])
    headers: dict[str, str] = {}
    body = url = None
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word != "-s":
            url = word
    assert url is not None
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)
    client.request("POST" if body else "GET", url.removeprefix(origin), body, headers)
    text = client.getresponse().read().decode()
    client.close()
    return json.dumps(json.loads(text), indent=2) + "\n" if text.startswith("{") else text


def followed(text: str, folder: Path) -> str:
    """The page with what its commands print."""
    for path, content in re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)^```$", text, re.S | re.M):
        (folder / path).write_text(content, encoding="utf-8")
    start, calls = consoles(text)
    command = start.splitlines()[0].removeprefix("$ ")
    process = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(2)]
        address = re.fullmatch(r"serving http://127\.0\.0\.1:(\d+)/([\w-]{43})/\n", lines[0])
        assert address is not None, lines
        port, token = int(address[1]), address[2]
        lines.append(process.stdout.readline())  # the first check
        shown = "".join(lines).replace(address[1], "PORT").replace(token, "TOKEN")
        text = text.replace(start, f"$ {command}\n{shown}")
        printed = "".join(
            f"$ {call.command}\n{curl(call.command, port, token)}"
            for call in transcripts.calls_of(calls)
        )
        return text.replace(calls, printed)
    finally:
        process.terminate()
        process.communicate(timeout=LONGEST)


def test_every_answer_is_what_the_page_shows(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(consoles(text)) == 2
    assert followed(text, tmp_path) == text


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        PAGE.write_text(followed(PAGE.read_text(encoding="utf-8"), Path(made)), encoding="utf-8")
