"""A plan laid over the account that it will change: what will be there afterwards, managed and not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.model import LiveLocation, Model, Resource, Symbolic, Unknown, UnknownValue, Value, reveal
from guardrails.sources.live import Providers, live_resource

# How a resource is known in its account and region where its `id` is one that Terraform makes up, or not known yet.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "aws_autoscaling_group": ("name",),
    "aws_cloudwatch_log_group": ("name",),
    "aws_db_instance": ("identifier",),
    "aws_dynamodb_table": ("name",),
    "aws_ecr_repository": ("name",),
    "aws_ecs_service": ("cluster", "name"),
    "aws_eks_cluster": ("name",),
    "aws_iam_group": ("name",),
    "aws_iam_group_policy": ("group", "name"),
    "aws_iam_group_policy_attachment": ("group", "policy_arn"),
    "aws_iam_instance_profile": ("name",),
    "aws_iam_role": ("name",),
    "aws_iam_role_policy": ("role", "name"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user": ("name",),
    "aws_iam_user_policy": ("user", "name"),
    "aws_iam_user_policy_attachment": ("user", "policy_arn"),
    "aws_kms_alias": ("name",),
    "aws_lambda_function": ("function_name",),
    "aws_lambda_permission": ("function_name", "statement_id"),
    "aws_lb_target_group_attachment": ("target_group_arn", "target_id"),
    "aws_rds_cluster": ("cluster_identifier",),
    "aws_route_table_association": ("subnet_id",),
    "aws_s3_bucket": ("bucket",),
    "aws_sns_topic": ("name",),
    "aws_sqs_queue": ("name",),
    "aws_sqs_queue_policy": ("queue_url",),
    "aws_sns_topic_policy": ("arn",),
    "aws_volume_attachment": ("volume_id", "instance_id"),
}
# Settings of an account or a region, of which there is one.
_SINGLE = frozenset(
    {
        "aws_account_alternate_contact",
        "aws_ebs_default_kms_key",
        "aws_ebs_encryption_by_default",
        "aws_ebs_snapshot_block_public_access",
        "aws_ec2_image_block_public_access",
        "aws_ec2_instance_metadata_defaults",
        "aws_ec2_serial_console_access",
        "aws_iam_account_alias",
        "aws_iam_account_password_policy",
        "aws_s3_account_public_access_block",
        "aws_vpc_block_public_access_options",
    }
)
_SAME = {"aws_alb": "aws_lb", "aws_alb_listener": "aws_lb_listener", "aws_alb_target_group": "aws_lb_target_group"}

_Token = tuple[str, ...]


def overlay(plan: Model, live: Model) -> Model:
    """What the account will hold once the plan is applied: what is planned, and what else is live.

    A live resource that the plan manages, whether it stays, changes or goes, is the plan's to tell; the plan's own
    resources keep their addresses, and their references to what exists resolve. Of rules that the plan manages apart
    from their live group, route table or network ACL, the former state is taken out. `before` is the same picture
    before the plan.
    """
    return _laid(plan, live, None if plan.before is None else _laid(plan.before, live, None))


def _laid(design: Model, live: Model, before: Model | None) -> Model:
    prior = design.before if design.before is not None else design
    managed = [*(r for r in prior.all() if r.mode == "managed"), *(r for r in design.all() if r.mode == "managed")]
    known = {token for resource in managed for token in _tokens(resource)}
    rules = [r for r in prior.all(*_RULES) if r.mode == "managed"]
    laid = Model(
        design.name,
        design.kind,
        _Overlay(design, live, known, rules),
        gaps=[*design.gaps, *live.gaps],
        problems=[*design.problems, *live.problems],
        comments=design.comments,
        files=design.files,
        before=before,
    )
    laid.outputs = design.outputs
    return laid


class _Overlay:
    """The table of an overlay."""

    def __init__(self, design: Model, live: Model, known: Collection[_Token], rules: Sequence[Resource]) -> None:
        self._design = design
        self._live = live
        self._known = known
        self._rules = rules
        self._providers = Providers()
        self._taken = {resource.address for resource in design.all()}

    def types(self) -> Collection[str]:
        """See `ResourceTable.types`."""
        return dict.fromkeys([*self._design.types(), *self._live.types()])

    def of_type(self, type: str, /) -> Sequence[Resource]:  # noqa: A002  # the field's own name
        """See `ResourceTable.of_type`."""
        return [*self._design.all(type), *self._others(type)]

    def _others(self, type_: str) -> Iterator[Resource]:
        for resource in self._live.all(type_):
            if resource.mode == "managed" and any(token in self._known for token in _tokens(resource)):
                continue
            yield self._copy(resource, self._without_rules(resource))

    def _without_rules(self, resource: Resource) -> Mapping[str, Value]:
        values = resource.values
        for rule in self._rules:
            subtract = _RULES[rule.type]
            values = subtract(values, resource, rule)
        return values

    def _copy(self, resource: Resource, values: Mapping[str, Value]) -> Resource:
        """The same resource as part of another model, where need be under another address."""
        place = resource.locate(()).location
        address = resource.address
        if address in self._taken:  # a bucket `logs` beside a planned `aws_s3_bucket.logs`
            address = f'{address.removesuffix(resource.key)}["account {self._live.name}"]'
        return live_resource(
            resource.type,
            resource.name,
            dict(values.items()),
            address=address,
            mode=resource.mode,
            place=place if isinstance(place, LiveLocation) else LiveLocation(resource.address),
            provider=self._providers.of(_region(resource)),
        )


def _region(resource: Resource) -> str:
    """Its provider's; where that comes from the environment, the one in its ARN, if it has one yet."""
    try:
        if resource.region:
            return resource.region
    except Unknown:
        pass
    parts = _text(resource, "arn").split(":")
    return parts[3] if len(parts) > 5 else ""


