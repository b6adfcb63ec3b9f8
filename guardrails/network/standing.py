"""Whether the internet really reaches what a rule or a setting opens to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct

from guardrails.model import Model, Resource, Sensitive, Symbolic, Unknown, UnknownValue, Value, reveal
from guardrails.network.ports import NOTHING, PortSet
from guardrails.network.rule import GROUP_TYPES
from guardrails.network.security_group import RULE_TYPES, SecurityGroup
from guardrails.network.traffic import ALL_TRAFFIC, Traffic

if TYPE_CHECKING:
    from guardrails.network.lens import Network

_CACHE = "network.users"
_TEMPLATES = ("aws_launch_template", "aws_launch_configuration")
_BY_NAME = ("launch_template", "launch_configuration", "mixed_instances_policy", "launch_specification")
"""Attributes that may name a template."""
_NO_GROUPS = frozenset({"tags", "tags_all", "description", "policy", "assume_role_policy", "inline_policy"})
"""Attributes that put a group on nothing, whatever they name."""
# These put a group on what others launch or own: what counts is who uses them.
_RELAYS = {
    "aws_launch_template": "",
    "aws_launch_configuration": "",
    "aws_network_interface_sg_attachment": "network_interface_id",
    "aws_vpc_endpoint_security_group_association": "vpc_endpoint_id",
}
_SHOWN = 3
_KARPENTER = "karpenter.sh/"


class Standing(Struct, frozen=True):
    """How far something that is open to the internet is reachable end to end."""

    ports: PortSet
    """The ports on which the internet surely or possibly reaches it."""
    reason: str = ""
    """Why it is proved that there are none; empty otherwise."""

    @property
    def latent(self) -> bool:
        """Whether it is proved that the internet reaches nothing of it today."""
        return bool(self.reason)

    def told(self, fact: str) -> str:
        """A finding's fact, with the proof where it is latent."""
        return f"{fact}; latent: {self.reason}" if self.latent else fact


def standing(subject: SecurityGroup | Resource, traffic: Traffic = ALL_TRAFFIC) -> Standing:
    """Whether the internet reaches a resource, or a member of a security group, with what a rule lets in.

    It is proved that it does not where every member is in view and no way leads from the internet to one of them, and
    where an account of which all network interfaces were read has no member. A group whose members are not all in
    view, and a resource whose network is not, stand as open. Never raises.
    """
    if isinstance(subject, Resource):
        return _of_resource(subject, traffic)
    group = subject.resource
    everything = Standing(traffic.ports())
    if not subject.in_view or group.mode != "managed":
        return everything
    from guardrails.network.lens import Network  # noqa: PLC0415  # the engine is loaded only where something is open

    lens = Network.of(subject.model)
    members = lens.members(group)
    if subject.model.kind == "account":
        if not _complete(subject.model):
            return everything
        if not members:
            return Standing(NOTHING, "no network interface of the account is in the group")
    elif not members or not _all_in_view(lens, group):
        return everything
    perhaps = (i for i in lens.picture.interfaces.values() if i.groups_doubt and group.address not in i.groups)
    reached = NOTHING
    for interface in chain(members, perhaps):
        reached |= _wide(lens.from_internet(interface, traffic))
        if traffic.ports() <= reached:
            break
    if reached:
        return Standing(reached)
    names = list(dict.fromkeys(i.resource.address if i.resource else i.key for i in members))
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return Standing(NOTHING, f"the internet does not reach {shown}: {lens.kept_away(members, traffic)}")


def _of_resource(resource: Resource, traffic: Traffic) -> Standing:
    from guardrails.network.lens import Network  # noqa: PLC0415  # as above

    lens = Network.of(resource.model)
    members = lens.interfaces(resource)
    if not members:
        return Standing(traffic.ports())
    reached = NOTHING
    for interface in members:
        reached |= _wide(lens.from_internet(interface, traffic))
    if reached:
        return Standing(reached)
    return Standing(NOTHING, f"the internet does not reach it: {lens.kept_away(members, traffic)}")


def _wide(traffic: Traffic) -> PortSet:
    """The ports that are open to the internet at large, not to a few networks of it."""
    found = NOTHING
    for addresses, ports in traffic.pieces():
        if addresses.wide:
            found |= ports
    return found


