"""Prefix lists: customer-managed ones with their entries, and those of AWS services."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from guardrails.model import Model, Resource, Symbolic, Unknown, UnknownValue, Value, reveal
from guardrails.network.addresses import NOWHERE, AddressSet

_LISTS = ("aws_ec2_managed_prefix_list", "aws_prefix_list", "aws_vpc_endpoint")
_SERVICE = re.compile(
    r"(?:cn\.)?(?:com\.amazonaws|aws\.api)\.[a-z0-9~-]+\.(?:ipv6\.)?([a-z0-9.-]+?)(?:\.origin-facing)?", re.ASCII
)
_HOLE = re.compile(r"\$\{[^}]*\}")


class PrefixList(Struct, frozen=True):
    """A prefix list as a rule or route refers to it."""

    value: Value
    """The reference as it was written."""
    resource: Resource | None = None
    """The list, its data source, or the gateway endpoint that it belongs to, where in view."""
    addresses: AddressSet = NOWHERE
    """Its entries as far as they are known."""
    service: str = ""
    """For a list that AWS keeps: the service (`s3`, `dynamodb`, `cloudfront`). Its networks are never the internet."""
    unknown: str = ""
    """Why its entries are not all known; empty if they are, and for the list of a service."""

    @property
    def known(self) -> bool:
        """Whether `addresses` is all of it."""
        return not self.unknown and not self.service


def prefix_list(model: Model, value: Value) -> PrefixList:
    """The prefix list that a reference means. Never raises: what is not known is said in the answer."""
    value = reveal(value)
    key = ("network.prefix_list", str.__str__(value)) if isinstance(value, str) else None
    if key and key in model.cache:
        found = model.cache[key]
        assert isinstance(found, PrefixList)  # noqa: S101  # the key is this function's own
        return found
    result = _resolve(model, value)
    if key:
        model.cache[key] = result
    return result


def _resolve(model: Model, value: Value) -> PrefixList:
    try:
        resource = model.resolve(value, *_LISTS)
    except Unknown as unknown:
        return PrefixList(value, unknown=unknown.reason)
    if resource is None:
        return PrefixList(value, unknown=f"the entries of prefix list {_shown(value)} are not in view")
    match resource.type, resource.mode:
        case "aws_vpc_endpoint", _:
            return PrefixList(value, resource, service=endpoint_service(model, resource.raw("service_name")) or "aws")
        case _, "data":
            if service := service_of(resource.raw("name")) or _filtered(resource):
                entries = _entries(model, value, resource, "")
                return replace(entries, service=service, unknown="")
            return _entries(model, value, resource, f"{resource.address} is read at apply")
        case _:
            return _entries(model, value, resource, "")


def _entries(model: Model, value: Value, resource: Resource, missing: str) -> PrefixList:
    found: list[str] = []
    unknown = ""
    blocks = reveal(resource.raw("entry"))
    if blocks is None:
        blocks = reveal(resource.raw("entries"))
        unknown = missing if blocks is None else ""
    own = isinstance(blocks, UnknownValue) and any(r.address == resource.address for r in blocks.refs)
    if isinstance(blocks, UnknownValue) and not own:
        unknown = blocks.reason
    cidrs: list[Value] = []
    for block in blocks if isinstance(blocks, list) else [blocks]:
        match reveal(block):
            case dict() as entry:
                cidrs.append(entry.get("cidr"))
            case UnknownValue() as hole if not own:
                unknown = unknown or hole.reason
            case _:
                pass
    for each in model.all("aws_ec2_managed_prefix_list_entry"):
        try:
            mine = model.resolve(each.raw("prefix_list_id"), "aws_ec2_managed_prefix_list") is resource
        except Unknown:
            mine = any(r.address == resource.address for r in each.refs("prefix_list_id"))
        if mine:
            cidrs.append(each.raw("cidr"))
            unknown = unknown or each.conditional
    for cidr in map(reveal, cidrs):
        match cidr:
            case Symbolic() | UnknownValue():
                unknown = unknown or cidr.reason
            case str():
                found.append(str.__str__(cidr))
            case _:
                pass
    try:
        return PrefixList(value, resource, AddressSet.of(*found), unknown=unknown)
    except ValueError as error:
        return PrefixList(value, resource, unknown=str(error))


def service_of(name: Value) -> str:
    """The service in a name such as `com.amazonaws.eu-west-1.s3` or `com.amazonaws.global.cloudfront.origin-facing`,
    empty if it is none. A hole for the region does not hide the service.
    """
    name = reveal(name)
    if not isinstance(name, str):
        return ""
    match = _SERVICE.fullmatch(_HOLE.sub("~", str.__str__(name)))
    return match[1] if match else ""


def endpoint_service(model: Model, value: Value) -> str:
    """The service of a VPC endpoint by its `service_name`, which may come from a data source of the service. A name
    that is no service of AWS is given as it stands, one that is not known is empty.
    """
    value = reveal(value)
    if service := service_of(value):
        return service
    ref = value.ref if isinstance(value, Symbolic) else None
    source = model.at(ref.address) if ref is not None else None
    if source is not None and source.type == "aws_vpc_endpoint_service":
        named = reveal(source.raw("service"))
        if isinstance(named, str) and not isinstance(named, Symbolic):
            return str.__str__(named)
        return service_of(source.raw("service_name"))
    return str.__str__(value) if isinstance(value, str) and not isinstance(value, Symbolic) else ""


def _filtered(resource: Resource) -> str:
    filters = reveal(resource.raw("filter"))
    for each in filters if isinstance(filters, list) else [filters]:
        if isinstance(each, dict) and reveal(each.get("name")) == "prefix-list-name":
            values = reveal(each.get("values"))
            for value in values if isinstance(values, list) else [values]:
                if service := service_of(value):
                    return service
    return ""


def _shown(value: Value) -> str:
    return str.__str__(value) if isinstance(value, str) else "?"
