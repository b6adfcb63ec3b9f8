"""What things cost."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from guardrails.account.prices import FILE, Cost, dated, instance_cost, monthly_cost
from guardrails.model import Provider, Resource


def thing(region: str) -> Resource:
    """Something in a region."""
    return Resource("aws_nat_gateway", "main", {}, provider=Provider(config={"region": region} if region else {}))


@pytest.mark.parametrize(
    ("item", "region", "quantity", "expected"),
    [
        ("nat-gateway", "us-east-1", 1, "32.85 USD a month"),
        ("nat-gateway", "ap-southeast-1", 1, "43.07 USD a month"),
        ("nat-gateway", "eu-west-1", 1, "32.85 USD a month (list price of us-east-1)"),
        ("nat-gateway", "", 2, "65.70 USD a month (list price of us-east-1)"),
        ("public-ipv4", "eu-west-1", 1, "3.65 USD a month"),
        ("ebs-gp3", "us-west-2", 20_000, "1,600.00 USD a month"),
        ("lambda-provisioned-gb-second", "us-east-1", 10, "109.50 USD a month"),
    ],
)
def test_a_month_of_a_thing(item: str, region: str, quantity: float, expected: str) -> None:
    """By the price of its region, else by that of us-east-1, which is said."""
    assert str(monthly_cost(item, thing(region), quantity)) == expected


@pytest.mark.parametrize(
    ("service", "kind", "expected"),
    [
        ("ec2", "m5.large", 70.08),
        ("ec2", "t3.nano", 3.80),
        ("ec2", "m5.4xlarge", 560.64),
        ("ec2", "m5.metal", None),
        ("ec2", "x9.large", None),
        ("rds", "db.t4g.micro", 11.77),
        ("elasticache", "cache.r5.xlarge", 315.36),
    ],
)
def test_a_month_of_an_instance(service: str, kind: str, expected: float | None) -> None:
    """Sizes cost in proportion; what the file does not have has no price, not the price of nothing."""
    usd = instance_cost(service, kind, thing("us-east-1")).usd
    assert (None if usd is None else round(usd, 2)) == expected


def test_what_has_no_price_says_so() -> None:
    """It names what is missing, and makes every sum unknown."""
    unknown = instance_cost("ec2", "x9.large", thing("us-east-1"))
    assert str(unknown) == f"an unknown amount: the price file of {dated()} does not have x9.large"
    assert (Cost(1.0) + unknown).usd is None
    assert (unknown * 2).usd is None
    assert monthly_cost("ebs-gp9", thing("us-east-1"), 100).missing == "ebs-gp9"


def test_every_price_has_its_source() -> None:
    """The file has a date, and each price the page where AWS publishes it."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))

    assert isinstance(table["dated"], date)
    entries = [*table["prices"].items(), *table["families"].items()]
    assert [name for name, entry in entries if not entry["page"].startswith("https://aws.amazon.com/")] == []
    assert [name for name, entry in table["prices"].items() if not entry["us-east-1"] > 0 or not entry["unit"]] == []
