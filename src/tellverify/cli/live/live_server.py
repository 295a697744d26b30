"""The server of a served page: who may ask, and what each address answers.

It listens on the loopback interface. Three things keep other pages of the same browser, and other
users of the machine, from it: the token in the address; the header `Host`, which has to name the
loopback interface, so that a foreign name that is made to lead here is refused (DNS rebinding); and
`Origin`, which every change has to have and which has to be the page itself.
"""

from __future__ import annotations

import hmac
import re
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from tellverify.cli.live.live_check import LARGEST, LiveCheck, NotEditable, OutOfDate
from tellverify.cli.live.live_page import WAITING, live_page, policy_of

ADDRESS: Final = "127.0.0.1"
_LOCAL: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_MOST_BYTES: Final = 6 * LARGEST  # of a body: each character may be six, as in \u0041
_MOST_THREADS: Final = 64
_SILENCE: Final = 15.0  # seconds without a change before a line keeps the connection open
_PATIENCE: Final = 30.0  # seconds for a request to come
_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that changes something."""

    path: str
    text: str = ""
    sha256: str = ""


class LiveServer(ThreadingHTTPServer):
    """Serves one check to whoever has the token. Raises OSError when the port is taken."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False

    def __init__(self, live: LiveCheck, token: str, port: int = 0) -> None:
        self.live = live
        self.token = token.encode("ascii")
        self._room = threading.BoundedSemaphore(_MOST_THREADS)
        super().__init__((ADDRESS, port), _Handler)

    @property
    def address(self) -> str:
        """The address of the page, with the token."""
        return f"http://{ADDRESS}:{self.server_address[1]}/{self.token.decode('ascii')}/"

    def process_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Answer in a separate thread; with too many of them the connection is closed."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """As the library does, and make room again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is no fault."""


class _Refusal(Exception):
    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: LiveServer
    protocol_version = "HTTP/1.1"
    server_version = "tellverify"
    sys_version = ""
    timeout = _PATIENCE

    def do_GET(self) -> None:
        """Answer with the page, the report, the state, its changes or a text."""
        try:
            route = self._admitted()
            self._answer_get(route)
        except _Refusal as refusal:
            self._refuse(refusal)

    def do_POST(self) -> None:
        """Edit, revert or save a text."""
        try:
            self.close_connection = True  # unless the body has been read
            route = self._admitted()
            self._answer_post(route)
        except _Refusal as refusal:
            self._refuse(refusal)

    def _admitted(self) -> str:
        """The address behind the token. Raises _Refusal for who may not ask."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not _LOCAL.fullmatch(hosts[0]):
            raise _Refusal(HTTPStatus.FORBIDDEN, "this server answers to localhost alone")
        origins = self.headers.get_all("Origin") or []
        own = f"http://{hosts[0]}".lower()
        if any(origin.lower() != own for origin in origins):
            raise _Refusal(HTTPStatus.FORBIDDEN, "another page may not ask")
        if self.command == "POST" and not origins:
            raise _Refusal(HTTPStatus.FORBIDDEN, "a change has to come from the page")
        path = urlsplit(self.path).path
        _, _, behind = path.partition("/")
        token, slash, route = behind.partition("/")
        given = token.encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self.server.token) or not slash:
            raise _Refusal(HTTPStatus.NOT_FOUND, "there is nothing here")
        return route

    def _answer_get(self, route: str) -> None:
        live = self.server.live
        match route:
            case "":
                self._send(live_page(), "text/html; charset=utf-8", policy_of())
            case "report":
                page = live.report() or WAITING
                self._send(page, "text/html; charset=utf-8", "frame-ancestors 'self'")
            case "state":
                self._send_json(live.state())
            case "events":
                self._stream()
            case "file":
                named = parse_qs(urlsplit(self.path).query).get("path", [])
                try:
                    self._send_json(live.text(named[0] if len(named) == 1 else ""))
                except NotEditable as error:
                    raise _Refusal(HTTPStatus.NOT_FOUND, str(error)) from None
            case _:
                raise _Refusal(HTTPStatus.NOT_FOUND, "there is nothing here")

    def _answer_post(self, route: str) -> None:
        live = self.server.live
        change = self._body()
        try:
            match route:
                case "edit":
                    self._send_json(live.edit(change.path, change.text))
                case "revert":
                    self._send_json(live.revert(change.path))
                case "save":
                    self._send_json(live.save(change.path, change.sha256))
                case _:
                    raise _Refusal(HTTPStatus.NOT_FOUND, "there is nothing here")
        except NotEditable as error:
            raise _Refusal(HTTPStatus.FORBIDDEN, str(error)) from None
        except OutOfDate:
            words = "the file has changed since its text was shown"
            raise _Refusal(HTTPStatus.CONFLICT, words) from None

    def _body(self) -> Change:
        if self.headers.get_content_type() != _JSON:
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body has to be JSON")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or len(length) > 12:
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "the length of the body is missing")
        if int(length) > _MOST_BYTES:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        content = self.rfile.read(int(length))
        self.close_connection = False
        try:
            return msgspec.json.decode(content, type=Change)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "the body is no change") from None

    def _stream(self) -> None:
        """Send the state now and after every change, until the page or the server ends."""
        live = self.server.live
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self._send_headers("text/event-stream", "")
        self.send_header("Connection", "close")
        self.end_headers()
        state = live.state()
        self._event(msgspec.json.encode(state))
        while not live.is_closed:
            after = live.wait(state.number, _SILENCE)
            if after.number == state.number:
                self._write(b": nothing has changed\n\n")
                continue
            state = after
            self._event(msgspec.json.encode(state))

    def _event(self, content: bytes) -> None:
        self._write(b"data: " + content + b"\n\n")

    def _write(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()

    def _send_json(self, value: msgspec.Struct) -> None:
        self._send(msgspec.json.encode(value).decode(), _JSON, "default-src 'none'")

    def _send(self, text: str, kind: str, policy: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        content = text.encode("utf-8", "backslashreplace")
        self.send_response(status)
        self._send_headers(kind, policy)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def _send_headers(self, kind: str, policy: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        if policy:
            self.send_header("Content-Security-Policy", policy)

    def _refuse(self, refusal: _Refusal) -> None:
        self._send(f"{refusal}\n", _TEXT, "default-src 'none'", refusal.status)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse in plain text anything that is not a request."""
        self.close_connection = True
        status = HTTPStatus(code)
        self._send(f"{status.phrase}\n", _TEXT, "default-src 'none'", status)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: a line would have the token."""
