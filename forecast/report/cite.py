"""How a result is cited: as a text, for BibTeX, and as a reference in a CITATION.cff; in English, as references are.

Each says what makes the same numbers again: version, data, digest of the run, seed and draws.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from forecast.observations.tables import data_digest, read_table
from forecast.results.manifest import day_stated
from forecast.results.results import Results

AUTHOR = "Forecast maintainers"

_BIBTEX = str.maketrans({character: f"\\{character}" for character in "&%$#_{}"} | {"\\": r"\textbackslash{}"})


def citations(results: Results) -> Mapping[str, str]:
    """The citation of a run by form: `text`, `bibtex` and `cff`."""
    return {"text": _text(results), "bibtex": _bibtex(results), "cff": _cff(results)}


def _title(results: Results) -> str:
    return f"Forecast of Korea's goods surplus with the United States: {results.title}"


def _version(results: Results) -> str:
    return str(results.manifest.get("versions", {}).get("forecast", "not stated"))


def _made(results: Results) -> str:
    return str(day_stated(results.manifest["created"]))


def _provenance(results: Results) -> str:
    """Data, run, seed and draws of a run, and what was set on top of its file."""
    manifest = results.manifest
    stated = [
        f"Data to {manifest['origin']}{_vintage(results)} (digest {manifest['digests']['data'][:12]})",
        f"{manifest['parameters']} parameters (digest {manifest['digests']['posterior'][:12]})",
        f"run {results.name}/{manifest['digest']}",
        *([f"with {', '.join(results.overrides)}"] if results.overrides else []),
        f"seed {manifest['seed']}",
        f"{manifest['n_draws']:,} draws",
    ]
    return ", ".join(stated)


def _vintage(results: Results) -> str:
    """The day whose knowledge a run had, or the vintage of its data where those are the data there are now."""
    if results.as_of is not None:
        return f" as known on {results.as_of}"
    if results.manifest["digests"]["data"] != data_digest():
        return ""
    return f", vintage {max(row['vintage'] for row in read_table('trade_monthly'))}"


def _text(results: Results) -> str:
    """A reference as the American Psychological Association has them."""
    head = f"{AUTHOR}. ({_made(results)[:4]}). {_title(results)} (Version {_version(results)}) [Probabilistic forecast]"
    return f"{head}. {_provenance(results)}."


def _bibtex(results: Results) -> str:
    fields = {
        "author": f"{{{AUTHOR}}}",
        "title": f"{{{_escaped(_title(results))}}}",
        "year": _made(results)[:4],
        "version": _escaped(_version(results)),
        "note": f"{_escaped(_provenance(results))}",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{forecast-{results.name}-{results.manifest['digest']},", *lines, "}"])


def _escaped(text: str) -> str:
    text = text.translate(_BIBTEX)
    return re.sub("[~^]", lambda found: f"\\{found[0]}{{}}", text)


def _cff(results: Results) -> str:
    """An entry of `references` in a CITATION.cff, version 1.2.0."""
    fields = {
        "title": _title(results),
        "version": _version(results),
        "date-released": _made(results),
        "notes": _provenance(results),
    }
    written = [f"    {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["references:", "  - type: data", "    authors:", f"      - name: {AUTHOR}", *written])
