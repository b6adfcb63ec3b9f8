"""Reading resources, and asking a design as a whole."""

from __future__ import annotations

import pytest

from guardrails.model import (
    Block,
    Gap,
    Location,
    Model,
    Problem,
    Provider,
    Ref,
    Resource,
    Resources,
    Sensitive,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
    plain,
    type_of,
)

MAYBE = UnknownValue("var.open has no value")


def bucket(name: str = "logs", **values: Value) -> Resource:
    """Make a bucket."""
    return Resource("aws_s3_bucket", name, values)


def design(*resources: Resource, gaps: tuple[Gap, ...] = ()) -> Model:
    """Make a configuration."""
    return Model(".", "configuration", Resources(resources), gaps=gaps)


def test_known_elements_come_before_the_doubt() -> None:
    """A list gives what it knows and raises only then."""
    names = bucket(names=[MAYBE, "a", None, "b"]).texts("names")
    assert [next(names), next(names)] == ["a", "b"]
    with pytest.raises(Unknown, match=r"aws_s3_bucket\.logs: names: var\.open has no value"):
        next(names)


def test_an_absent_attribute_gives_the_default() -> None:
    """Null and absent are the same."""
    assert bucket(versioned=None).flag("versioned", default=True)
    assert bucket().text("acl", default="private") == "private"
    assert bucket().number("days", default=7) == 7


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), (True, True), ("1", True)])
def test_a_flag_takes_what_terraform_converts(value: Value, expected: bool) -> None:
    """Strings stand for booleans."""
    assert bucket(versioned=value).flag("versioned") is expected


def test_a_flag_that_is_known_after_apply_is_unknown() -> None:
    """A symbolic boolean raises."""
    with pytest.raises(Unknown):
        bucket(versioned=Symbolic(Ref("aws_x.y", "z"))).flag("versioned")


def test_a_single_nested_block_is_read_through() -> None:
    """`block.attribute` needs no index where there is one block."""
    assert bucket(rule=[{"days": 3}]).number("rule", "days") == 3


def test_nested_blocks_know_their_path() -> None:
    """Blocks of a list and a block that is one object are read the same way."""
    assert [b.path for b in bucket(rule=[{"a": 1}, {"a": 2}]).blocks("rule")] == [("rule", 0), ("rule", 1)]
    assert [b.path for b in bucket(rule={"a": 1}).blocks("rule")] == [("rule",)]


def test_a_value_below_a_sensitive_one_is_sensitive() -> None:
    """Reading into a marked object keeps the mark."""
    assert f"{bucket(login=Sensitive({'password': 'hunter2'})).text('login', 'password')}" == "(sensitive value)"


def test_an_attribute_known_after_apply_is_set() -> None:
    """is_set is True for what will have a value, and raises for what may not."""
    assert bucket(key=UnknownValue("known after apply", (Ref("aws_kms_key.k", "arn"),))).is_set("key")
    with pytest.raises(Unknown):
        bucket(key=MAYBE).is_set("key")


def test_what_is_left_to_the_provider_gives_the_default() -> None:
    """An unset computed attribute is not set, and a default given by the reader stands for it."""
    zone = Symbolic(Ref("aws_s3_bucket.logs", "zone"))
    logs = bucket(zone=zone, open=UnknownValue("known after apply", (Ref("aws_s3_bucket.logs", "open"),)))
    assert not logs.is_set("zone")
    assert logs.text("zone") == zone
    assert logs.text("zone", default="none") == "none"
    assert logs.flag("open", default=True)
    assert list(logs.items("open")) == []


def test_asking_for_none_is_unknown_where_there_may_be_one() -> None:
    """A resource with an unknown count is no proof of absence."""
    model = design(Resource("aws_flow_log", "a", {}, conditional="var.logs has no value"))
    assert [r.name for r in model.all("aws_flow_log")] == ["a"]
    with pytest.raises(Unknown, match=r"aws_flow_log\.a may exist: var\.logs has no value"):
        any(model.resources("aws_flow_log"))


