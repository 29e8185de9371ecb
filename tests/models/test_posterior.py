"""Stored posteriors: whole or absent, current or refused, and the error says which."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

import forecast
from forecast.dims import Array
from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.errors import PosteriorError
from forecast.models import posterior as stored
from forecast.models.evidence import load_evidence
from forecast.models.posterior import SHIPPED, TRAILING, Posterior, current_digests, load_posterior, save_posterior


def _group(rng: np.random.Generator, n_rows: int) -> dict[str, dict[str, Array]]:
    return {
        model: {name: rng.standard_normal((n_rows, *shape)) for name, shape in shapes.items()}
        for model, shapes in TRAILING.items()
    }


def _posterior(n_rows: int = 7) -> Posterior:
    rng, digests = np.random.default_rng(2), current_digests()
    diagnostics = {"bridge": {"mean": rng.standard_normal((3, 2)), "divergences": np.zeros(1)}}
    versions = {"forecast": "0.1.0"}
    groups, prior = _group(rng, n_rows), _group(rng, n_rows)
    return Posterior(8105, 3, digests["data"], digests["model"], versions, groups, prior, diagnostics)


def test_what_was_saved_is_loaded_at_single_precision(tmp_path: Path) -> None:
    posterior = _posterior()
    save_posterior(posterior, tmp_path / "deep" / "posterior.nc")
    loaded = load_posterior(tmp_path / "deep" / "posterior.nc")
    assert (loaded.origin, loaded.seed, loaded.versions) == (8105, 3, {"forecast": "0.1.0"})
    assert loaded.digest == posterior.digest
    for part in ("groups", "prior", "diagnostics"):
        for model, parameters in getattr(posterior, part).items():
            for name, values in parameters.items():
                found = getattr(loaded, part)[model][name]
                assert found.dtype == np.float64
                assert np.array_equal(found, values.astype(np.float32))


def test_any_number_changes_the_digest() -> None:
    posterior = _posterior()
    moved = {**posterior.groups["baseline"], "drift": posterior.groups["baseline"]["drift"] + 1e-4}
    other = replace(posterior, groups={**posterior.groups, "baseline": moved})
    assert len({posterior.digest, other.digest, replace(posterior, origin=8104).digest}) == 3


@pytest.mark.parametrize("name", ["data", "model"])
def test_a_stale_file_is_refused_by_the_digest_that_differs(tmp_path: Path, name: str) -> None:
    stale = replace(_posterior(), **{f"{name}_digest": "0" * 64})
    save_posterior(stale, tmp_path / "posterior.nc")
    with pytest.raises(PosteriorError, match=f"stale: {name} digest is 000000000000.*`forecast fit`") as caught:
        load_posterior(tmp_path / "posterior.nc")
    assert ("data digest" in str(caught.value)) == (name == "data")


def test_a_missing_file_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(PosteriorError, match=r"none\.nc does not exist; run `forecast fit`"):
        load_posterior(tmp_path / "none.nc")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_damaged(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "posterior.nc"
    save_posterior(_posterior(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(PosteriorError, match=r"damaged.*`forecast fit`"):
        load_posterior(path)


def test_a_number_changed_in_the_file_is_damage(tmp_path: Path) -> None:
    import h5netcdf

    path = tmp_path / "posterior.nc"
    save_posterior(_posterior(), path)
    with h5netcdf.File(path, "a") as file:
        file["posterior/bridge/mean"][0, 0] = 0.25
    with pytest.raises(PosteriorError, match="damaged: content digest"):
        load_posterior(path)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (np.zeros((7, 3)), r"posterior/bridge/mean: got shape \(7, 3\), expected \(n_rows, 2\)"),
        (np.full((7, 2), np.nan), "posterior/bridge/mean: got numbers that are not finite"),
        (np.full((7, 2), 1e39), "posterior/bridge/mean: got numbers that are not finite"),
    ],
)
def test_a_broken_posterior_is_not_saved(tmp_path: Path, values: Array, complaint: str) -> None:
    posterior = _posterior()
    broken = replace(posterior, groups={**posterior.groups, "bridge": {**posterior.groups["bridge"], "mean": values}})
    with pytest.raises(PosteriorError, match=complaint):
        save_posterior(broken, tmp_path / "posterior.nc")
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "posterior.nc"
    save_posterior(_posterior(), path)
    before = path.read_bytes()

    def half_written(_: Posterior, temporary: Path) -> None:
        temporary.write_bytes(before[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr(stored, "_write", half_written)
    with pytest.raises(KeyboardInterrupt):
        save_posterior(_posterior(9), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_current_shipped_file_comes_first_and_the_users_own_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, own = tmp_path / "shipped.nc", tmp_path / "own.nc"
    monkeypatch.setattr(stored, "SHIPPED", shipped)
    monkeypatch.setattr(stored, "user_path", lambda as_of: own)
    save_posterior(replace(_posterior(), model_digest="0" * 64), shipped)
    with pytest.raises(PosteriorError, match=r"(?s)shipped\.nc is stale.*own\.nc does not exist"):
        load_posterior()
    save_posterior(replace(_posterior(), seed=9), own)
    assert load_posterior().seed == 9
    save_posterior(_posterior(), shipped)
    assert load_posterior().seed == 3


def test_a_posterior_of_a_day_lies_by_the_day_and_is_current_for_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "SHIPPED", tmp_path / "posterior.nc")
    monkeypatch.setattr(stored, "user_path", lambda as_of: tmp_path / "none.nc")
    refit = "run `forecast fit --as-of 2025-04-11` to make a new one"
    with pytest.raises(PosteriorError, match=rf"posteriors/2025-04-11\.nc does not exist; {refit}"):
        load_posterior(as_of="2025-04-11")
    day = replace(_posterior(), as_of="2025-04-11")
    save_posterior(day, stored.shipped_path("2025-04-11"))
    with pytest.raises(PosteriorError, match=f"stale: data digest is .*; {refit}"):
        load_posterior(as_of="2025-04-11")
    current = replace(day, data_digest=current_digests("2025-04-11")["data"])
    save_posterior(current, stored.shipped_path("2025-04-11"))
    loaded = load_posterior(as_of="2025-04-11")
    assert (loaded.as_of, loaded.digest) == ("2025-04-11", current.digest)
    assert current.digest != day.digest


@pytest.mark.parametrize("beliefs", ["sectors.yaml", "realisation.yaml"])
def test_a_prior_is_part_of_the_data_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beliefs: str) -> None:
    before = current_digests()
    package = tmp_path / "forecast"
    copytree(Path(forecast.__file__).parent / "data", package / "data", ignore=lambda *_: ["observations"])
    (package / "data" / beliefs).write_text("changed\n")
    copytree(Path(forecast.__file__).parent / "models", package / "models")
    monkeypatch.setattr(stored, "files", lambda name: package)
    after = current_digests()
    assert after["data"] != before["data"]
    assert after["model"] == before["model"]


def test_the_file_opens_with_plain_xarray(tmp_path: Path) -> None:
    import xarray

    posterior = _posterior()
    save_posterior(posterior, tmp_path / "posterior.nc")
    with xarray.open_dataset(tmp_path / "posterior.nc", group="prior/baseline", engine="h5netcdf") as dataset:
        assert dataset["season"].dims == ("row", "season_1", "season_2")
        assert np.array_equal(dataset["ratio"], posterior.prior["baseline"]["ratio"].astype(np.float32))


def test_sector_rows_have_a_place_for_every_coefficient_and_reading() -> None:
    assert TRAILING["sectors"]["coefficients"] == (len(SECTORS), len(COEFFICIENTS))
    assert TRAILING["sectors"]["remainders"] == (len(load_evidence()),)


@pytest.mark.parametrize("path", [SHIPPED, *SHIPPED.parent.glob("posteriors/*.nc")], ids=lambda path: path.stem)
def test_a_shipped_posterior_is_current_small_and_sane(path: Path) -> None:
    posterior = load_posterior(path)
    assert path.stat().st_size < 5e6
    assert posterior.as_of == (None if path == SHIPPED else path.stem)
    assert set(posterior.diagnostics) == set(TRAILING)
    for model, found in posterior.diagnostics.items():
        r_hat, bulk, tail = np.concatenate([v.reshape(3, -1) for k, v in found.items() if k != "divergences"], axis=1)
        assert np.nanmax(r_hat) <= 1.01, model
        assert min(np.nanmin(bulk), np.nanmin(tail)) >= 400, model
        assert found["divergences"] == 0
    local = {year: posterior.groups["localization"][f"fitted_{year}"][:, 1] for year in (2020, 2023)}
    assert np.quantile(local[2020], 0.025) < 0.283 < np.quantile(local[2020], 0.975)
    assert np.quantile(local[2023], 0.025) < 0.321 < np.quantile(local[2023], 0.975)


def test_loading_needs_no_slow_package() -> None:
    code = (
        "import sys; from forecast.models.posterior import load_posterior; load_posterior(); "
        "print(sorted({'pymc', 'arviz', 'nutpie', 'pytensor', 'xarray', 'pandas', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
