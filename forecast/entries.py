"""What the entries of lists have in common in YAML: an id, which names their random streams too, and sources."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Field

ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"

Source: TypeAlias = Annotated[str, Field(min_length=1, max_length=1000)]
SOURCES = "a list of texts of 1 to 1000 characters: addresses of the evidence"


def id_field(example: str) -> Any:
    """The field of an id, explained by an example."""
    return Field(pattern=ID, description=f"1 to 64 letters, digits, hyphens and underscores, such as {example}")
