"""The page on which assumptions are moved: a trial is a run, and the server answers this machine and sense alone."""

from __future__ import annotations

import html
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from commands import command

import forecast
from forecast.analysis.input_values import N_DRAWS, investment_phases
from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.engine.announcements import Announcements
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Inputs, Values
from forecast.engine.plan import Project
from forecast.engine.plants import Activity, Rows, activity
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, simulate
from forecast.errors import RunError, ScenarioError
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.report.explore import MOST_CONNECTIONS, MOST_TRIALS, Bench, Explorer, Handler, told_trial
from forecast.report.i18n import language
from forecast.report.sliders import overrides, sliders
from forecast.report.workbench import SHOWN, Workbench, workbench
from forecast.results.results import write_summary
from forecast.scenario.mixture import is_mixture
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario

ROOT = Path(__file__).parents[2]
HYUNDAI, DEPENDENT = (ROOT / "scenarios" / f"{name}.yaml" for name in ("hyundai", "announced-dependent"))
SETTINGS = Settings(4_000)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(HYUNDAI)


@pytest.fixture(scope="module")
def bench(scenario: Scenario) -> Iterator[Workbench]:
    with workbench(scenario, load_posterior(), SETTINGS) as found:
        yield found


@pytest.fixture(scope="module")
def server(bench: Workbench) -> Iterator[Explorer]:
    explorer = Explorer(Bench(bench, ("hyundai",), language("en")), 0)
    Thread(target=explorer.serve_forever, daemon=True).start()
    yield explorer
    explorer.shutdown()
    explorer.server_close()


MOVES: list[dict[str, float]] = [
    {"investments.HMG-06.amount": 9.0, "investments.HMG-01-vehicles.probability": 0.35},
    {"localization.local": 0.6, "localization.speed": 4.5},
    {"tariffs.cars": 0.1, "tariffs.rest": 0.05, "investments.HMG-06.amount": 4.0},
    {"overrides.sectors.autos.displacement_rate": 0.1, "overrides.sectors.steel.korean_share": 0.2},
    {"investments.HMG-01-vehicles.production_start": 8120.0},
]


@pytest.mark.parametrize("positions", MOVES, ids=["investments", "localization", "tariffs", "plants", "dates"])
def test_a_trial_is_the_run_with_the_same_overrides(
    bench: Workbench, scenario: Scenario, positions: dict[str, float], tmp_path: Path
) -> None:
    """Byte for byte in the summary, after other trials on the same bench."""
    texts = overrides(scenario, bench.origin, positions)
    bench.trial(overrides(scenario, bench.origin, {"tariffs.cars": 0.3, "investments.HMG-06.probability": 0.1}))
    trial = bench.trial(texts)
    run = forecast.run_scenario(load_scenario(HYUNDAI, texts), SETTINGS, out=tmp_path).results
    again = tmp_path / "trial.csv"
    write_summary(again, run.manifest, trial.summary)
    assert trial.summary.series == tuple(name for name in SHOWN if name in run.statistics.series)
    header, *rows = (run.folder / "summary.csv").read_bytes().splitlines(keepends=True)
    shown = [row for row in rows if row.split(b",")[2].decode() in SHOWN]
    assert again.read_bytes() == b"".join([header, *shown])


@pytest.mark.parametrize("n_draws", [2_000, 4_000])
def test_what_a_run_has_stored_prints_as_the_page_does(n_draws: int, tmp_path: Path) -> None:
    """To the last bit, errors of one block included: a number rounded on disk would be rounded twice when printed."""
    settings = Settings(n_draws)
    run = forecast.run_scenario(load_scenario(HYUNDAI), settings, out=tmp_path).results
    with workbench(load_scenario(HYUNDAI), load_posterior(), settings) as bench:
        shown = bench.file.summary
    stored = run.statistics
    for name, statistic in stored.statistics.items():
        assert np.isfinite(statistic.standard_error).all()
        for series in shown.series:
            np.testing.assert_array_equal(stored.value(series, name), shown.value(series, name))
            np.testing.assert_array_equal(stored.standard_error(series, name), shown.standard_error(series, name))


