from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.model import (
    Gap,
    LiveLocation,
    Model,
    Problem,
    Ref,
    Resource,
    Resources,
    Sensitive,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
)
from guardrails.sources import read, snapshot
from guardrails.sources.document import Unusable
from guardrails.sources.live import NOT_COLLECTED, Providers, live_resource
from guardrails.sources.snapshot import compare, read_snapshot, write_snapshot

REGION = "eu-west-1"


def _resource(type_: str = "aws_vpc", name: str = "vpc-1", /, **values: Value) -> Resource:
    return live_resource(
        type_,
        name,
        values,
        address=f"{type_}.{name}",
        mode="managed",
        place=LiveLocation(f"arn:aws:ec2:{REGION}:123456789012:vpc/{name}", "123456789012", REGION),
        provider=Providers().of(REGION),
    )


def _model(*resources: Resource, gaps: tuple[Gap, ...] = ()) -> Model:
    return Model("123456789012", "account", Resources(resources), gaps=gaps)


@pytest.mark.parametrize("name", ["account.json", "account.json.gz"])
def test_a_snapshot_gives_the_same_model(name: str, tmp_path: Path) -> None:
    """Resources with every kind of value, gaps and problems come back as they were."""
    place = LiveLocation("arn:aws:ec2:eu-west-1:123456789012:", "123456789012", REGION)
    symbolic = Symbolic("a", Ref("aws_vpc.x", "id"), UnknownValue("not collected: it may hold secrets"))
    values: dict[str, Value] = {
        "cidr_block": "10.0.0.0/16",
        "number": 3,
        "rate": 0.5,
        "flag": True,
        "nothing": None,
        "list": [1, "a", [True], {"b": None}],
        "unknown": UnknownValue("AccessDenied: ec2:DescribeVpcs", (Ref("aws_vpc.a", "id"),), many=True),
        "symbolic": symbolic,
        "odd": {"$unknown": "not a mark", "x": [{"$y": 1}]},
    }
    model = Model(
        "123456789012",
        "account",
        Resources([_resource(**values)]),
        gaps=[
            Gap("AccessDenied: ec2:DescribeVpcs", frozenset({"aws_vpc"}), place),
            Gap("s3 was not asked for", frozenset({"aws_s3_bucket"}), chosen=True),
        ],
        problems=[Problem("collect", "AccessDenied: ec2:DescribeVpcs", place)],
    )

    write_snapshot(tmp_path / name, [model])
    [back] = read([tmp_path / name])

    [resource] = back.all()
    assert dict(resource.values) == {**values, "symbolic": resource.values["symbolic"]}
    found = resource.values["symbolic"]
    assert isinstance(found, Symbolic)
    assert found.parts == symbolic.parts
    assert (resource.address, resource.type, resource.name) == ("aws_vpc.vpc-1", "aws_vpc", "vpc-1")
    assert resource.region == REGION
    assert resource.place() == LiveLocation(f"arn:aws:ec2:{REGION}:123456789012:vpc/vpc-1", "123456789012", REGION)
    assert (back.name, back.kind) == ("123456789012", "account")
    assert back.gaps == model.gaps
    assert back.problems == model.problems


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.builds(UnknownValue, st.text(), st.just(()), st.booleans()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("$unknown"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _values, max_size=4))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_value_comes_back(values: dict[str, Value]) -> None:
    """What is encoded decodes to the same, whatever its keys and texts are."""
    text = json.dumps({key: snapshot._encode(value) for key, value in values.items()})

    assert {key: snapshot._decode(value) for key, value in json.loads(text).items()} == values


def test_what_was_not_collected_is_not_absent() -> None:
    """An attribute of the provider that no collector reads is unknown; one that AWS left out is absent."""
    vpc = _resource(cidr_block="10.0.0.0/16", ipv6_cidr_block=None)

    assert vpc.raw("enable_network_address_usage_metrics") == NOT_COLLECTED
    assert vpc.text("ipv6_cidr_block") == ""
    assert vpc.raw("no_such_attribute") is None
    with pytest.raises(Unknown, match="not collected from live accounts"):
        vpc.flag("enable_dns_support")


def test_a_sensitive_value_is_not_saved(tmp_path: Path) -> None:
    """It is unknown afterwards, and its text is not in the file."""
    path = tmp_path / "account.json"
    write_snapshot(path, [_model(_resource("aws_db_instance", "db", password=Sensitive("hunter2")))])

    assert "hunter2" not in path.read_text()
    [back] = read_snapshot(path)
    [resource] = back.all()
    assert resource.raw("password") == UnknownValue("sensitive: it is not kept in a snapshot")


