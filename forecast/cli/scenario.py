"""The command that says everything wrong or remarkable in scenario files, for people and for programs.

The command that shows what a stated distribution implies.

The command that says what is believed and why: of the sectors, or of everything a scenario assumes.

Commands for whoever writes a scenario: the schema for an editor, a file to start from, and the announcements known.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.options import (
    answer_with,
    complete_scenario,
    echo,
    language_option,
    print_line,
    say_written,
    sentence,
)
from forecast.cli.places import FilePath, Reference, WritableFile
from forecast.errors import Located, RunError, ScenarioError, got, in_one_line, meant
from forecast.storage.places import begins_as

if TYPE_CHECKING:
    from forecast.report.explain import Line
    from forecast.report.i18n import Language
    from forecast.report.table import Part
    from forecast.scenario.validation import Examination


EXAMPLES = """\b
forecast elicit "{quantiles: {0.1: 2, 0.5: 3, 0.9: 6}, low: 0}"
forecast elicit hyundai investments.HMG-01-vehicles.overrides.output_per_capex
forecast elicit "{earliest: 2029Q1, latest: 2030Q1}"
"""


@click.command(epilog=EXAMPLES, context_settings={"ignore_unknown_options": True})  # -5 is a number
@click.argument("spec", type=Reference())
@click.argument("key", required=False)
@click.option(
    "--picture",
    type=WritableFile("picture in PNG", begins_as(rb"\x89PNG\r\n"), ".png"),
    metavar="FILE.png",
    help="Draw the density to this file.",
)
@language_option
def elicit(spec: str, key: str | None, picture: Path | None, language: Language) -> None:
    """Say in words what a number or date implies: SPEC is YAML text, or a scenario file followed by the KEY in it."""
    from forecast.report.explain import portrait, unit_named
    from forecast.scenario.inputs import distribution_of_text, names_date, states_date
    from forecast.scenario.mixture import stated_distribution
    from forecast.storage.documents import scenario_path

    if key is None and scenario_path(spec).is_file():
        raise click.UsageError(f"got the file {spec} alone, expected a key after it, such as investments.HMG-06.amount")
    distribution = distribution_of_text(spec) if key is None else stated_distribution(scenario_path(spec), key)
    name = key or language.text("explain.number")
    dated = states_date(spec) if key is None else names_date(key)
    unit = "" if key is None else unit_named(key, language)
    answer_with(*portrait(name, distribution, language, unit=unit, dated=dated))
    if picture is not None:
        from forecast.plots.scenario import save_distribution_picture

        save_distribution_picture(name, distribution, picture)
        print_line(language.text("tables.drawn", files=picture))


@click.command()
@click.argument("file", required=False, type=Reference(), shell_complete=complete_scenario)
@click.option("--sector", "sectors", multiple=True, metavar="NAME", help="Only this sector; may be repeated.")
@click.option("--posterior", "learned", type=FilePath(), help="Stored parameters; the shipped ones by default.")
@click.option("--prior", is_flag=True, help="The priors alone, with nothing learned from data.")
@click.option("--duties", is_flag=True, help="US duties by sector, by law and as paid, and how trade answers them.")
@click.option("--draws", default=20_000, show_default=True, type=click.IntRange(1), help="With FILE: draws to cost.")
@click.option("-s", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="With FILE: set one value of it.")
@language_option
def explain(
    file: str | None,
    sectors: tuple[str, ...],
    learned: Path | None,
    prior: bool,
    duties: bool,
    draws: int,
    overrides: tuple[str, ...],
    language: Language,
) -> None:
    """Print what is believed of every sector coefficient: prior, posterior, evidence and source.

    With a scenario FILE, print the scenario fully resolved: every value, where it came from, whether it is fitted,
    fixed or judged, and what a run of so many draws will take. Of a mixture, what its branches have in common stands
    once.
    """
    if file is None:
        if overrides:
            raise click.UsageError("-s sets a value of a scenario: name its FILE")
        answer_with(*(_duties if duties else _sectors)(sectors, learned, prior, language), at_least=100)
        return
    if sectors or prior or duties:
        raise click.UsageError("--sector, --prior and --duties are of no scenario: they cannot go with FILE")
    from rich.text import Text

    lines = _scenario(file, overrides, learned, draws, language)
    print_line(Text("\n").join(Text(line) if isinstance(line, str) else line for line in lines))


def _duties(sectors: tuple[str, ...], learned: Path | None, prior: bool, language: Language) -> list[Part]:
    from forecast.report.policy import duties_explained

    if sectors or learned is not None or prior:
        raise click.UsageError("--duties are of all sectors and rest on no fit: no other option goes with them")
    return duties_explained(language)


def _sectors(sectors: tuple[str, ...], learned: Path | None, prior: bool, language: Language) -> list[Part]:
    from forecast.economics.sectors import SECTORS, SECTORS_BY_WORD
    from forecast.models.posterior import load_posterior
    from forecast.report.explain import believed_before, explanation

    for sector in sectors:
        if sector not in SECTORS:
            raise click.BadParameter(f"{got(sector)}; {meant(sector, SECTORS, SECTORS_BY_WORD)}", param_hint="--sector")
    posterior = load_posterior(learned)
    return (believed_before if prior else explanation)(posterior, sectors or SECTORS, language)


def _scenario(
    file: str, overrides: tuple[str, ...], learned: Path | None, n_draws: int, language: Language
) -> list[Line]:
    from forecast.engine.compile import compile_run
    from forecast.engine.simulate import expected_cost
    from forecast.models.posterior import demand_knowledge, load_posterior
    from forecast.observations.vintage import vintage
    from forecast.report.explain import resolved_mixture, resolved_scenario
    from forecast.scenario.validation import examined

    found = examined(file, overrides)
    world = found.world
    if world is None:
        raise ScenarioError(found.problems)
    posterior = load_posterior(learned, world.as_of)
    demand_knowledge(posterior, world.as_of)
    plan = compile_run(world, posterior, vintage(world.as_of))
    cost = expected_cost(plan, n_draws)
    if found.mixture is not None:
        return resolved_mixture(found, plan, posterior, cost, language)
    assert found.layers is not None
    return resolved_scenario(found, found.layers, plan.plans[0], posterior, cost, language)


@click.command()
@click.argument("files", nargs=-1, required=True, type=Reference(), shell_complete=complete_scenario)
@click.option("-s", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Set one value of every scenario.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for a program to read.")
@language_option
@click.pass_context
def validate(
    context: click.Context, files: tuple[str, ...], overrides: tuple[str, ...], as_json: bool, language: Language
) -> None:
    """Check scenario FILES, folders or patterns: every error and warning of all of them, and no draw is made.

    Ends with code 2 if a file has an error, else with 0; warnings alone do not count.
    """
    from forecast.scenario.validation import examined

    found = [examined(path, overrides) for path in _paths(files)]
    document = [json.dumps(_document(found, language), ensure_ascii=False, indent=2)] if as_json else []
    for line in document or _lines(found, language):
        echo(line)
    context.exit(2 if any(one.problems for one in found) else 0)


def _paths(given: Sequence[str]) -> list[Path]:
    """Every file meant, each once, in the order given."""
    return list(dict.fromkeys(path for text in given for path in _meant(text)))


def _meant(text: str) -> Sequence[Path]:
    from forecast.storage.documents import scenario_path

    path = Path(text)
    if os.path.lexists(text) and path.is_dir():
        found = sorted(item for item in path.iterdir() if item.suffix in (".yaml", ".yml"))
        return _demand_any(found, f"{text}: got a folder without YAML files, expected scenario files")
    if has_magic(text) and not os.path.lexists(text):
        _demand_few_folders(path)
        found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        return _demand_any(found, f"{text}: got a pattern that no file has, expected one that scenario files have")
    return [scenario_path(text)]


MOST_FOLDERS = 2_000
"""Folders that a pattern may go through: more are a disk and not a place of scenarios."""


def _demand_few_folders(pattern: Path) -> None:
    """Refuse a pattern below which lie more folders than scenarios ever do, before a disk is searched."""
    fixed = next(index for index, part in enumerate(pattern.parts) if has_magic(part))
    depth = None if "**" in pattern.parts else len(pattern.parts) - fixed - 1
    folder = Path(*pattern.parts[:fixed])
    for n_folders, (place, below, _) in enumerate(os.walk(folder)):
        if depth is not None and len(Path(place).parts) - len(folder.parts) >= depth:
            below.clear()
        if n_folders >= MOST_FOLDERS:
            expected = f"expected a pattern with at most {MOST_FOLDERS:,} folders to search, such as scenarios/*.yaml"
            raise RunError(f"{pattern}: got more than {MOST_FOLDERS:,} folders below {folder}, {expected}")


def _demand_any(found: list[Path], message: str) -> list[Path]:
    if not found:
        raise RunError(message)
    return found


def _lines(found: Sequence[Examination], language: Language) -> Iterator[str]:
    for one in found:
        yield from (f"error: {problem}" for problem in one.problems)
        yield from (sentence("warning", remark) for remark in one.remarks)
        notes = (*(conversion.wording for conversion in one.conversions), *one.unsimulated)
        yield from (sentence("note", one.of_file(said)) for said in notes)
        yield _verdict(one, language)


def _verdict(one: Examination, language: Language) -> str:
    """Whether a file is valid, what it holds, and how many problems and remarks there are."""
    counts = {"errors": len(one.problems), "warnings": len(one.remarks)}
    said = [language.count(f"warnings.verdict.{name}", n) for name, n in counts.items() if n]
    file = in_one_line(one.file)
    if one.world is None:
        return language.text("warnings.verdict.invalid", file=file, counts=language.list(said))
    listed = "".join(f", {words}" for words in said)
    return language.text(
        "warnings.verdict.valid", file=file, what=_content(one, language), horizon=one.world.horizon, counts=listed
    )


def _content(one: Examination, language: Language) -> str:
    """How many branches or investments a file holds."""
    if one.mixture is not None:
        return language.count("warnings.verdict.branches", len(one.mixture.branches))
    assert one.scenario is not None
    simulated = sum(investment.kind != "pledge" for investment in one.scenario.investments)
    if not simulated:
        return language.text("warnings.verdict.investments.none")
    return language.count("warnings.verdict.investments", simulated)


def _document(found: Sequence[Examination], language: Language) -> dict[str, Any]:
    files = [
        {
            "file": one.file,
            "valid": not one.problems,
            "problems": [
                *(_plain("error", item, item.message) for item in one.problems),
                *(_plain("warning", item, item.wording.told(language)) for item in one.remarks),
            ],
            "conversions": [asdict(conversion) for conversion in one.conversions],
            "unsimulated": [said.told(language) for said in one.unsimulated],
        }
        for one in found
    ]
    return {"valid": all(file["valid"] for file in files), "files": files}


def _plain(severity: str, found: Located, message: str) -> dict[str, Any]:
    place = {name: getattr(found, name) for name in ("file", "line", "column", "path")}
    return {"severity": severity, **place, "message": message}


@click.command()
@click.option(
    "--out",
    type=WritableFile(
        "schema or reference",
        begins_as(rb'\{\n "\$schema": "http://json-schema|# Reference of the scena'),
        ".json",
        ".md",
    ),
    metavar="FILE",
    help="Where to write it; printed by default.",
)
@click.option("--markdown", is_flag=True, help="The reference of all keys, a page to read, in place of JSON.")
def schema(out: Path | None, markdown: bool) -> None:
    """Print the JSON Schema of a scenario file, or write it, for an editor to complete and explain keys from."""
    from forecast.scenario.json_schema import reference, schema_text
    from forecast.storage.files import write_text, writing

    text = reference() if markdown else schema_text()
    if out is None:
        echo(text, nl=False)
        return
    with writing(out, "choose another file with --out"):
        write_text(out, text)
    comment = f"\nFirst line of a scenario beside it: # yaml-language-server: $schema={out.name}"
    say_written(out, f"Written to {out}{'' if markdown else comment}")
