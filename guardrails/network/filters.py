"""What security groups and network ACLs let pass, at least and at most."""

from __future__ import annotations

from guardrails.network.addresses import ANYWHERE
from guardrails.network.packet import Packet
from guardrails.network.ports import ALL, PortSet
from guardrails.network.rule import Direction
from guardrails.network.topology import Acl, Group, Interface, Permit, Picture
from guardrails.network.traffic import ALL_TRAFFIC, NO_TRAFFIC, Traffic

_NO_ACL = Acl("", doubts=())


class Filters:
    """The filters of a picture, each evaluated once."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._by_address: dict[tuple[tuple[str, ...], Direction, bool], Traffic] = {}
        self._by_group: dict[tuple[tuple[str, ...], Direction], tuple[Permit, ...]] = {}
        self._numbers: dict[tuple[tuple[str, ...], Direction], int] = {}
        self._number_of: dict[object, int] = {}

    def acl(self, key: str, direction: Direction, *, sure: bool, doubt: str) -> Traffic:
        """What the network ACL of a subnet lets pass; `doubt` says that it may have another one."""
        if doubt:
            return NO_TRAFFIC if sure else ALL_TRAFFIC
        acl = self._picture.acls.get(key, _NO_ACL)
        if direction == "ingress":
            return acl.ingress if sure else acl.ingress_most
        return acl.egress if sure else acl.egress_most

    def groups(self, interface: Interface, direction: Direction, packet: Packet, *, sure: bool) -> Traffic:
        """What the groups of an interface let pass, by the address of the other side of this packet."""
        if not interface.filtered:
            return ALL_TRAFFIC
        if interface.groups_doubt and not sure:
            return ALL_TRAFFIC
        groups = interface.groups
        traffic = self._addresses(groups, direction, sure=sure)
        other = packet.sender if direction == "ingress" else packet.receiver
        for permit in self._referring(groups, direction):
            if sure and not permit.certain:
                continue
            if self._refers(permit, other, packet, sure=sure):
                traffic |= Traffic.box(ANYWHERE, permit.ports)
        return traffic

    def alike(self, keys: tuple[str, ...], direction: Direction) -> int:
        """A number for what groups let pass: sets of groups that let the same pass in a direction have the same. Of
        what comes in, rules that refer to groups do not count: no packet from the internet matches them.
        """
        index = (keys, direction)
        if index not in self._numbers:
            traffic = tuple(self._addresses(keys, direction, sure=sure) for sure in (True, False))
            referring = (
                tuple((p.ports, p.groups, p.services, p.certain) for p in self._referring(keys, direction))
                if direction == "egress"
                else ()
            )
            same = (direction, traffic, referring)
            self._numbers[index] = self._number_of.setdefault(same, len(self._number_of))
        return self._numbers[index]

    def open_ports(self, interface: Interface) -> PortSet:
        """The ports that the groups of an interface may let somebody in to, by address."""
        if not interface.filtered or interface.groups_doubt:
            return ALL
        return self._addresses(interface.groups, "ingress", sure=False).ports()

    def matches_if_kept(self, interface: Interface, packet: Packet) -> bool:
        """Whether a rule that refers to a group would have let the packet in, had the path kept its group."""
        member = self._picture.interfaces.get(packet.sender)
        return bool(member) and any(
            not permit.groups.isdisjoint(member.groups if member else ())
            for permit in self._referring(interface.groups, "ingress")
        )

    def has_rules(self, interface: Interface, direction: Direction) -> bool:
        """Whether the groups of an interface have any rule in a direction."""
        return any(g.ingress if direction == "ingress" else g.egress for g in self._groups(interface.groups))

    def doubts(self, interface: Interface) -> tuple[str, ...]:
        """Why the rules of an interface are not all known."""
        found = [interface.groups_doubt] if interface.groups_doubt else []
        return (*found, *(d for g in self._groups(interface.groups) for d in g.doubts))

    def _groups(self, keys: tuple[str, ...]) -> list[Group]:
        return [self._picture.groups[k] for k in keys if k in self._picture.groups]

    def _addresses(self, keys: tuple[str, ...], direction: Direction, *, sure: bool) -> Traffic:
        index = (keys, direction, sure)
        if index not in self._by_address:
            parts: list[Traffic] = []
            for group in self._groups(keys):
                permits = group.ingress if direction == "ingress" else group.egress
                parts += (Traffic.box(p.addresses, p.ports) for p in permits if p.certain or not sure)
                if not sure:
                    parts.append(group.ingress_doubt if direction == "ingress" else group.egress_doubt)
            self._by_address[index] = Traffic.union_of(parts)
        return self._by_address[index]

    def _referring(self, keys: tuple[str, ...], direction: Direction) -> tuple[Permit, ...]:
        index = (keys, direction)
        if index not in self._by_group:
            self._by_group[index] = tuple(
                permit
                for group in self._groups(keys)
                for permit in (group.ingress if direction == "ingress" else group.egress)
                if permit.groups or permit.services or permit.strangers
            )
        return self._by_group[index]

    def _refers(self, permit: Permit, other: str, packet: Packet, *, sure: bool) -> bool:
        if packet.service and packet.service in permit.services and not packet.reply:
            return True
        member = self._picture.interfaces.get(other)
        if member is None or not packet.groups_kept:
            return False
        if not permit.groups.isdisjoint(member.groups):
            return True
        return not sure and bool(permit.groups and member.groups_doubt)
