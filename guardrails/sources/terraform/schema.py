"""The AWS provider's schema: which arguments and blocks a type has, and the types of their values.

The data file, made by `scripts/build_schema.py`, is lines of JSON. The first is the index; offsets count from the
end of it:

    {"version": "5.100.0", "date": ..., "managed": {type: offset}, "data": {type: offset}, "config": offset, ...}

Any other is a block, `[{attribute: [type, flags]}, {block: [nesting, min, max, offset, computed]}]`, or a composite
type: `["list" | "set" | "map", type]`, `["object", {name: type}]`, `["tuple", [type]]`, where a type is a primitive's
name or the offset of its line. Each distinct line is written once and decoded when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec
from msgspec import Struct

_FILE = Path(__file__).parent / "data" / "aws_5.100.0.schema"

CtyType = (
    str
    | tuple[Literal["list", "set", "map"], "CtyType"]
    | tuple[Literal["object"], Mapping[str, "CtyType"]]
    | tuple[Literal["tuple"], tuple["CtyType", ...]]
)
"""cty's JSON form with tuples for lists: `"string"`, `("list", "string")`, `("object", {"name": "string"})`,
`("tuple", ("string", "bool"))`; primitives are `string`, `number`, `bool` and `dynamic`. Equal types are one object.
"""

Nesting = Literal["single", "list", "set", "map", "group"]


class Attribute(Struct, frozen=True):
    """An argument or computed attribute."""

    type: CtyType
    required: bool = False
    optional: bool = False
    computed: bool = False
    """Without `optional`: only the provider sets it. With it: the provider sets it where the configuration does not."""
    sensitive: bool = False
    deprecated: bool = False
    write_only: bool = False
    """Never stored in plan or state."""


class NestedBlock(Struct, frozen=True):
    """A nested block: how often it may occur and what it holds."""

    nesting: Nesting
    min_items: int
    max_items: int
    """0: no limit."""
    offset: int
    """Where its schema stands in the data file."""
    computed: bool = False
    """Whether the provider may fill it in where the configuration has none: then it is known after apply."""

    @property
    def schema(self) -> TypeSchema:
        """What it holds."""
        return _block(self.offset)


class TypeSchema(Struct, frozen=True):
    """What a resource, a data source, a provider configuration or a nested block holds."""

    attributes: Mapping[str, Attribute]
    blocks: Mapping[str, NestedBlock]


class _Index(msgspec.Struct, frozen=True):
    version: str
    date: str
    managed: dict[str, int]
    data: dict[str, int]
    config: int


_RawType = str | int
_RawBlock = tuple[dict[str, tuple[_RawType, int]], dict[str, tuple[Nesting, int, int, int, bool]]]
_index_decoder = msgspec.json.Decoder(_Index)
_block_decoder = msgspec.json.Decoder(_RawBlock)


def resource_schema(type: str, mode: Literal["managed", "data"] = "managed") -> TypeSchema | None:  # noqa: A002  # the field's own name
    """The schema of a resource type or a data source; None for one that the provider version does not have."""
    index = _index()
    offset = (index.managed if mode == "managed" else index.data).get(type)
    return None if offset is None else _block(offset)


def provider_schema() -> TypeSchema:
    """The schema of a `provider "aws"` block."""
    return _block(_index().config)


def known_types(mode: Literal["managed", "data"] = "managed") -> Collection[str]:
    """Every resource type or data source that the provider version has."""
    index = _index()
    return (index.managed if mode == "managed" else index.data).keys()


def schema_version() -> tuple[str, str]:
    """The provider version that the data describes, and the day on which they were made (ISO 8601)."""
    index = _index()
    return index.version, index.date


@cache
def _content() -> tuple[bytes, int]:
    """The file, and where its first line ends."""
    content = _FILE.read_bytes()
    return content, content.index(b"\n") + 1


@cache
def _index() -> _Index:
    content, start = _content()
    return _index_decoder.decode(memoryview(content)[:start])


def _line(offset: int) -> memoryview:
    content, start = _content()
    begin = start + offset
    return memoryview(content)[begin : content.index(b"\n", begin)]


@cache
def _block(offset: int) -> TypeSchema:
    attributes, blocks = _block_decoder.decode(_line(offset))
    return TypeSchema(
        MappingProxyType({name: _attribute(raw, flags) for name, (raw, flags) in attributes.items()}),
        MappingProxyType({name: NestedBlock(*block) for name, block in blocks.items()}),
    )


@cache
def _attribute(raw: _RawType, flags: int) -> Attribute:
    return Attribute(_type(raw), *(bool(flags >> bit & 1) for bit in range(6)))


@cache
def _type(raw: _RawType) -> CtyType:
    if isinstance(raw, str):
        return raw
    match msgspec.json.decode(_line(raw)):
        case ["object", fields]:
            return "object", MappingProxyType({name: _type(field) for name, field in fields.items()})
        case ["tuple", items]:
            return "tuple", tuple(_type(item) for item in items)
        case ["list" | "set" | "map" as kind, inner]:
            return kind, _type(inner)
        case other:
            raise ValueError(f"{_FILE.name}: not a type: {other!r}")
