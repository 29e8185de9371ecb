"""A trial of moved assumptions in words and drawings of a language, beside the scenario as its file states it.

A page on this machine on which assumptions are moved: one address to look at, one to ask, nothing else.

The standard library serves it: two routes need no framework. It listens on the loopback interface alone and answers
only to the names of that, so that neither another machine nor another page in the browser can ask.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from threading import BoundedSemaphore, Timer
from time import perf_counter
from typing import Any

from forecast.dims import CHANNELS
from forecast.errors import ForecastError, RunError, ScenarioError
from forecast.quarters import parse_time
from forecast.report.assumptions import user_words
from forecast.report.brief import Passage, by_subject, quoted_numbers
from forecast.report.charts import (
    Diagram,
    Fan,
    Scene,
    axis_range,
    channels_diagram,
    described,
    diagram,
    effect_title,
    fan_of,
    forecast_reading,
    observed_balance,
    tick_writer,
)
from forecast.report.effect import difference_sentences, effect_paragraphs
from forecast.report.i18n import Language
from forecast.report.induced import claim_section
from forecast.report.observed import memory_sentences
from forecast.report.policy import policy_sentence
from forecast.report.run import EFFECT
from forecast.report.sentences import assumed_conditions, chances_sentence, level_sentence, record_of
from forecast.report.sliders import PLANTS, Slider, added_from, overrides, sliders
from forecast.report.templates import fragment, page
from forecast.report.workbench import Trial, Workbench
from forecast.results.highlights import moving_policies
from forecast.scenario.scenario import Scenario, dump_scenario
from forecast.stats.summary import Summary

RISE = "rise"
"""Series of the change of the surplus against the file."""

FILE = "file"
"""What the fan of the unchanged scenario is called in a drawing."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a page is about.

    Attributes:
        workbench: runs trials.
        given: the scenario as the user names it on the command line, with options that are no default.
        language: of the page.
    """

    workbench: Workbench
    given: tuple[str, ...]
    language: Language

    @property
    def scenario(self) -> Scenario:
        """The scenario as its file states it."""
        return self.workbench.file.scenario


def opening(bench: Bench) -> dict[str, Any]:
    """What the page holds before anything is moved."""
    language, groups = bench.language, ("plants", "localization", "tariffs", "import_commitments", "investments")
    found = sliders(bench.scenario, bench.workbench.origin, bench.workbench.learned)
    return {
        "code": language.code,
        "say": language.text,
        "title": user_words(_title(bench)),
        "groups": [
            (language.text(f"explore.groups.{name}"), _owned(bench, [item for item in found if item.group == name]))
            for name in groups
        ],
        "trial": _content(bench, bench.workbench.file, {}),
        "claim": claim_section(language) if bench.scenario.as_of is None else None,
    }


def told_trial(bench: Bench, positions: Mapping[str, float]) -> dict[str, Any]:
    """The page's part that moves, as `html`.

    Raises:
        RunError: positions that the sliders do not have.
        ScenarioError: together they make no sense.
    """
    texts = overrides(bench.scenario, bench.workbench.origin, positions)
    trial = bench.workbench.trial(texts)
    return {"html": fragment("trial.html", say=bench.language.text, trial=_content(bench, trial, positions))}


def _title(bench: Bench) -> str:
    return bench.language.either(bench.scenario.title, bench.scenario.title_ko)


def _owned(bench: Bench, items: list[Slider]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Sliders by what they belong to; investments by name, the others together."""
    names = {
        item.id: user_words(f"{item.company}: {bench.language.either(item.project, item.project_ko)}")
        for item in bench.scenario.investments
    }
    owners = dict.fromkeys(item.owner if item.group == "investments" else "" for item in items)
    return [
        (
            names.get(owner),
            [_slider(bench, item) for item in items if item.group != "investments" or item.owner == owner],
        )
        for owner in owners
    ]


def _slider(bench: Bench, item: Slider) -> dict[str, Any]:
    language = bench.language
    words = {"added": "explore.goods", **dict.fromkeys(PLANTS, "sectors")}.get(item.kind)
    goods = "" if words is None else language.text(f"{words}.{item.owner}")
    date = language.date(parse_time(added_from(bench.workbench.origin)))
    unmoved = "explore.path_file" if item.group == "localization" else "explore.learned"
    return {
        "name": item.name,
        "label": language.text(f"explore.{item.kind}", name=item.owner, goods=goods, date=date),
        "low": f"{item.low:g}",
        "high": f"{item.high:g}",
        "step": f"{item.step:g}",
        "start": f"{item.start:g}",
        "form": "percent" if item.share else _FORMS.get(item.kind, "number"),
        "together": item.group if item.group == "localization" else item.name,
        "unmoved": "" if item.stated else language.text(unmoved),
    }