def test_a_snapshot_is_for_its_owner(tmp_path: Path) -> None:
    """Nobody else may read it."""
    path = tmp_path / "account.json.gz"
    write_snapshot(path, [_model()])

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_run_leaves_the_old_snapshot(tmp_path: Path) -> None:
    """The file is replaced when the new one is whole, and nothing else stays behind."""
    path = tmp_path / "account.json.gz"
    write_snapshot(path, [_model(_resource())])
    old = path.read_bytes()

    def broken() -> Iterator[Model]:
        yield _model(_resource("aws_vpc", "vpc-2"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_snapshot(path, broken())

    assert path.read_bytes() == old
    assert [entry.name for entry in tmp_path.iterdir()] == ["account.json.gz"]


def test_the_same_account_gives_the_same_bytes(tmp_path: Path) -> None:
    """So that a snapshot can be kept under version control."""
    for name in ("a.json.gz", "b.json.gz"):
        model = _model(_resource(tags={"b": "1", "a": "2"}))
        model.cache["collected"] = "2026-11-24T08:00:00Z"
        write_snapshot(tmp_path / name, [model])

    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


def test_several_accounts_share_a_file(tmp_path: Path) -> None:
    """Each is a model of its own, in their order."""
    models = [Model(name, "account", Resources([])) for name in ("111111111111", "222222222222")]
    path = tmp_path / "org.json.gz"

    assert write_snapshot(path, models) == 2
    assert [model.name for model in read_snapshot(path)] == ["111111111111", "222222222222"]


WHOLE = '{"guardrails_snapshot":1,"tool":"0","accounts":[{"account":"1","resources":[%s]}]}'
RESOURCE = '{"type":"aws_vpc","name":"a","address":"aws_vpc.a","values":%s}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"guardrails_snapshot":2,"accounts":[]}', "version 2, this guardrails reads version 1"),
        ('{"guardrails_snapshot":"1","accounts":[]}', "not as guardrails writes a snapshot"),
        ('{"guardrails_snapshot":1}', "not as guardrails writes a snapshot"),
        ('{"guardrails_snapshot":1,"accounts":{}}', "not as guardrails writes a snapshot"),
        ('{"guardrails_snapshot":1,"accounts":[{"account":"1"}]}', "not as guardrails writes a snapshot"),
        (WHOLE % "[]", "not as guardrails writes a snapshot"),
        (WHOLE % (RESOURCE % "[]"), "not as guardrails writes a snapshot"),
        (WHOLE % (RESOURCE % '{"a":{"$unknown":1}}'), "a value with an unknown mark"),
        (WHOLE % (RESOURCE % '{"a":{"$ref":["a","b"]}}'), "a value with an unknown mark"),
        (WHOLE % (RESOURCE % '{"a":{"$symbolic":[1]}}'), "a part of a text"),
        (WHOLE % (RESOURCE % '{"a":{"$unknown":["r",[["a"]],false]}}'), "a reference that is not"),
        ((WHOLE % (RESOURCE % "{}"))[:-3], "not a whole snapshot"),
        (WHOLE % (RESOURCE % ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}")), "nested too deeply"),
        (WHOLE % (RESOURCE % '{"a":"\ud800"}'), "not valid UTF-8|not a whole snapshot"),
        ("", "not a whole snapshot"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_that_is_no_snapshot_is_refused(
    text: str, reason: str, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    """With what is wrong with it, and never with anything but that."""
    path = tmp_path / "account.json"
    path.write_bytes(pack(text.encode("utf-8", "surrogatepass")))

    with pytest.raises(Unusable, match=reason):
        read_snapshot(path)


def test_a_compressed_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it would hold is not read into memory."""
    monkeypatch.setattr(snapshot, "MAX_BYTES", 4 << 20)
    path = tmp_path / "bomb.json.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(64):
            file.write(b" " * (1 << 20))

    with pytest.raises(Unusable, match="is larger than 4 MiB"):
        read_snapshot(path)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_cut_file_is_refused(keep: float, tmp_path: Path) -> None:
    """Compressed data that end early are no snapshot."""
    path = tmp_path / "account.json.gz"
    write_snapshot(path, [_model(*(_resource("aws_vpc", f"vpc-{n}", cidr_block=f"10.{n}.0.0/16") for n in range(200)))])
    data = path.read_bytes()
    path.write_bytes(data[: 12 + int((len(data) - 12) * keep)])

    with pytest.raises(Unusable, match=r"broken|whole"):
        read_snapshot(path)


def test_a_file_that_is_no_snapshot_is_a_problem_of_the_run(tmp_path: Path) -> None:
    """Among others it does not end the run."""
    path = tmp_path / "account.json.gz"
    path.write_bytes(gzip.compress(b'{"guardrails_snapshot":2,"accounts":[]}'))

    [model] = read([path])

    assert len(model.problems) == 1
    assert "version 2" in model.problems[0].message


def test_snapshots_are_compared_by_address() -> None:
    """Added, removed and changed; what is unknown on one side, or may have been missed, is not a change."""
    denied = Gap("AccessDenied: sqs:ListQueues", frozenset({"aws_sqs_queue"}))
    before = _model(
        _resource("aws_vpc", "vpc-1", cidr_block="10.0.0.0/16", enable_dns_support=True),
        _resource("aws_vpc", "vpc-2"),
        gaps=(denied,),
    )
    after = _model(
        _resource("aws_vpc", "vpc-1", cidr_block="10.1.0.0/16", enable_dns_support=UnknownValue("denied")),
        _resource("aws_vpc", "vpc-3"),
        _resource("aws_sqs_queue", "jobs"),
    )

    found = [(d.address, d.change, d.attribute, d.before, d.after) for d in compare(before, after)]

    assert found == [
        ("aws_vpc.vpc-1", "changed", "cidr_block", "10.0.0.0/16", "10.1.0.0/16"),
        ("aws_vpc.vpc-2", "removed", "", None, None),
        ("aws_vpc.vpc-3", "added", "", None, None),
    ]
