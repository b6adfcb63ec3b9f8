"""What things cost a month, by AWS's list prices of a dated file. Code has no prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from guardrails.model import Resource, Unknown

FILE = Path(__file__).with_name("prices.toml")
_BASE = "us-east-1"

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/apply_ri.html, as multiples of `large`.
_SIZES = {"nano": 1 / 16, "micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1.0, "xlarge": 2.0}


class PricesError(Exception):
    """The price file is not what it should be."""


class Cost(Struct, frozen=True):
    """A monthly cost in US dollars; None where the file has no price for it."""

    usd: float | None
    basis: str = ""
    """The region whose list price it is, where that is not the resource's own."""
    missing: str = ""
    """What the file has no price of."""

    def __str__(self) -> str:
        if self.usd is None:
            return f"an unknown amount: the price file of {dated()} does not have {self.missing}"
        amount = f"{self.usd:,.2f} USD a month"
        return f"{amount} (list price of {self.basis})" if self.basis else amount

    def __add__(self, other: Cost) -> Cost:
        """Both together; unknown if either is."""
        if self.usd is None or other.usd is None:
            return self if self.usd is None else other
        return Cost(self.usd + other.usd, self.basis or other.basis)

    def __mul__(self, factor: float) -> Cost:
        """So many of it."""
        return Cost(None if self.usd is None else self.usd * factor, self.basis, self.missing)


def dated() -> date:
    """The day that the prices are of."""
    found = _tables().get("dated")
    if not isinstance(found, date):
        raise PricesError(f"{FILE.name} says no date")
    return found


def monthly_cost(item: str, resource: Resource, quantity: float = 1) -> Cost:
    """What so many of an item of the file cost a month in the region of a resource.

    The price of us-east-1 stands for regions that the file does not have, and the cost says so. What the file does
    not have at all, such as a new type of volume, has no price.
    """
    price = _tables()["prices"].get(item)
    if not isinstance(price, Mapping):
        return Cost(None, missing=item)
    region = _region(resource)
    own = price.get(region)
    usd = price[_BASE] if own is None else own
    basis = "" if own is not None or price.get("everywhere") else _BASE
    return Cost(usd * quantity * _times(price["unit"]), basis)


def instance_cost(service: str, type_: str, resource: Resource, count: float = 1) -> Cost:
    """What so many instances of a type cost a month: `instance_cost("rds", "db.t3.micro", database)`.

    Services are `ec2`, `rds` and `elasticache`.
    """
    family, _, size = type_.rpartition(".")
    price = _tables()["families"][service].get(family)
    factor = _factor(size)
    if not isinstance(price, int | float) or factor is None:
        return Cost(None, missing=type_)
    return Cost(price * factor * _times("hour") * count, "" if _region(resource) == _BASE else _BASE)


def _factor(size: str) -> float | None:
    if size in _SIZES:
        return _SIZES[size]
    number = size.removesuffix("xlarge")
    return 2.0 * int(number) if number != size and number.isdigit() else None


def _times(unit: str) -> float:
    """How many of a unit a month has."""
    hours = float(_tables()["hours"])
    return {"hour": hours, "second": hours * 3600}.get(unit, 1.0)


def _region(resource: Resource) -> str:
    try:
        return resource.region
    except Unknown:
        return ""  # a design may leave it to the environment: the base stands in, and the cost says so


@cache
def _tables() -> Mapping[str, Any]:
    import tomllib  # noqa: PLC0415  # only where something costs

    with FILE.open("rb") as file:
        return tomllib.load(file)
