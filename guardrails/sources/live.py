"""Resources of live accounts, whether they were read just now or saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from msgspec import Struct

from guardrails.model import LiveLocation, Mode, Origin, Path, Provider, Resource, UnknownValue, Value
from guardrails.sources.terraform.schema import resource_schema

NOT_COLLECTED = UnknownValue("not collected from live accounts")


class LiveValues(Mapping[str, Value]):
    """The attributes that were collected. One that the provider has and no collector reads is unknown, not absent."""

    __slots__ = ("_mode", "_type", "_values")

    def __init__(self, type_: str, mode: Mode, values: Mapping[str, Value]) -> None:
        self._type = type_
        self._mode = mode
        self._values = values

    def __getitem__(self, name: str) -> Value:
        try:
            return self._values[name]
        except KeyError:
            if name in _known_attributes(self._type, self._mode):
                return NOT_COLLECTED
            raise

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values


@cache
def _known_attributes(type_: str, mode: Mode) -> frozenset[str]:
    schema = resource_schema(type_, mode)
    return frozenset() if schema is None else frozenset(schema.attributes) | frozenset(schema.blocks)


class _Located(Struct, frozen=True):
    origin: Origin

    def __call__(self, path: Path) -> Origin:
        return self.origin


class Providers:
    """The provider configurations of one account: one per region, shared by its resources."""

    def __init__(self) -> None:
        self._by_region: dict[str, Provider] = {}

    def of(self, region: str) -> Provider:
        """The one of a region."""
        if region not in self._by_region:
            config: Mapping[str, Value] = {"region": region} if region else {}
            self._by_region[region] = Provider(config=config)
        return self._by_region[region]


def live_resource(
    type_: str,
    name: str,
    values: Mapping[str, Value],
    *,
    address: str,
    mode: Mode,
    place: LiveLocation,
    provider: Provider,
) -> Resource:
    """A resource of an account; `place` is where all of its values stand."""
    return Resource(
        type_,
        name,
        LiveValues(type_, mode, values),
        address=address,
        mode=mode,
        provider=provider,
        locate=_Located(Origin(place)),
    )