@pytest.fixture(scope="module")
def tied() -> Iterator[Workbench]:
    """Announcements that hang on others, come in phases and share luck."""
    with workbench(load_scenario(DEPENDENT), load_posterior(), SETTINGS) as found:
        yield found


@pytest.mark.parametrize(
    "texts",
    [
        ["investments.SS-01.probability=0.2"],  # SB-01 requires it, and is in another group
        ["investments.SS-05.amount=1.5", "investments.SS-05.kind=expansion"],  # a kind decides what was learned of it
        ["investments.SS-05.overrides={korean_share: 0.3, output_per_capex: 0.2}"],  # fewer of those learned are in use
        ["localization={path: logistic, local: 0.7, at: 2029Q1, speed: 4}"],
        ["tariffs=[{id: more, sectors: [batteries, battery_materials], change: 0.2, from: 2028Q1}]"],
        ["tariffs=[{id: more, sectors: other, change: 0.2, from: 2028Q1}]"],  # machines pay it, of all plants
    ],
    ids=["fate", "kind", "coefficients", "path", "duty", "duty on machines"],
)
def test_what_is_remembered_of_a_group_is_what_a_fresh_start_gives(tied: Workbench, texts: list[str]) -> None:
    """Bit for bit, in every statistic of every series shown, after whatever was tried before."""
    tied.trial(["investments.SS-01.probability=0.9", "investments.LG-07.amount=2"])
    trial = tied.trial(texts)
    plan = compile_plan(trial.scenario, load_posterior(), vintage(None))
    run = simulate(alone(plan), SETTINGS).summary(plan.years, plan.series)
    assert trial.summary.series == tuple(name for name in SHOWN if name in run.series)
    places = [run.series.index(name) for name in trial.summary.series]
    for name, statistic in run.statistics.items():
        np.testing.assert_array_equal(trial.summary.statistics[name].value, statistic.value[places])
    assert trial.difference.value("rise", "sd").any()


