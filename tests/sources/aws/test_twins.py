from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from guardrails import catalog, engine
from guardrails.catalog import AnyCheck
from guardrails.finding import Kind
from guardrails.model import Model, Resource, Symbolic, UnknownValue, Value, reveal
from guardrails.sources import read
from guardrails.sources.aws.collectors import services

TWINS = Path(__file__).parents[3] / "fixtures" / "twins"
NAMES = sorted(path.parent.name for path in TWINS.glob("*/account.json"))

# Types whose instances are known by something else than their id.
KEYS = {
    "aws_account_alternate_contact": ("alternate_contact_type",),
    "aws_caller_identity": (),  # one for the account
    "aws_ec2_instance_metadata_defaults": (),  # one for the region
    "aws_servicequotas_service_quota": ("quota_code",),
    "aws_ebs_encryption_by_default": (),  # one for the region
    "aws_db_instance": ("identifier",),
    "aws_iam_group_policy": ("group", "name"),
    "aws_iam_group_policy_attachment": ("group", "policy_arn"),
    "aws_iam_role_policy": ("role", "name"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user_group_membership": ("user",),
    "aws_iam_user_policy": ("user", "name"),
    "aws_iam_user_policy_attachment": ("user", "policy_arn"),
    "aws_lb_target_group_attachment": ("target_group_arn", "target_id"),
    "aws_volume_attachment": ("volume_id", "instance_id"),
    "aws_lambda_provisioned_concurrency_config": ("function_name", "qualifier"),
    "aws_ecs_task_definition": ("arn",),
    "aws_s3_bucket_acl": ("bucket",),
    "aws_appautoscaling_target": ("resource_id", "scalable_dimension"),
}

# Data sources that an account has, too; others ask for something that is told otherwise.
DATA = ("aws_caller_identity", "aws_servicequotas_service_quota")

# Types that a live account has no instance of, and why.
ABSENT = {
    "aws_lambda_function_url": "the simulator has no list of them",
}

# Attributes that cannot be equal, and why. `*` stands for any type.
DIFFER = {
    ("*", "tags_all"): "the account's has AWS's own tags, the state's those of the provider's default_tags",
    ("*", "id"): "compared where it is the key; else an id that Terraform makes up",
    ("aws_iam_policy", "policy_id"): "the simulator does not tell it among the details",
    ("aws_vpc_dhcp_options", "arn"): "the simulator does not tell the owner",
    ("aws_vpc_dhcp_options", "owner_id"): "the simulator does not tell the owner",
    ("aws_ec2_transit_gateway_vpc_attachment", "transit_gateway_default_route_table_association"): "told by resources",
    ("aws_ec2_transit_gateway_vpc_attachment", "transit_gateway_default_route_table_propagation"): "told by resources",
    ("aws_kms_grant", "key_id"): "the key's id or its ARN, as it was written",
    ("aws_s3_bucket_acl", "acl"): "AWS keeps the grants, not the name that they were made by",
    ("aws_vpn_gateway", "amazon_side_asn"): "the simulator does not tell it",
    ("aws_ecs_service", "deployment_maximum_percent"): "the simulator does not tell it",
    ("aws_ecs_service", "deployment_minimum_healthy_percent"): "the simulator does not tell it",
}


# The same, of plans alone.
_DEFAULT = "what the plan leaves to AWS has its default in the account"
PLANNED = {
    ("aws_acm_certificate", "options"): _DEFAULT,
    ("aws_config_configuration_recorder", "recording_group"): _DEFAULT,
    ("aws_dynamodb_table", "table_class"): _DEFAULT,
    ("aws_dynamodb_table", "ttl"): _DEFAULT,
    ("aws_ecr_repository", "encryption_configuration"): _DEFAULT,
    ("aws_ecr_repository", "image_scanning_configuration"): _DEFAULT,
    ("aws_ecs_service", "propagate_tags"): _DEFAULT,
    ("aws_lb", "access_logs"): _DEFAULT,
    ("aws_sqs_queue", "kms_data_key_reuse_period_seconds"): _DEFAULT,
    ("aws_eks_node_group", "remote_access"): "the simulator makes it up",
    ("aws_elasticache_cluster", "security_group_ids"): "the simulator forgets them",
    ("aws_vpn_connection", "static_routes_only"): "the simulator forgets it",
    ("aws_iam_openid_connect_provider", "url"): "AWS tells it without its scheme",
    ("aws_network_acl", "ingress"): "AWS tells protocols by their numbers",
    ("aws_security_group", "ingress"): "a set, which has no order while its sources are not known",
}


def _models(name: str) -> tuple[Model, Model]:
    [state] = read([TWINS / name / "state.json"])
    [account] = read([TWINS / name / "account.json"])
    return state, account


def _key(resource: Resource) -> tuple[object, ...]:
    names = KEYS.get(resource.type, ("id",))
    return tuple(_plain(resource.raw(name)) for name in names)


def _plain(value: Value) -> Any:
    """As something that compares: sets sorted, policies decoded, marks removed."""
    value = reveal(value)
    match value:
        case UnknownValue() | Symbolic():
            return value
        case str():
            text = str.__str__(value)
            if text[:1] in ("{", "["):
                try:
                    return _canonical(json.loads(text))
                except ValueError:
                    return text
            return text
        case list():
            return sorted((_plain(item) for item in value), key=lambda item: json.dumps(item, default=repr))
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value


def _canonical(value: Any) -> Any:
    """Policies with one element and a list of one are the same to IAM and to the provider."""
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return _canonical(value[0]) if len(value) == 1 else sorted((_canonical(v) for v in value), key=json.dumps)
    return value


def _differences(state: Any, live: Any, path: str) -> Iterator[str]:
    """Where two values contradict each other; what one of them does not say does not."""
    if isinstance(state, UnknownValue | Symbolic) or isinstance(live, UnknownValue | Symbolic):
        return
    if isinstance(state, Mapping) and isinstance(live, Mapping):
        for key in state.keys() & live.keys():
            yield from _differences(state[key], live[key], f"{path}.{key}")
        return
    if isinstance(state, list) and isinstance(live, list) and len(state) == len(live):
        for one, other in zip(_aligned(state, live), _aligned(live, state), strict=True):
            yield from _differences(one, other, f"{path}[]")
        return
    if _empty(state) and _empty(live):
        return
    if state != live:
        yield f"{path}: state {state!r}, account {live!r}"


def _aligned(items: list[Any], others: list[Any]) -> list[Any]:
    """Objects in the order of what both sides say of them."""
    if not items or not all(isinstance(item, Mapping) for item in (*items, *others)):
        return items
    shared = set.intersection(*(set(item) for item in (*items, *others)))
    return sorted(
        items, key=lambda item: json.dumps({k: item[k] for k in sorted(shared)}, default=repr, sort_keys=True)
    )


def _empty(value: Any) -> bool:
    """Null, empty and zero are one to the provider where an argument is not set."""
    return not value


def _compare(name: str, design: str) -> tuple[list[str], dict[str, int]]:
    """What an account contradicts of `plan` or `state`, and how many attributes were compared, by type."""
    state, account = _models(name)
    [whole] = [state] if design == "state" else read([TWINS / name / "plan.json"])
    live = {(resource.type, _key(resource)): resource for resource in account.all()}
    wrong: list[str] = []
    compared: dict[str, int] = {}
    for resource in whole.all():
        if (resource.mode == "data" and resource.type not in DATA) or resource.type in ABSENT:
            continue
        known = state.at(resource.address)  # a plan does not know ids yet
        assert known is not None, resource.address
        twin = live.get((resource.type, _key(known)))
        if twin is None:
            wrong.append(f"{resource.address}: not in the account ({_key(known)})")
            continue
        for attribute in set(resource.values) & set(twin.values):
            if design == "plan" and (resource.type, attribute) in PLANNED:
                continue
            here, there = _plain(resource.raw(attribute)), _plain(twin.raw(attribute))
            if ("*", attribute) in DIFFER or (resource.type, attribute) in DIFFER:
                continue
            if not isinstance(here, UnknownValue | Symbolic) and not isinstance(there, UnknownValue | Symbolic):
                wrong += [f"{resource.address}: {line}" for line in _differences(here, there, attribute)]
                compared[resource.type] = compared.get(resource.type, 0) + 1
    return wrong, compared


@pytest.mark.parametrize("design", ["plan", "state"])
@pytest.mark.parametrize("name", NAMES)
def test_an_account_is_as_terraform_says(name: str, design: str) -> None:
    """Every resource of a recorded plan and state is in the recorded account, with the same values."""
    wrong, _ = _compare(name, design)

    assert wrong == []


@pytest.mark.parametrize(("design", "attributes"), [("plan", 800), ("state", 1500)])
def test_the_twins_cover_many_types(design: str, attributes: int) -> None:
    """At least 100 types are compared, of every service."""
    compared: dict[str, int] = {}
    for name in NAMES:
        for type_, count in _compare(name, design)[1].items():
            compared[type_] = compared.get(type_, 0) + count
    print(f"{design}: {len(compared)} types, {sum(compared.values())} attributes")

    assert len(compared) >= 100
    assert sum(compared.values()) >= attributes
    served = {
        each.name for each in services().values() if {t.removeprefix("data.") for t in each.types} & compared.keys()
    }
    assert services().keys() - served == set()


# Findings that one side alone can have, and why.
ELSEWHERE = {
    "access-key-in-state": "Terraform's own",
    "endpoint-closed-to-clients": "the simulator's interfaces of endpoints have no security groups",
    "incomplete-baseline": "asked of designs alone",
    "nodes-cannot-join": "the simulator makes no instances for node groups",
    "pinned-template-version": "an account does not tell who keeps the template",
    "wide-data-read": "of AWS's own policies told at the policy that an account shows, in a design at its attachment",
}


@cache
def _checks() -> list[AnyCheck]:
    return list(catalog.load([]).checks.values())


def _findings(model: Model, kinds: Collection[Kind], shared: Collection[tuple[str, Any]]) -> set[tuple[str, Any]]:
    """Which check finds what, of the resources that both sides have."""
    keys = {each.address: (each.type, _key(each)) for each in model.all()}
    report = engine.run([model], _checks())
    assert not [problem for problem in report.problems if problem.stage == "check"]
    return {
        (each.check, keys[each.resource])
        for each in report.findings
        if each.kind in kinds and each.resource in keys and keys[each.resource] in shared
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_account_has_the_findings_of_terraforms_state_of_it(name: str) -> None:
    """Security and productivity: the same checks find the same resources on both sides."""
    state, account = _models(name)
    shared = {(each.type, _key(each)) for each in state.all()} & {(each.type, _key(each)) for each in account.all()}
    kinds = (Kind.SECURITY, Kind.PRODUCTIVITY)

    differing = _findings(state, kinds, shared) ^ _findings(account, kinds, shared)

    assert sorted(each for each in differing if each[0] not in ELSEWHERE) == []
