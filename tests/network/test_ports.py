"""Port sets: every way of writing a rule, and the algebra."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.network.ports import ALL, NOTHING, PortSet, union_of

EXAMPLES = 20_000 if os.environ.get("GUARDRAILS_LONG") else 300


@pytest.mark.parametrize(
    ("protocol", "low", "high", "expected"),
    [
        ("tcp", 22, 22, PortSet.tcp(22)),
        ("TCP", 22, 22, PortSet.tcp(22)),
        ("6", 20, 25, PortSet.tcp((20, 25))),
        (6, 0, 65535, PortSet.tcp()),
        ("tcp", 0, 0, PortSet.tcp(0)),
        ("tcp", None, None, PortSet.tcp()),
        ("udp", -1, -1, PortSet.udp()),
        ("-1", 0, 0, ALL),
        ("-1", None, None, ALL),
        ("all", 22, 22, ALL),
        (-1, 0, 65535, ALL),
        ("icmp", -1, -1, PortSet.of("icmp")),
        ("icmp", 8, -1, PortSet.of("icmp", 8)),
        ("icmp", 8, None, PortSet.of("icmp", 8)),
        ("1", -1, 0, PortSet.of("icmp")),
        ("58", -1, -1, PortSet.of("icmpv6")),
        ("icmpv6", None, None, PortSet.of("icmpv6")),
        ("50", 0, 0, PortSet.of("esp")),
        ("esp", 443, 443, PortSet.of("esp")),
        ("132", 80, 80, PortSet.of("sctp")),
    ],
)
def test_a_rule_means_what_aws_makes_of_it(
    protocol: str | int, low: int | None, high: int | None, expected: PortSet
) -> None:
    """Names, numbers, case, -1 and missing ranges mean what EC2 takes them for."""
    assert PortSet.rule(protocol, low, high) == expected


@pytest.mark.parametrize(
    ("protocol", "low", "high"),
    [("tcp", 443, 80), ("tcp", -1, 80), ("tcp", 0, 65536), ("icmp", 300, -1), ("tpc", 1, 1)],
)
def test_a_rule_that_aws_refuses_is_refused(protocol: str, low: int, high: int) -> None:
    """An inverted or impossible range and an unknown protocol raise, they are never an empty set."""
    with pytest.raises(ValueError, match="is not"):
        PortSet.rule(protocol, low, high)


def test_one_icmp_code_is_part_of_its_type() -> None:
    """Echo request code 0 is in type 8 and in all ICMP, not in type 0 and not in ICMPv6."""
    echo = PortSet.rule("icmp", 8, 0)

    assert echo <= PortSet.of("icmp", 8)
    assert echo.isdisjoint(PortSet.of("icmp", 0))
    assert echo.isdisjoint(PortSet.of("icmpv6"))


pieces = st.lists(
    st.tuples(st.sampled_from(["tcp", "udp", "icmp", "50"]), st.integers(0, 12), st.integers(0, 12)).map(
        lambda t: PortSet.rule(t[0], min(t[1:]), max(t[1:]))
    ),
    max_size=5,
)
UNIVERSE = [PortSet.of(p, n) for p in ("tcp", "udp") for n in range(14)] + [
    PortSet.rule("icmp", t, c) for t in range(14) for c in range(14)
]


def _points(ports: PortSet) -> set[int]:
    return {i for i, point in enumerate(UNIVERSE) if point <= ports}


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(pieces, pieces)
def test_algebra_equals_that_of_points(a: list[PortSet], b: list[PortSet]) -> None:
    """Union, intersection, difference and complement agree with sets of single ports and ICMP codes."""
    x, y = union_of(a), union_of(b)
    left = set().union(*map(_points, a))
    right = set().union(*map(_points, b))

    assert _points(x) == left
    assert _points(x | y) == left | right
    assert _points(x & y) == left & right
    assert _points(x - y) == left - right
    assert _points(~x) == set(range(len(UNIVERSE))) - left
    assert (x <= y) == (x | y == y)


def test_ports_read_as_people_say_them() -> None:
    """Descriptions name well-known ports, whole protocols and everything."""
    assert ALL.describe() == "every port and protocol"
    assert NOTHING.describe() == "nothing"
    assert PortSet.tcp(22).describe() == "TCP 22 (SSH)"
    assert (PortSet.tcp(80, 443) | PortSet.of("icmp")).describe() == "all ICMP and TCP 80, 443"
    assert PortSet.of("icmp", 8).describe() == "ICMP type 8"
    assert (ALL - PortSet.tcp(22)).describe() == "everything but TCP 22 (SSH)"
    assert PortSet.tcp((0, 65535)).describe() == "all TCP"


def test_protocols_and_ranges_take_it_apart() -> None:
    """A set lists its protocols and the ranges of each."""
    ports = PortSet.tcp(22, (8000, 8999)) | PortSet.udp(53)

    assert ports.protocols() == [6, 17]
    assert ports.ranges("tcp") == [(22, 22), (8000, 8999)]
    assert len(ALL.protocols()) == 256
    assert ports.has("udp", 53)
    assert not ports.has("udp", 54)
