"""The typed values that conditions compare: numbers, dates, addresses. None where a text is none."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import re
from fractions import Fraction

_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,2})?", re.ASCII)
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)
_EPOCH = re.compile(r"\d{5,13}(\.\d{1,9})?", re.ASCII)


@functools.lru_cache(maxsize=4096)
def parse_number(text: str) -> Fraction | None:
    """An integer or decimal number, exactly."""
    return Fraction(text) if _NUMBER.fullmatch(text) else None


@functools.lru_cache(maxsize=4096)
def parse_date(text: str) -> Fraction | None:
    """Seconds since 1970 of an ISO 8601 date (W3C note, without a zone it is UTC) or of an epoch time."""
    if _EPOCH.fullmatch(text):
        return Fraction(text)
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, part, zone = found.groups()
    try:
        day_start = datetime.date(int(year), int(month or 1), int(day or 1))
        time_of_day = datetime.time(int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    days = (day_start - datetime.date(1970, 1, 1)).days
    clock = time_of_day.hour * 3_600 + time_of_day.minute * 60 + time_of_day.second
    seconds = Fraction(days * 86_400 + clock) + (Fraction(part) if part else 0)
    if zone and zone != "Z":
        sign = -1 if zone[0] == "+" else 1
        digits = zone[1:].replace(":", "")
        seconds += sign * (int(digits[:2]) * 3_600 + int(digits[2:]) * 60)
    return seconds


Range = tuple[int, int, int]
"""A range of addresses: 4 or 6, first and last address as numbers, both included."""


@functools.lru_cache(maxsize=4096)
def parse_ip(text: str) -> Range | None:
    """The addresses of a CIDR block; an address without a prefix is itself alone. Host bits are ignored."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return network.version, int(network.network_address), int(network.broadcast_address)