def _family(resource: Resource) -> str:
    type_ = _SAME.get(resource.type, resource.type)
    return f"aws_{type_.removeprefix('aws_default_')}" if type_.startswith("aws_default_") else type_


def _tokens(resource: Resource) -> Iterator[_Token]:
    """By what it is known: its ARN or id anywhere, its name where names are unique in the region."""
    family = _family(resource)
    region = _region(resource)
    if family in _SINGLE:
        yield (family, region if family.startswith(("aws_e", "aws_v")) else "")
        return
    for name in ("arn", "id"):
        if text := _text(resource, name):
            # An id that is a name says nothing of another region.
            yield (family, text) if text.startswith("arn:") or _is_given(text) else (family, region, text)
    for keys in (_KEYS.get(family, ("bucket",) if family.startswith("aws_s3_bucket_") else ()),):
        texts = [_text(resource, key) for key in keys]
        if keys and all(texts):
            if family.startswith(("aws_iam_", "aws_s3_bucket")):
                region = ""
            yield (family, region, "key", *(text for text in texts if text))


def _is_given(text: str) -> bool:
    """Whether AWS gave the id, so that it is unique in the world."""
    digits = text.rpartition("-")[2]
    return len(digits) in (8, 17) and all(char in "0123456789abcdef" for char in digits)


def _text(resource: Resource, name: str) -> str:
    value = reveal(resource.raw(name))
    if isinstance(value, UnknownValue | Symbolic) or not isinstance(value, str):
        return ""
    return str.__str__(value)


# Rules that stand apart from the group, table or list that they belong to


def _without_group_rule(values: Mapping[str, Value], group: Resource, rule: Resource) -> Mapping[str, Value]:
    if _family(group) != "aws_security_group" or _text(rule, "security_group_id") != _text(group, "id"):
        return values
    one = _group_rule(rule)
    direction = one.pop("direction")
    ports = (one.pop("protocol"), one.pop("from_port"), one.pop("to_port"))
    kept: list[Value] = []
    current = values.get(direction)
    for given in current if isinstance(current, list) else []:
        if isinstance(given, dict) and (given.get("protocol"), given.get("from_port"), given.get("to_port")) == ports:
            rest = {
                key: [item for item in value if item not in one[key]]
                if key in one and isinstance(value, list)
                else value
                for key, value in given.items()
            }
            if one["self"] and rest.get("self"):
                rest["self"] = False
            if any(rest.get(key) for key in (*_SOURCES, "self")):
                kept.append(rest)
        else:
            kept.append(given)
    return {**values, direction: kept}


_SOURCES = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups")


def _group_rule(rule: Resource) -> dict[str, Any]:
    """One form for the three types of rule."""

    def many(*names: str) -> list[str]:
        found: list[str] = []
        for name in names:
            value = reveal(rule.raw(name))
            items = value if isinstance(value, list) else [value]
            found += [str.__str__(item) for item in items if isinstance(item, str) and not isinstance(item, Symbolic)]
        return found

    if rule.type == "aws_security_group_rule":
        direction = _text(rule, "type") or "ingress"
        protocol = _text(rule, "protocol")
    else:
        direction = "egress" if rule.type.endswith("_egress_rule") else "ingress"
        protocol = _text(rule, "ip_protocol")
    every = protocol in ("-1", "all")
    groups = many("source_security_group_id", "referenced_security_group_id")
    own = _text(rule, "security_group_id")
    return {
        "direction": direction,
        "protocol": "-1" if every else protocol,
        "from_port": 0 if every else rule.raw("from_port"),
        "to_port": 0 if every else rule.raw("to_port"),
        "cidr_blocks": many("cidr_blocks", "cidr_ipv4"),
        "ipv6_cidr_blocks": many("ipv6_cidr_blocks", "cidr_ipv6"),
        "prefix_list_ids": many("prefix_list_ids", "prefix_list_id"),
        "security_groups": [group for group in groups if group != own],
        "self": rule.raw("self") is True or own in groups,
    }


def _without_route(values: Mapping[str, Value], table: Resource, route: Resource) -> Mapping[str, Value]:
    if _family(table) != "aws_route_table" or _text(route, "route_table_id") != _text(table, "id"):
        return values
    wanted = {
        "cidr_block": _text(route, "destination_cidr_block"),
        "ipv6_cidr_block": _text(route, "destination_ipv6_cidr_block"),
        "destination_prefix_list_id": _text(route, "destination_prefix_list_id"),
    }
    return {**values, "route": list(_others(values.get("route"), wanted))}


def _without_acl_rule(values: Mapping[str, Value], acl: Resource, rule: Resource) -> Mapping[str, Value]:
    if _family(acl) != "aws_network_acl" or _text(rule, "network_acl_id") != _text(acl, "id"):
        return values
    direction = "egress" if rule.raw("egress") is True else "ingress"
    return {**values, direction: list(_others(values.get(direction), {"rule_no": rule.raw("rule_number")}))}


def _others(items: Value, wanted: Mapping[str, Value]) -> Iterable[Value]:
    """The objects of a list that do not have all of these."""
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict) or any((item.get(key) or "") != (value or "") for key, value in wanted.items()):
            yield item


_Subtract = Callable[[Mapping[str, Value], Resource, Resource], Mapping[str, Value]]
_RULES: Mapping[str, _Subtract] = {
    "aws_security_group_rule": _without_group_rule,
    "aws_vpc_security_group_ingress_rule": _without_group_rule,
    "aws_vpc_security_group_egress_rule": _without_group_rule,
    "aws_route": _without_route,
    "aws_network_acl_rule": _without_acl_rule,
}
