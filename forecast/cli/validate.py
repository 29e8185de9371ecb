"""The command that says everything wrong or remarkable in scenario files, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.errors import Located, Problem, RunError
from forecast.shipped import scenario_path

if TYPE_CHECKING:
    from forecast.examination import Examination


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("-s", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Set one value of every scenario.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for a program to read.")
@click.pass_context
def validate(context: click.Context, files: tuple[str, ...], overrides: tuple[str, ...], as_json: bool) -> None:
    """Check scenario FILES, folders or patterns: every error and warning of all of them, and no draw is made.

    Ends with code 2 if a file has an error, else with 0; warnings alone do not count.
    """
    from forecast.examination import examined

    found = [examined(path, overrides) for path in _paths(files)]
    for line in [json.dumps(_document(found), ensure_ascii=False, indent=2)] if as_json else _lines(found):
        click.echo(line)
    context.exit(2 if any(one.problems for one in found) else 0)


def _paths(given: Sequence[str]) -> list[Path]:
    """Every file meant, each once, in the order given."""
    return list(dict.fromkeys(path for text in given for path in _meant(text)))


def _meant(text: str) -> Sequence[Path]:
    path = Path(text)
    if path.is_dir():
        found = sorted(item for item in path.iterdir() if item.suffix in (".yaml", ".yml"))
        return _demand_any(found, f"{text}: got a folder without YAML files, expected scenario files")
    if has_magic(text) and not path.exists():
        found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        return _demand_any(found, f"{text}: got a pattern that no file has, expected one that scenario files have")
    return [scenario_path(text)]


def _demand_any(found: list[Path], message: str) -> list[Path]:
    if not found:
        raise RunError(message)
    return found


def _lines(found: Sequence[Examination]) -> Iterator[str]:
    for one in found:
        yield from (f"error: {problem}" for problem in one.problems)
        yield from (f"warning: {remark}" for remark in one.remarks)
        yield from (f"note: {one.file}: {conversion}" for conversion in one.conversions)
        yield f"{one.file}: {_verdict(one)}"


def _verdict(one: Examination) -> str:
    counts = [_count(len(one.problems), "error"), _count(len(one.remarks), "warning")]
    said = ", ".join(filter(None, counts))
    if one.mixture is not None:
        n_branches = len(one.mixture.branches)
        branches = "1 branch" if n_branches == 1 else f"{n_branches} branches"
        return f"valid, {branches} to {one.mixture.horizon}{said and f', {said}'}"
    if one.scenario is None:
        return said
    simulated = sum(investment.kind != "pledge" for investment in one.scenario.investments)
    return (
        f"valid, {_count(simulated, 'investment') or 'no investments'} to {one.scenario.horizon}{said and f', {said}'}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}" if number else ""


def _document(found: Sequence[Examination]) -> dict[str, Any]:
    files = [
        {
            "file": one.file,
            "valid": not one.problems,
            "problems": [_plain(item) for item in (*one.problems, *one.remarks)],
            "conversions": [asdict(conversion) for conversion in one.conversions],
        }
        for one in found
    ]
    return {"valid": all(file["valid"] for file in files), "files": files}


def _plain(found: Located) -> dict[str, Any]:
    return {"severity": "error" if isinstance(found, Problem) else "warning", **asdict(found)}
