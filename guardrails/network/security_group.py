"""Security groups with their rules, however those were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from guardrails.model import Block, Model, Ref, Resource, Symbolic, Unknown, UnknownValue, Value, reveal
from guardrails.network.addresses import PUBLIC
from guardrails.network.ports import ALL, PortSet
from guardrails.network.rule import GROUP_TYPES, Direction, Doubt, Rule, read_rule, resolve_group
from guardrails.network.traffic import ALL_TRAFFIC, Traffic

RULE_TYPES = ("aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
_INLINE = ("cidr_blocks", "ipv6_cidr_blocks")
_SINGLE = ("cidr_ipv4", "cidr_ipv6")
_CACHE = "network.security_groups"


class SecurityGroup:
    """A security group and all of its rules.

    Inline blocks, attribute syntax, `aws_security_group_rule`, `aws_vpc_security_group_ingress_rule` and
    `..._egress_rule`, prefix lists: all give the same `Rule`s. A rule that belongs to a group out of view has a
    `SecurityGroup` of its own, whose `resource` is the rule.

    Terraform takes away the egress that EC2 gives to a new group (provider documentation, `aws_security_group`),
    so a group that declares none has none, unless a state or an account shows it.
    """

    __slots__ = ("_read", "_standalone", "model", "resource")

    def __init__(self, model: Model, resource: Resource, standalone: Iterable[Resource] = ()) -> None:
        self.model = model
        self.resource: Resource = resource
        """The group, or the first rule of a group that is not in view."""
        self._standalone = list(standalone)
        self._read: dict[Direction, tuple[tuple[Rule, ...], tuple[Doubt, ...]]] = {}

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[SecurityGroup]:
        """Every group of a model, and one for each group that is not in view but gets rules there."""
        return (group for group in _groups(model).values() if group.resource.mode == "managed")

    @classmethod
    def of(cls, resource: Resource, /) -> SecurityGroup:
        """The view of a group, given as its resource."""
        groups = _groups(resource.model)
        if resource.address not in groups:
            groups[resource.address] = cls(resource.model, resource)
        return groups[resource.address]

    @property
    def in_view(self) -> bool:
        """Whether the group itself is part of the model, and not only a rule of it."""
        return self.resource.type in GROUP_TYPES

    @property
    def ingress(self) -> Iterator[Rule]:
        """The rules for what may come in, then `Unknown` if there may be others or a part of one is not known.

        A rule of which it is not sure that it will exist is among them (`Rule.conditional`).
        """
        return self._rules("ingress")

    @property
    def egress(self) -> Iterator[Rule]:
        """The rules for what may go out, as `ingress`."""
        return self._rules("egress")

    def known(self, direction: Direction) -> tuple[Rule, ...]:
        """The rules of one direction as far as they are known. Never raises."""
        return self._all(direction)[0]

    def doubts(self, direction: Direction) -> tuple[Doubt, ...]:
        """What the rules of one direction may allow beyond `known`. Never raises."""
        rules, doubts = self._all(direction)
        return (*(doubt for rule in rules for doubt in rule.doubts), *doubts)

    def traffic(self, direction: Direction) -> Traffic:
        """What the known rules of one direction allow by address: their union. Never raises."""
        return Traffic.union_of(rule.traffic for rule in self.known(direction))

    def open_to_internet(self, ports: PortSet = ALL) -> Iterator[tuple[Rule, Traffic]]:
        """The rules that let the internet connect to some of the ports, each with the traffic that it lets in.

        The union over all rules decides: parts that only together make up the internet are all given. Raises
        `Unknown` at the end if what is not known could let in the internet to these ports.
        """
        yield from self._wide("ingress", ports)

    def open_to_destinations(self, ports: PortSet = ALL) -> Iterator[tuple[Rule, Traffic]]:
        """The rules that let members connect to the internet on some of the ports; otherwise as `open_to_internet`."""
        yield from self._wide("egress", ports)

    def _wide(self, direction: Direction, ports: PortSet) -> Iterator[tuple[Rule, Traffic]]:
        parts: list[tuple[Rule, Traffic]] = []
        for rule in self.known(direction):
            traffic = rule.traffic.on(ports)
            if traffic and rule.addresses.wide:
                yield rule, traffic
            elif traffic:
                parts.append((rule, traffic))
        together = Traffic.union_of(traffic.within(PUBLIC) for _, traffic in parts)
        wide = Traffic.union_of(Traffic.box(a, p) for a, p in together.pieces() if a.wide)
        if wide:
            for rule, traffic in parts:
                if share := traffic & wide:
                    yield rule, share
        for doubt in self.doubts(direction):
            if not doubt.small and doubt.most.on(ports).addresses().wide:
                raise doubt.unknown()

    def _rules(self, direction: Direction) -> Iterator[Rule]:
        yield from self.known(direction)
        for doubt in self.doubts(direction):
            raise doubt.unknown()

    def _all(self, direction: Direction) -> tuple[tuple[Rule, ...], tuple[Doubt, ...]]:
        if direction not in self._read:
            own: list[Rule] = []
            doubts: list[Doubt] = []
            for resource in self._standalone:
                for way in _direction(resource):
                    if way == direction:
                        cidrs = _INLINE if resource.type == "aws_security_group_rule" else _SINGLE
                        _sort(read_rule(resource, direction, cidrs), own, doubts)
                if _direction(resource) == ("ingress", "egress"):
                    place = resource.place("type")
                    doubts.append(Doubt(f"{resource.address}: type is not known", place, ALL_TRAFFIC))
            inline: list[Rule] = []
            if self.in_view:
                for found in _inline(self.resource, direction):
                    _sort(found, inline, doubts)
            self._read[direction] = (*_without_copies(inline, own), *own), tuple(doubts)
        return self._read[direction]

    def __repr__(self) -> str:
        return f"<SecurityGroup {self.resource.address}>"


def owner_of(resource: Resource) -> Resource | Value:
    """The group that a rule resource belongs to, or the reference as it was written if the group is not in view."""
    value = resource.raw("security_group_id")
    try:
        found = resolve_group(resource.model, value)
    except Unknown:
        found = None
    if found is None:
        for ref in resource.refs("security_group_id"):
            candidate = resource.model.at(ref.address)
            if candidate and candidate.type in GROUP_TYPES:
                return candidate
    return found if found is not None else value


def _groups(model: Model) -> dict[str, SecurityGroup]:
    cached = model.cache.get(_CACHE)
    if isinstance(cached, dict):
        return cached
    rules: dict[str, list[Resource]] = {}
    strangers: dict[str, list[Resource]] = {}
    owners: dict[str, Resource] = {}
    for rule in model.all(*RULE_TYPES):
        owner = owner_of(rule)
        if isinstance(owner, Resource):
            owners[owner.address] = owner
            rules.setdefault(owner.address, []).append(rule)
        else:
            owner = reveal(owner)
            # Two rules with the same reference belong to the same group; of an unknown one nothing is known.
            name = str.__str__(owner) if isinstance(owner, str) else rule.address
            strangers.setdefault(name, []).append(rule)
    groups = {r.address: SecurityGroup(model, r, rules.get(r.address, ())) for r in model.all(*GROUP_TYPES)}
    for address, owner in owners.items():
        if address not in groups:
            groups[address] = SecurityGroup(model, owner, rules[address])
    for members in strangers.values():
        groups[members[0].address] = SecurityGroup(model, members[0], members)
    model.cache[_CACHE] = groups
    return groups


def _direction(resource: Resource) -> tuple[Direction, ...]:
    match resource.type:
        case "aws_vpc_security_group_ingress_rule":
            return ("ingress",)
        case "aws_vpc_security_group_egress_rule":
            return ("egress",)
        case _:
            value = reveal(resource.raw("type"))
            if isinstance(value, str) and not isinstance(value, Symbolic):
                return ("egress",) if value == "egress" else ("ingress",)
            return ("ingress", "egress")


def _inline(group: Resource, direction: Direction) -> Iterator[Rule | Doubt]:
    value = reveal(group.raw(direction))
    if group.mode == "data":
        yield Doubt(f"the rules of {group.address} are not in view", group.place(), ALL_TRAFFIC)
        return
    if value is None:
        return
    if isinstance(value, UnknownValue | Symbolic):
        if not _computed(value.refs, group, direction):
            yield Doubt(f"{group.address}: {direction}: {value.reason}", group.place(direction), ALL_TRAFFIC)
        return
    items = value if isinstance(value, list) else [value]
    for index, raw in enumerate(items):
        item = reveal(raw)
        path = (direction, index) if isinstance(value, list) else (direction,)
        match item:
            case dict():
                yield read_rule(Block(group, path, item), direction, _INLINE)
            case UnknownValue():
                yield Doubt(f"{group.address}: {direction}: {item.reason}", group.place(*path), ALL_TRAFFIC)
            case _:
                pass


def _computed(refs: tuple[Ref, ...], group: Resource, direction: Direction) -> bool:
    """Whether rules that are known after apply are merely those that others add: nothing is declared inline."""
    return bool(refs) and all(r.address == group.address and r.attribute == direction for r in refs)


def _sort(found: Rule | Doubt, rules: list[Rule], doubts: list[Doubt]) -> None:
    if isinstance(found, Rule):
        rules.append(found)
    else:
        doubts.append(found)


def _without_copies(inline: list[Rule], own: list[Rule]) -> Iterator[Rule]:
    """Inline rules less those that a state or plan merely repeats from the rule resources of the group."""
    for rule in inline:
        same = [other for other in own if other.ports == rule.ports]
        covered = bool(same) and not rule.doubts
        if covered:
            addresses = [other.addresses for other in same]
            groups = {_name(g) for other in same for g in other.groups}
            lists = {_name(p.value) for other in same for p in other.prefix_lists}
            covered = (
                rule.addresses <= Traffic.union_of(Traffic.box(a, ALL) for a in addresses).addresses()
                and (not rule.itself or any(other.itself for other in same))
                and {_name(g) for g in rule.groups} <= groups
                and {_name(p.value) for p in rule.prefix_lists} <= lists
            )
        if not covered:
            yield rule


def _name(value: Value | Resource) -> str:
    match value:
        case Resource():
            return value.address
        case str():
            return str.__str__(value)
        case UnknownValue():
            return value.reason
        case _:
            return ""
