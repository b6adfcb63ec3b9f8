"""Network ACLs: ordered, stateless, exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from guardrails.model import Block, Model, Resource, Symbolic, Unknown, UnknownValue, reveal
from guardrails.network.addresses import ANY_V4, ANY_V6, NOWHERE, AddressSet
from guardrails.network.ports import ALL, ICMP, ICMPV6, PortSet, protocol_number
from guardrails.network.rule import Direction
from guardrails.network.traffic import ALL_TRAFFIC, NO_TRAFFIC, Traffic

ACL_TYPES = ("aws_network_acl", "aws_default_network_acl")
_CACHE = "network.acls"


class Entry(Struct, frozen=True):
    """One numbered rule of a network ACL. Ports are the destination ports of the packet."""

    block: Block
    """Where to point: an inline block, or the rule's own resource."""
    direction: Direction
    number: int | None
    """None if it is not known."""
    allow: bool | None
    """None if it is not known."""
    least: Traffic
    """What it surely matches."""
    most: Traffic
    """What it may match; more than `least` only where a part of it is not known."""
    unknown: str = ""
    """Why `least` and `most` differ, or the number, the action or its being there is not known."""


class NetworkAcl:
    """A network ACL: what it lets into and out of its subnets.

    Rules are taken in the order of their numbers and the first that matches decides; what none matches is denied
    (VPC user guide, "Network ACL rules"). A network ACL that Terraform manages has only the rules that it declares.
    """

    __slots__ = ("_read", "_rules", "model", "resource")

    def __init__(self, model: Model, resource: Resource, rules: Iterable[Resource] = ()) -> None:
        self.model = model
        self.resource: Resource = resource
        """The ACL, or the first rule of one that is not in view."""
        self._rules = list(rules)
        self._read: dict[Direction, tuple[list[Entry], str]] = {}

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[NetworkAcl]:
        """Every network ACL of a model, and one for each that is not in view but gets rules there."""
        return (acl for acl in _acls(model).values() if acl.resource.mode == "managed")

    @classmethod
    def of(cls, resource: Resource, /) -> NetworkAcl:
        """The view of an ACL, given as its resource."""
        acls = _acls(resource.model)
        if resource.address not in acls:
            acls[resource.address] = cls(resource.model, resource)
        return acls[resource.address]

    @property
    def in_view(self) -> bool:
        """Whether the ACL itself is part of the model, and not only a rule of it."""
        return self.resource.type in ACL_TYPES

    def entries(self, direction: Direction) -> Iterator[Entry]:
        """The known rules in the order of evaluation, then `Unknown` if there may be others or a part of one is not
        known.
        """
        entries, unknown = self._all(direction)
        yield from entries
        for entry in entries:
            if entry.unknown:
                raise Unknown(entry.unknown, entry.block.place())
        if unknown:
            raise Unknown(unknown, self.resource.place(direction))

    def known(self, direction: Direction) -> list[Entry]:
        """The known rules in the order of evaluation. Never raises."""
        return self._all(direction)[0]

    def allowed(self, direction: Direction) -> Traffic:
        """Exactly what it lets pass: sources of what comes in, destinations of what goes out.

        Raises `Unknown` if that depends on something that is not known.
        """
        least = self.surely(direction)
        if least != self.possibly(direction):
            entries, unknown = self._all(direction)
            for entry in entries:
                if entry.unknown:
                    raise Unknown(entry.unknown, entry.block.place())
            raise Unknown(unknown, self.resource.place(direction))
        return least

    def surely(self, direction: Direction) -> Traffic:
        """What it lets pass whatever the unknown parts turn out to be. Never raises."""
        entries, unknown = self._all(direction)
        return NO_TRAFFIC if unknown else _evaluate(entries, sure=True)

    def possibly(self, direction: Direction) -> Traffic:
        """What it may let pass. Never raises."""
        entries, unknown = self._all(direction)
        return ALL_TRAFFIC if unknown else _evaluate(entries, sure=False)

    def open_to_internet(self, ports: PortSet = ALL) -> Iterator[tuple[Entry, Traffic]]:
        """The rules that let the internet in on some of the ports, each with the traffic that it lets in after the
        rules before it. Raises `Unknown` at the end if what is not known could do so.
        """
        entries, _ = self._all("ingress")
        passed = _evaluate(entries, sure=True).on(ports)
        wide = Traffic.union_of(Traffic.box(a, p) for a, p in passed.pieces() if a.wide)
        seen = NO_TRAFFIC
        for entry in entries:
            share = (entry.least - seen) & wide
            if entry.allow and share.addresses().wide:
                yield entry, share
            seen |= entry.least
        if any(a.wide for a, _ in (self.possibly("ingress").on(ports) - wide).pieces()):
            self.allowed("ingress")

    def _all(self, direction: Direction) -> tuple[list[Entry], str]:
        if direction not in self._read:
            entries: list[Entry] = []
            unknown = ""
            for rule in self._rules:
                try:
                    mine = "egress" if rule.flag("egress") else "ingress"
                except Unknown as doubt:
                    unknown = unknown or doubt.reason
                    continue
                if mine == direction:
                    entries.append(_entry(rule, direction, "rule_number", "rule_action"))
            numbers = {e.number for e in entries if e.number is not None}
            if self.in_view:
                for found in self._inline(direction):
                    if isinstance(found, str):
                        unknown = unknown or found
                    elif found.number not in numbers:  # a state repeats the rule resources inline
                        entries.append(found)
            entries.sort(key=lambda e: (e.number is None, e.number or 0))
            self._read[direction] = entries, unknown
        return self._read[direction]

    def _inline(self, direction: Direction) -> Iterator[Entry | str]:
        value = reveal(self.resource.raw(direction))
        if self.resource.mode == "data":
            yield f"the rules of {self.resource.address} are not in view"
        elif isinstance(value, UnknownValue | Symbolic):
            own = bool(value.refs) and all(r.address == self.resource.address for r in value.refs)
            if not own:  # else nothing is declared inline, and the provider will show what rule resources add
                yield f"{self.resource.address}: {direction}: {value.reason}"
        elif value is not None:
            for index, raw in enumerate(value if isinstance(value, list) else [value]):
                item = reveal(raw)
                path = (direction, index) if isinstance(value, list) else (direction,)
                if isinstance(item, dict):
                    yield _entry(Block(self.resource, path, item), direction, "rule_no", "action")
                elif isinstance(item, UnknownValue):
                    yield f"{self.resource.address}: {direction}: {item.reason}"

    def __repr__(self) -> str:
        return f"<NetworkAcl {self.resource.address}>"