def _legend(bench: Bench) -> list[tuple[str, str]]:
    """Channels and their names, where there are plants."""
    return [(name, bench.language.text(f"channels.{name}")) for name in CHANNELS] if bench.scenario.investments else []


_FORMS = {"amount": "money", "promised": "money", "promised_a_year": "money", "production": "quarter"}
"""How the positions of a slider are written, by its kind, where they are no shares and no plain numbers."""


def _content(bench: Bench, trial: Trial, positions: Mapping[str, float]) -> dict[str, Any]:
    texts = overrides(bench.scenario, bench.workbench.origin, positions)
    stated = [part for text in texts for part in ("-s", text)]
    change = difference_sentences(trial.difference, _title(bench), bench.language)
    return {
        "quoted": quoted_numbers(trial.summary, bench.language, invested=bool(trial.scenario.investments)),
        "passages": _passages(bench, trial),
        "change": change if texts else bench.language.text("explore.nothing"),
        "fan": _fan(bench, trial),
        "sides": [*_effects(bench, trial), _difference(bench, trial)],
        "channels": _legend(bench),
        "command": shlex.join(["forecast", "run", *bench.given, *stated]),
        "file": dump_scenario(trial.scenario),
        "file_name": f"{bench.scenario.name}-moved.yaml",
    }


def _passages(bench: Bench, trial: Trial) -> list[Passage]:
    """Conditions of the scenario, effects, and the level of the last year."""
    language, summary, scenario = bench.language, trial.summary, trial.scenario
    known, invested = record_of(scenario.basis, scenario.as_of), bool(scenario.investments)
    origin = language.date(float(bench.workbench.origin))
    plants = effect_paragraphs(summary, language, origin, trial.grounds) if invested else {}
    said = {
        "assumed": [assumed_conditions(scenario, language)],
        **{subject: [paragraph] for subject, paragraph in plants.items()},
        "policy": [policy_sentence(summary, language, name) for name in moving_policies(summary)],
        "level": [
            level_sentence(summary, scenario.basis, language, invested=invested),
            chances_sentence(summary, known, language, trial.grounds),
        ],
        "goods": memory_sentences(summary, bench.workbench.origin, [scenario], language),
    }
    return by_subject(said, language)


def _fan(bench: Bench, trial: Trial) -> Diagram:
    """The surplus of the trial over that of the file, on axes that stay where they are unless it leaves them."""
    language, scenario = bench.language, bench.scenario
    years, balance = observed_balance(scenario.basis, scenario.as_of, trial.summary.years[0])
    start = (years[-1], float(balance[-1]))
    before = _ghost("trade_balance", bench, start)
    scene = Scene([before, fan_of(0, trial.summary, "trade_balance", start)], observed=(years, balance))
    names = {"unit": language.text("numbers.unit_a_year"), "basis": language.text(f"bases.{scenario.basis}")}
    return _drawn(language.text("charts.fan", **names), scene, "trade_balance", bench, trial)


def _effects(bench: Bench, trial: Trial) -> Iterator[Diagram]:
    """What the announcements add, or where there are none, what the first policy that moves does."""
    series = EFFECT if bench.scenario.investments else next(iter(moving_policies(trial.summary)), None)
    if series is not None:
        ghosts = [_ghost(series, bench)] if series in bench.workbench.file.summary.series else []
        scene = Scene([*ghosts, fan_of(0, trial.summary, series)])
        yield _drawn(effect_title(series, bench.language), scene, series, bench, trial)
    if series == EFFECT:
        yield channels_diagram(0, trial.summary, bench.language)


def _difference(bench: Bench, trial: Trial) -> Diagram:
    language = bench.language
    names = {"reference": _title(bench), "unit": language.text("numbers.unit_a_year")}
    scene = Scene([fan_of(0, trial.difference, RISE)])
    return _drawn(language.text("charts.difference", **names), scene, RISE, bench, trial)


def _ghost(series: str, bench: Bench, start: tuple[int, float] | None = None) -> Fan:
    """The file's fan, its 80 % interval alone."""
    whole = fan_of(FILE, bench.workbench.file.summary, series, start)
    return Fan(FILE, whole.years, whole.median, {80: whole.bands[80]}, start)


