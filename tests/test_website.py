"""The documentation site builds without a warning, and what is wrong with a site is found."""

from __future__ import annotations

import re
from pathlib import Path
from time import monotonic, sleep

import pytest
import website
from browser import CHROMIUM, Browser, browser

pytestmark = pytest.mark.slow

PAGE = "<html><article><h1 id='top'>Title<a class='headerlink' href='#top'>¶</a></h1><p>Words.</p>{}</article></html>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("website")
    assert website.build(folder) == []
    return folder / "site"


def test_the_site_holds_every_page_and_a_search(site: Path) -> None:
    names = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert len(names) == sum(place.endswith(".md") for place in website.places().values())
    assert {"index.html", "tutorial.html", "answer.ko.html", "gallery.html", "track-record/index.html"} <= names
    assert (site / "search.js").exists()
    assert (site / website.SHIM).exists()


def test_a_korean_page_says_so(site: Path) -> None:
    languages = {
        name: re.findall(r'<html lang="(\w+)"', (site / name).read_text(encoding="utf-8"))
        for name in ("answer.html", "answer.ko.html")
    }
    assert languages == {"answer.html": ["en"], "answer.ko.html": ["ko"]}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<a href='other.html'>a</a>", "a.html: other.html leads nowhere"),
        ("<a href='b.html#part'>a</a>", "a.html: b.html#part leads to no such anchor"),
        ("<a href='#end'>a</a>", "a.html: #end leads to no such anchor"),
        ("<img src='picture.png'>", "a.html: picture.png leads nowhere"),
        ("<script src='https://example.org/x.js'></script>", "a.html: loads https://example.org/x.js from elsewhere"),
        ("<link rel='stylesheet' href='//example.org/x.css'>", "a.html: loads //example.org/x.css from elsewhere"),
    ],
)
def test_what_leads_nowhere_or_comes_from_elsewhere_is_found(body: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE.format(body), encoding="utf-8")
    (tmp_path / "b.html").write_text(PAGE.format(""), encoding="utf-8")
    assert list(website.dead_links(tmp_path)) == [fault]


def test_links_that_lead_somewhere_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    links = "<a href='b/#top'>b</a> <a href='#top'>a</a> <a href='https://example.org'>e</a>"
    (tmp_path / "a.html").write_text(PAGE.format(links), encoding="utf-8")
    (tmp_path / "b" / "index.html").write_text(PAGE.format("<a href='../a.html'>a</a>"), encoding="utf-8")
    assert list(website.dead_links(tmp_path)) == []


def test_words_of_a_page_are_those_of_its_article() -> None:
    html = f"<nav>Menu</nav>{PAGE.format('<ul><li>one</li><li>two <code>a | b</code></li></ul>')}<footer>End</footer>"
    assert website.Reader(html).text == "Title Words. one two a | b"


def test_a_page_that_would_read_otherwise_is_found(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "tutorial.md"
    page.write_text("# Title\n\nWords, and one more.\n", encoding="utf-8")
    monkeypatch.setattr(website, "places", lambda: {page: "tutorial.md"})
    (fault,) = website.read_otherwise(site)
    assert fault.startswith("tutorial.md: got ")


def test_links_of_a_page_follow_to_the_site_and_end_where_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "<!-- mark -->\n[a](../scenarios/README.md#reading-them) and [b](../errors.py), ![c](hyundai.png) [d](e.md)\n\n"
        "- `[d](../README.md)`\n  more\n\n| x |\n|---|\n| `a \\| b` |\n"
    )
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(text, encoding="utf-8")
    (tmp_path / "errors.py").touch()
    places = {page: "page.md", tmp_path / "scenarios/README.md": "scenarios.md", tmp_path / "docs/hyundai.png": "h.png"}
    monkeypatch.setattr(website, "places", lambda: places)
    assert website.laid_out(page) == (
        "[a](scenarios.md#reading-them) and b, ![c](h.png) [d](e.md)\n\n"
        "- `[d](../README.md)`\n    more\n\n| x |\n|---|\n| `a | b` |\n"
    )


def test_a_page_that_the_menu_lacks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(website, "places", lambda: {Path("new.md"): "new.md", Path("tutorial.md"): "tutorial.md"})
    assert [fault.partition(":")[0] for fault in website.missing_in_menu()] == ["new.md"]


def test_equations_are_formulas_with_a_row_each() -> None:
    formula = website.mathml("\\begin{aligned}\na_t &= b \\\\\nc &= \\frac{1}{2}\n\\end{aligned}\n")
    assert formula.startswith("<math")
    assert formula.count("<math") == 1
    assert [formula.count(tag) for tag in ("<mtr>", "<mtd>", "<mfrac>", "&<", "\\")] == [2, 4, 1, 0, 0]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize(("words", "found"), [("displacement", "Glossary"), ("예측구간", "결과 읽는 법")])
def test_the_search_of_a_site_on_disk_works_without_a_network(
    site: Path, tmp_path: Path, words: str, found: str
) -> None:
    answer = "[...document.querySelectorAll('*')].map(e => e.shadowRoot?.textContent ?? '').join(' ')"
    with browser(tmp_path) as tab:
        tab.open((site / "how-to" / "tariffs.html").as_uri())
        wait_for(tab, "document.querySelector('.md-search__button') !== null")
        tab.run("document.querySelector('.md-search__button').click()")
        wait_for(tab, "document.activeElement?.shadowRoot?.activeElement?.tagName === 'INPUT'")
        tab.send("Input.insertText", text=words)
        wait_for(tab, f"{answer}.includes('{found}')")
        assert tab.said == []
        assert [address for address in tab.asked if not address.startswith(("file:", "data:"))] == []


def wait_for(tab: Browser, condition: str, seconds: float = 60) -> None:
    end = monotonic() + seconds
    while not tab.run(f"Boolean({condition})"):
        assert monotonic() < end, condition
        sleep(0.1)
