"""Traffic sets against brute force over points."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.network.addresses import ANY_V4, AddressSet, Family
from guardrails.network.ports import PortSet
from guardrails.network.traffic import ALL_TRAFFIC, Traffic

EXAMPLES = 10_000 if os.environ.get("GUARDRAILS_LONG") else 200
SIZE = 8

Point = tuple[Family, int, int]
boxes = st.lists(
    st.tuples(
        st.sampled_from([4, 6]),
        st.integers(0, SIZE - 1),
        st.integers(1, SIZE),
        st.integers(0, SIZE - 1),
        st.integers(0, SIZE),
    ),
    max_size=4,
)


def _traffic(parts: list[tuple[Family, int, int, int, int]]) -> tuple[Traffic, set[Point]]:
    sets, points = [], set()
    for family, address, count, port, more in parts:
        sets.append(Traffic.box(AddressSet.range(family, address, address + count), PortSet.tcp((port, port + more))))
        points |= {(family, a, p) for a in range(address, address + count) for p in range(port, port + more + 1)}
    return Traffic.union_of(sets), points


def _points(traffic: Traffic) -> set[Point]:
    families: tuple[Family, ...] = (4, 6)
    return {
        (family, a, p)
        for family in families
        for a in range(2 * SIZE + 1)
        for low, high in traffic.at(family, a).ranges("tcp")
        for p in range(low, high + 1)
    }


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(boxes, boxes)
def test_algebra_equals_that_of_points(
    a: list[tuple[Family, int, int, int, int]], b: list[tuple[Family, int, int, int, int]]
) -> None:
    """Operations agree with sets of (family, address, port), and equal sets are equal objects."""
    x, left = _traffic(a)
    y, right = _traffic(b)

    assert _points(x) == left
    assert _points(x | y) == left | right
    assert _points(x & y) == left & right
    assert _points(x - y) == left - right
    assert (x - y) | (x & y) == x
    assert Traffic.union_of(Traffic.box(a, p) for a, p in x.boxes()) == x
    assert Traffic.union_of(Traffic.box(a, p) for a, p in x.pieces()) == x


def test_it_answers_by_address_and_by_port() -> None:
    """Which addresses have a port, which ports an address has, and the boxes in between."""
    office, world = AddressSet.of("10.0.0.0/8"), AddressSet.of("0.0.0.0/0")
    traffic = Traffic.box(world, PortSet.tcp(443)) | Traffic.box(office, PortSet.tcp(22))

    assert traffic.addresses(PortSet.tcp(22)) == office
    assert traffic.addresses() == ANY_V4
    assert traffic.ports(office) == PortSet.tcp(22, 443)
    assert traffic.ports(AddressSet.of("11.0.0.0/8")) == PortSet.tcp(443)
    assert list(traffic.pieces()) == [(office, PortSet.tcp(22)), (world, PortSet.tcp(443))]
    assert traffic <= ALL_TRAFFIC
