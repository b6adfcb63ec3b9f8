from __future__ import annotations

from guardrails.model import (
    Action,
    Gap,
    LiveLocation,
    Model,
    Provider,
    Ref,
    Resource,
    Resources,
    Symbolic,
    UnknownValue,
    Value,
)
from guardrails.sources.live import Providers, live_resource
from guardrails.sources.overlay import overlay

REGION = "eu-west-1"
PROVIDER = Provider(config={"region": REGION})


def _live(type_: str, identifier: str, region: str = REGION, /, **values: Value) -> Resource:
    return live_resource(
        type_,
        identifier,
        {"id": identifier, **values},
        address=f"{type_}.{identifier}",
        mode="managed",
        place=LiveLocation(f"arn:{identifier}", "123456789012", region),
        provider=Providers().of(region),
    )


def _planned(address: str, action: Action = "no-op", /, **values: Value) -> Resource:
    type_, _, name = address.partition(".")
    return Resource(type_, name, values, provider=PROVIDER, action=action)


def _account(*resources: Resource) -> Model:
    return Model("123456789012", "account", Resources(resources))


def _plan(after: list[Resource], before: list[Resource]) -> Model:
    return Model("plan.json", "plan", Resources(after), before=Model("plan.json", "state", Resources(before)))


def _addresses(model: Model, *types: str) -> list[str]:
    return [resource.address for resource in model.all(*types)]


def test_a_reference_to_what_exists_resolves() -> None:
    """A planned subnet in a VPC that somebody else manages finds that VPC."""
    plan = _plan([_planned("aws_subnet.a", "create", vpc_id="vpc-0abc")], [])
    live = _account(_live("aws_vpc", "vpc-0abc", cidr_block="10.0.0.0/16"))

    whole = overlay(plan, live)

    subnet = whole.at("aws_subnet.a")
    assert subnet is not None
    vpc = whole.resolve(subnet.raw("vpc_id"), "aws_vpc")
    assert vpc is not None
    assert vpc.text("cidr_block") == "10.0.0.0/16"
    assert vpc.model is whole


def test_a_planned_resource_stands_for_its_live_one() -> None:
    """Whatever the plan does with it: it stays, changes, goes, or is replaced."""
    before = [_planned(f"aws_vpc.{name}", id=f"vpc-0000000{n}") for n, name in enumerate(("stays", "goes", "new"))]
    after = [
        _planned("aws_vpc.stays", id="vpc-00000000"),
        _planned("aws_vpc.new", "replace", id=UnknownValue("known after apply", (Ref("aws_vpc.new", "id"),))),
    ]
    live = _account(*(_live("aws_vpc", f"vpc-0000000{n}") for n in range(4)))

    whole = overlay(_plan(after, before), live)

    assert _addresses(whole) == ["aws_vpc.stays", "aws_vpc.new", "aws_vpc.vpc-00000003"]
    assert whole.before is not None
    assert _addresses(whole.before) == ["aws_vpc.stays", "aws_vpc.goes", "aws_vpc.new", "aws_vpc.vpc-00000003"]


def test_a_default_resource_is_known_under_either_type() -> None:
    """`aws_default_security_group` and `aws_security_group` with one id are one thing."""
    plan = _plan([_planned("aws_security_group.main", id="sg-00000001")], [])
    live = _account(_live("aws_default_security_group", "sg-00000001"))

    assert _addresses(overlay(plan, live)) == ["aws_security_group.main"]


def test_a_name_counts_in_its_region_alone() -> None:
    """A queue of the same name elsewhere is another queue; a role or a bucket is the same one everywhere."""
    plan = _plan(
        [
            _planned("aws_sqs_queue.jobs", "update", name="jobs"),
            _planned("aws_iam_role.app", "update", name="app"),
            _planned("aws_s3_bucket_policy.logs", "create", bucket="logs"),
        ],
        [],
    )
    live = _account(
        _live("aws_sqs_queue", "jobs-here", name="jobs"),
        _live("aws_sqs_queue", "jobs-there", "us-east-1", name="jobs"),
        _live("aws_iam_role", "app", "us-east-1", name="app"),
        _live("aws_s3_bucket_policy", "logs", "us-east-1", bucket="logs"),
        _live("aws_s3_bucket_policy", "other", "us-east-1", bucket="other"),
    )

    assert _addresses(overlay(plan, live)) == [
        "aws_sqs_queue.jobs",
        "aws_sqs_queue.jobs-there",
        "aws_iam_role.app",
        "aws_s3_bucket_policy.logs",
        "aws_s3_bucket_policy.other",
    ]


