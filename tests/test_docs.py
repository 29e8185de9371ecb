"""Pages say what is so: output, examples, blocks that run, options, links, terms, and the gallery."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import click
import gallery
import pages
import pytest
from click.testing import CliRunner

import forecast
import forecast.plots
from forecast.cli import cli
from forecast.scenario.mixture import load_any
from forecast.scenario.validation import examined

ROOT = pages.ROOT
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in pages.PAGES}
OUTPUTS = [output for output in pages.outputs() if not output.slow]
LINKING = [
    *pages.PAGES,
    *(ROOT / f"{folder}/README.md" for folder in ("benchmarks", "docs/checks", "docs/track-record", "forecast/data")),
    *(ROOT / f"{folder}/README.md" for folder in ("results", "scenarios")),
    *(ROOT / name for name in ("CHANGELOG.md", "docs/reference.md")),
]
GLOSSARY = TEXTS["docs/glossary.md"]


def blocks(text: str, language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the files that pages show and the shipped scenarios, in which runs are stored for all tests."""
    place = tmp_path_factory.mktemp("pages")
    shutil.copytree(ROOT / "scenarios", place / "scenarios")
    pages.write_files(place)
    with chdir(place):
        yield place


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: f"{output.page.stem}: {output.arguments}")
@pytest.mark.usefixtures("folder")
def test_a_page_shows_what_the_command_prints(output: pages.Output) -> None:
    assert output.shown == pages.current(output)


BLOCK = re.compile(
    r"(?:<!-- not run(?: \(`(?P<spared>[^`]+)`\))?: (?P<reason>.+?) -->\n)?"
    r"^```(?P<language>sh|python)\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
RUNNING = [page for page in TEXTS if page in ("README.md", "docs/tutorial.md") or "how-to" in page or "answer" in page]
"""Pages whose blocks a reader types in."""


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNING)
def test_blocks_of_a_page_run_from_top_to_bottom_but_those_that_say_why_not(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_DATA_DIR", str(tmp_path / "data"))
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    pages.write_files(tmp_path, [ROOT / page])
    names: dict[str, Any] = {}
    with chdir(tmp_path):
        for block in BLOCK.finditer(TEXTS[page]):
            whole = block["reason"] is not None and block["spared"] is None
            if block["language"] == "python" and not whole:
                exec(compile(block["code"], page, "exec"), names)
            for line in block["code"].splitlines() if block["language"] == "sh" and not whole else ():
                if block["spared"] is None or not line.startswith(block["spared"]):
                    run_in_shell(line)


FEWER = {"run", "compare", "sweep"}
"""Commands that make a tenth of their usual draws where a line states none: more say the same more precisely."""


def run_in_shell(line: str) -> None:
    """Run a call of `forecast` as a shell would, with patterns of file names filled in."""
    words = shlex.split(line, comments=True)
    assert words[0] == "forecast", f"{line}: only calls of forecast run; say <!-- not run: why --> of others"
    filled = [name for word in words[1:] for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]
    stated = filled[0] not in FEWER or {"--draws", "--precision"} & set(filled)
    done = CliRunner().invoke(cli, filled if stated else [*filled, "--draws", "2000"])
    assert done.exit_code == 0, f"{line}: {done.output}"


@pytest.mark.parametrize("page", RUNNING)
def test_blocks_of_a_page_are_of_a_language_that_is_run_or_none(page: str) -> None:
    languages = re.findall(r"^ *```(\S+)$", TEXTS[page], re.MULTILINE)
    assert set(languages) <= {"sh", "python", "yaml", "text"}


def test_a_block_that_does_not_run_is_caught() -> None:
    with pytest.raises(AssertionError, match="No such option"):
        run_in_shell("forecast validate hyundai --colour")
    with pytest.raises(AssertionError, match="not run"):
        run_in_shell("make run")


@pytest.mark.parametrize(
    ("kind", "words", "quoted"),
    [
        ("sentence", "2.5", "> It is 2.5 (mean; of all): so.\n"),
        ("clause", "chance", "> … the chance is 3 % …\n"),
        ("clause", "rest", "> … the rest is not.\n"),
    ],
)
def test_a_page_quotes_the_part_that_holds_the_words(kind: str, words: str, quoted: str) -> None:
    paragraph = "It is 2.5 (mean; of all):\nso. With it; the chance is 3 %; the rest is not. Both end."
    assert pages.quotation(paragraph, kind, words) == quoted


@pytest.mark.parametrize("words", ["nowhere", "is"])
def test_words_that_stand_in_no_part_or_in_several_are_no_quotation(words: str) -> None:
    with pytest.raises(LookupError, match="expected it in one"):
        pages.quotation("It is so. This is not.", "sentence", words)


def test_the_gallery_shows_every_shipped_scenario_as_it_is_now() -> None:
    assert list(gallery.entries()) == gallery.shipped()
    assert gallery.stale() == [], "python docs/gallery.py write renews them"
    pictures = list(gallery.PICTURES.glob("*.png"))
    assert {path.stem for path in pictures} == set(gallery.shipped())
    assert max(path.stat().st_size for path in pictures) <= gallery.BYTES


@pytest.mark.usefixtures("folder")
def test_an_entry_of_the_gallery_is_what_a_run_says() -> None:
    scenario = load_any(gallery.SCENARIOS / "hyundai.yaml")
    assert gallery.entries()["hyundai"][1] == gallery.entry("hyundai", scenario, forecast.run_scenario(scenario))


SCENARIOS = [
    pytest.param(block, id=page)
    for page, text in TEXTS.items()
    for block in blocks(text, "yaml")
    if block.startswith("name:")
]


@pytest.mark.parametrize("text", SCENARIOS)
def test_a_scenario_on_a_page_is_valid_and_raises_no_warning(text: str, tmp_path: Path) -> None:
    for file in (ROOT / "scenarios").glob("*.yaml"):
        shutil.copy(file, tmp_path)
    path = tmp_path / "shown.yaml"
    path.write_text(text, encoding="utf-8")
    found = examined(path, ())
    assert (found.problems, found.remarks) == ((), ())


def calls(text: str) -> Iterator[list[str]]:
    """Words after `forecast` of every call of the command on a page, in blocks and in prose."""
    shell = "\n".join(blocks(text, "sh")).splitlines()
    for call in (*shell, *re.findall(r"`([^`\n]+)`", prose(text))):
        words = call.partition("#")[0].split()
        if words[:1] == ["forecast"] and words[1:]:
            yield words[1:]


@pytest.mark.parametrize("page", TEXTS)
def test_commands_on_a_page_have_the_options_it_gives_them(page: str) -> None:
    for words in calls(TEXTS[page]):
        command: click.Command = cli
        while isinstance(command, click.Group) and words:
            inner = command.get_command(click.Context(command), words[0])
            if inner is None:
                break
            command, words = inner, words[1:]
        assert command is not cli or words[0] in ("COMMAND", "--help"), words
        known = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)} | {"--help"}
        assert {word for word in words if re.match(r"--?[a-z]", word)} <= known, words


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, by GitHub's rule."""
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