def test_a_gap_hides_only_its_types() -> None:
    """A denied call makes answers about its own types unknown, and no others."""
    model = design(gaps=(Gap("AccessDenied: ec2:DescribeFlowLogs", frozenset({"aws_flow_log"})),))
    assert list(model.resources("aws_vpc")) == []
    with pytest.raises(Unknown, match="AccessDenied: ec2:DescribeFlowLogs"):
        list(model.resources("aws_flow_log"))


def test_what_is_incomplete_is_told_once() -> None:
    """A gap is no further problem where a problem with the same place tells of it already."""
    broken, called = Location("a.tf", 1), Location("b.tf", 2)
    model = Model(
        ".",
        "configuration",
        Resources(()),
        gaps=[Gap("a.tf:1 could not be parsed", location=broken), Gap('module "m" is not installed', location=called)],
        problems=[Problem("parse", "a block does not end", broken)],
    )
    assert model.incomplete() == [
        Problem("parse", "a block does not end", broken),
        Problem("read", 'module "m" is not installed', called),
    ]


def test_a_reference_resolves_to_its_resource() -> None:
    """By symbolic attribute, by unknown value with one reference, and by id."""
    logs = bucket(id="example-logs")
    model = design(logs)
    assert model.resolve(Symbolic(Ref("aws_s3_bucket.logs", "id")), "aws_s3_bucket") is logs
    assert model.resolve(UnknownValue("x", (Ref("aws_s3_bucket.logs", "id"),))) is logs
    assert model.resolve("example-logs", "aws_s3_bucket") is logs
    assert model.resolve("other", "aws_s3_bucket") is None
    assert model.resolve(Symbolic(Ref("aws_s3_bucket.logs", "id")), "aws_vpc") is None


def test_an_address_without_key_means_the_only_instance() -> None:
    """`aws_x.y` finds `aws_x.y[0]` if there is no `aws_x.y[1]`."""
    one = Resource("aws_vpc", "a", {}, address="aws_vpc.a[0]")
    two = [Resource("aws_vpc", "b", {}, address=f"aws_vpc.b[{i}]") for i in range(2)]
    model = design(one, *two)
    assert model.at("aws_vpc.a") is one
    assert model.at("aws_vpc.b") is None
    assert model.at("aws_vpc.b[1]") is two[1]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("aws_vpc.main", "aws_vpc"),
        ("data.aws_vpc.main", "data.aws_vpc"),
        ('module.a["x.y"].module.b[0].aws_vpc.main["k.z"]', "aws_vpc"),
        ("module.a.data.aws_vpc.main", "data.aws_vpc"),
    ],
)
def test_the_type_is_read_from_an_address(address: str, expected: str) -> None:
    """Keys with dots and brackets do not disturb."""
    assert type_of(address) == expected


def test_the_module_is_read_from_an_address() -> None:
    """Everything before the resource, without `data.`."""
    inner = Resource("aws_vpc", "main", {}, address='module.a["x"].aws_vpc.main[0]')
    source = Resource("aws_vpc", "main", {}, address="module.a.data.aws_vpc.main", mode="data")
    assert (inner.module, inner.key) == ('module.a["x"]', "[0]")
    assert source.module == "module.a"


def test_the_region_is_the_providers() -> None:
    """A region that is not configured is unknown, with the reason."""
    assert Resource("aws_vpc", "a", {}, provider=Provider(config={"region": "eu-west-1"})).region == "eu-west-1"
    with pytest.raises(Unknown, match="no region is configured"):
        _ = Resource("aws_vpc", "a", {}).region


def test_values_are_shown_without_what_is_unknown_or_secret() -> None:
    """They are listed with their reasons."""
    shown, unknown = plain({"a": 1, "b": MAYBE, "c": [Symbolic(Ref("aws_x.y", "id"))], "d": Sensitive("hunter2")})
    assert shown == {"a": 1, "c": [None]}
    assert unknown == {"b": "var.open has no value", "c[0]": "known after apply: aws_x.y.id", "d": "(sensitive value)"}


def test_a_wrong_type_is_said() -> None:
    """A block that is a string is not silently nothing."""
    with pytest.raises(Unknown, match="is not a nested block"):
        list(Block(bucket(), (), {"rule": "x"}).blocks("rule"))
