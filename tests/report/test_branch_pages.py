"""Reports of mixtures: the whole in front, every branch in sight, and what branches share told once."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from commands import command
from test_report import ROOT, edition, made, plain

import forecast
from forecast.engine.simulate import Settings
from forecast.report.i18n import ENGLISH, language
from forecast.report.page import report
from forecast.report.run import branch_results, branch_table
from forecast.results.results import Results
from forecast.scenario.mixture import load_any

ROW = r'<tr[^>]*><th scope="row">(.*?)</th>(.*?)</tr>'
MIXTURE = """
name: mixed
title: "<b>Mixed</b>"
description: Two views of one plan.
mixture:
  - {scenario: hyundai, weight: {distribution: uniform, low: 0.2, high: 0.6}, label: doubtful}
  - {scenario: hyundai-dear.yaml, weight: 0.6}
"""
DEAR = """
name: hyundai-dear
title: The mill costs more
extends: hyundai.yaml
investments: {HMG-01: {amount: 24}, HMG-06: {amount: 8}, HMG-01-future: {slip: 2}}
"""


def made_mixture(out: Path) -> Results:
    """Of two scenarios with one amount between them, at most half the draws of which follow the first."""
    for name in ("hyundai", "baseline"):
        (out / f"{name}.yaml").write_bytes((ROOT / "scenarios" / f"{name}.yaml").read_bytes())
    (out / "hyundai-dear.yaml").write_text(DEAR, encoding="utf-8")
    (out / "mixed.yaml").write_text(MIXTURE, encoding="utf-8")
    return forecast.run_scenario(forecast.load_mixture(out / "mixed.yaml"), Settings(20_000), out=out).results


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made_mixture(tmp_path_factory.mktemp("mixed"))


def test_a_mixture_tells_its_branches_and_the_whole(mixed: Results) -> None:
    """Numbers are those of `branches.csv` and of the run; shares of all branches add up."""
    words, branches = edition(report([mixed]), "en"), mixed.branches
    assert branches is not None
    ordered = branches.drop_duplicates("branch").sort_values("share", ascending=False)
    shares = ", ".join(f"{row.branch} {100 * row.share:.0f} %" for row in ordered.itertuples())
    assert f"mixed is a mixture of scenarios with stated weights ({shares} of the draws). Every draw" in plain(words)
    body = words.partition("By branch of the mixture, 2035")[2].partition("</table>")[0]
    rows = {html.unescape(head): re.findall(r"<td[^>]*>(.*?)</td>", cells) for head, cells in re.findall(ROW, body)}
    title = forecast.load_scenario(ROOT / "scenarios" / "hyundai.yaml").title
    assert list(rows) == [f"{title} · doubtful", "The mill costs more", "The whole mixture"]
    last = branches[branches["year"] == 2035].set_index(["branch", "series", "statistic"])
    for label, cells in zip(("doubtful", "hyundai-dear"), rows.values(), strict=False):
        assert cells[1] == language("en").share(round(float(last.loc[label]["share"].iloc[0]), 3))
        assert cells[2] == f"{last.loc[(label, 'trade_balance', 'quantile_0.5'), 'value']:.0f}"
        ends = [last.loc[(label, "trade_balance", f"quantile_{level}"), "value"] for level in (0.1, 0.9)]
        assert cells[3] == f"{ends[0]:.0f} to {ends[1]:.0f}"
        effect = last.loc[(label, "effect", "quantile_0.5"), "value"]
        assert float(cells[4].replace("−", "-")) == pytest.approx(effect, abs=0.06)
    assert rows["The whole mixture"][1:3] == [
        "100\xa0%",
        f"{mixed.statistics.value('trade_balance', 'quantile_0.5')[-1]:.0f}",
    ]
    assert [cells[0] for cells in rows.values()] == ["0.4 (90\xa0%: 0.22 to 0.58)", "0.6", ""]


@pytest.mark.slow
def test_what_branches_share_is_told_once(mixed: Results) -> None:
    """And an entry that is not the same in all of them is told for each."""
    page = report([mixed])
    words = plain(edition(page, "en").partition('<details class="file">')[0])
    shared, _, own = words.partition("What all branches assume")[2].partition("· doubtful Weight: 0.4")
    vehicles = "HMG-01-vehicles cars"  # as an entry; what of the pledge is simulated is told of each branch
    assert (vehicles in shared, vehicles in own) == (True, False)
    assert (shared.count("Louisiana steel mill"), own.count("Louisiana steel mill")) == (0, 2)
    late = "Future industries and energy"  # its delay is not told, but is not the same
    assert (shared.count(late), own.count(late)) == (0, 2)
    assert "Horizon: the end of 2035." in shared
    assert "Horizon" not in own
    assert "모든 구성 시나리오에 공통된 가정" in plain(edition(page, "ko"))
    assert "&lt;b&gt;Mixed&lt;/b&gt;" in page
    assert "<b>" not in page


@pytest.mark.slow
def test_a_mixture_beside_a_scenario_is_paired_but_not_divided(mixed: Results, tmp_path: Path) -> None:
    hyundai = made(tmp_path, ROOT / "scenarios" / "hyundai.yaml")
    page = report([hyundai, mixed])
    words = plain(edition(page, "en"))
    difference = forecast.paired_difference(mixed, hyundai).isel(year=-1)
    stated = re.search(r"goods surplus with the US by (\S+) bn USD \(\S+ to \S+\) in 2035", words)
    assert stated is not None
    assert float(stated[1].replace("−", "-")) == pytest.approx(float(difference.median()), abs=0.06)
    assert "The difference is not divided among assumptions, since the branches of a mixture" in words
    assert "차이를 원인별로 나누지 않았다" in plain(edition(page, "ko"))


def test_a_mixture_is_not_explored_and_its_branches_are_named(mixed: Results, tmp_path: Path) -> None:
    file = mixed.folder.parents[1] / "mixed.yaml"
    done = command("explore", str(file), cwd=tmp_path)
    assert done.returncode == 2
    expected = "got a mixture, expected one scenario, such as one of its branches: hyundai, hyundai-dear"
    notes, _, error = done.stderr.rpartition("error: ")
    assert error == f"{file}: {expected}\n"
    assert all(line.startswith("note: ") for line in notes.splitlines())


def test_labels_that_look_like_numbers_or_like_nothing_stay_labels(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    branches = [f'{{scenario: {name}, weight: 1, label: "{label}"}}' for name, label in LABELS.items()]
    file.write_text(f"name: odd\nmixture: [{', '.join(branches)}]\n", encoding="utf-8")
    run = forecast.run_scenario(forecast.load_mixture(file), Settings(200), out=tmp_path).results
    assert run.branches is not None
    assert list(branch_results(run.branches)) == sorted(LABELS.values())
    told = edition(report([run]), "en").partition("By branch of the mixture")[2].partition("</table>")[0]
    assert "–" not in told


LABELS = {"baseline": "01", "hyundai": "NA", "lges-lansing": "1e3"}


def test_the_branches_of_a_page_are_told_in_the_year_asked_for(mixed: Results) -> None:
    """Sentences of 2028 stood above a table of 2035."""
    summary = mixed.statistics
    shown = branch_table(mixed, load_any(mixed.folder / "scenario.yaml"), year=summary.years[2])
    assert f", {summary.years[2]}," in shown.title
    assert str(shown.rows[-1].cells[3]) == str(ENGLISH.statistic(summary, "trade_balance", "quantile_0.5", 2, places=0))
    assert "By branch of the mixture, 2028" in edition(report([mixed], year=2028), "en")
