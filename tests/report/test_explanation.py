"""What `forecast explain` prints: complete, readable, and the prior when evidence is switched off."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from commands import command
from rich.cells import cell_len
from scipy.special import ndtr, ndtri

from forecast.cli import cli
from forecast.economics.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.errors import PosteriorError
from forecast.models.evidence import load_evidence
from forecast.models.posterior import TRAILING, Posterior, current_digests, save_posterior
from forecast.report.i18n import language

N_ROWS = 400


def sector_group(shift: float, spread: float) -> dict[str, np.ndarray]:
    """Rows of the priors, with the displacement of batteries moved on the standard normal scale."""
    rng = np.random.default_rng(1)
    levels = ndtri(
        (rng.permuted(np.tile(np.arange(N_ROWS), (len(SECTORS) * len(COEFFICIENTS), 1)), axis=1) + 0.5) / N_ROWS
    ).T.reshape(N_ROWS, len(SECTORS), len(COEFFICIENTS))
    moved = SECTORS.index("batteries"), COEFFICIENTS.index("displacement_rate")
    levels[:, *moved] = shift + spread * levels[:, *moved]
    rows = np.empty_like(levels)
    for row, column in np.ndindex(len(SECTORS), len(COEFFICIENTS)):
        distribution = load_sectors()[SECTORS[row]][COEFFICIENTS[column]].distribution
        rows[:, row, column] = distribution.ppf(ndtr(levels[:, row, column]))
    scales = np.array([reading.remainder for reading in load_evidence()])
    return {"coefficients": rows, "remainders": scales * np.abs(rng.standard_normal((N_ROWS, len(scales))))}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    digests = current_digests()
    other = {
        model: {name: np.zeros((N_ROWS, *shape)) for name, shape in shapes.items()}
        for model, shapes in TRAILING.items()
    }
    groups, prior = ({**other, "sectors": sector_group(*moved)} for moved in ((-0.5, 0.5), (0.0, 1.0)))
    posterior = Posterior(
        8105, 0, digests["data"], digests["model"], {}, groups, prior, {"sectors": {"divergences": np.zeros(1)}}
    )
    path = tmp_path_factory.mktemp("stored") / "posterior.nc"
    save_posterior(posterior, path)
    return path


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["explain", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def line_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_every_coefficient_stands_with_its_evidence_and_every_line_fits(stored: Path) -> None:
    text = printed("--posterior", str(stored))
    assert max(map(len, text.splitlines())) <= 100
    for name in COEFFICIENTS:
        heading = name.replace("_", " ").capitalize()
        assert len(re.findall(rf"^{heading} .*\)  +\S.*(H|M|L|judgement)$", text, re.MULTILINE)) == len(SECTORS)
    for sector in load_sectors().values():
        for belief in sector.values():
            assert flat(belief.note) in flat(text)
            assert all(flat(source) in flat(text) for source in belief.sources)
    for reading in load_evidence():
        for words in (reading.title, reading.note, reading.error_note, reading.source, reading.remainder_title):
            assert flat(words) in flat(text)


def test_share_from_data_is_what_the_rows_say(stored: Path) -> None:
    """A spread halved on the standard normal scale is three quarters of the precision; the rest did not move."""
    text = printed("--posterior", str(stored), "--sector", "batteries")
    assert "75 %" in line_of(text, "Displacement rate")
    assert "< 14 %" in line_of(text, "Utilisation")  # two Monte Carlo errors, sqrt(2 / 400) each
    assert "–" in line_of(text, "Construction quarters")


def test_the_prior_alone_says_nothing_of_data(stored: Path) -> None:
    alone = printed("--posterior", str(stored), "--prior", "--sector", "batteries")
    assert "From data" not in alone
    assert "Posterior" not in alone
    (before,) = re.findall(r"\S+ \(\S+ to \S+\)", line_of(alone, "Displacement rate"))
    learned = line_of(printed("--posterior", str(stored), "--sector", "batteries"), "Displacement rate")
    assert re.findall(r"\S+ \(\S+ to \S+\)", learned)[0] == before
    assert re.findall(r"\S+ \(\S+ to \S+\)", learned)[1] != before


def test_a_sector_may_be_picked_and_an_unknown_one_is_named(stored: Path) -> None:
    text = printed("--posterior", str(stored), "--sector", "autos", "--sector", "steel")
    assert [sector for sector in SECTORS if re.search(rf"^{sector.capitalize()} +Prior", text, re.MULTILINE)] == [
        "autos",
        "steel",
    ]
    done = CliRunner().invoke(cli, ["explain", "--sector", "cars"])
    assert done.exit_code == 2
    assert 'got text "cars"; did you mean autos? Accepted: autos, auto_parts' in done.output


def test_korean_titles_are_texts_in_their_width(tmp_path: Path) -> None:
    """They were called a fixed number, and what stood beside them began where Korean letters had pushed it."""
    shown = command("explain", "hyundai", "--language", "ko", cwd=tmp_path).stdout.splitlines()
    titles = [line for line in shown if line.startswith(("  title ", "  title_ko "))]
    assert not [line for line in titles if "고정" in line]
    assert len({cell_len(line.partition("hyundai.yaml:")[0]) for line in titles}) == 1


def test_a_missing_posterior_is_named(tmp_path: Path) -> None:
    with pytest.raises(PosteriorError, match=r"none\.nc does not exist; run `forecast fit`"):
        CliRunner().invoke(cli, ["explain", "--posterior", str(tmp_path / "none.nc")], catch_exceptions=False)


def test_explaining_needs_no_pymc(stored: Path) -> None:
    code = (
        "import sys; from forecast.report.explain import explanation; "
        "from forecast.models.posterior import load_posterior; "
        f"explanation(load_posterior({str(stored)!r})); "
        "heavy = {'pymc', 'pytensor', 'arviz', 'xarray', 'pandas', 'pydantic_core', 'xlsxwriter'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(eval(done.stdout)) <= {"pydantic_core"}  # reading the beliefs needs pydantic


def test_the_report_of_a_fit_lists_the_sector_coefficients_that_data_moved() -> None:
    from forecast.models.fitting import fit_report

    groups = {"sectors": sector_group(-0.5, 0.5)}
    prior = {"sectors": sector_group(0.0, 1.0)}
    diagnostics = {"sectors": {name: np.ones((3, *shape)) for name, shape in TRAILING["sectors"].items()}}
    posterior = Posterior(8105, 0, "", "", {}, groups, prior, diagnostics)
    assert [row.parameter for row in fit_report(posterior)] == [
        "batteries.displacement_rate",
        *(f"remainder[{reading.id}]" for reading in load_evidence() if reading.remainder),
    ]


def test_evidence_is_told_in_korean(tmp_path: Path) -> None:
    """Under `--language ko` what stands behind a number was in English: notes, units, names, readings."""
    folded = {}
    for code in ("en", "ko"):
        said = command("explain", "--sector", "autos", "--language", code, cwd=tmp_path, COLUMNS="400").stdout
        folded[code] = " ".join(said.split())
    texts = [prior.note for prior in load_sectors()["autos"].values()]
    for reading in load_evidence():
        texts += [reading.title, reading.note, reading.error_note, *filter(None, [reading.remainder_title])]
    assert [text for text in texts if text not in folded["en"]] == []
    assert [text for text in texts if text in folded["ko"]] == []
    assert "자동차" in folded["ko"]
    assert "한국산 조달률 0.33 (0.25 ~ 0.41)" in folded["ko"]
    assert "구매액 대비 비중. 주력 차종은 0.29~0.36이며" in folded["ko"]
    assert not re.search(r"judgement|Judgement|Share of|USD per USD", folded["ko"])


def test_every_text_on_evidence_has_its_korean() -> None:
    korean, english = language("ko"), language("en")
    texts = [prior.note for priors in load_sectors().values() for prior in priors.values()]
    texts += [
        text
        for reading in load_evidence()
        for text in (reading.title, reading.unit, reading.note, reading.error_note, reading.remainder_title)
        if text
    ]
    assert [text for text in texts if not re.search("[가-힣]", korean.evidence(text))] == []
    for priors in load_sectors().values():
        assert {name: prior.unit for name, prior in priors.items()} == dict(english.part("warnings.units"))


def test_a_scenario_is_resolved_in_korean(tmp_path: Path) -> None:
    """What a file leaves out was told in English; what it says stays as it is written."""
    said = command("explain", "hyundai", "--language", "ko", cwd=tmp_path, COLUMNS="200").stdout
    for words in (
        "2026Q2, 마지막 관측 분기",
        "가동 예정 시점까지",
        "늦어질 확률",
        "expansion, autos의 사례에서 추정",
        "업종의 경로, 없으면 전체 현지법인의 경로",
        "사전분포, 근거 등급 M",
        "(extends로 가져옴)",
    ):
        assert words in said, words
    told = [
        line for line in said.splitlines() if not re.search(r"^  (title|description|company|project|sources)", line)
    ]
    assert [line for line in told if re.search(r"\b(the|with|learned|prior|default|until|last)\b", line)] == []
