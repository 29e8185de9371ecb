"""Commands for whoever writes a scenario: the schema for an editor, and a file to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to write it; printed by default.")
@click.option("--markdown", is_flag=True, help="The reference of all keys, a page to read, in place of JSON.")
def schema(out: Path | None, markdown: bool) -> None:
    """Print the JSON Schema of a scenario file, or write it, for an editor to complete and explain keys from."""
    from forecast.dialect import schema_text
    from forecast.manual import reference
    from forecast.storage import write_text, writing

    text = reference() if markdown else schema_text()
    if out is None:
        click.echo(text, nl=False)
        return
    with writing(out, "choose another file with --out"):
        write_text(out, text)
    click.echo(f"Written to {out}")
    if not markdown:
        click.echo(f"First line of a scenario beside it: # yaml-language-server: $schema={out.name}")


@click.command()
@click.argument("name", required=False, metavar="[NAME|FILE]")
def new(name: str | None) -> None:
    """Write a commented scenario to start from; it is valid and runs. A file that is there is left as it is."""
    from forecast.starter import new_scenario
    from forecast.vintage import vintage

    path = new_scenario(name, vintage().trade.origin)
    click.echo(f"Written to {path}; change it, then: forecast validate {path}, forecast run {path}")
