"""Addresses that nothing in a picture tells apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise

from guardrails.network.addresses import AddressSet, Family
from guardrails.network.topology import Picture

_FAMILIES: tuple[Family, ...] = (4, 6)


class Cells:
    """The address space in pieces: routes, networks, and the filters that a packet to a service or the internet meets
    after it has left its interface, treat all addresses of one piece alike.
    """

    def __init__(self, picture: Picture, groups: Iterable[str]) -> None:
        cuts: dict[Family, set[int]] = {4: set(), 6: set()}
        for addresses in _mentioned(picture, groups):
            for family in _FAMILIES:
                cuts[family].update(addresses.bounds(family))
        self._cuts = {family: sorted(found) for family, found in cuts.items()}

    def of(self, addresses: AddressSet) -> tuple[object, ...]:
        """The pieces that some addresses lie in; the addresses themselves where these reach over several."""
        found: list[tuple[Family, int]] = []
        for family in _FAMILIES:
            cuts, bounds = self._cuts[family], addresses.bounds(family)
            for start, end in list(pairwise(bounds))[::2]:
                first = bisect_right(cuts, start)
                if first != bisect_left(cuts, end):
                    return (addresses,)
                found.append((family, first))
        return tuple(found)


def _mentioned(picture: Picture, groups: Iterable[str]) -> Iterator[AddressSet]:
    for vpc in picture.vpcs.values():
        yield vpc.cidrs
    for subnet in picture.subnets.values():
        yield subnet.cidrs
    for group in (picture.groups[key] for key in groups):
        for permit in (*group.ingress, *group.egress):
            yield permit.addresses
        for doubt in (group.ingress_doubt, group.egress_doubt):
            for addresses, _ in doubt.boxes():
                yield addresses
    for acl in picture.acls.values():
        for traffic in (acl.ingress, acl.egress, acl.ingress_most, acl.egress_most):
            for addresses, _ in traffic.boxes():
                yield addresses
    for table in (*picture.tables.values(), *picture.transit_tables.values()):
        for route in table.routes:
            yield route.destinations
    for firewall in picture.firewalls.values():
        for rule in (*firewall.stateless, *firewall.stateful):
            yield rule.sources
            yield rule.destinations