def _complete(model: Model) -> bool:
    """Whether every network interface of an account was read."""
    try:
        for _ in model.resources("aws_network_interface"):
            pass
    except Unknown:
        return False
    return True


def _all_in_view(lens: Network, group: Resource) -> bool:
    """Whether everything that a design puts a group on is in the picture of the network, with this group on it."""
    if group.type == "aws_default_security_group":
        return False  # whatever is launched without a group gets it
    if _found_by_tag(group):
        return False
    if any(not gap.types for gap in group.model.gaps):
        return False  # a module that is not installed may have it, too
    users = _users(group.model)
    waiting = [users.resources[address] for address in users.of.get(group.address, ())]
    seen: set[str] = set()
    while waiting:
        user = waiting.pop()
        if user.address in seen:
            continue
        seen.add(user.address)
        relay = _RELAYS.get(user.type)
        if relay is None:
            if not any(group.address in i.groups for i in lens.interfaces(user)):
                return False
        elif relay == "":
            behind = users.of.get(user.address, ())
            if not behind:
                return False
            waiting += (users.resources[address] for address in behind)
        else:
            behind = tuple(ref.address for ref in user.refs(relay))
            if not any(group.address in i.groups for address in behind for i in lens.interfaces(address)):
                return False
    return True


def _found_by_tag(group: Resource) -> bool:
    """Whether Karpenter looks for the group by its tags, to launch nodes with it (Karpenter, "NodeClasses")."""
    tags = reveal(group.raw("tags"))
    return isinstance(tags, UnknownValue) or (isinstance(tags, dict) and any(t.startswith(_KARPENTER) for t in tags))


class _Users(Struct):
    """Who refers to security groups and launch templates."""

    of: dict[str, tuple[str, ...]]
    """By address of the group or template: the addresses of the resources that refer to it."""
    resources: dict[str, Resource]


def _users(model: Model) -> _Users:
    cached = model.cache.get(_CACHE)
    if isinstance(cached, _Users):
        return cached
    names = _Names(model)
    found: dict[str, dict[str, None]] = {}
    resources: dict[str, Resource] = {}
    for resource in model.all():
        if resource.type in GROUP_TYPES or resource.type in RULE_TYPES or resource.mode == "data":
            continue
        for name in resource.values:
            if name in _NO_GROUPS:
                continue  # not evaluated at all
            value = resource.raw(name)
            plain = names.every if name in _BY_NAME else names.ids
            for target in _mentioned(value, plain, names.addresses) if name != "id" else ():
                if target != resource.address:
                    found.setdefault(target, {})[resource.address] = None
                    resources[resource.address] = resource
    users = model.cache[_CACHE] = _Users({k: tuple(v) for k, v in found.items()}, resources)
    return users


class _Names:
    """What security groups and launch templates are called."""

    def __init__(self, model: Model) -> None:
        self.addresses: dict[str, list[str]] = {}
        """By address, and by that of all instances of a resource."""
        self.ids: dict[str, str] = {}
        self.every: dict[str, str] = {}
        for resource in model.all(*GROUP_TYPES, *_TEMPLATES):
            for name in {resource.address, resource.address.removesuffix(resource.key)}:
                self.addresses.setdefault(name, []).append(resource.address)
            for attribute in ("id", "name") if resource.type in _TEMPLATES else ("id",):
                value = resource.raw(attribute)
                if isinstance(value, str) and not isinstance(value, Symbolic) and value != "":
                    self.every[str.__str__(value)] = resource.address
                    if attribute == "id":
                        self.ids[str.__str__(value)] = resource.address


def _mentioned(value: Value, plain: Mapping[str, str], addresses: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The groups and templates that a value names, by reference, id or name, at any depth."""
    match value:
        case Symbolic() | UnknownValue():
            for ref in value.refs:
                yield from addresses.get(ref.address, ())
        case str():
            if str.__str__(value) in plain:
                yield plain[str.__str__(value)]
        case Sensitive():
            yield from _mentioned(value.value, plain, addresses)
        case list():
            yield from _each(value, plain, addresses)
        case dict():
            yield from _each(value.values(), plain, addresses)
        case _:
            return


def _each(values: Iterable[Value], plain: Mapping[str, str], addresses: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for value in values:
        yield from _mentioned(value, plain, addresses)
