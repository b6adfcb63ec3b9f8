"""One rule of a security group, from each of the ways to write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from guardrails.model import Block, Model, Path, Place, Resource, Symbolic, Unknown, UnknownValue, Value, reveal
from guardrails.network.addresses import ANY_V4, ANY_V6, ANYWHERE, NOWHERE, AddressSet, parse_cidr
from guardrails.network.ports import ALL, PortSet
from guardrails.network.prefix_list import PrefixList, prefix_list
from guardrails.network.traffic import NO_TRAFFIC, Traffic

Direction = Literal["ingress", "egress"]
GroupRef = Resource | str | UnknownValue
"""A referenced group: its resource where in view, else the id as it was written, or why that is not known."""

GROUP_TYPES = ("aws_security_group", "aws_default_security_group")
_OWN_NETWORK = re.compile(r"aws_(default_)?(vpc|subnet)\.")
_NETWORK_ATTRIBUTES = frozenset({"cidr_block", "ipv6_cidr_block"})
_LENGTH = re.compile(r"/(\d{1,3})$")


class Doubt(Struct, frozen=True):
    """What a rule may allow beyond what is known of it."""

    reason: str
    place: Place | None
    most: Traffic
    """Nothing beyond this."""
    small: bool = False
    """Whether it is one network of a size that is never the internet, such as a subnet or a single address."""

    def unknown(self) -> Unknown:
        """It as the exception that a reader of rules gets."""
        return Unknown(self.reason, self.place)


class Rule(Struct, frozen=True):
    """A rule that allows traffic, with everything that is known of it."""

    block: Block
    """Where to point: an inline block, or the rule's own resource."""
    direction: Direction
    ports: PortSet
    addresses: AddressSet
    """Of the other side: sources of ingress, destinations of egress, with the known entries of prefix lists."""
    groups: tuple[GroupRef, ...] = ()
    """Groups of the other side whose members' private addresses are meant."""
    itself: bool = False
    """Whether the members of the same group are meant (`self`)."""
    prefix_lists: tuple[PrefixList, ...] = ()
    written: tuple[tuple[Path, str], ...] = ()
    """Each known CIDR block as it was written, and its path below `block`."""
    doubts: tuple[Doubt, ...] = ()

    @property
    def traffic(self) -> Traffic:
        """What it allows by address, without what it allows by group."""
        return Traffic.box(self.addresses, self.ports)

    @property
    def conditional(self) -> str:
        """Why it is not sure that the rule will exist; empty if it will."""
        return self.block.resource.conditional

    @property
    def description(self) -> str:
        """What its author wrote, if it is known."""
        value = reveal(self.block.raw("description"))
        return str.__str__(value) if isinstance(value, str) else ""

    def path(self, addresses: AddressSet) -> Path:
        """Where below `block` the first CIDR block stands that shares addresses with these; for findings."""
        for path, cidr in self.written:
            if not AddressSet.of(cidr).isdisjoint(addresses):
                return path
        return ()


def read_rule(block: Block, direction: Direction, cidrs: tuple[str, ...]) -> Rule | Doubt:
    """The rule in a block: an `ingress` or `egress` block or object, or a rule resource of either kind.

    `cidrs` names its attributes that hold CIDR blocks. Gives a `Doubt` if protocol or ports are not known.
    """
    try:
        ports = _ports(block)
    except Unknown as unknown:
        reach = _read(block, direction, cidrs, _at_most(block))
        most = Traffic.union_of([reach.traffic, *(d.most for d in reach.doubts)])
        if reach.groups or reach.itself:
            most |= Traffic.box(ANYWHERE, reach.ports)
        small = not reach.addresses.wide and all(d.small for d in reach.doubts)
        return Doubt(unknown.reason, unknown.location, most, small)
    return _read(block, direction, cidrs, ports)


