"""An entity of the language is one frozen dataclass: how it is written in YAML, its schema, and its value at once.

Keys are the fields, by their alias where YAML has a word of Python's (`from`). The annotation of a field holds its
bounds and its description, which completes the sentence "expected ...". The first line of the class docstring is the
description of the entity in the schema. A key that is null counts as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields
from dataclasses import Field as DataclassField
from functools import cache, partial
from typing import Annotated, Any, Protocol, TypeAlias, TypeVar, cast, get_type_hints

from pydantic import (
    AfterValidator,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
    with_config,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from forecast.economics.sectors import Sector
from forecast.stats.specs import Model

Entity = TypeVar("Entity")


class Named(Protocol):
    """An entry of a list that goes by its id."""

    @property
    def id(self) -> str:
        """Name of the entry, and of its random streams."""
        ...


NamedEntry = TypeVar("NamedEntry", bound=Named)


def entity(cls: type[Entity]) -> type[Entity]:
    """Make a dataclass readable from YAML: closed to unknown keys, with null for an absent key.

    >>> @entity
    ... @dataclass(frozen=True, slots=True)
    ... class Port:
    ...     "A harbour."
    ...     name: Annotated[str, Field(description="name of the harbour")]
    ...     since: Annotated[int | None, Field(alias="from", description="year it was opened")] = None
    >>> plain(TypeAdapter(Port).validate_python({"name": "Ulsan", "from": 1963}))
    {'name': 'Ulsan', 'from': 1963}
    """
    summary = (cls.__doc__ or "").partition("\n")[0]

    def core(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(partial(_without_nulls, cls), handler(source))

    cls.__get_pydantic_core_schema__ = staticmethod(core)  # type: ignore[attr-defined]
    return with_config(ConfigDict(extra="forbid", json_schema_extra={"description": summary}))(cls)


def _without_nulls(cls: type, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if item is not None or name not in keys(cls)}


@cache
def keys(cls: type) -> Mapping[str, FieldInfo]:
    """Fields of an entity by their YAML keys, in the order of the class; one that is not compared is no key."""
    if issubclass(cls, Model):
        return cls.keys()
    hints = get_type_hints(cls, include_extras=True)
    infos = {field.name: _info(hints[field.name], field) for field in fields(cls) if field.compare}  # type: ignore[arg-type]
    inside = [name for name, info in infos.items() if isinstance(info.validation_alias, AliasPath)]
    return {info.alias or name: info for name, info in infos.items() if name not in inside}


def _info(hint: Any, field: DataclassField[Any]) -> FieldInfo:
    if field.default is MISSING and field.default_factory is MISSING:
        return FieldInfo.from_annotation(hint)
    return FieldInfo.from_annotated_attribute(hint, None if field.default is MISSING else field.default)


@dataclass(frozen=True)
class Written:
    """The way between a value and its spelling in YAML.

    Attributes:
        form: type of the spelling, which states what is accepted.
        read: value of a valid spelling.
        write: spelling of a value.
    """

    form: Any
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the spelling, with the value in place of it once it is valid."""
        serialization = core_schema.plain_serializer_function_ser_schema(self.write)
        form = handler.generate_schema(self.form)
        return core_schema.no_info_after_validator_function(self.read, form, serialization=serialization)


SectorName: TypeAlias = Annotated[str, Written(Sector, str, str)]
ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


def id_field(example: str) -> Any:
    """The field of an id, explained by an example."""
    return Field(pattern=ID, description=f"1 to 64 letters, digits, hyphens and underscores, such as {example}")


Source: TypeAlias = Annotated[str, Field(min_length=1, max_length=1000)]
Sources: TypeAlias = Annotated[
    tuple[Source, ...], Field(description="a list of texts of 1 to 1000 characters: addresses of the evidence")
]


def by_id(entries: Iterable[NamedEntry]) -> tuple[NamedEntry, ...]:
    """Entries in the order of their ids, so that their order in a file moves no number."""
    return tuple(sorted(entries, key=lambda entry: entry.id))


ById = AfterValidator(by_id)


@cache
def _adapter(cls: Any) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def read(cls: type[Entity], stated: Any) -> Entity:
    """The entity that a plain mapping states.

    Raises:
        pydantic.ValidationError: it states none.
    """
    return cast(Entity, _adapter(cast(Any, cls)).validate_python(stated))


def accepted(cls: Any, stated: Mapping[str, Any]) -> Any:
    """An entity of all keys that the schema accepts; one it refuses or misses is None, whatever its type says."""
    try:
        return read(cls, stated)
    except ValidationError:
        draft = _draft(cls).model_validate({key: item for key, item in stated.items() if item is not None})
    value = object.__new__(cls)
    for name, info in zip(type(draft).model_fields, keys(cls).values(), strict=True):
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        object.__setattr__(value, name, getattr(draft, name) if name in draft.model_fields_set else default)
    with suppress(TypeError, ValueError):  # what an entity demands of its keys together is the schema's to report
        getattr(value, "__post_init__", tuple)()
    return value


@cache
def _draft(cls: Any) -> type[BaseModel]:
    """A model with the keys of an entity, none of which is needed, and any of which is refused alone."""
    hints = get_type_hints(cls, include_extras=True)
    lenient: Any = {name: (Annotated[hint, WrapValidator(_or_none)], None) for name, hint in hints.items()}
    return cast(type[BaseModel], create_model(cls.__name__, **lenient))


def _or_none(stated: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(stated)
    except ValidationError:
        return None


def plain(value: Any) -> dict[str, Any]:
    """The mapping that states an entity in YAML; keys at their default are left out."""
    return cast(dict[str, Any], _stated(_adapter(cast(Any, type(value))).dump_python(value, **_DUMP)))


_DUMP: dict[str, Any] = {"mode": "json", "by_alias": True, "exclude_defaults": True}


def _stated(written: Any) -> Any:
    if isinstance(written, list):
        return [_stated(item) for item in written]
    if not isinstance(written, dict):
        return written
    return {key: _stated(item) for key, item in written.items() if item not in (None, "", [], {})}


def demand_one_of(**stated: object) -> None:
    """Raise `ValueError` unless one of two keys is stated and not both."""
    count = sum(value is not None for value in stated.values())
    if count != 1:
        one, other = stated
        both = f"both {one} and {other}" if count else f"neither {one} nor {other}"
        raise ValueError(f"got {both}, expected one of them")