@pytest.mark.parametrize("page", TEXTS)
def test_what_is_generated_is_current(page: str) -> None:
    assert pages.generated(ROOT / page) == TEXTS[page]


def test_modules_that_the_architecture_speaks_of_are_there() -> None:
    rooms = "|".join(filter(None, pages.fronts()))
    names = re.findall(rf"`((?:{rooms})\.[a-z_]+)`", TEXTS["ARCHITECTURE.md"])
    assert [name for name in names if not (pages.PACKAGE / f"{name.replace('.', '/')}.py").exists()] == []


def test_every_page_of_the_docs_is_checked_here() -> None:
    written = {path for path in (ROOT / "docs").rglob("*.md") if path.parent.name not in ("checks", "track-record")}
    assert written - set(pages.PAGES) == {ROOT / "docs" / "reference.md"}


def test_the_way_in_is_short() -> None:
    assert TEXTS["README.md"].count("\n") <= 150
    assert TEXTS["ARCHITECTURE.md"].count("\n") <= 250


def test_every_term_of_the_glossary_is_linked_where_it_is_first_used() -> None:
    terms = re.findall(r"^### (.+)$", GLOSSARY, re.MULTILINE)
    assert len(terms) == len(set(terms)) <= 50
    linked = {anchor for text in TEXTS.values() for anchor in re.findall(r"glossary\.md#([\w-]+)", text)}
    assert {term.lower().replace(" ", "-") for term in terms} == linked
    for page, text in TEXTS.items():
        used = re.findall(r"glossary\.md#([\w-]+)", text)
        assert len(used) == len(set(used)), f"{page} links a term twice"


def test_the_page_on_python_names_everything_public() -> None:
    names = set(re.findall(r"`(\w+)`", prose(TEXTS["docs/how-to/python.md"])))
    assert set(forecast.__all__) <= names
    assert {name for name in forecast.plots.__all__ if name.startswith("draw_") or name.endswith("_figure")} <= names


def test_the_page_on_python_names_has_every_public_function_and_class() -> None:
    headings = set(re.findall(r"^### (\w+)$", TEXTS["docs/api.md"], re.MULTILINE))
    assert set(forecast.__all__) <= headings
    assert {name for name in forecast.plots.__all__ if name.islower()} <= headings
    assert {"Results", "Comparison", "Scenario"} <= headings


def test_the_page_on_commands_names_every_command() -> None:
    headings = set(re.findall(r"^### (forecast .+)$", TEXTS["docs/commands.md"], re.MULTILINE))
    assert headings == {name for name, _ in pages.commands()}
