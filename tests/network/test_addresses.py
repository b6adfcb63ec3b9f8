"""Address sets against brute force over single addresses."""

from __future__ import annotations

import ipaddress
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.network import intervals
from guardrails.network.addresses import ANY_V4, ANYWHERE, NOWHERE, PUBLIC, AddressSet, parse_cidr

EXAMPLES = 20_000 if os.environ.get("GUARDRAILS_LONG") else 300
SIZE = 64

small = st.sets(st.integers(0, SIZE - 1)).map(frozenset)
v4_cidrs = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda t: f"{ipaddress.IPv4Address(t[0])}/{t[1]}"
)
v6_cidrs = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
    lambda t: f"{ipaddress.IPv6Address(t[0])}/{t[1]}"
)
cidrs = st.lists(st.one_of(v4_cidrs, v6_cidrs), max_size=6)


def _bounds(points: frozenset[int]) -> intervals.Bounds:
    return intervals.of((p, p + 1) for p in points)


def _points(bounds: intervals.Bounds) -> frozenset[int]:
    return frozenset(p for start, end in intervals.pieces(bounds) for p in range(start, end))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(small, small)
def test_set_algebra_equals_that_of_python_sets(a: frozenset[int], b: frozenset[int]) -> None:
    """Union, intersection, difference, complement, size and membership are those of sets of integers."""
    x, y = _bounds(a), _bounds(b)

    assert _points(x) == a
    assert _points(intervals.union(x, y)) == a | b
    assert _points(intervals.intersection(x, y)) == a & b
    assert _points(intervals.difference(x, y)) == a - b
    assert _points(intervals.complement(x, SIZE)) == frozenset(range(SIZE)) - a
    assert intervals.size(x) == len(a)
    assert intervals.covers(x, y) == (b <= a)
    assert all(intervals.contains(x, p) == (p in a) for p in range(SIZE))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(cidrs)
def test_cidrs_of_a_set_are_the_fewest_that_make_it_up(texts: list[str]) -> None:
    """Written back as CIDR blocks, a set equals what ipaddress collapses the same networks to."""
    networks = [ipaddress.ip_network(t, strict=False) for t in texts]
    expected = [
        str(n)
        for version in (4, 6)
        for n in ipaddress.collapse_addresses([n for n in networks if n.version == version])  # type: ignore[type-var]  # one version at a time
    ]

    assert AddressSet.of(*texts).cidrs() == expected


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(cidrs, cidrs)
def test_laws_hold_over_both_families(a: list[str], b: list[str]) -> None:
    """De Morgan, difference and equality hold for sets of both families."""
    x, y = AddressSet.of(*a), AddressSet.of(*b)

    assert ~(x | y) == ~x & ~y
    assert x - y == x & ~y
    assert (x <= y) == (x | y == y)
    assert x.isdisjoint(y) == (x & y == NOWHERE)
    assert AddressSet.of(*x.cidrs()) == x


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "010.0.0.0/8", "10.0.0.0/08", "10.0.0.0/255.0.0.0", "256.0.0.0/8", "",
        "10.0.0.0/ 8", " 10.0.0.0/8", "10.0.0.0/8\n", "fe80::1%eth0/64", "::/129", "::", "2001:db8::/0x10", "a/8",
        "1.2.3.4/-1", "١.0.0.0/8", "::/+1", "10.0.0.0/8/8",
    ],
)  # fmt: skip
def test_a_text_that_aws_refuses_is_no_cidr(text: str) -> None:
    """Whatever is not an address, a slash and a plain prefix length is refused."""
    with pytest.raises(ValueError, match="is not a CIDR block"):
        parse_cidr(text)


def test_host_bits_are_cleared() -> None:
    """EC2 takes `10.1.2.3/8` for `10.0.0.0/8`."""
    assert AddressSet.of("10.1.2.3/8", "2001:db8::1/32") == AddressSet.of("10.0.0.0/8", "2001:db8::/32")


def test_two_halves_are_the_internet() -> None:
    """Two /1 blocks equal the whole, and read as it."""
    halves = AddressSet.of("0.0.0.0/1", "128.0.0.0/1")

    assert halves == ANY_V4
    assert halves.wide
    assert halves.covers_internet(4)
    assert not halves.covers_internet(6)
    assert halves.describe() == "the whole IPv4 internet"


@pytest.mark.parametrize(
    ("cidrs", "wide"),
    [
        (["0.0.0.0/0"], True),
        (["::/0"], True),
        (["2000::/3"], True),
        (["52.0.0.0/8"], True),
        (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"], False),
        (["203.0.113.7/32"], False),
        (["52.95.0.0/16"], False),
        (["224.0.0.0/3"], False),
        (["fc00::/7", "fe80::/10", "ff00::/8", "::1/128"], False),
        (["2600:1f14::/36"], False),
        ([f"{a}.0.0.0/9" for a in (3, 4)], True),
    ],
)
def test_wide_is_the_internet_and_not_a_network(cidrs: list[str], wide: bool) -> None:
    """Only sets at the scale of the internet are wide; private and reserved space of any size is not."""
    assert AddressSet.of(*cidrs).wide is wide


def test_public_space_leaves_out_the_special_blocks() -> None:
    """Private, shared, link-local, loopback, multicast and reserved addresses are not public."""
    for address in (
        "10.1.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "127.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "fd00::1",
    ):
        assert address not in PUBLIC
    for address in ("1.1.1.1", "172.32.0.0", "100.128.0.0", "223.255.255.255", "2600::1"):
        assert address in PUBLIC


def test_a_set_reads_as_people_say_it() -> None:
    """Descriptions name the internet, single addresses without a prefix, and count what is too long to list."""
    assert ANYWHERE.describe() == "the whole internet"
    assert NOWHERE.describe() == "no address"
    assert AddressSet.of("10.0.0.0/8", "192.168.1.1").describe() == "10.0.0.0/8 and 192.168.1.1"
    assert AddressSet.of("::/0", "10.0.0.0/8").describe() == "the whole IPv6 internet and 10.0.0.0/8"
    many = AddressSet.of(*(f"10.{i}.0.0/24" for i in range(9)))
    assert many.describe() == "10.0.0.0/24, 10.1.0.0/24, 10.2.0.0/24, 10.3.0.0/24 and 5 more networks"