def test_only_the_project_that_is_moved_is_simulated_again(tied: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    tied.trial([])
    built: list[str] = []

    def noted(rows: Rows, inputs: Inputs, announcements: Announcements, project: Project, delay: Values) -> Activity:
        built.append(project.id)
        return activity(rows, inputs, announcements, project, delay)

    monkeypatch.setattr("forecast.engine.plants.activity", noted)
    tied.trial([])
    assert built == []
    tied.trial(["investments.HMG-06.amount=4"])
    assert set(built) == {"HMG-06"}
    built.clear()
    tied.trial(["investments.HMG-06.amount=4", "investments.SS-05.amount=4"])  # one of many semiconductor plants
    assert set(built) == {"SS-05"}
    built.clear()
    tied.trial(["localization={path: hold}", "investments.HMG-06.amount=4", "investments.SS-05.amount=4"])
    assert built == []


def test_what_is_not_moved_does_not_move(bench: Workbench) -> None:
    trial = bench.trial([])
    for name, statistic in bench.file.summary.statistics.items():
        np.testing.assert_array_equal(trial.summary.statistics[name].value, statistic.value)
    assert not trial.difference.value("rise", "sd").any()
    assert not trial.difference.value("rise", "mean").any()


def test_luck_is_shared_so_that_only_the_effect_moves(bench: Workbench, scenario: Scenario) -> None:
    """The difference spreads a tenth as wide as the level, and a larger mill lowers the surplus of 2035."""
    trial = bench.trial(overrides(scenario, bench.origin, {"investments.HMG-06.amount": 9.0}))
    assert (trial.difference.value("rise", "sd") < 0.1 * trial.summary.value("trade_balance", "sd")).all()
    assert trial.difference.value("rise", "quantile_0.5")[-1] < 0


def test_a_pledge_grows_with_its_parts(bench: Workbench, scenario: Scenario) -> None:
    found = overrides(scenario, bench.origin, {"investments.HMG-06.amount": 9.0})
    assert found == ["investments.HMG-06.amount=9", "investments.HMG-01.amount=24.2"]
    assert overrides(scenario, bench.origin, {"investments.HMG-06.amount": 5.0}) == ["investments.HMG-06.amount=5"]


def test_a_chance_starts_where_it_was_learned(bench: Workbench, scenario: Scenario) -> None:
    """The mean over draws of the chance is the share of draws in which the plant is built, but for its own luck."""
    starts = {item.owner: item for item in sliders(scenario, bench.origin, bench.learned) if item.kind == "probability"}
    phases = {item.name.partition(":")[0]: item.chance for item in investment_phases(scenario)}
    chances = {name for name in bench.learned if not name.startswith("sectors.")}
    assert set(starts) == chances == {"HMG-01-future", "HMG-01-parts", "HMG-01-vehicles", "HMG-06"}
    for owner, slider in starts.items():
        assert slider.start == round(bench.learned[owner], 2) < 1
        luck = (phases[owner] * (1 - phases[owner]) * (1 / N_DRAWS + 1 / 2_000)) ** 0.5
        assert abs(bench.learned[owner] - phases[owner]) < 4 * luck


def test_sliders_become_the_overrides_they_stand_for(bench: Workbench, scenario: Scenario) -> None:
    found = overrides(scenario, bench.origin, {"tariffs.chips": 0.25, "localization.at": 2030})
    assert found == [
        "localization={path: logistic, local: 0.5, at: 2030Q1, speed: 6}",
        "tariffs=[{id: added-chips, sectors: [semiconductors], change: 0.25, from: 2027Q1}]",
    ]
    names = [slider.name for slider in sliders(scenario, bench.origin)]
    assert not [name for name in names if name.startswith("investments.HMG-01.")]  # an umbrella has no slider


def test_plants_dates_and_promises_have_sliders(bench: Workbench, scenario: Scenario) -> None:
    found = {item.name: item for item in sliders(scenario, bench.origin, bench.learned)}
    replaced = found["overrides.sectors.autos.displacement_rate"]
    fitted = load_posterior().groups["sectors"]["coefficients"]
    rate = np.median(fitted[:, SECTORS.index("autos"), COEFFICIENTS.index("displacement_rate")])
    assert (replaced.kind, replaced.start, replaced.stated) == ("displacement_rate", round(rate, 2), False)
    assert found["overrides.sectors.steel.korean_share"].share
    assert "investments.HMG-06.production_start" in found
    moved = {"investments.HMG-06.production_start": 8117.0, replaced.name: 0.3}
    texts = ["investments.HMG-06.production_start=2029Q2", "overrides.sectors.autos.displacement_rate=0.3"]
    assert overrides(scenario, bench.origin, moved) == texts
    promised = load_scenario(ROOT / "scenarios" / "import-commitments.yaml")
    kinds = {item.kind for item in sliders(promised, bench.origin) if item.group == "import_commitments"}
    assert kinds == {"promised", "promised_a_year", "fulfilment", "comes"}


@pytest.mark.parametrize("code", ["en", "ko"])
def test_what_is_moved_can_be_saved_as_a_file(bench: Workbench, tmp_path: Path, code: str) -> None:
    told = told_trial(Bench(bench, ("hyundai",), language(code)), MOVES[3])["html"]
    (text,) = re.findall(r'<pre id="file"[^>]*>(.*?)</pre>', told, re.DOTALL)
    saved = tmp_path / "saved.yaml"
    saved.write_text(html.unescape(text), encoding="utf-8")
    moved = load_scenario(HYUNDAI, overrides(bench.file.scenario, bench.origin, MOVES[3]))
    assert dump_scenario(load_scenario(saved)) == dump_scenario(moved)
    assert 'data-name="hyundai-moved.yaml"' in told


def test_channels_are_drawn_as_bars(bench: Workbench) -> None:
    told = told_trial(Bench(bench, ("hyundai",), language("en")), {})["html"]
    assert 'class="bar" data-channel="displacement"' in told
    assert '<span class="key" data-channel="displacement">' in told


def test_a_question_that_comes_in_drops_is_ended(server: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps a connection alive for ever, unless the whole question has a deadline."""
    monkeypatch.setattr(Handler, "deadline", 1.0)
    with socket.create_connection(server.server_address) as slow:
        ended = time.monotonic() + 20.0
        while time.monotonic() < ended:
            try:
                slow.sendall(b"G")
            except OSError:
                return
            time.sleep(0.1)
    pytest.fail("the connection was still held after 20 seconds")


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [path for path in sorted((ROOT / "scenarios").glob("*.yaml")) if not is_mixture(path)],
    ids=lambda path: path.stem,
)
def test_every_slider_can_be_moved_to_either_end(path: Path) -> None:
    scenario = load_scenario(path)
    origin = load_posterior(as_of=scenario.as_of).origin
    found = sliders(scenario, origin)
    for end in ("low", "high"):
        load_scenario(path, overrides(scenario, origin, {item.name: getattr(item, end) for item in found}))
    assert len({item.name for item in found}) == len(found)
    assert all(item.low <= item.start <= item.high for item in found)


def test_what_is_correlated_can_be_moved_to_either_end() -> None:
    """Certain numbers cannot be correlated: once moved, they are correlated with nothing."""
    path, origin = ROOT / "scenarios" / "hyundai.yaml", load_posterior().origin
    amount = "investments.HMG-06.amount={interval: [5, 7], level: 0.9}"
    between = "investments.HMG-06.amount, investments.HMG-01-vehicles.realised"
    texts = [amount, "investments.HMG-01.amount=30", f"correlations=[{{between: [{between}], rank: 0.5}}]"]
    scenario = load_scenario(path, texts)
    found = {item.name: item for item in sliders(scenario, origin)}
    for name in ("investments.HMG-06.amount", "investments.HMG-01-vehicles.probability"):
        for end in (found[name].low, found[name].high):
            moved = overrides(scenario, origin, {name: end})
            assert not load_scenario(path, [*texts, *moved]).correlations


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ({"speed": 1}, "got speed, expected one of the sliders of this page"),
        ({"tariffs.cars": 2}, "tariffs.cars: got 2, expected a number from 0 to 0.5"),
        ({"tariffs.cars": "high"}, "tariffs.cars: got 'high', expected a number from 0 to 0.5"),
        ({"tariffs.cars": True}, "tariffs.cars: got True, expected a number from 0 to 0.5"),
    ],
)
def test_a_position_no_slider_has_is_refused(
    bench: Workbench, scenario: Scenario, positions: dict[str, Any], message: str
) -> None:
    with pytest.raises(RunError, match=re.escape(message)):
        overrides(scenario, bench.origin, positions)


def asked(server: Explorer, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_the_page_and_its_moving_part(server: Explorer) -> None:
    status, page = asked(server, "GET", "/")
    assert status == 200
    assert 'name="investments.HMG-06.amount" min="0" max="11.6" step="0.1" value="5.8"' in page
    assert "How much of the surplus of 2025 Korean affiliates account for" in page
    status, text = asked(server, "POST", "/trial", json.dumps({"tariffs.cars": 0.1}), Content_Type="application/json")
    assert status == 200
    told = json.loads(text)
    assert "Tariffs change Korea&#39;s goods surplus with the US by" in told["html"]
    assert "forecast run hyundai -s &#39;tariffs=[{id: added-cars" in told["html"]


def test_a_page_that_is_closed_before_its_answer_leaves_no_word(
    server: Explorer, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(server.server_address) as left:
        left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closed with a reset
        left.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    assert asked(server, "GET", "/")[0] == 200
    assert capfd.readouterr().err == ""


JSON = "application/json"


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("{", JSON, "got text that is not JSON"),
        ("[1]", JSON, "got list, expected {slider: position}"),
        ('{"a": 1}', JSON, "got a, expected one of the sliders"),
        ('{"tariffs.cars": NaN}', JSON, "tariffs.cars: got nan"),
        ("", JSON, "got no usable Content-Length"),
        ("{}", "text/plain", "got text/plain, expected application/json"),
        ("[" * 50_000, JSON, "got text that is not JSON"),
        (" " * 70_000, JSON, "got no usable Content-Length, expected 1 to 65536 bytes"),
    ],
)
def test_questions_without_sense_get_400_and_a_message(server: Explorer, body: str, kind: str, message: str) -> None:
    status, text = asked(server, "POST", "/trial", body, Content_Type=kind)
    assert status == 400
    assert message in json.loads(text)["message"]


def test_other_addresses_and_other_names_get_no_page(server: Explorer) -> None:
    assert asked(server, "GET", "/etc/passwd")[0] == 404
    assert asked(server, "POST", "/", "{}", Content_Type=JSON)[0] == 404
    status, text = asked(server, "GET", "/", None, Host="evil.example")
    port = server.server_address[1]
    expected = f"127.0.0.1:{port} or localhost:{port}"
    assert (status, json.loads(text)) == (403, {"message": f"got host 'evil.example', expected {expected}"})
    assert asked(server, "GET", "/", None, Host=f"localhost:{port + 1}")[0] == 403
    assert asked(server, "GET", "/", None, Host=f"localhost:{port}")[0] == 200
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{port + 1}"):
        assert asked(server, "POST", "/trial", "{}", Content_Type=JSON, Origin=origin)[0] == 403
    assert asked(server, "POST", "/trial", "{}", Content_Type=JSON, Origin=f"http://127.0.0.1:{port}")[0] == 200


def test_no_other_page_may_frame_it(server: Explorer) -> None:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.slow
def test_connections_from_which_nothing_comes_are_bounded_and_closed(
    server: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "timeout", 4.0)
    held = [socket.create_connection(server.server_address) for _ in range(MOST_CONNECTIONS)]
    try:
        assert status_within(server, 503, 3.5)
        assert status_within(server, 200, 30.0)
        assert all(one.recv(1) == b"" for one in held)
    finally:
        for one in held:
            one.close()


def status_within(server: Explorer, status: int, seconds: float) -> bool:
    """Whether the page is answered with a status before long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if asked(server, "GET", "/missing" if status == 503 else "/")[0] == status:
            return True
        time.sleep(0.05)
    return False


def test_trials_that_wait_are_bounded(server: Explorer) -> None:
    for _ in range(MOST_TRIALS):
        assert server.trials.acquire(blocking=False)
    try:
        assert asked(server, "POST", "/trial", "{}", Content_Type=JSON)[0] == 503
    finally:
        for _ in range(MOST_TRIALS):
            server.trials.release()
    assert asked(server, "POST", "/trial", "{}", Content_Type=JSON)[0] == 200
    assert asked(server, "POST", "/trial", '{"a": 1}', Content_Type=JSON)[0] == 400


def test_a_page_that_would_take_too_much_memory_is_refused(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.report.workbench.MOST_BYTES", 40e6)
    message = r"got 20,000 draws, which would take 0\.\d GB of memory, expected at most 0 GB; --draws \d000 will do"
    with pytest.raises(RunError, match=message), workbench(scenario, load_posterior(), Settings(20_000)):
        pass


def test_it_listens_on_the_loopback_alone(server: Explorer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.settimeout(2)
        with pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", server.server_address[1]))


def test_a_taken_port_is_named(server: Explorer) -> None:
    port = server.server_address[1]
    with pytest.raises(RunError, match=rf"port {port}: Address already in use; choose another with --port, 0 for any"):
        Explorer(server.bench, port)


def test_assumptions_that_make_no_sense_together_are_told(bench: Workbench) -> None:
    with pytest.raises(ScenarioError, match=r"expected at most the 21 bn USD of the pledge"):
        bench.trial(["investments.HMG-06.amount=9"])
    assert "differs by" in told_trial(Bench(bench, ("hyundai",), language("en")), MOVES[0])["html"]


@pytest.mark.slow
def test_the_command_ends_cleanly_and_names_a_bad_file(tmp_path: Path) -> None:
    bad = command("explore", "missing.yaml", cwd=tmp_path)
    assert bad.returncode == 2
    assert "missing.yaml" in bad.stderr
    explore = [sys.executable, "-m", "forecast", "explore", str(HYUNDAI), "--port", "0", "--draws", "2000"]
    started = subprocess.Popen(explore, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert re.match(r"hyundai: open http://127\.0\.0\.1:\d+/ \(Ctrl-C ends it\)", started.stdout.readline())
    started.send_signal(signal.SIGINT)
    rest, _ = started.communicate(timeout=20)
    assert (started.returncode, rest) == (0, "ended\n")
    assert list(tmp_path.iterdir()) == []
