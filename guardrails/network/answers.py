"""Connections that a network ACL lets through and whose answers it drops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from guardrails.model import Block, Label, Model, Resource, related
from guardrails.network.addresses import AddressSet
from guardrails.network.lens import Network
from guardrails.network.network_acl import ACL_TYPES, Entry, NetworkAcl
from guardrails.network.packet import ports_for
from guardrails.network.ports import PortSet, union_of
from guardrails.network.reading import link, written
from guardrails.network.rule import Direction
from guardrails.network.topology import Interface

_CACHE = "network.answers"
_TCP = PortSet.tcp()
_CLIENTS = PortSet.tcp((1024, 65535))
"""The ports that NAT gateways, load balancers, Lambda and old systems take ("Ephemeral ports", VPC user guide)."""
_INSTANCES = PortSet.tcp((32768, 60999))
"""Those of Linux."""
_MANY = 8192
"""Rules for more client ports than this, and for nothing else, are there for answers."""
_FEW = 1000
"""Denied client ports up to this many are meant: a connection rarely has one."""


class Unanswered(Struct, frozen=True):
    """Connections in one direction through one ACL that lose answers."""

    acl: NetworkAcl
    direction: Direction
    blocks: tuple[Block, ...] = ()
    """The rules that let them through, the first one first."""
    ports: PortSet = _TCP
    """Their ports."""
    addresses: AddressSet = AddressSet()  # it is frozen
    """The other side."""
    missing: PortSet = _CLIENTS
    """The client ports to which no answer gets."""
    clients: str = ""
    """Whose these ports are, where some clients get answers."""
    undecided: str = ""
    """Why it is not known whether answers are lost; then the rest says nothing."""

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Unanswered]:
        """At most one for each direction of each ACL that subnets have."""
        found = model.cache.get(_CACHE)
        if not isinstance(found, tuple):
            network = Network.of(model)
            found = model.cache[_CACHE] = tuple(
                each for acl in NetworkAcl.subjects(model) for each in _of(network, acl)
            )
        return found

    @property
    def resource(self) -> Resource:
        """The ACL."""
        return self.acl.resource

    @property
    def whole(self) -> bool:
        """Whether no connection gets an answer, rather than some."""
        return self.missing == _CLIENTS

    @property
    def back(self) -> Direction:
        """The direction of the answers."""
        return _BACK[self.direction]

    def places(self) -> tuple[Label, ...]:
        """The further rules that it is about."""
        return related(*((block.place(), "so is this rule's") for block in self.blocks[1:]))

    def patch(self) -> str:
        """The rule that is missing, written as the others are: a rule of its own would be lost beside inline ones."""
        entries = [*self.acl.known("ingress"), *self.acl.known("egress")]
        inline = any(entry.block.resource is self.resource for entry in entries)
        number = max((e.number for e in self.acl.known(self.back) if e.number), default=90) + 10
        cidr = self.addresses.cidrs()[0]
        family = "ipv6_cidr_block" if ":" in cidr else "cidr_block"
        ports = '  protocol = "tcp"\n  from_port = 1024\n  to_port = 65535\n'
        if inline:
            head = f"# in {self.resource.address}\n{self.back} {{\n  rule_no = {number}\n"
            return f'{head}  action = "allow"\n{ports}  {family} = "{cidr}"\n}}'
        return (
            'resource "aws_network_acl_rule" "answers" {\n'
            f"  network_acl_id = {self.resource.address}.id\n"
            f"  egress = {'true' if self.back == 'egress' else 'false'}\n"
            f"  rule_number = {number}\n"
            '  rule_action = "allow"\n'
            f'{ports}  {family} = "{cidr}"\n'
            "}"
        )


_BACK: dict[Direction, Direction] = {"ingress": "egress", "egress": "ingress"}


def _of(network: Network, acl: NetworkAcl) -> Iterator[Unanswered]:
    inside = [
        interface
        for interface in network.picture.interfaces.values()
        if network.picture.subnets[interface.subnet].acl == acl.resource.address
    ]
    if not acl.in_view or not _used(network, acl.resource):
        return
    found = [each for way in _BACK if (each := _lost(network, acl, way, inside)) is not None]
    yield from found
    doubts = [e.unknown for way in _BACK for e in acl.known(way) if e.unknown]
    if not found and any(acl.surely(way) != acl.possibly(way) for way in _BACK):
        reason = doubts[0] if doubts else f"{acl.resource.address}: its rules are not all known"
        yield Unanswered(acl, "ingress", undecided=reason)


def _used(network: Network, acl: Resource) -> bool:
    """Whether some subnet has it, in view or not."""
    model = network.model
    return (
        any(place.acl == acl.address for place in network.picture.subnets.values())
        or written(acl, "subnet_ids") not in (None, [])
        or any(
            link(model, written(each, "network_acl_id"), *ACL_TYPES).key == acl.address
            for each in model.all("aws_network_acl_association")
        )
    )


def _lost(network: Network, acl: NetworkAcl, way: Direction, inside: list[Interface]) -> Unanswered | None:
    passed, back = acl.surely(way), acl.possibly(_BACK[way])
    answered = back.addresses(_CLIENTS)
    silent: list[tuple[Entry, AddressSet, PortSet]] = []
    partial: list[tuple[Entry, AddressSet, PortSet, PortSet, str]] = []
    for entry in acl.known(way):
        mine = (passed & entry.least).on(_services(entry)) if entry.allow else None
        if not mine:
            continue
        addresses = mine.addresses()
        lost = addresses - answered
        if lost == addresses or lost.wide:
            silent.append((entry, lost, mine.ports()))
            continue
        wanted, whose = _wanted(network, addresses, inside, outward=way == "egress")
        missing = wanted - ports_for(back, addresses & answered, every=True)
        if sum(high - low + 1 for low, high in missing.ranges("tcp")) > _FEW:
            partial.append((entry, addresses, mine.ports(), missing, whose))
    if silent:
        blocks = tuple(entry.block for entry, _, _ in silent)
        return Unanswered(acl, way, blocks, union_of(ports for _, _, ports in silent), silent[0][1])
    if partial:
        blocks = tuple(entry.block for entry, _, _, _, _ in partial)
        ports = union_of(each[2] for each in partial)
        return Unanswered(acl, way, blocks, ports, partial[0][1], partial[0][3], partial[0][4])
    return None


def _services(entry: Entry) -> PortSet:
    """The TCP ports of a rule that are a service's."""
    ports = entry.least.ports() & _TCP
    width = sum(high - low + 1 for low, high in ports.ranges("tcp"))
    return PortSet() if ports <= _CLIENTS and width > _MANY else ports


def _wanted(network: Network, addresses: AddressSet, inside: list[Interface], *, outward: bool) -> tuple[PortSet, str]:
    """The ports that clients take, as far as it is known who they are: those in the ACL's subnets, or outside."""
    if not outward and addresses.wide:
        return _CLIENTS, "clients on the internet, most of them behind a NAT,"
    if outward:
        clients = inside
    else:
        clients = [i for i in network.picture.interfaces.values() if not i.private.isdisjoint(addresses)]
    high = [i for i in clients if i.clients == "high" and i.kind != "endpoint"]
    if high:
        return _CLIENTS, high[0].key
    hosts = [i for i in clients if i.kind != "endpoint"]
    return (_INSTANCES, hosts[0].key) if hosts else (PortSet(), "")
