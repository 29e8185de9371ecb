"""What a file leaves out or drops is said by the commands that read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import command

from forecast.report.assumptions import assumptions
from forecast.report.i18n import language
from forecast.scenario.scenario import load_scenario

PLEDGE = """\
name: pledge
investments:
  - {id: P, company: G, project: fund, sector: other, kind: pledge, amount: 150, announced: 2025-07}
  - {id: Q, company: G, project: yards, sector: other, kind: pledge, amount: 20, announced: 2025-07, part_of: P}
  - {id: A, company: H, project: dock, sector: shipbuilding, kind: greenfield, amount: 5, announced: 2025-08,
     production_start: 2030Q1, part_of: Q}
  - {id: B, company: I, project: mill, sector: steel, kind: greenfield,
     amount: {distribution: uniform, low: 6, high: 7}, announced: 2025-08, production_start: 2030Q1, part_of: P}
"""
REST = "investments.P: of 150 bn USD 11.5 are in its parts, A, B; the other 138.5 are not simulated"


def test_the_part_of_a_pledge_that_adds_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "pledge.yaml").write_text(PLEDGE, encoding="utf-8")
    done = command("validate", "pledge.yaml", cwd=tmp_path)
    assert done.stdout.splitlines() == [f"note: pledge.yaml: {REST}", "pledge.yaml: valid, 2 investments to 2035"]
    (file,) = json.loads(command("validate", "--json", "pledge.yaml", cwd=tmp_path).stdout)["files"]
    assert file["unsimulated"] == [REST]
    ran = command("run", "pledge.yaml", "--draws", "400", "--no-plot", "--n-jobs", "1", cwd=tmp_path)
    assert ran.returncode == 0
    assert f"note: pledge.yaml: {REST}\n" in ran.stderr


def test_a_pledge_that_is_all_itemised_needs_no_note(tmp_path: Path) -> None:
    (tmp_path / "pledge.yaml").write_text(PLEDGE.replace("amount: 150", "amount: 30"), encoding="utf-8")
    whole = PLEDGE.replace("amount: 150", "amount: 11.5").replace("amount: 20", "amount: 5")
    (tmp_path / "whole.yaml").write_text(whole, encoding="utf-8")
    done = command("validate", "pledge.yaml", "whole.yaml", cwd=tmp_path)
    assert [line for line in done.stdout.splitlines() if line.startswith("note")] == [
        "note: pledge.yaml: investments.P: of 30 bn USD 11.5 are in its parts, A, B; the other 18.5 are not simulated"
    ]


BASE = """\
name: base
investments:
  - id: A
    company: G
    project: mill
    sector: steel
    kind: greenfield
    amount: 5
    announced: 2026Q1
    phases:
      - {id: one, share: 0.6, production_start: 2029Q1}
      - {id: two, share: 0.4, production_start: 2030Q1}
  - {id: B, company: H, project: b, sector: steel, kind: greenfield, amount: 5, announced: 2026,
     production_start: 2029Q1}
  - {id: C, company: I, project: c, sector: steel, kind: greenfield, amount: 5, announced: 2026,
     production_start: 2029Q1, requires: [A, B]}
correlations:
  - {between: [investments.A.slip, investments.B.slip], rank: 0.5}
  - {between: [investments.A.scale, investments.B.scale], rank: 0.3}