def test_a_live_resource_never_takes_a_planned_address() -> None:
    """A live bucket `logs` beside a planned `aws_s3_bucket.logs` of another name is told apart."""
    plan = _plan([_planned("aws_s3_bucket.logs", "create", bucket="team-logs")], [])
    live = _account(_live("aws_s3_bucket", "logs", bucket="logs"))

    whole = overlay(plan, live)

    assert _addresses(whole) == ["aws_s3_bucket.logs", 'aws_s3_bucket.logs["account 123456789012"]']
    assert whole.resolve(Symbolic(Ref("aws_s3_bucket.logs", "arn"))) is whole.at("aws_s3_bucket.logs")


def test_a_rule_that_the_plan_deletes_is_taken_out_of_its_live_group() -> None:
    """The group is not the plan's, so its live rules stand but for those that the plan manages."""
    opened: Value = {
        "protocol": "tcp",
        "from_port": 22,
        "to_port": 22,
        "cidr_blocks": ["0.0.0.0/0", "10.0.0.0/8"],
        "ipv6_cidr_blocks": [],
        "prefix_list_ids": [],
        "security_groups": [],
        "self": False,
    }
    web: Value = {**opened, "from_port": 443, "to_port": 443} if isinstance(opened, dict) else None
    live = _account(_live("aws_security_group", "sg-00000001", ingress=[opened, web], egress=[]))
    rule = _planned(
        "aws_vpc_security_group_ingress_rule.ssh",
        security_group_id="sg-00000001",
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
        cidr_ipv4="0.0.0.0/0",
    )

    whole = overlay(_plan([], [rule]), live)

    [group] = whole.all("aws_security_group")
    assert [(b.number("from_port"), list(b.texts("cidr_blocks"))) for b in group.blocks("ingress")] == [
        (22, ["10.0.0.0/8"]),
        (443, ["0.0.0.0/0", "10.0.0.0/8"]),
    ]


def test_a_route_that_the_plan_moves_is_the_plans_alone() -> None:
    """A live table without its managed route, whose new target stands in `aws_route`."""
    table = _live(
        "aws_route_table",
        "rtb-00000001",
        route=[
            {"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"},
            {"cidr_block": "10.9.0.0/16", "vpc_peering_connection_id": "pcx-1"},
        ],
    )
    route: dict[str, Value] = {"route_table_id": "rtb-00000001", "destination_cidr_block": "0.0.0.0/0"}
    plan = _plan(
        [_planned("aws_route.out", "update", **route, nat_gateway_id="nat-1")],
        [_planned("aws_route.out", **route, gateway_id="igw-1")],
    )

    whole = overlay(plan, _account(table))

    [found] = whole.all("aws_route_table")
    assert [block.text("cidr_block") for block in found.blocks("route")] == ["10.9.0.0/16"]
    assert _addresses(whole, "aws_route") == ["aws_route.out"]


def test_an_acl_rule_that_the_plan_deletes_is_taken_out() -> None:
    """By its number and direction."""
    rules: list[Value] = [{"rule_no": 100, "action": "allow"}, {"rule_no": 200, "action": "deny"}]
    acl = _live("aws_network_acl", "acl-00000001", ingress=rules, egress=rules)
    rule = _planned("aws_network_acl_rule.in", network_acl_id="acl-00000001", rule_number=100, egress=False)

    [found] = overlay(_plan([], [rule]), _account(acl)).all("aws_network_acl")

    assert [block.number("rule_no") for block in found.blocks("ingress")] == [200]
    assert [block.number("rule_no") for block in found.blocks("egress")] == [100, 200]


def test_what_either_could_not_read_is_missing_of_the_whole() -> None:
    """Gaps and problems of both are kept."""
    plan, live = _plan([], []), _account()
    live.gaps.append(Gap("AccessDenied: sqs:ListQueues", frozenset({"aws_sqs_queue"})))
    plan.gaps.append(Gap("module `a` is not installed"))

    assert overlay(plan, live).gaps == [*plan.gaps, *live.gaps]
