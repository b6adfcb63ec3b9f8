"""What a design or an account uses of AWS's quotas, and what it may have."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

from guardrails.account.vcpus import is_standard, vcpus
from guardrails.model import LiveLocation, Model, Resource, Symbolic, Unknown, Value, reveal

_FILE = Path(__file__).parent / "data" / "quotas.json"
_QUOTAS = "data.aws_servicequotas_service_quota"


class Quota(Struct, frozen=True):
    """One quota of a region."""

    name: str
    """Of what: `VPCs`."""
    service: str
    code: str
    """AWS's own code."""
    default: int | None
    """What AWS gives where nobody asked for more; None where that depends on the account's history."""
    counts: tuple[str, ...]
    """The resource types that count."""
    per: str
    """`zone` for one that holds for each availability zone, `vcpu` for one that counts vCPUs, else empty."""
    where: tuple[str, str] | None
    """An attribute and the value that it must have to count."""
    source: str


class Usage(Struct, frozen=True):
    """How much of a quota is used in one region."""

    quota: Quota
    region: str
    """Empty where the design does not say; of a zone's quota, the zone."""
    used: int
    limit: int | None
    """None where it is not known."""
    in_force: bool
    """Whether the limit was read from the account; else it is AWS's default."""
    resources: tuple[Resource, ...]
    """What counts, live things first."""
    planned: int
    """How much of it a design adds or keeps."""


@cache
def quotas() -> tuple[Quota, ...]:
    """The quotas that designs run out of."""
    return tuple(
        Quota(
            each["name"],
            each["service"],
            each["code"],
            each["default"],
            tuple(each["counts"]),
            each.get("per", ""),
            tuple(each["where"]) if "where" in each else None,
            each["source"],
        )
        for each in json.loads(_FILE.read_text(encoding="utf-8"))["quotas"]
    )


def usages(model: Model) -> Iterator[Usage]:
    """What is used of each quota by region, what surely exists alone. Never raises."""
    limits = _limits(model)
    for quota in quotas():
        groups: dict[tuple[str, str], list[tuple[Resource, int]]] = defaultdict(list)
        for resource in model.all(*quota.counts):
            weight = 0 if resource.conditional else _weight(quota, resource)
            if weight:
                groups[_place(quota, resource)].append((resource, weight))
        for (_, place), found in sorted(groups.items()):
            found.sort(key=lambda pair: not _is_live(pair[0]))
            region = place.rstrip("abcdef") if quota.per == "zone" else place
            in_force = limits.get((quota.code, region))
            yield Usage(
                quota,
                place,
                sum(weight for _, weight in found),
                quota.default if in_force is None else in_force,
                in_force is not None,
                tuple(resource for resource, _ in found),
                sum(weight for resource, weight in found if not _is_live(resource)),
            )


def _limits(model: Model) -> dict[tuple[str, str], int]:
    """The quotas in force that the account told, by code and region."""
    found: dict[tuple[str, str], int] = {}
    for resource in model.all(_QUOTAS):
        value, code = resource.raw("value"), resource.raw("quota_code")
        if isinstance(value, int | float) and isinstance(code, str) and not isinstance(code, Symbolic):
            found[code, _region(resource)] = int(value)
    return found


def _weight(quota: Quota, resource: Resource) -> int:
    """How much a resource counts; nothing where that is not known."""
    try:
        if quota.per == "vcpu":
            return _vcpus(resource)
        if quota.where and resource.text(quota.where[0], default="application") != quota.where[1]:
            return 0
        if resource.type == "aws_eip" and resource.text("public_ipv4_pool", default="amazon") not in ("", "amazon"):
            return 0  # an address of one's own pool
    except Unknown:
        return 0
    return 1


def _vcpus(resource: Resource) -> int:
    if resource.type == "aws_instance":
        spot = resource.text("instance_lifecycle", default="") == "spot" or any(
            resource.blocks("instance_market_options")
        )
        running = resource.text("instance_state", default="running") in ("running", "pending")
        type_ = resource.text("instance_type", default="")
        return vcpus(type_) if running and not spot and is_standard(type_) else 0
    if _is_live(resource):
        return 0  # its instances count themselves
    template = resource.block("launch_template")
    if template is None:
        return 0  # mixed instances: which types it takes is decided by what there is
    found = resource.model.resolve(
        template.raw("id") if template.is_set("id") else template.raw("name"), "aws_launch_template"
    )
    if found is None or any(found.blocks("instance_market_options")):
        return 0
    type_ = found.text("instance_type", default="")
    count = resource.number("desired_capacity", default=resource.number("min_size"))
    return count * vcpus(type_) if is_standard(type_) else 0


def _place(quota: Quota, resource: Resource) -> tuple[str, str]:
    """What is counted together: of a provider that is not the default one nobody knows whose account it means."""
    account = "" if _is_live(resource) else resource.provider.alias
    if quota.per == "zone":
        subnet = resource.model.resolve(_raw(resource, "subnet_id"), "aws_subnet", "aws_default_subnet")
        zone = reveal(subnet.raw("availability_zone")) if subnet else None
        if isinstance(zone, str) and not isinstance(zone, Symbolic):
            return account, str(zone)
        return account, f"unknown zone of {resource.address}"
    return account, _region(resource)


def _raw(resource: Resource, name: str) -> Value:
    value = reveal(resource.raw(name))
    return value if isinstance(value, str) else None


def _region(resource: Resource) -> str:
    try:
        return resource.region
    except Unknown:
        return ""


def _is_live(resource: Resource) -> bool:
    return isinstance(resource.place(), LiveLocation)