def _drawn(title: str, scene: Scene, series: str, bench: Bench, trial: Trial) -> Diagram:
    language = bench.language
    summary = trial.difference if series == RISE else trial.summary
    runs: list[tuple[int | str, str, Summary]] = [(0, "changed", summary)]
    if series != RISE and series in bench.workbench.file.summary.series:
        runs.append((FILE, "original", bench.workbench.file.summary))
    sign = "" if series == "trade_balance" else "+"
    seen = dict(zip(scene.observed[0], scene.observed[1].tolist(), strict=True))

    def readings(year: int) -> list[tuple[int | str, str]]:
        if year in seen:
            return [("observed", language.text("charts.observed", value=language.money(seen[year], 0.1, places=1)))]
        if year not in summary.years:
            return [("observed", language.text("charts.missing"))]
        index = summary.years.index(year)
        return [
            (run, forecast_reading(numbers, series, index, language.text(f"explore.{name}"), language, sign))
            for run, name, numbers in runs
        ]

    return diagram(title, described(summary, language), _steady(scene), readings, tick_writer(language))


def _steady(scene: Scene) -> Scene:
    """The scene on the axis of the file's fan, longer only where the trial needs it."""
    if len(scene.fans) == 1:
        return scene
    whole = axis_range(scene)
    alone = axis_range(Scene(scene.fans[:1], scene.observed))
    reach = min(whole[0], alone[0]), max(whole[1], alone[1])
    return Scene(scene.fans, scene.observed, reach=reach)


LOOPBACK = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost")
USUAL_PORT = 80
"""The one port that an address may leave out."""

LONGEST = 65_536
"""Bytes of a question at most."""

MOST_CONNECTIONS, MOST_TRIALS = 64, 8
"""Connections that are served at a time, and trials that are simulated or wait for it."""

PATIENCE, DEADLINE = 20.0, 60.0
"""Seconds after which a connection is closed from which nothing comes, or whose question is not whole."""


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
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, bench: Bench, port: int) -> None:
        self.bench = bench
        self.trials = BoundedSemaphore(MOST_TRIALS)
        self._connections = BoundedSemaphore(MOST_CONNECTIONS)
        try:
            super().__init__((LOOPBACK, port), Handler)
        except OSError as error:
            raise RunError(f"port {port}: {error.strerror or error}; choose another with --port, 0 for any") from error

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, unless there are too many."""
        if self._connections.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.settimeout(1.0)
            request.sendall(b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for another connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that was closed before its answer came is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one question."""

    server: Explorer
    timeout = PATIENCE
    server_version = "forecast"
    sys_version = ""
    deadline = DEADLINE

    def setup(self) -> None:
        """Start the clock: a question that comes in drops would hold its connection for ever."""
        super().setup()
        self._clock = Timer(self.deadline, self._hang_up)
        self._clock.daemon = True
        self._clock.start()

    def finish(self) -> None:
        """Stop the clock."""
        self._clock.cancel()
        super().finish()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(SHUT_RDWR)

    def do_GET(self) -> None:
        """The page."""
        self._clock.cancel()
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
        """Refuse questions by another name than that of the page, and those of other pages."""
        port = self.server.server_address[1]
        names = [f"{name}:{port}" for name in NAMES] + (list(NAMES) if port == USUAL_PORT else [])
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if host not in names:
            raise RefusedError(HTTPStatus.FORBIDDEN, f"got host {host!r}, expected {' or '.join(names)}")
        if origin is not None and origin not in [f"http://{name}" for name in names]:
            raise RefusedError(HTTPStatus.FORBIDDEN, f"got a question of the page {origin!r}, expected this one")

    def _page(self) -> tuple[str, str]:
        if self.path != "/":
            raise RefusedError(HTTPStatus.NOT_FOUND, f"got {self.path}, expected /")
        content = opening(self.server.bench)
        return "text/html", page("explore.html", ("reading.js", "explore.js"), "'self'", **content)

    def _trial(self) -> tuple[str, str]:
        if self.path != "/trial":
            raise RefusedError(HTTPStatus.NOT_FOUND, f"got {self.path}, expected /trial")
        positions, started = self._positions(), perf_counter()
        if not self.server.trials.acquire(blocking=False):
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, f"got more than {MOST_TRIALS} questions at a time")
        try:
            told = told_trial(self.server.bench, positions)
        except ScenarioError as error:
            reasons = "; ".join(f"{problem.path}: {problem.message}" for problem in error.problems)
            raise RefusedError(HTTPStatus.BAD_REQUEST, reasons) from error
        except ForecastError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from error
        finally:
            self.server.trials.release()
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
            self._clock.cancel()
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
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.end_headers()
        self.wfile.write(content)