"""
DROPPED = {
    "correlations": (
        "correlations:\n  - {between: [investments.A.slip, investments.C.slip], rank: 0.5}\n",
        "correlations: got a list of 1 in place of the one in base.yaml:17, which drops 2 of its 2 entries",
    ),
    "phases": (
        "investments:\n  A:\n    phases: [{id: all, share: 1, production_start: 2029Q1}]\n",
        "investments.A.phases: got a list of 1 in place of the one in base.yaml:10, which drops 2 of its 2 entries",
    ),
    "ties": (
        "investments:\n  C:\n    requires: [B]\n",
        "investments.C.requires: got a list of 1 in place of the one in base.yaml:16, which drops 1 of its 2 entries",
    ),
}


@pytest.mark.parametrize(("text", "said"), DROPPED.values(), ids=DROPPED)
def test_a_list_that_a_layer_drops_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "top.yaml").write_text(f"extends: base.yaml\nname: top\n{text}", encoding="utf-8")
    done = command("validate", "top.yaml", cwd=tmp_path)
    warnings = [line for line in done.stdout.splitlines() if line.startswith("warning")]
    assert len(warnings) == 1
    assert warnings[0].endswith(f"{said}; repeat what is to stay")


def test_a_list_that_one_base_takes_from_another_is_said(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "other.yaml").write_text(DROPPED["correlations"][0], encoding="utf-8")
    (tmp_path / "top.yaml").write_text("extends: [base.yaml, other.yaml]\nname: top\n", encoding="utf-8")
    done = command("validate", "top.yaml", cwd=tmp_path)
    assert f"warning: other.yaml:1:1: {DROPPED['correlations'][1]}; repeat what is to stay" in done.stdout


def test_a_list_that_only_grows_drops_nothing(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    more = BASE.partition("correlations:")[2] + "  - {between: [investments.A.scale, investments.C.scale], rank: 0.1}\n"
    (tmp_path / "top.yaml").write_text(f"extends: base.yaml\nname: top\ncorrelations:{more}", encoding="utf-8")
    assert "warning" not in command("validate", "top.yaml", cwd=tmp_path).stdout


def test_paths_and_patterns_have_bounds(tmp_path: Path) -> None:
    for index in range(2_100):
        (tmp_path / "disk" / f"{index}").mkdir(parents=True)
    (tmp_path / "few" / "below").mkdir(parents=True)
    (tmp_path / "few" / "below" / "a.yaml").write_text("name: a\n", encoding="utf-8")
    wide = command("validate", str(tmp_path / "**" / "*.yaml"), cwd=tmp_path)
    assert wide.returncode == 2
    assert "got more than 2,000 folders below" in wide.stderr
    assert (
        command("validate", "few/**/*.yaml", cwd=tmp_path).stdout == "few/below/a.yaml: valid, no investments to 2035\n"
    )
    assert command("validate", "few/*/*.yaml", cwd=tmp_path).returncode == 0
    long = command("validate", "x" * 300, cwd=tmp_path)
    deep = command("validate", "hyundai", "-s", "a." * 900 + "b=1", cwd=tmp_path)
    assert (long.returncode, deep.returncode) == (2, 2)
    assert "cannot be read: File name too long" in long.stdout
    assert "got a path of 901 keys, expected at most 40" in deep.stdout


@pytest.mark.parametrize(
    ("code", "some", "whole"),
    [
        (
            "en",
            "its parts A, B simulate 11.5\u00a0bn USD; the other 138.5\u00a0bn USD add",
            "whole",
        ),
        ("ko", "1,500억 달러 가운데 개별 사업(A, B)의 115억 달러만 모의실험하며, 나머지 1,385억 달러는", "모두"),
    ],
)
def test_a_page_says_how_much_of_a_pledge_is_simulated(code: str, some: str, whole: str, tmp_path: Path) -> None:
    path = tmp_path / "pledge.yaml"
    path.write_text(PLEDGE, encoding="utf-8")
    assert any(some in line for line in assumptions(load_scenario(path), 8105.0, language(code)).others)
    others = assumptions(load_scenario("hyundai"), 8105.0, language(code)).others
    assert any("HMG-01-future" in line and whole in line for line in others)


def test_a_plant_that_would_be_built_in_no_time_is_remarked_on(tmp_path: Path) -> None:
    plant = "{id: x, company: A, project: B, sector: grid_equipment, kind: greenfield, amount: 0.5, announced: 2026-11"
    for rest, said in {
        "production_start: 2027Q1": "0.7 quarters after it is announced, where plants take about 5 to build",
        "production_start: 2026-12": "0.3 quarters after it is announced",
        "production_start: 2028Q1": "",
        "construction_start: 2026-12, production_start: 2027Q1": "",
    }.items():
        (tmp_path / "plant.yaml").write_text(f"name: plant\ninvestments:\n  - {plant}, {rest}}}\n", encoding="utf-8")
        done = command("validate", "plant.yaml", cwd=tmp_path)
        assert done.returncode == 0
        assert said in done.stdout + done.stderr if said else "warning" not in done.stdout + done.stderr, rest


MILL = "investments.HMG-06"


@pytest.mark.parametrize(
    ("first", "path", "later"),
    [
        ("horizon=2031", "horizon", ["horizon=2030"]),
        (f"{MILL}.amount=5", f"{MILL}.amount", [f"{MILL}={{amount: 4}}"]),
        ("investments={HMG-06: {amount: 5}}", "investments", [f"{MILL}.amount=4"]),
        ("investments=[{id: HMG-06, amount: 5}]", "investments", [f"{MILL}.amount=4"]),
        (f"{MILL}.amount=5", f"{MILL}.amount", [f"{MILL}=null"]),
        (f"{MILL}={{amount: 5, slip: 2}}", MILL, [f"{MILL}.slip=3", f"{MILL}.amount=4"]),
    ],
)
def test_an_override_in_whose_place_others_say_something_else_is_said(
    first: str, path: str, later: list[str], tmp_path: Path
) -> None:
    words = [word for text in (first, "basis=us_census", *later) for word in ("-s", text)]
    done = command("validate", "hyundai", *words, cwd=tmp_path)
    follow = "follows and says otherwise" if len(later) == 1 else "follow and say otherwise"
    others = ", ".join(f"-s {text}" for text in later)
    assert done.stdout.splitlines()[0] == f"warning: -s {first}: {path}: {others} {follow}: it changes nothing"
    assert (done.stdout + done.stderr).count("warning: ") == 1


@pytest.mark.parametrize(
    "texts",
    [
        (f"{MILL}={{amount: 5, slip: 2}}", f"{MILL}.amount=4"),
        (f"{MILL}.amount={{distribution: uniform, low: 4, high: 5}}", f"{MILL}.amount.high=4.5"),
        (f"{MILL}.amount=5", "investments.HMG-01-future.amount=5"),
    ],
)
def test_an_override_of_which_something_is_left_is_not(texts: tuple[str, ...], tmp_path: Path) -> None:
    done = command("validate", "hyundai", *(word for text in texts for word in ("-s", text)), cwd=tmp_path)
    assert "warning" not in done.stdout + done.stderr


def test_a_value_of_a_sector_whose_plants_have_their_own_is_said(tmp_path: Path) -> None:
    key = "displacement_rate"
    wide, own = f"overrides.sectors.autos.{key}=0.3", f"investments.HMG-01-vehicles.overrides.{key}=0.4"
    for texts in ([wide, own], [own, wide]):
        done = command("validate", "hyundai", *(word for text in texts for word in ("-s", text)), cwd=tmp_path)
        assert (
            f"warning: -s {wide}: overrides.sectors.autos.{key}: no investment in autos reads it: each" in done.stdout
        )


OUT = "HMG-06 is left out by --only or --without: it changes nothing\n"
PARTS = "investments.HMG-01: of 21 bn USD {} are in its parts, {}; the other {} are not simulated\n"


@pytest.mark.parametrize("text", [f"{MILL}.amount=3", f"{MILL}={{amount: 3}}", "investments=[{id: HMG-06, amount: 3}]"])
def test_a_value_of_a_plant_that_is_left_out_is_said(text: str, tmp_path: Path) -> None:
    asked = ("run", "hyundai", "--draws", "400", "--no-plot", "-s", text)
    three = PARTS.format("15.2", "HMG-01-future, HMG-01-parts, HMG-01-vehicles", "5.8")
    for choice, parts in (("--without=HMG-06", three), ("--only=HMG-01-future", PARTS.format(6, "HMG-01-future", 15))):
        done = command(*asked, choice, cwd=tmp_path)
        assert done.returncode == 0
        warning, note = done.stderr.splitlines(keepends=True)
        assert warning == f"warning: -s {text}: {MILL}.amount: {OUT}"
        assert note.endswith(parts)
        assert f"Set on the command line: {choice.replace('=', ' ')}\n" in done.stdout


def test_nothing_is_said_of_plants_that_are_left_out(tmp_path: Path) -> None:
    wrong = ("-s", f"{MILL}.slip=30", "-s", "overrides.sectors.steel.displacement_rate=0.3")
    asked = ("run", "hyundai", "--draws", "400", "--no-plot", *wrong)
    assert "got 30 quarters, longer than any delay" in command(*asked, cwd=tmp_path).stderr
    said = command(*asked, "--without", "HMG-06", cwd=tmp_path).stderr
    assert f"{MILL}.slip: {OUT}" in said
    assert "longer than any delay" not in said
    assert "overrides.sectors.steel: no investment is in steel, so nothing reads this" in said


def test_of_a_mixture_what_changes_nothing_in_any_branch_is_said(tmp_path: Path) -> None:
    branches = "mixture: [{scenario: hyundai, weight: 1}, {scenario: hyundai-26bn, weight: 1}]"
    (tmp_path / "both.yaml").write_text(f"name: both\n{branches}\n", "utf-8")
    said = {}
    for texts in (("horizon=2031", "horizon=2030"), (f"{MILL}.project=Mill",), ("localization.path=fitted",)):
        done = command("validate", "both.yaml", *(word for text in texts for word in ("-s", text)), cwd=tmp_path)
        said[texts[0]] = done.stdout.count("warning: ")
    assert said == {"horizon=2031": 1, f"{MILL}.project=Mill": 0, "localization.path=fitted": 1}
    done = command("run", "both.yaml", "--draws", "400", "--without", "HMG-06", "-s", f"{MILL}.amount=3", cwd=tmp_path)
    assert done.stderr.count("warning: ") == 1
    assert done.stderr.count(OUT) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("basis=dollars", 'got text "dollars", expected a known basis; accepted: korea_customs, us_census'),
        ("basis=us_censu", 'got text "us_censu", expected a known basis; did you mean us_census? Accepted: korea_c'),
        ("nonsense=1", "nonsense: unknown key; accepted: "),
        (
            "localization.sectors.autos.local=1",
            "localization.sectors.autos: got a mapping with local, expected the key",
        ),
    ],
)
def test_what_follows_a_semicolon_begins_small(text: str, said: str, tmp_path: Path) -> None:
    done = command("run", "hyundai", "-s", text, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "; Accepted" not in done.stderr


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("en", "; if billion won was meant, write {krw_trillion: 30}\n"),
        ("ko", ". 10억 원 단위라면 {krw_trillion: 30}으로"),
    ],
)
def test_a_number_of_billion_won_among_trillions_is_told_in_won(code: str, meant: str, tmp_path: Path) -> None:
    plant = "{id: x, company: A, project: B, sector: autos, kind: greenfield, announced: 2026-10"
    text = f"name: plant\ninvestments:\n  - {plant}, amount: {{krw_trillion: 30000}}, production_start: 2029Q1}}\n"
    (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
    done = command("validate", "plant.yaml", "--language", code, cwd=tmp_path)
    assert done.returncode == 0
    assert meant in done.stdout


def test_a_list_of_nothing_is_told_to_add_nothing(tmp_path: Path) -> None:
    done = command("validate", "hyundai", "-s", "investments=[]", cwd=tmp_path)
    (said,) = [line for line in done.stdout.splitlines() if line.startswith("warning")]
    assert said.startswith("warning: -s investments=[]: investments: got nothing to add to what ")
    assert said.endswith(" says: it changes nothing")
