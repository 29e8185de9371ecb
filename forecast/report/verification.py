"""What a verification found, in a line, and the page that an exported run carries on how to verify it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forecast.errors import listed
from forecast.report.i18n import CODES, Language, language
from forecast.report.table import markdown_text
from forecast.results.rerun import RERUN_DRAWS, Rerun
from forecast.results.results import Results


def not_looked_at(place: Path, names: Sequence[str], words: Language) -> str:
    """What lies in a folder and is neither a run, an entry nor a posterior."""
    return words.text("verify.unseen", place=place, names=listed(names))


def verification_line(place: Path, rerun: Rerun | None, sealed: bool, words: Language) -> str:
    """One thing that is whole, and what came of making it again; None where it was not asked for or is no run."""
    if rerun is None:
        return words.text("verify.whole" if sealed else "verify.unsealed", place=place)
    if rerun.obstacle:
        reason = words.text(f"verify.obstacle.{rerun.obstacle}", most=f"{RERUN_DRAWS:,}")
        return words.text("verify.not_again", place=place, reason=reason)
    blocks = {"n": f"{rerun.n_blocks:,}", "all": f"{rerun.all_blocks:,}"}
    if not rerun.whole:
        return words.text("verify.some" if rerun.same_platform else "verify.some_elsewhere", place=place, **blocks)
    return words.text("verify.again" if rerun.same_platform else "verify.elsewhere", place=place)


def crate_readme(results: Results) -> str:
    """The page, one language after the other."""
    manifest = results.manifest
    facts = {
        "run": f"{results.name}/{manifest['digest']}",
        "draws": f"{manifest['n_draws']:,}",
        "seed": manifest["seed"],
        "version": markdown_text(manifest["versions"]["forecast"]),
        "code": manifest["digests"]["code"][:12],
        "platform": markdown_text(
            "; ".join(_fact(name, value) for name, value in (manifest.get("platform") or manifest["versions"]).items())
        ),
    }
    titles = {"en": markdown_text(results.title), "ko": markdown_text(results.title_ko or results.title)}
    return "\n".join(language(code).heading("verify.readme", title=titles[code], **facts) for code in CODES)


def _fact(name: str, value: object) -> str:
    return f"{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
