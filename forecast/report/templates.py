"""Pages and parts of pages from templates: the only door to Jinja2.

Every value is escaped, and a page may run one script.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forecast.errors import printable
from forecast.storage.files import digest

FOLDER = Path(str(files("forecast"))) / "templates"


def page(template: str, scripts: tuple[str, ...], connect: str = "'none'", **content: object) -> str:
    """A page from a template, with the style of all pages and its script inside.

    Args:
        template, scripts: files of `forecast/templates`; the scripts run as one.
        connect: what the script may ask, as in a content security policy.
        content: what the template prints.
    """
    code = "\n".join((FOLDER / script).read_text(encoding="utf-8") for script in scripts)
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src '{_digest(code)}'; img-src data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    return fragment(template, policy=policy, style=style, script=code, **content)


def fragment(template: str, **content: Any) -> str:
    """What a template prints."""
    return _environment().get_template(template).render(content)


def _digest(code: str) -> str:
    """Digest of an inline script by which a browser knows the one it may run."""
    return "sha256-" + b64encode(bytes.fromhex(digest(code))).decode()


def _shown(value: Any) -> Any:
    """A value of a page as it is shown: in a text nothing turns the direction of writing, or cannot be seen."""
    return type(value)(printable(value)) if isinstance(value, str) else value


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
