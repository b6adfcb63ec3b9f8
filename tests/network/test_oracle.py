"""The engine against single packets, over random networks."""

from __future__ import annotations

import os
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardrails.network.addresses import PUBLIC, AddressSet
from guardrails.network.build import picture_of
from guardrails.network.ports import PortSet
from guardrails.network.reach import End, Engine, Internet
from tests.network.oracle import Net, Oracle, Packet
from tests.network.worlds import CLIENTS, design, network, packets

LONG = bool(os.environ.get("GUARDRAILS_LONG"))
QUESTIONS = 1_000_000 if LONG else 0
"""Packet questions of the long run, half of them over networks of which parts are hidden."""


def _ports(packet: Packet) -> PortSet:
    return PortSet.of(packet.protocol, packet.port)


def _end(engine: Engine, name: str, address: tuple[int, int]) -> End:
    if name:
        return engine.picture.interfaces[f"aws_instance.{name}"]
    family, number = address
    return Internet(AddressSet.single(4 if family == 4 else 6, number))


def _answers(engine: Engine, source: str, target: str, packet: Packet) -> tuple[bool, bool]:
    """Whether the packet surely and whether it possibly gets through, as the engine says."""
    one, two = _end(engine, source, packet.source), _end(engine, target, packet.destination)
    family = 4 if packet.source[0] == 4 else 6
    ports = _ports(packet)
    sure = engine.certain(one, two, ports).traffic.ports(_all(family))
    maybe = engine.possible(one, two, ports).traffic.ports(_all(family))
    return ports.of_family(4 if family == 4 else 6) <= sure and bool(sure), not maybe.isdisjoint(ports)


def _all(family: int) -> AddressSet:
    return AddressSet.of("0.0.0.0/0" if family == 4 else "::/0")


def _truth(oracle: Oracle, source: str, target: str, packet: Packet) -> tuple[bool, bool]:
    """Whether every and whether some connection works, over the ports that client and NAT gateways may use."""
    nats = [1500, 40000, 60000] if oracle.net.nats else [1500]
    if not source:
        some = any(oracle.connects(source, target, packet, c, 1500) for c in CLIENTS)
        return some, some  # a stranger takes the port that works
    every = all(oracle.connects(source, target, packet, c, n) for c in (40000, 60000) for n in nats)
    return every, every or any(
        oracle.connects(source, target, packet, c, n) for c in (1500, 40000, 60000) for n in nats
    )


def _ask(net: Net, random: Random, hide: Random | None) -> tuple[int, int]:
    """Compare on one network; gives the number of questions and of connections that work."""
    engine = Engine(picture_of(design(net, hide)))
    oracle = Oracle(net)
    asked = worked = 0
    for source, target, packet in packets(net, random):
        if not source and not target:
            continue
        if not source or not target:
            outside = packet.destination if source else packet.source
            if (AddressSet.single(4 if outside[0] == 4 else 6, outside[1]) & PUBLIC) != AddressSet.single(
                4 if outside[0] == 4 else 6, outside[1]
            ) and not source:
                continue  # no stranger has a private address
        every, some = _truth(oracle, source, target, packet)
        sure, maybe = _answers(engine, source, target, packet)
        where = f"{source or 'internet'} -> {target or 'internet'} {packet}\n{net}"
        if hide is None:
            assert sure == every, f"surely: engine {sure}, packets {every}: {where}"
            assert maybe == some, f"possibly: engine {maybe}, packets {some}: {where}"
        else:
            assert every or not sure, f"surely, but not so: {where}"
            assert maybe or not some, f"blocked, but not so: {where}"
        asked += 1
        worked += some
    return asked, worked


quick = settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@quick
@given(st.randoms(use_true_random=False))
def test_known_networks_equal_packet_by_packet(random: Random) -> None:
    """With everything known, the engine's `must` and `may` are exactly what single packets do."""
    _ask(network(random), random, None)


@quick
@given(st.randoms(use_true_random=False), st.randoms(use_true_random=False))
def test_hidden_parts_never_make_the_answer_wrong(random: Random, hide: Random) -> None:
    """With parts hidden, what is sure holds, and what is blocked stays blocked, however they turn out."""
    _ask(network(random), random, hide)


def test_a_million_packets() -> None:
    """The same, over seeded networks, until as many questions are asked as the long run wants."""
    asked = worked = seed = 0
    least = QUESTIONS or 4_000
    while asked < least:
        random = Random(seed)  # noqa: S311  # test data
        more, good = _ask(network(random), random, Random(seed + 1) if seed % 2 else None)  # noqa: S311  # as above
        asked, worked, seed = asked + more, worked + good, seed + 1
    print(f"{asked} packet questions over {seed} networks, {worked} connections that work")

    assert worked > asked // 50


def test_answers_of_a_nat_gateway_do_not_cross_a_peering_connection() -> None:
    """In by a transit gateway, out by NAT, a route by peering for the answers, which have an internet address."""
    for hide in (None, Random(102136)):  # noqa: S311  # test data
        random = Random(102135)  # noqa: S311  # as above
        _ask(network(random), random, hide)
