"""A page on this machine on which assumptions are moved: one address to look at, one to ask, nothing else.

The standard library serves it: two routes need no framework. It listens on the loopback interface alone and answers
only to the names of that, so that neither another machine nor another page in the browser can ask.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import perf_counter
from typing import Any

from forecast.errors import ForecastError, RunError, ScenarioError
from forecast.hypertext import page
from forecast.trials import Bench, opening, told_trial

LOOPBACK = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost")
LONGEST = 65_536
"""Bytes of a question at most."""


class RefusedError(Exception):
    """A question that cannot be answered: its status and a message for whoever asked."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Explorer(ThreadingHTTPServer):
    """The server of one scenario.

    Args:
        bench: the scenario with its sliders and its language.
        port: 0 for any that is free.

    Raises:
        RunError: the port is taken or not allowed.
    """

    daemon_threads = True

    def __init__(self, bench: Bench, port: int) -> None:
        self.bench = bench
        try:
            super().__init__((LOOPBACK, port), Handler)
        except OSError as error:
            raise RunError(f"port {port}: {error.strerror or error}; choose another with --port, 0 for any") from error

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that was closed before its answer came is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one question."""

    server: Explorer
    server_version = "forecast"
    sys_version = ""

    def do_GET(self) -> None:
        """The page."""
        self._answer(self._page)

    def do_POST(self) -> None:
        """The distribution under the positions of sliders."""
        self._answer(self._trial)

    def log_message(self, format: str, *args: object) -> None:
        """Questions are not logged."""

    def _answer(self, make: Callable[[], tuple[str, str]]) -> None:
        try:
            self._demand_loopback()
            kind, text = make()
            self._send(HTTPStatus.OK, kind, text)
        except RefusedError as error:
            self._send(error.status, "application/json", json.dumps({"message": str(error)}))

    def _demand_loopback(self) -> None:
        name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if name not in NAMES:
            raise RefusedError(HTTPStatus.FORBIDDEN, f"got host {name!r}, expected {' or '.join(NAMES)}")

    def _page(self) -> tuple[str, str]:
        if self.path != "/":
            raise RefusedError(HTTPStatus.NOT_FOUND, f"got {self.path}, expected /")
        content = opening(self.server.bench)
        return "text/html", page("explore.html", ("reading.js", "explore.js"), "'self'", **content)

    def _trial(self) -> tuple[str, str]:
        if self.path != "/trial":
            raise RefusedError(HTTPStatus.NOT_FOUND, f"got {self.path}, expected /trial")
        started = perf_counter()
        try:
            told = told_trial(self.server.bench, self._positions())
        except ScenarioError as error:
            reasons = "; ".join(f"{problem.path}: {problem.message}" for problem in error.problems)
            raise RefusedError(HTTPStatus.BAD_REQUEST, reasons) from error
        except ForecastError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from error
        return "application/json", json.dumps(told | {"milliseconds": round(1000 * (perf_counter() - started))})

    def _positions(self) -> Mapping[str, float]:
        """What was asked: a mapping from sliders to positions, as JSON."""
        kind = self.headers.get_content_type()
        if kind != "application/json":
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"got {kind}, expected application/json")
        try:
            length = int(self.headers.get("Content-Length", ""))
            if not 0 < length <= LONGEST:
                raise ValueError
        except ValueError:
            message = f"got no usable Content-Length, expected 1 to {LONGEST} bytes"
            raise RefusedError(HTTPStatus.BAD_REQUEST, message) from None
        try:
            asked: Any = json.loads(self.rfile.read(length))
        except (ValueError, RecursionError):
            raise RefusedError(
                HTTPStatus.BAD_REQUEST, "got text that is not JSON, expected {slider: position}"
            ) from None
        if not isinstance(asked, dict):
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"got {type(asked).__name__}, expected {{slider: position}}")
        return asked

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)
