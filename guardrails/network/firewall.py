"""AWS Network Firewall: stateless rules by five-tuple, then stateful ones."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from guardrails.network.addresses import ANYWHERE, AddressSet
from guardrails.network.packet import Packet
from guardrails.network.ports import ALL, PortSet
from guardrails.network.topology import Firewall, FirewallRule
from guardrails.network.traffic import Traffic


def inspected(firewall: Firewall, packet: Packet, *, sure: bool) -> Iterator[Packet]:
    """The parts of the packets that the firewall lets pass.

    Stateless rules look at every packet by itself, answers too; stateful ones at the packet that opens a connection
    (Network Firewall guide, "Firewall behavior: stateless and stateful").
    """
    if firewall.doubt and sure:
        return
    if firewall.doubt:
        packet = packet.doubting(firewall.doubt)
    for part, verdict in _first_match(firewall.stateless, firewall.stateless_default, packet, sure=sure):
        if verdict == "pass":
            yield part
        elif verdict == "forward":
            if part.reply:
                yield part
                continue
            for rest, decision in _first_match(firewall.stateful, firewall.stateful_default, part, sure=sure):
                if decision == "pass":
                    yield rest


def _first_match(
    rules: tuple[FirewallRule, ...], default: str, packet: Packet, *, sure: bool
) -> Iterator[tuple[Packet, str]]:
    """The packets in parts by the first rule that matches each."""
    left = [packet]
    for rule in rules:
        if not rule.exact:
            # It may match: what it lets through may pass, what it would stop is not sure any more.
            if rule.verdict == "pass" and not sure:
                for part in left:
                    hit = _matching(rule, part, sure=sure)
                    if hit is not None:
                        yield hit.doubting("a firewall rule looks at more than addresses and ports"), "pass"
            elif rule.verdict != "pass" and sure:
                left = [rest for part in left for rest in _without(rule, part, sure=sure)]
            elif rule.verdict != "pass":
                left = [part.doubting("a firewall rule looks at more than addresses and ports") for part in left]
            continue
        for part in left:
            hit = _matching(rule, part, sure=sure)
            if hit is not None:
                yield hit, rule.verdict
        left = [rest for part in left for rest in _without(rule, part, sure=sure)]
        if not left:
            return
    for part in left:
        yield part, default


def _matching(rule: FirewallRule, packet: Packet, *, sure: bool) -> Packet | None:
    found = packet.narrowed("source", Traffic.box(rule.sources, ALL), sure=sure)
    found = found.narrowed("destination", Traffic.box(rule.destinations, _ports(rule, packet)), sure=sure)
    return None if found.region.empty() else _shrunk(found, rule.sources, rule.destinations)


def _without(rule: FirewallRule, packet: Packet, *, sure: bool) -> Iterator[Packet]:
    """What a rule does not match, as disjoint parts."""
    parts = (
        (~rule.sources, ANYWHERE, ALL),
        (rule.sources, ~rule.destinations, ALL),
        (rule.sources, rule.destinations, ~_ports(rule, packet)),
    )
    for sources, destinations, ports in parts:
        found = packet.narrowed("source", Traffic.box(sources, ALL), sure=sure)
        found = found.narrowed("destination", Traffic.box(destinations, ports), sure=sure)
        if not found.region.empty():
            yield _shrunk(found, sources, destinations)


def _shrunk(packet: Packet, sources: AddressSet, destinations: AddressSet) -> Packet:
    return replace(
        packet,
        source=packet.source & sources if packet.source_real else packet.source,
        destination=packet.destination & destinations if packet.destination_real else packet.destination,
    )


def _ports(rule: FirewallRule, packet: Packet) -> PortSet:
    """The port that the rule looks at; for an answer the roles of the two ports are swapped."""
    return rule.source_ports if packet.reply and rule.both_ways else rule.ports
