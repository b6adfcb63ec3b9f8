"""What a collector gives for each thing it finds, and how that becomes a `Resource`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from guardrails.model import LiveLocation, Mode, Origin, Path, Provider, Resource, UnknownValue, Value
from guardrails.sources.terraform.schema import resource_schema


@dataclass(frozen=True, slots=True)
class Record:
    """One thing of an account in the words of Terraform's AWS provider. Plain data: it travels between machines."""

    type: str
    name: str
    """The id that AWS gave, else the name that its owner gave."""
    values: dict[str, Value]
    account: str
    region: str
    """For a global service, the region that answers for it."""
    arn: str = ""
    key: str = ""
    """What sets it apart from others of its type and name: the region, for names that are unique in one alone."""
    mode: Mode = "managed"

    @property
    def address(self) -> str:
        """Stable over runs: `aws_vpc.vpc-0abc`, `aws_lambda_function.api["eu-west-1"]`."""
        key = f'["{self.key}"]' if self.key else ""
        return f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}{key}"


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
                return UnknownValue("not collected from live accounts")
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


@dataclass(frozen=True, slots=True)
class _Located:
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


def resource_of(record: Record, providers: Providers) -> Resource:
    """The resource that a record describes. Its place is its ARN; where AWS gives none, its address."""
    place = LiveLocation(record.arn or record.address, record.account, record.region)
    return Resource(
        record.type,
        record.name,
        LiveValues(record.type, record.mode, record.values),
        address=record.address,
        mode=record.mode,
        provider=providers.of(record.region),
        locate=_Located(Origin(place)),
    )
