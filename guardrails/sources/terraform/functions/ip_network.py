"""Functions of IP networks."""

from __future__ import annotations

import ipaddress
import re

from msgspec import Struct

from guardrails.model import Value
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    Beyond,
    Parameter,
    function,
    num,
    table,
    text,
    whole,
)
from guardrails.sources.terraform.number import Number
from guardrails.sources.terraform.types import EvaluationError, ListValue

_V4 = re.compile(r"(\d+)\.(\d+)\.(\d+)\.(\d+)\Z", re.ASCII)


class _Network(Struct, frozen=True):
    address: int
    """With no bits below the prefix."""
    prefix: int
    bits: int

    def text(self, address: int) -> str:
        """An address of this family as Go prints it."""
        if self.bits == 32:
            return str(ipaddress.IPv4Address(address))
        if address >> 32 == 0xFFFF:
            raise Beyond("IPv4 addresses in IPv6 are not computed")
        return str(ipaddress.IPv6Address(address))


def _network(cidr: str) -> _Network:
    refusal = EvaluationError(f"invalid CIDR expression: invalid CIDR address: {cidr}")
    written, slash, length = cidr.partition("/")
    if not slash or not (length.isascii() and length.isdigit()) or len(cidr) > 100:
        raise refusal
    if found := _V4.match(written):
        octets = [int(octet) for octet in found.groups()]
        if any(octet > 255 for octet in octets):
            raise refusal
        address, bits = int.from_bytes(bytes(octets), "big"), 32
    else:
        try:
            address, bits = int(ipaddress.IPv6Address(written)), 128
        except ValueError:
            raise refusal from None
        if "%" in written:
            raise refusal
    prefix = int(length)
    if prefix > bits:
        raise refusal
    below = bits - prefix
    return _Network(address >> below << below, prefix, bits)


def _integer(value: Number) -> int:
    if isinstance(value, int):
        return value
    raise EvaluationError("value must be a whole number")


@function("cidrhost", text("prefix"), num("hostnum"))
def _cidrhost(cidr: str, hostnum: Number) -> Value:
    host = _integer(hostnum)
    network = _network(cidr)
    room = 1 << (network.bits - network.prefix)
    # A negative number counts from the end.
    at = host if host >= 0 else room + host
    if not 0 <= at < room:
        raise EvaluationError(
            f"prefix of {network.prefix} does not accommodate a host numbered {at if host < 0 else host}"
        )
    return network.text(network.address + at)


@function("cidrnetmask", text("prefix"))
def _cidrnetmask(cidr: str) -> Value:
    network = _network(cidr)
    if network.bits != 32:
        raise EvaluationError(f"IPv6 addresses cannot have a netmask: {cidr}")
    return network.text((1 << 32) - (1 << (32 - network.prefix)))


@function("cidrsubnet", text("prefix"), num("newbits"), num("netnum"))
def _cidrsubnet(cidr: str, newbits: Number, netnum: Number) -> Value:
    extension, at = whole(newbits), _integer(netnum)
    network = _network(cidr)
    prefix = network.prefix + extension
    if prefix > network.bits:
        raise EvaluationError(f"insufficient address space to extend prefix of {network.prefix} by {extension}")
    if at < 0 or prefix < 0:
        raise Beyond("negative numbers are not computed with")
    if at >= 1 << max(0, extension):
        raise EvaluationError(f"prefix extension of {extension} does not accommodate a subnet numbered {at}")
    return f"{network.text(network.address | at << (network.bits - prefix))}/{prefix}"


@function("cidrsubnets", text("prefix"), variadic=Parameter("newbits", "number"))
def _cidrsubnets(cidr: str, *newbits: Number) -> Value:
    network = _network(cidr)
    made = ListValue()
    end = network.address + (1 << (network.bits - network.prefix))
    following, before = network.address, ""
    for each in newbits:
        extension = whole(each)
        prefix = network.prefix + extension
        if extension < 1:
            raise ArgumentError("newbits", "must extend prefix by at least one bit")
        if extension > 32:
            raise ArgumentError("newbits", "may not extend prefix by more than 32 bits")
        if prefix > network.bits:
            family = "IPv4" if network.bits == 32 else "IPv6"
            raise ArgumentError(
                "newbits", f"would extend prefix to {prefix} bits, which is too long for an {family} address"
            )
        size = 1 << (network.bits - prefix)
        start = -(-following // size) * size
        # Terraform steps back before it steps on, and so never finds the first network of all.
        if start + size > end or start == 0:
            raise ArgumentError(
                "newbits",
                f"not enough remaining address space for a subnet with a prefix of {prefix} bits after {before}",
            )
        following = start + size
        before = f"{network.text(start)}/{prefix}"
        made.append(before)
    return made


FUNCTIONS = table(_cidrhost, _cidrnetmask, _cidrsubnet, _cidrsubnets)
