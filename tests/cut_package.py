"""A copy of the package without its last months, and the files of agencies that bring these months back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from agency_files import country_rows, customs_month, customs_rows, fred_rows, lines, shipped, workbook

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("trade_monthly", "trade_vintages", "trade_monthly_korea", "drivers_monthly", "drivers_quarterly")
CUT = ("2026-06", "2026-07", "2026-08", "2026Q2")
"""What the copy lacks of `TABLES`: the last quarter of trade and of its drivers, and two months."""

FRED = {
    "GDPC1": ("drivers_quarterly", "us_real_gdp"),
    "EXKOUS": ("drivers_monthly", "krw_per_usd"),
    "MCOILWTICO": ("drivers_monthly", "wti_spot"),
}

_STALE = """
from dataclasses import replace
from forecast.models.posterior import SHIPPED, current_digests, frozen_posterior, save_posterior
save_posterior(replace(frozen_posterior(SHIPPED), data_digest=current_digests()["data"]), SHIPPED)
"""


class CutPackage:
    """A copy of the package without the last months, its user's place, and a folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "forecast", folder / "site" / "forecast", ignore=leave)
        shutil.copytree(ROOT / "scenarios", folder / "site" / "scenarios")
        for name in TABLES:
            path = folder / "site" / "forecast" / "data" / "observations" / f"{name}.csv"
            rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
            path.write_text("".join(row for row in rows if not row.startswith(CUT)), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A process of the copy's Python."""
        places = {"PYTHONPATH": str(self.folder / "site"), "FORECAST_DATA_DIR": str(self.folder / "own")}
        environment = os.environ | places | {"COLUMNS": "100"}
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.folder, env=environment, text=True, capture_output=True, check=False
        )

    def forecast(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The copy's command."""
        return self.run("-m", "forecast", *words)

    def age(self) -> None:
        """Let the copy's own posterior be one that knows no more than its tables, as of the release before."""
        done = self.run("-c", _STALE)
        assert done.returncode == 0, done.stderr

    def agency_files(self) -> list[str]:
        """The months that are lacking in files as agencies publish them: US Census, FRED, Korean customs."""
        files = [workbook(self.folder / "country.xlsx", country_rows(), "country")]
        for name, place in FRED.items():
            files.append(lines(self.folder / f"{name}.csv", fred_rows(name, shipped(*place))))
        customs = customs_rows(["2026.05"])[:6]
        for month in ("2026-05", "2026-06", "2026-07"):
            customs.append(customs_month(month))
        files.append(lines(self.folder / "kcs.csv", customs, "cp949"))
        return [str(path) for path in files]
