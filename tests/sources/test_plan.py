import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from guardrails.model import (
    Location,
    Model,
    Ref,
    Resource,
    Sensitive,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
    decode_json,
    refs_of,
    reveal,
)
from guardrails.sources import read
from guardrails.sources.plan import PlannedResource, read_plan

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"
CASES = sorted(path.parent.name for path in PLANS.glob("*/plan.json"))

Json = Any  # what a recorded plan holds is data of the test


def planned(case: str) -> Model:
    """The model of a recorded plan, read without its configuration."""
    return read_plan(PLANS / case / "plan.json")


def at(model: Model, address: str) -> Resource:
    """The resource of an address that is there."""
    found = model.at(address)
    assert found is not None
    return found


def resources(module: Json) -> Iterator[Json]:
    """Every resource of a module of `planned_values`."""
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from resources(child)


def unlike(value: Value, expected: Json, path: str = "") -> Iterator[str]:
    """The paths at which a value is not what the plan says, where the plan says anything."""
    value = reveal(value)
    if isinstance(expected, dict) and isinstance(value, dict):
        for name, item in expected.items():
            yield from unlike(value.get(name), item, f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(value, list) and len(value) == len(expected):
        for index, item in enumerate(expected):
            yield from unlike(value[index], item, f"{path}[{index}]")
    elif expected is None and isinstance(value, Symbolic | UnknownValue):
        return  # an unknown element of a list
    elif type(value) is type(expected) or not isinstance(value, str):
        if value != expected:
            yield path
    elif str.__str__(value) != expected:
        yield path


@pytest.mark.parametrize("case", CASES)
def test_known_values_are_those_of_the_plan(case: str) -> None:
    """Every value that Terraform planned is in the model."""
    document = json.loads((PLANS / case / "plan.json").read_text())
    model = planned(case)

    wrong = [
        f"{expected['address']}{path}"
        for expected in resources(document["planned_values"]["root_module"])
        for name, value in expected.get("values", {}).items()  # one to be forgotten has none
        for path in unlike(at(model, expected["address"]).raw(name), value, f".{name}")
    ]

    assert wrong == []
    assert model.problems == []


def masked(mask: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths at which a mask holds."""
    match mask:
        case True:
            yield path
        case dict():
            for name, item in mask.items():
                yield from masked(item, (*path, name))
        case list():
            for index, item in enumerate(mask):
                yield from masked(item, (*path, index))


@pytest.mark.parametrize("case", CASES)
def test_what_is_known_after_apply_is_never_a_plain_value(case: str) -> None:
    """A value that Terraform does not know is unknown, symbolic, or absent where the provider may fill it in."""
    document = json.loads((PLANS / case / "plan.json").read_text())
    model = planned(case)

    for change in document["resource_changes"]:
        if change["change"]["after"] is None:
            continue
        for path in masked(change["change"]["after_unknown"]):
            value = reveal(at(model, change["address"]).raw(*path))
            elements = value if isinstance(value, list) else [value]
            assert all(item is None or isinstance(item, Symbolic | UnknownValue) for item in elements), (
                change["address"],
                path,
                value,
            )


@pytest.mark.parametrize("case", CASES)
def test_sensitive_values_never_print(case: str) -> None:
    """Whatever the plan marks as sensitive is marked in the model."""
    document = json.loads((PLANS / case / "plan.json").read_text())
    model = planned(case)

    for change in document["resource_changes"]:
        for path in masked(change["change"].get("after_sensitive")):
            value = at(model, change["address"]).raw(*path)
            assert value is None or isinstance(value, Sensitive | Symbolic | UnknownValue), (change["address"], path)


def test_secrets_of_the_provider_are_hidden_where_the_plan_does_not_say() -> None:
    """A password is sensitive by the provider's schema alone."""
    text = json.dumps(
        {
            "format_version": "1.0",
            "resource_changes": [
                {
                    "address": "aws_db_instance.d",
                    "type": "aws_db_instance",
                    "name": "d",
                    "change": {"actions": ["create"], "after": {"password": "hunter2", "engine": "mysql"}},
                }
            ],
        }
    )
    database = at(read_text(text), "aws_db_instance.d")

    assert database.raw("password") == Sensitive("hunter2")
    assert str(database.get("password")) == "(sensitive value)"
    assert database.raw("engine") == "mysql"


def test_a_reference_through_module_outputs_links_two_resources() -> None:
    """What a module hands to another leads to the resource that it came from."""
    model = planned("modules")

    balancer = at(model, "module.service[1].aws_lb.this")
    group = model.at("module.service[1].module.group.aws_security_group.this")
    assert group is not None
    assert list(balancer.items("security_groups")) == [Symbolic(Ref(group.address, "id"))]
    assert model.resolve(next(balancer.items("security_groups")), "aws_security_group") is group
    assert group.text("vpc_id") == Symbolic(Ref('module.network["blue"].aws_vpc.this', "id"))


def test_computed_attributes_name_their_own_resource() -> None:
    """An id and an ARN are symbolic, another unknown attribute of the provider says whose it is."""
    bucket = at(planned("unknown"), "aws_s3_bucket.logs")

    assert bucket.raw("id") == Symbolic(Ref("aws_s3_bucket.logs", "id"))
    assert bucket.raw("arn") == Symbolic(Ref("aws_s3_bucket.logs", "arn"))
    policy = at(planned("unknown"), "aws_iam_policy.built")
    assert policy.raw("attachment_count") == UnknownValue(
        "known after apply: aws_iam_policy.built.attachment_count", (Ref("aws_iam_policy.built", "attachment_count"),)
    )


def test_what_is_left_to_the_provider_is_named() -> None:
    """An optional attribute that the configuration does not set is the resource's own, a block is not there."""
    model = planned("unknown")
    instance, group = at(model, "aws_instance.i"), at(model, "aws_security_group.other")

    assert instance.raw("availability_zone") == Symbolic(Ref("aws_instance.i", "availability_zone"))
    assert instance.raw("metadata_options") == []
    assert group.raw("egress") == UnknownValue(
        "known after apply: aws_security_group.other.egress", (Ref("aws_security_group.other", "egress"),)
    )
    assert instance.raw("root_block_device", 0, "device_name") == Symbolic(
        Ref("aws_instance.i", "root_block_device.0.device_name")
    )


@pytest.mark.parametrize("case", CASES)
def test_the_configuration_says_the_same_of_what_is_not_known(case: str) -> None:
    """With its configuration or without, a plan's unknown values refer to nothing but what the other knows."""
    alone = planned(case)
    (helped,) = read([PLANS / case / "plan.json"])

    for resource in (r for r in helped.all() if r.mode == "managed"):
        for name in resource.values:
            with_help, without = resource.raw(name), at(alone, resource.address).raw(name)
            if isinstance(without, Symbolic) and without.ref:
                assert with_help == without, (resource.address, name)


def test_a_policy_around_an_unknown_value_is_unknown_and_says_of_what() -> None:
    """Without its configuration, a policy text is not guessed, but its references are there."""
    policy = at(planned("unknown"), "aws_iam_policy.built")

    assert {str(ref) for ref in policy.refs("policy")} == {"aws_s3_bucket.logs.arn", "aws_s3_bucket.named.bucket"}
    with pytest.raises(Unknown, match=r"known after apply: aws_s3_bucket\.logs\.arn"):
        policy.text("policy")
    assert not isinstance(at(planned("changes"), "aws_iam_role_policy.p").raw("policy"), Symbolic)


def test_a_policy_document_that_is_read_later_is_put_together() -> None:
    """Its statements are in the plan, holes and all, and so is the policy made of it."""
    model = planned("unknown")
    policy = decode_json(at(model, "aws_iam_policy.document").text("policy"))

    assert isinstance(policy, dict)
    assert isinstance(policy["Statement"], list)
    first, second = policy["Statement"]
    assert isinstance(first, dict)
    assert first["Action"] == "kms:Decrypt"
    assert [str(ref) for ref in refs_of(first["Resource"])] == ["aws_kms_key.k.arn"]
    assert second == {"Sid": "Star", "Effect": "Allow", "Action": "*", "Resource": "*"}
    assert at(model, "data.aws_iam_policy_document.d").text("json") == at(model, "aws_iam_policy.document").text(
        "policy"
    )


def test_a_list_gives_its_known_elements_before_it_raises() -> None:
    """An unknown element of a list does not hide the known ones."""
    data = at(planned("unknown"), "terraform_data.x")
    seen: list[Value] = []

    with pytest.raises(Unknown):
        seen.extend(data.items("input", "list"))

    assert data.raw("input", "list", 0) == "a"
    assert data.raw("input", "list", 2) == "c"


def test_actions_before_and_after() -> None:
    """Each resource carries its action; what goes is in the design before, what stays is in both."""
    model = planned("changes")
    before = model.before

    assert before is not None
    assert {r.address: r.action for r in model.all() if r.mode == "managed"} == {
        "aws_iam_role.r": "no-op",
        "aws_iam_role_policy.p": "create",
        'aws_sns_topic.many["a"]': "no-op",
        'aws_sns_topic.many["b"]': "create",
        "module.m.aws_sns_topic.t[0]": "no-op",
        "module.m.aws_sns_topic.t[1]": "create",
        "aws_sqs_queue.created": "create",
        "aws_sqs_queue.new_name": "no-op",
        "aws_sqs_queue.untouched": "no-op",
        "aws_subnet.replaced": "replace",
        "aws_vpc.main": "update",
    }
    assert before.at("aws_sqs_queue.deleted") is not None
    assert before.at("aws_sqs_queue.forgotten") is not None
    assert model.at("aws_sqs_queue.deleted") is None
    assert at(before, "aws_vpc.main").raw("tags") == {"Name": "before"}
    assert at(model, "aws_vpc.main").raw("tags") == {"Name": "after"}
    assert at(before, "aws_ssm_parameter.secret").raw("value") == Sensitive("s3cr3t-value")


def test_replacements_and_moves_are_kept() -> None:
    """A replaced resource says why, a moved one where it was."""
    model = planned("changes")
    subnet = model.at("aws_subnet.replaced")
    queue = model.at("aws_sqs_queue.new_name")

    assert isinstance(subnet, PlannedResource)
    assert subnet.replace_paths == (("cidr_block",),)
    assert subnet.reason == "replace_because_cannot_update"
    assert isinstance(queue, PlannedResource)
    assert queue.previous_address == "aws_sqs_queue.old_name"


def test_provider_configurations_reach_their_resources() -> None:
    """Region, alias and default tags come from the plan's configuration, variables filled in."""
    model = planned("providers")

    default, other = at(model, "aws_sqs_queue.default"), at(model, "module.passed.aws_sns_topic.t")
    assert (default.region, default.provider.alias) == ("eu-west-1", "")
    assert (other.region, other.provider.alias) == ("us-west-2", "dr")
    assert other.provider.config["default_tags"] == [{"tags": {"team": "recovery"}}]
    assert at(model, "module.both.aws_sns_topic.other").region == "eu-west-2"
    assert at(model, "aws_sqs_queue.default").raw("tags_all") == {"stage": "default", "team": "platform"}


def test_data_that_were_read_are_part_of_the_design() -> None:
    """A data source that Terraform read while it planned has its values, one that waits is unknown."""
    identity = at(planned("data-sources"), "data.aws_caller_identity.me")
    document = at(planned("unknown"), "data.aws_iam_policy_document.d")

    assert identity.raw("account_id") == "123456789012"
    assert document.action == "read"
    assert document.raw("statement", 1, "actions") == ["*"]


def test_without_configuration_a_finding_stands_in_the_plan() -> None:
    """The location is the line of the plan that tells of the resource."""
    path = PLANS / "repetition" / "plan.json"
    queue = at(planned("repetition"), 'aws_sqs_queue.all["orders"]')
    place = queue.place("name")

    assert isinstance(place, Location)
    line = path.read_text().splitlines()[place.line - 1]
    assert line.strip() == '"address": "aws_sqs_queue.all[\\"orders\\"]",'
    assert line[place.column - 1 :].startswith('"address"')


def read_text(text: str | bytes) -> Model:
    """The model of a plan with this text."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_plan(path)


def change(address: str, **more: Json) -> Json:
    """A resource change that creates a queue."""
    return {
        "address": address,
        "type": "aws_sqs_queue",
        "name": address.rpartition(".")[2].partition("[")[0],
        "change": {"actions": ["create"], "after": {"name": "q"}, "after_unknown": {}} | more.pop("change", {}),
    } | more


def plan(*changes: Json, **more: Json) -> str:
    """The text of a plan of these changes."""
    return json.dumps({"format_version": "1.2", "resource_changes": changes, "configuration": {}} | more)


def problem(text: str | bytes) -> str:
    """The one thing that is wrong with a text, without the path."""
    model = read_text(text)
    assert list(model.all()) == []
    assert len(model.gaps) == 1
    (found,) = model.problems
    assert isinstance(found.location, Location)
    return f"{found.location.line}: {found.message.partition('plan.json ')[2]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"PK\x03\x04binary", "1: is a binary plan: run `terraform show -json FILE > plan.json`"),
        (b'{\n "format_version": "1.2",\n oops\n}', "3: is not valid JSON: JSON is malformed"),
        (b'{"format_version": "1.2", "resource_changes": [', "1: is not valid JSON: Input data was truncated"),
        (b"", "1: is not valid JSON: Input data was truncated"),
        (b"[]", "1: is not a plan of Terraform or OpenTofu"),
        (b'{"a": 1}', "1: is not a plan of Terraform or OpenTofu"),
        (
            b'{"@level":"info","@message":"Terraform 1.11.4"}\n{}\n',
            "1: is the log of `terraform plan -json`, not a plan",
        ),
        (
            b'{"format_version": "0.2", "resource_changes": []}',
            "1: has format version '0.2', and only 1.x is supported",
        ),
        (
            b'{"format_version": "2.0", "resource_changes": []}',
            "1: has format version '2.0', and only 1.x is supported",
        ),
        (b'{"format_version": 1, "resource_changes": []}', "1: is not as Terraform writes it: Expected `str`"),
        (b'{"format_version": "1.2", "resource_changes": [{"address": 3}]}', "1: is not as Terraform writes it"),
        (b'{"format_version": "1.2", "resource_changes": {"a": 1}}', "1: is not as Terraform writes it"),
        (b'{"format_version": "1.2", "resource_changes": [' + b"[" * 50_000, "1: is nested too deeply"),
        (b'{"format_version": "\xff\xfe", "resource_changes": []}', "1: is not valid UTF-8"),
        (b"\xff\xfe{", "1: is not valid UTF-16"),
    ],
)
def test_what_is_not_a_plan_is_a_problem_that_says_why(text: bytes, expected: str) -> None:
    """Each wrong file is one problem with its line, and nothing can be said of what it does not hold."""
    assert problem(text).startswith(expected)


def test_a_plan_without_changes_gives_its_planned_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are looked at, and it is said that they leave open what is known after apply."""
    resource = {
        "address": "aws_vpc.v",
        "mode": "managed",
        "type": "aws_vpc",
        "name": "v",
        "values": {"cidr_block": "x"},
    }
    monkeypatch.chdir(tmp_path)
    path = Path("plan.json")
    path.write_text(json.dumps({"format_version": "1.2", "planned_values": {"root_module": {"resources": [resource]}}}))

    model = read_plan(path)

    assert at(model, "aws_vpc.v").get("cidr_block") == "x"
    assert [problem.message for problem in model.incomplete()] == [
        "plan.json has no resource_changes: what is known after apply looks as if it were not set"
    ]
    with pytest.raises(Unknown, match="has no resource_changes"):
        list(model.resources("aws_subnet"))


def test_a_plan_in_utf16_is_read() -> None:
    """What older PowerShells write is a plan too."""
    text = plan(change("aws_sqs_queue.q"))

    for encoded in (text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        assert at(read_text(encoded), "aws_sqs_queue.q").raw("name") == "q"


def test_a_missing_file_is_a_problem() -> None:
    """A plan that cannot be opened does not stop the others."""
    model = read_plan(Path("nowhere/plan.json"))

    (found,) = model.problems
    assert found.message == "nowhere/plan.json cannot be read: No such file or directory"


def test_an_address_that_comes_twice_is_a_problem() -> None:
    """The first of two resources of one address is taken, and the second one reported."""
    model = read_text(plan(change("aws_sqs_queue.q"), change("aws_sqs_queue.q", change={"after": {"name": "other"}})))

    assert [r.raw("name") for r in model.all("aws_sqs_queue")] == ["q"]
    assert [p.message.partition(": ")[2] for p in model.problems] == ["aws_sqs_queue.q is there twice"]


@pytest.mark.parametrize("after", [[], "text", 5, {"name": [[]] * 3}])
def test_values_of_the_wrong_shape_are_unknown(after: Json) -> None:
    """A resource whose values cannot be decoded has only unknown ones, and a problem."""
    model = read_text(
        plan(change("aws_sqs_queue.q", change={"after": after, "after_unknown": {"name": [{"x": True}]}}))
    )
    queue = at(model, "aws_sqs_queue.q")

    if isinstance(after, dict) and isinstance(after["name"], list):
        assert isinstance(queue.raw("name", 0), UnknownValue)
    else:
        with pytest.raises(Unknown):
            queue.text("name")
        assert len(model.problems) == 1


def test_deep_values_are_unknown() -> None:
    """Nesting that no resource has ends in a problem, not in a crash."""
    for depth in (300, 900):
        deep: Json = True
        for _ in range(depth):
            deep = {"a": deep}
        model = read_text(plan(change("aws_sqs_queue.q", change={"after_unknown": {"tags": deep}})))
        for queue in model.all("aws_sqs_queue"):
            assert queue.raw("tags") is not True
        assert model.problems or model.at("aws_sqs_queue.q")


def test_a_plan_that_failed_or_is_partial_has_a_gap() -> None:
    """What such a plan does not show may still be there."""
    failed = read_text(plan(change("aws_sqs_queue.q"), errored=True))
    partial = read_text(plan(change("aws_sqs_queue.q"), complete=False))

    assert len(failed.problems) == 1
    for model in (failed, partial):
        with pytest.raises(Unknown):
            list(model.resources("aws_flow_log"))
    assert partial.problems == []


def test_resources_outside_of_the_plan_stay() -> None:
    """What the prior state has and the plan does not speak of is part of the design."""
    state = {
        "format_version": "1.0",
        "values": {
            "root_module": {
                "resources": [
                    {"address": "aws_sqs_queue.rest", "type": "aws_sqs_queue", "name": "rest", "values": {"name": "r"}},
                    {"address": "aws_sqs_queue.gone", "type": "aws_sqs_queue", "name": "gone", "values": {}},
                    {"address": "aws_sqs_queue.old", "type": "aws_sqs_queue", "name": "old", "values": {}},
                ]
            }
        },
    }
    model = read_text(
        plan(
            change("aws_sqs_queue.gone", change={"actions": ["delete"], "after": None}),
            change("aws_sqs_queue.q", previous_address="aws_sqs_queue.old"),
            change("aws_sqs_queue.q", deposed="0a1b2c3d", change={"actions": ["delete"], "after": None}),
            prior_state=state,
        )
    )

    assert [r.address for r in model.all()] == ["aws_sqs_queue.q", "aws_sqs_queue.rest"]


def test_deferred_changes_are_part_of_the_design() -> None:
    """A change that is put off is there, and a resource whose number is not known may be."""
    model = read_text(
        plan(
            deferred_changes=[
                {"reason": "resource_config_unknown", "resource_change": change("aws_sqs_queue.later")},
                {"reason": "instance_count_unknown", "resource_change": change("aws_sqs_queue.some[0]")},
            ],
            complete=False,
        )
    )
    later = model.at("aws_sqs_queue.later")

    assert isinstance(later, PlannedResource)
    assert (later.deferred, later.conditional) == ("resource_config_unknown", "")
    assert at(model, "aws_sqs_queue.some[0]").conditional == "how many there will be is not known"


def test_an_import_is_told() -> None:
    """A resource that comes under management unchanged is an import."""
    model = read_text(plan(change("aws_sqs_queue.q", change={"actions": ["no-op"], "importing": {"id": "x"}})))

    assert at(model, "aws_sqs_queue.q").action == "import"
