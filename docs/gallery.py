"""The gallery: every shipped scenario with its picture and what it answers, in both languages, from real runs.

`python docs/gallery.py write` renews the entries that are not current, `check` names them. A run takes seconds, and
there are dozens; so an entry carries a digest of all that it rests on (scenario, data, parameters, code of numbers,
sentences and picture, texts of both languages), and so does its picture; the tests compare those.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pages
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import forecast
from forecast.analysis.grounds import Grounds, grounds
from forecast.catalogue import FOLDER
from forecast.characters import plain_spaces
from forecast.plots.fan import fan_chart
from forecast.report.effect import effect_paragraphs, origin_of
from forecast.report.i18n import CODES, Language, language
from forecast.report.policy import policy_sentence
from forecast.report.sentences import level_sentence
from forecast.results.highlights import moving_policies
from forecast.results.run import Run, requested
from forecast.scenario.mixture import AnyScenario, load_any
from forecast.storage.code_digests import Package, Role, syntax_digest
from forecast.storage.files import json_digest

PAGE = pages.ROOT / "docs" / "gallery.md"
PICTURES = pages.ROOT / "docs" / "gallery"
SCENARIOS = pages.ROOT / "scenarios"
LISTED = re.compile(r"^\| `(\S+)\.yaml` \|", re.MULTILINE)
"""A row of the table of shipped scenarios."""

ENTRY = re.compile(r"^## (\S+)\n\n<!-- made of: (\w+) -->\n(?:(?!^## ).*\n?)*", re.MULTILINE)
KEY = "made of"
DOTS, COLOURS, BYTES = 90, 48, 40_000
"""Dots per inch and colours of a picture, and how large its file may be."""

WITH_CHANCE = {"en": 1, "ko": 2}
"""Sentences that tell an effect and how sure its sign is."""

ROLE = Role(
    (
        "forecast.analysis.grounds.grounds",
        "forecast.report.effect.effect_paragraphs",
        "forecast.report.policy.policy_sentence",
        "forecast.report.sentences.level_sentence",
        "forecast.plots.fan.fan_chart",
    )
)
"""Code of sentences and picture."""


def shipped() -> list[str]:
    """Names of the shipped scenarios in the order of their table.

    Raises:
        LookupError: the table and the files do not name the same scenarios.
    """
    listed = LISTED.findall((SCENARIOS / "README.md").read_text(encoding="utf-8"))
    files = {path.stem for path in SCENARIOS.glob("*.yaml")}
    if files != set(listed):
        raise LookupError(f"scenarios/README.md: its table and the files differ in {sorted(files ^ set(listed))}")
    return listed


def entries() -> dict[str, tuple[str, str]]:
    """Digest and text of every entry of the page."""
    return {match[1]: (match[2], match[0]) for match in ENTRY.finditer(PAGE.read_text(encoding="utf-8"))}


def digest_of(scenario: AnyScenario) -> str:
    """Digest of what the entry of a scenario rests on."""
    run = requested(scenario, forecast.Settings(), "results", None, False).manifest["digest"]
    return json_digest([run, scenario.title, scenario.title_ko, _shown()])[:12]


@cache
def _shown() -> list[str]:
    words = [(FOLDER / f"{name}.toml").read_text(encoding="utf-8") for name in ("en", "ko")]
    return [syntax_digest(ROLE, Package(pages.PACKAGE)), *words]


def entry(name: str, scenario: AnyScenario, run: Run) -> str:
    """The entry of a scenario in Markdown: its picture, and its title and first sentences of its answer twice."""
    found = grounds(run.results, run.plan)
    english, korean = (plain_spaces(" ".join(_said(run, language(code), found))) for code in CODES)
    parts = [
        f"## {name}\n\n<!-- {KEY}: {digest_of(scenario)} -->\n![{scenario.title}]({PICTURES.name}/{name}.png)",
        f"**{scenario.title}.** {english}",
        f"**{scenario.title_ko}.** {korean}",
    ]
    return "\n\n".join(parts) + "\n\n"


def _said(run: Run, language: Language, found: Grounds | None) -> Iterator[str]:
    """What announcements change, and each policy; the level where a scenario has neither."""
    results, summary = run.results, run.results.statistics
    invested = results.manifest["n_investments"]
    if invested:
        said = effect_paragraphs(summary, language, origin_of(results, language), found)
        yield _first(said["effect"], WITH_CHANCE[language.code])
    policies = [policy_sentence(summary, language, name) for name in moving_policies(summary)]
    level = level_sentence(summary, results.basis, language, invested=False)
    for text in policies if invested or policies else [level]:
        yield _first(text, 1)


def _first(text: str, n_sentences: int) -> str:
    return "".join(pages.QUOTED["sentence"].findall(text)[:n_sentences]).strip()


def save_picture(figure: Figure, path: Path, digest: str) -> None:
    """Write a picture in few colours, with the digest of what it was made of."""
    drawn, made_of = io.BytesIO(), PngInfo()
    figure.savefig(drawn, format="png", dpi=DOTS)
    made_of.add_text(KEY, digest)
    reduced = Image.open(drawn).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    path.parent.mkdir(exist_ok=True)
    reduced.save(path, "PNG", optimize=True, pnginfo=made_of)


def digest_in(picture: Path) -> str:
    """Digest of what a picture was made of; empty where it is not there or names none."""
    if not picture.exists():
        return ""
    with Image.open(picture) as image:
        return str(image.info.get(KEY, ""))


def stale() -> list[str]:
    """Scenarios whose entry or picture is not current."""
    there = entries()
    digests = {name: digest_of(load_any(SCENARIOS / f"{name}.yaml")) for name in shipped()}
    return [
        name
        for name, digest in digests.items()
        if name not in there or {there[name][0], digest_in(PICTURES / f"{name}.png")} != {digest}
    ]


def write(names: Sequence[str]) -> None:
    """Renew entries and pictures of these scenarios, and take away those of scenarios that are no longer shipped."""
    texts = {name: text for name, (_, text) in entries().items()}
    names_shipped = shipped()
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            scenario = load_any(SCENARIOS / f"{name}.yaml")
            run = forecast.run_scenario(scenario, out=folder)
            texts[name] = entry(name, scenario, run)
            save_picture(fan_chart(run.results), PICTURES / f"{name}.png", digest_of(scenario))
            print(f"renewed: {name}")
    intro = ENTRY.sub("", PAGE.read_text(encoding="utf-8")).rstrip("\n")
    listed = "".join(texts[name] for name in names_shipped).rstrip("\n")
    PAGE.write_text(f"{intro}\n\n{listed}\n", encoding="utf-8")
    for path in PICTURES.glob("*.png"):
        if path.stem not in names_shipped:
            path.unlink()


def main(action: str) -> int:
    """Write or check the gallery; the exit code is 1 if an entry was not current."""
    names = stale()
    if action == "write":
        write(names)
        return 0
    for name in names:
        print(f"not current: {name}")
    return int(bool(names))


if __name__ == "__main__":
    if sys.argv[1:] not in (["write"], ["check"]):
        sys.exit("usage: python docs/gallery.py write|check")
    sys.exit(main(sys.argv[1]))