def _acls(model: Model) -> dict[str, NetworkAcl]:
    cached = model.cache.get(_CACHE)
    if isinstance(cached, dict):
        return cached
    rules: dict[str, list[Resource]] = {}
    strangers: dict[str, list[Resource]] = {}
    owners: dict[str, Resource] = {}
    for rule in model.all("aws_network_acl_rule"):
        value = reveal(rule.raw("network_acl_id"))
        try:
            owner = model.resolve(value, *ACL_TYPES) or _default_acl(model, value)
        except Unknown:
            owner = None
        if owner is not None:
            owners[owner.address] = owner
            rules.setdefault(owner.address, []).append(rule)
        else:
            name = str.__str__(value) if isinstance(value, str) else rule.address
            strangers.setdefault(name, []).append(rule)
    acls = {r.address: NetworkAcl(model, r, rules.get(r.address, ())) for r in model.all(*ACL_TYPES)}
    for address, owner in owners.items():
        if address not in acls:
            acls[address] = NetworkAcl(model, owner, rules[address])
    for members in strangers.values():
        acls[members[0].address] = NetworkAcl(model, members[0], members)
    model.cache[_CACHE] = acls
    return acls


def _default_acl(model: Model, value: object) -> Resource | None:
    """The `aws_default_network_acl` of the VPC that a `default_network_acl_id` names."""
    if not isinstance(value, Symbolic) or not (ref := value.ref) or ref.attribute != "default_network_acl_id":
        return None
    for acl in model.all("aws_default_network_acl"):
        if any(r == ref for r in acl.refs("default_network_acl_id")):
            return acl
    return None


def _entry(block: Block, direction: Direction, number: str, action: str) -> Entry:
    reasons: list[str] = []
    if block.resource.conditional:
        reasons.append(f"{block.resource.address} may exist: {block.resource.conditional}")
    rank: int | None = None
    allow: bool | None = None
    try:
        rank = block.number(number)
    except Unknown as unknown:
        reasons.append(unknown.reason)
    try:
        allow = block.text(action).lower().__eq__("allow")
    except Unknown as unknown:
        reasons.append(unknown.reason)
    ports_least, ports_most = PortSet(), ALL
    try:
        ports_least = ports_most = _ports(block)
    except Unknown as unknown:
        reasons.append(unknown.reason)
    least = most = NOWHERE
    for attribute, family in (("cidr_block", ANY_V4), ("ipv6_cidr_block", ANY_V6)):
        value = reveal(block.raw(attribute))
        if isinstance(value, UnknownValue | Symbolic):
            reasons.append(f"{block.resource.address}: {attribute}: {value.reason}")
            most |= family
        elif isinstance(value, str) and value != "":
            try:
                cidr = AddressSet.of(str.__str__(value))
            except ValueError as error:
                reasons.append(f"{block.resource.address}: {attribute}: {error}")
            else:
                least, most = least | cidr, most | cidr
    return Entry(
        block,
        direction,
        rank,
        allow,
        Traffic.box(least, ports_least),
        Traffic.box(most, ports_most),
        reasons[0] if reasons else "",
    )


def _ports(block: Block) -> PortSet:
    text = block.text("protocol", default="-1")
    if isinstance(text, Symbolic):
        raise Unknown(text.reason, block.place("protocol"))
    protocol = str.__str__(text).lower()
    try:
        icmp = protocol_number(protocol) in (ICMP, ICMPV6)
        low, high = ("icmp_type", "icmp_code") if icmp else ("from_port", "to_port")
        default = 0 if icmp else None  # the provider sends type 0, code 0 where none is given
        return PortSet.rule(
            protocol,
            block.number(low) if block.is_set(low) else default,
            block.number(high) if block.is_set(high) else default,
        )
    except ValueError as error:
        raise Unknown(f"{block.resource.address}: {error}", block.place()) from None


def _evaluate(entries: list[Entry], *, sure: bool) -> Traffic:
    """First match over the entries: the least (`sure`) or the most that they let pass.

    What is not known works against the answer: for the least, an unknown allow matches nothing and an unknown deny
    all that it may, and one without a known number stands first; for the most, the other way round.
    """
    passed = seen = NO_TRAFFIC
    for entry in sorted(entries, key=lambda e: (e.number is not None, e.number or 0)):
        allow = entry.allow if entry.allow is not None else not sure
        whole = entry.most if allow != sure else entry.least
        if allow == sure and (entry.number is None or entry.block.resource.conditional):
            continue
        if allow:
            passed |= whole - seen
        seen |= whole
    return passed