def _read(block: Block, direction: Direction, cidrs: tuple[str, ...], ports: PortSet) -> Rule:
    written: list[tuple[Path, str]] = []
    doubts: list[Doubt] = []
    for attribute in cidrs:
        family = ANY_V6 if "ipv6" in attribute else ANY_V4
        for path, value in elements(block, attribute):
            match value:
                case Symbolic() | UnknownValue():
                    most = Traffic.box(family, ports)
                    doubts.append(Doubt(_reason(block, path, value.reason), block.place(*path), most, is_small(value)))
                case str():
                    text = str.__str__(value)
                    try:
                        parse_cidr(text)
                    except ValueError as error:
                        doubts.append(Doubt(_reason(block, path, str(error)), block.place(*path), NO_TRAFFIC))
                    else:
                        written.append((path, text))
                case _:
                    doubts.append(
                        Doubt(
                            _reason(block, path, "is not a CIDR block"), block.place(*path), Traffic.box(family, ports)
                        )
                    )
    addresses = AddressSet.of(*(cidr for _, cidr in written)) if written else NOWHERE
    lists: list[PrefixList] = []
    for attribute in ("prefix_list_ids", "prefix_list_id"):
        for path, value in elements(block, attribute):
            found = prefix_list(block.resource.model, value)
            lists.append(found)
            addresses |= found.addresses
            if found.unknown:
                doubts.append(
                    Doubt(_reason(block, path, found.unknown), block.place(*path), Traffic.box(ANYWHERE, ports))
                )
    itself = False
    try:
        itself = block.flag("self")
    except Unknown as unknown:
        doubts.append(Doubt(unknown.reason, unknown.location, Traffic.box(ANYWHERE, ports), small=True))
    groups = tuple(
        _group(block, value)
        for attribute in ("security_groups", "source_security_group_id", "referenced_security_group_id")
        for _, value in elements(block, attribute)
    )
    return Rule(block, direction, ports, addresses, groups, itself, tuple(lists), tuple(written), tuple(doubts))


def elements(block: Block, attribute: str) -> Iterator[tuple[Path, Value]]:
    """The elements of a list, or the one value, with their paths; holes as they are."""
    value = reveal(block.raw(attribute))
    if isinstance(value, list):
        for index, item in enumerate(value):
            item = reveal(item)  # noqa: PLW2901  # the mark is all that is taken off
            if item is not None:
                yield (attribute, index), item
    elif value is not None and not (isinstance(value, str) and not isinstance(value, Symbolic) and value == ""):
        yield (attribute,), value


def is_small(value: Symbolic | UnknownValue) -> bool:
    """Whether an unknown CIDR block is sure not to be the internet: one of a given length, a VPC's or a subnet's.

    VPC CIDR blocks are /16 to /28 (VPC user guide, "VPC CIDR blocks"), IPv6 ones /44 to /60.
    """
    if not isinstance(value, Symbolic):
        return False
    if (ref := value.ref) and ref.attribute.rpartition(".")[2] in _NETWORK_ATTRIBUTES:
        return bool(_OWN_NETWORK.search(ref.address))
    last = value.parts[-1] if value.parts else ""
    match = _LENGTH.search(last) if isinstance(last, str) else None
    return bool(match) and int(match[1]) > 16  # type: ignore[index]  # bool(match) is the check


def resolve_group(model: Model, value: Value) -> Resource | None:
    """The group that a reference means, or None if it is not in view. `aws_vpc.main.default_security_group_id` finds
    the `aws_default_security_group` of that VPC. Raises `Unknown` for a value of which nothing is known.
    """
    value = reveal(value)
    found = model.resolve(value, *GROUP_TYPES)
    ref = value.ref if found is None and isinstance(value, Symbolic) else None
    if ref and ref.attribute == "default_security_group_id" and (vpc := model.at(ref.address)):
        for group in model.all("aws_default_security_group"):
            if any(model.at(r.address) is vpc for r in group.refs("vpc_id")):
                return group
    return found


def _group(block: Block, value: Value) -> GroupRef:
    if not isinstance(value, str | UnknownValue):
        return UnknownValue("is not a security group id")
    try:
        found = resolve_group(block.resource.model, value)
    except Unknown:
        found = None
    if found is not None:
        return found
    return value if isinstance(value, str) else UnknownValue(value.reason, value.refs)


def _ports(block: Block) -> PortSet:
    name = "ip_protocol" if block.raw("ip_protocol") is not None else "protocol"
    protocol = block.text(name, default="-1" if name == "ip_protocol" else "")
    if isinstance(protocol, Symbolic):
        raise Unknown(_reason(block, (name,), protocol.reason), block.place(name))
    low = block.number("from_port") if block.is_set("from_port") else None
    high = block.number("to_port") if block.is_set("to_port") else None
    try:
        return PortSet.rule(str.__str__(protocol).lower(), low, high)
    except ValueError as error:
        raise Unknown(_reason(block, ("from_port",), str(error)), block.place("from_port")) from None


def _at_most(block: Block) -> PortSet:
    for name in ("ip_protocol", "protocol"):
        value = reveal(block.raw(name))
        if isinstance(value, str) and not isinstance(value, Symbolic):
            try:
                return PortSet.of(str.__str__(value))
            except ValueError:
                return ALL
    return ALL


def _reason(block: Block, path: Path, reason: str) -> str:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*block.path, *path))
    return f"{block.resource.address}: {where.removeprefix('.')}: {reason}"
