"""Pages in headless Chromium: offline, without errors, with keys and toggles at work; left out where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
from browser import CHROMIUM, Browser, browser
from test_branch_pages import made_mixture
from test_report import HOSTILE_FILE, ROOT, made

from forecast.engine.simulate import Settings
from forecast.models.posterior import load_posterior
from forecast.report.explore import Bench, Explorer
from forecast.report.i18n import language
from forecast.report.page import write_report
from forecast.report.workbench import workbench
from forecast.scenario.scenario import load_scenario

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One of two scenarios, one of a mixture beside a scenario, and one of a hostile scenario."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "hostile.yaml").write_text(HOSTILE_FILE, encoding="utf-8")
    runs = [made(folder, ROOT / "scenarios" / f"{name}.yaml") for name in ("baseline", "hyundai")]
    return {
        "two": write_report(runs, folder / "two.html"),
        "mixture": write_report([made_mixture(folder), runs[1]], folder / "mixture.html"),
        "hostile": write_report([made(folder, folder / "hostile.yaml")], folder / "hostile.html"),
    }


@cache
def axe() -> str:
    return (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")


def complaints(tab: Browser, rules: str = "{}") -> list[list[str]]:
    """Serious findings of the accessibility checker."""
    tab.run(f"{axe()};0")
    told = "all.violations.map((one) => [one.impact, one.id, one.help])"
    found = tab.run(f"axe.run(document, {rules}).then((all) => {told})")
    return [one for one in found if one[0] in ("serious", "critical")]


def shown(tab: Browser, selector: str) -> bool:
    return bool(tab.run(f"document.querySelector({selector!r}).checkVisibility()"))


@pytest.mark.parametrize("name", ["two", "mixture", "hostile"])
def test_a_report_opens_offline_without_a_word_of_complaint(tab: Browser, reports: dict[str, Path], name: str) -> None:
    tab.resize(1280)
    tab.unplug()
    tab.open(reports[name].as_uri())
    assert tab.said == []
    assert tab.asked == [reports[name].as_uri()]
    assert tab.run("document.documentElement.classList.contains('scripted')")
    watch = "new PerformanceObserver((list) => done(list.getEntries()[0].startTime))"
    assert tab.run(f"new Promise((done) => {watch}.observe({{type: 'paint', buffered: true}}))") < 1_000
    assert tab.run("typeof window.alerted") == "undefined"
    assert tab.run("document.querySelectorAll('script').length") == 1


def test_hostile_words_are_read_and_not_run(tab: Browser, reports: dict[str, Path]) -> None:
    tab.open(reports["hostile"].as_uri())
    assert tab.run("document.querySelector('main:not([hidden]) h1').textContent").strip() == "<script>alert(1)</script>"
    links = tab.run("[...document.querySelectorAll('a')].map((link) => new URL(link.href).protocol)")
    assert set(links) == {"https:"}


def test_languages_switch(tab: Browser, reports: dict[str, Path]) -> None:
    tab.open(reports["two"].as_uri())
    assert tab.run("document.documentElement.lang") == "en"
    assert shown(tab, "main[lang=en] h1")
    tab.run("document.querySelector('[data-language=ko]').focus()")
    tab.press("Enter")
    assert tab.run("document.documentElement.lang") == "ko"
    assert tab.run("document.title").startswith("한국의 대미 무역수지 흑자 전망")
    assert (shown(tab, "main[lang=en] h1"), shown(tab, "main[lang=ko] h1")) == (False, True)
    assert tab.run("document.querySelector('[data-language=ko]').getAttribute('aria-pressed')") == "true"


def test_toggles_hide_intervals_and_scenarios_in_both_languages(tab: Browser, reports: dict[str, Path]) -> None:
    tab.open(reports["two"].as_uri())
    english = "main[lang=en] .layers"
    assert not shown(tab, f"{english} .band[data-name='95']")
    tab.run(f"document.querySelector(\"{english} [data-toggle='95']\").click()")
    assert shown(tab, f"{english} .band[data-name='95']")
    tab.run(f"document.querySelector(\"{english} [data-toggle='run-1']\").focus()")
    tab.press("Space")
    assert not shown(tab, f"{english} .median[data-run='1']")
    assert shown(tab, f"{english} .median[data-run='0']")
    tab.run("document.querySelector('[data-language=ko]').click()")
    assert not shown(tab, "main[lang=ko] .layers .median[data-run='1']")
    assert not tab.run("document.querySelector(\"main[lang=ko] [data-toggle='run-1']\").checked")


def test_a_year_is_read_by_pointer_and_by_key(tab: Browser, reports: dict[str, Path]) -> None:
    tab.open(reports["two"].as_uri())
    figure = "main[lang=en] .layers figure"
    tab.run(f"document.querySelector('{figure} .diagram').focus()")
    tab.press("End")
    assert shown(tab, f"{figure} dl[data-year='2035']")
    tab.press("ArrowLeft")
    assert (shown(tab, f"{figure} dl[data-year='2035']"), shown(tab, f"{figure} dl[data-year='2034']")) == (False, True)
    tab.run(
        f"document.querySelector(\"{figure} .strip[data-year='2024']\")"
        ".dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))"
    )
    assert (
        tab.run(f"document.querySelector(\"{figure} dl[data-year='2024']\").innerText")
        == "2024\nObserved: 55.7\xa0bn USD"
    )


def test_branches_of_a_mixture_are_read_at_any_width(tab: Browser, reports: dict[str, Path]) -> None:
    """Side by side with headings over them where there is room, else one below the other with their names beside."""
    tab.open(reports["mixture"].as_uri())
    row, cell = ("main[lang=en] .stacked tbody " + part for part in ("tr:last-child", "tr:last-child td:last-child"))
    label = f"getComputedStyle(document.querySelector('{cell}'), '::before').content"
    for width, name in ((1280, "none"), (400, "Announcements, median")):
        tab.resize(width)
        assert name in tab.run(label)
        right = tab.run(f"document.querySelector('{cell}').getBoundingClientRect().right")
        assert right <= width
        assert (tab.run(f"document.querySelector('{row}').getBoundingClientRect().height") < 60) == (width == 1280)


def test_everything_is_reached_by_the_keyboard(tab: Browser, reports: dict[str, Path]) -> None:
    tab.open(reports["two"].as_uri())
    parts = "[...document.querySelectorAll('button, input, summary, a, .diagram')]"
    wanted = tab.run(f"{parts}.filter((part) => part.checkVisibility()).length")
    seen = set()
    for _ in range(2 * wanted):
        tab.press("Tab")
        seen.add(tab.run(f"{parts}.indexOf(document.activeElement)"))
    assert len(seen - {-1}) == wanted


@pytest.mark.skipif(find_spec("axe_core_python") is None, reason="needs axe-core-python")
@pytest.mark.parametrize("name", ["two", "mixture"])
def test_the_accessibility_checker_finds_nothing_serious(tab: Browser, reports: dict[str, Path], name: str) -> None:
    """In both languages, and contrast in dark colours."""
    tab.open(reports[name].as_uri())
    tab.run("for (const part of document.querySelectorAll('details')) part.open = true")
    for code in ("en", "ko"):
        tab.run(f"document.querySelector('[data-language={code}]').click()")
        assert complaints(tab) == []
    tab.prefer("dark")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    assert complaints(tab, "{runOnly: ['color-contrast']}") == []
    tab.prefer("light")


@pytest.mark.parametrize("name", ["two", "mixture"])
def test_a_page_does_not_scroll_sideways_and_prints(
    tab: Browser, reports: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """With all its tables open, and links to long addresses."""
    tab.open(reports[name].as_uri())
    tab.run("for (const part of document.querySelectorAll('details')) part.open = true")
    for width in (390, 800, 1000, 1200):
        tab.resize(width)
        for code in ("ko", "en"):
            tab.run(f"document.querySelector('[data-language={code}]').click()")
            assert tab.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    tab.save_pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    assert tab.run("document.querySelectorAll('details[data-printed]').length") == 0


def wait_for_answers(tab: Browser, n_answers: int) -> None:
    tab.run(
        "new Promise((done) => { const look = setInterval(() => {"
        f" if (Number(document.body.dataset.asked) >= {n_answers}) {{ clearInterval(look); done(1); }} }}, 20); }})"
    )


def test_a_slider_moves_the_distribution(tab: Browser) -> None:
    scenario = load_scenario(ROOT / "scenarios" / "hyundai.yaml")
    with workbench(scenario, load_posterior(), Settings(4_000)) as bench:
        explorer = Explorer(Bench(bench, ("hyundai",), language("en")), 0)
        Thread(target=explorer.serve_forever, daemon=True).start()
        tab.plug()
        tab.resize(1280)
        tab.open(explorer.address)
        written = "((name) => document.querySelector(`output[for='${name}']`).textContent)"
        before = tab.run("document.querySelector('.median[data-run=\"0\"]').getAttribute('d')")
        tab.run("document.getElementById('investments.HMG-06.amount').focus()")
        tab.press("End")
        wait_for_answers(tab, 1)
        assert tab.run("document.querySelector('.median[data-run=\"0\"]').getAttribute('d')") != before
        assert tab.run("document.querySelector('.slider.moved output').textContent") == "11.6"
        assert "-s investments.HMG-06.amount=11.6" in tab.run("document.querySelector('.command').textContent")
        assert "Up to date" in tab.run("document.getElementById('message').textContent")
        assert tab.said == []
        assert find_spec("axe_core_python") is None or complaints(tab) == []
        assert tab.run(f"{written}('localization.speed')") == "as in the file"
        tab.run("document.getElementById('localization.local').focus()")
        tab.press("End")
        assert tab.run(f"{written}('localization.speed')") == "6"  # one curve has all three numbers
        wait_for_answers(tab, 2)
        beside = "document.getElementById('investments.HMG-06.amount').closest('.slider')"
        tab.run(f"{beside}.querySelector('.back').focus()")
        tab.press("Enter")
        wait_for_answers(tab, 3)
        assert tab.run(f"{written}('investments.HMG-06.amount')") == "5.8"
        assert tab.run("document.activeElement.id") == "investments.HMG-06.amount"
        assert tab.run(f"{written}('localization.speed')") == "6"  # what else was moved stays
        assert tab.run("document.querySelectorAll('.back:not([hidden])').length") == 1
        assert tab.run(f"{written}('investments.HMG-06.probability')") == "as learned"
        tab.run("document.getElementById('investments.HMG-06.probability').focus()")
        tab.press("ArrowLeft")
        wait_for_answers(tab, 4)
        chance = round(bench.learned["HMG-06"], 2)
        assert tab.run(f"{written}('investments.HMG-06.probability')") == f"{100 * chance - 1:.0f}\u00a0%"
        explorer.shutdown()
        explorer.server_close()
