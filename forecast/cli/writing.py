"""Commands for whoever writes a scenario: the schema for an editor, and a file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.errors import RunError


@click.command()
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to write it; printed by default.")
def schema(out: Path | None) -> None:
    """Print the JSON Schema of a scenario file, or write it, for an editor to complete and explain keys from."""
    from forecast.dialect import schema_text

    if out is None:
        click.echo(schema_text(), nl=False)
        return
    try:
        out.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise RunError(f"{out}: cannot be written ({error.strerror}); choose another file with --out") from error
    click.echo(f"Written to {out}; the first line of a scenario beside it: # yaml-language-server: $schema={out.name}")
