"""Functions of dates and times, on RFC 3339 timestamps."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction

from guardrails.model import UnknownValue, Value
from guardrails.sources.terraform.functions.signature import ArgumentError, Beyond, function, table, text
from guardrails.sources.terraform.types import EvaluationError

_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:(Z)|([+-])(\d\d):(\d\d))\Z", re.ASCII)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip  # a table reads best as one
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS = {
    "ns": Fraction(1), "us": Fraction(1000), "µs": Fraction(1000), "μs": Fraction(1000), "ms": Fraction(10**6),
    "s": Fraction(10**9), "m": Fraction(60 * 10**9), "h": Fraction(3600 * 10**9),
}  # fmt: skip  # a table reads best as one


def _parse(stamp: str) -> tuple[dt.datetime, int]:
    """The time to the second with its offset, and the nanoseconds. Raises `EvaluationError`."""
    found = _STAMP.match(stamp)
    if not found:
        raise EvaluationError(f"not a valid RFC3339 timestamp: {_what_is_wrong(stamp)}")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    sign, hours, minutes = found[9], int(found[10] or 0), int(found[11] or 0)
    if hours > 24 or minutes > 59:
        raise EvaluationError("not a valid RFC3339 timestamp: timezone offset out of range")
    if second == 60 or hours == 24 or year == 0:
        raise Beyond("leap seconds, year 0 and offsets of a day are not computed with")
    offset = dt.timedelta(hours=hours, minutes=minutes)
    try:
        moment = dt.datetime(
            year, month, day, hour, minute, second, tzinfo=dt.timezone(-offset if sign == "-" else offset)
        )
    except ValueError:
        raise EvaluationError(f"not a valid RFC3339 timestamp: {_what_is_wrong(stamp)}") from None
    return moment, int((found[7] or "").ljust(9, "0")[:9])


def _what_is_wrong(stamp: str) -> str:
    for pattern, what in (
        (r"\d{4}", "year"),
        (r"\d{4}-(?:0[1-9]|1[0-2])", "month"),
        (r"\d{4}-\d\d-(?:0[1-9]|[12]\d|3[01])", "day of month"),
    ):
        if not re.match(pattern, stamp, re.ASCII):
            return f'cannot use "{stamp[{"year": 0, "month": 7, "day of month": 10}[what] :]}" as {what}'
    if stamp[10:11] != "T":
        return "missing required time introducer 'T'"
    return "a part of it is missing or out of range"


def _verbs(template: str) -> list[tuple[str, bool]]:
    """Runs of one letter, and literal text (True)."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    while at < len(template):
        char = template[at]
        if char == "'":
            literal = ""
            at += 1
            while True:
                end = template.find("'", at)
                if end < 0:
                    raise ArgumentError("format", "unterminated literal '")
                literal += template[at:end]
                at = end + 1
                if template[at : at + 1] != "'":
                    break
                literal += "'"
                at += 1
            pieces.append((literal, True))
        elif char.isascii() and char.isalpha():
            end = at
            while template[end : end + 1] == char:
                end += 1
            pieces.append((template[at:end], False))
            at = end
        else:
            pieces.append((char, True))
            at += 1
    return pieces


_ALLOWED = {
    "Y": ((2, 4), 'year must either be "YY" or "YYYY"'),
    "M": ((1, 2, 3, 4), 'month must be "M", "MM", "MMM", or "MMMM"'),
    "D": ((1, 2), 'day of month must either be "D" or "DD"'),
    "E": ((3, 4), 'day of week must either be "EEE" or "EEEE"'),
    "h": ((1, 2), '24-hour must either be "h" or "hh"'),
    "H": ((1, 2), '12-hour must either be "H" or "HH"'),
    "A": ((2,), 'must be "AA"'),
    "a": ((2,), 'must be "aa"'),
    "m": ((1, 2), 'minute must either be "m" or "mm"'),
    "s": ((1, 2), 'second must either be "s" or "ss"'),
    "Z": ((1, 3, 4, 5), "timezone must be Z, ZZZ, ZZZZ, or ZZZZZ"),
}


def _written(verb: str, moment: dt.datetime) -> str:
    letter, length = verb[0], len(verb)
    if letter not in _ALLOWED:
        raise ArgumentError("format", f'invalid date format verb "{verb}"')
    lengths, problem = _ALLOWED[letter]
    if length not in lengths:
        raise ArgumentError("format", f'invalid date format verb "{verb}": {problem}')
    match letter:
        case "Y":
            return f"{moment.year:04d}"[-length:]
        case "M":
            name = _MONTHS[moment.month - 1]
            return f"{moment.month:0{length}d}" if length < 3 else name[:3] if length == 3 else name
        case "D":
            return f"{moment.day:0{length}d}"
        case "E":
            name = _DAYS[moment.weekday()]
            return name[:3] if length == 3 else name
        case "h":
            return f"{moment.hour:0{length}d}"
        case "H":
            return f"{moment.hour % 12 or 12:0{length}d}"
        case "A" | "a":
            half = "AM" if moment.hour < 12 else "PM"
            return half if letter == "A" else half.lower()
        case "m":
            return f"{moment.minute:0{length}d}"
        case "s":
            return f"{moment.second:0{length}d}"
        case _:
            return _zone(moment, length)


def _zone(moment: dt.datetime, length: int) -> str:
    minutes = int((moment.utcoffset() or dt.timedelta()).total_seconds()) // 60
    if not minutes and length in (1, 3):
        return "Z" if length == 1 else "UTC"
    sign = "-" if minutes < 0 else "+"
    colon = ":" if length in (1, 5) else ""
    return f"{sign}{abs(minutes) // 60:02d}{colon}{abs(minutes) % 60:02d}"


@function("formatdate", text("format"), text("time"))
def _formatdate(template: str, stamp: str) -> Value:
    try:
        moment, _ = _parse(stamp)
    except EvaluationError as error:
        raise ArgumentError("time", str(error)) from None
    return "".join(piece if literal else _written(piece, moment) for piece, literal in _verbs(template))


def _duration(written: str) -> Fraction:
    """Nanoseconds."""
    refusal = EvaluationError(f'time: invalid duration "{written}"')
    rest = written[1:] if written[:1] in {"+", "-"} else written
    if rest == "0":
        return Fraction(0)
    if not rest or len(rest) > 200:
        raise refusal
    total = Fraction(0)
    while rest:
        found = re.match(r"(\d+\.?\d*|\.\d+)([^\d.]*)", rest, re.ASCII)
        if not found:
            raise refusal
        if not found[2]:
            raise EvaluationError(f'time: missing unit in duration "{written}"')
        if found[2] not in _UNITS:
            raise EvaluationError(f'time: unknown unit "{found[2]}" in duration "{written}"')
        total += Fraction(found[1] + ("0" if found[1].endswith(".") else "")) * _UNITS[found[2]]
        rest = rest[found.end() :]
    if total >= 1 << 63:
        raise refusal
    return -total if written.startswith("-") else total


@function("timeadd", text("timestamp"), text("duration"))
def _timeadd(stamp: str, duration: str) -> Value:
    moment, nanoseconds = _parse(stamp)
    seconds = (int(_duration(duration)) + nanoseconds) // 10**9
    try:
        moment += dt.timedelta(seconds=seconds)
    except OverflowError:
        raise Beyond("years beyond 9999 are not computed with") from None
    offset = _zone(moment, 1)
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + offset


@function("timecmp", text("timestamp_a"), text("timestamp_b"))
def _timecmp(first: str, second: str) -> Value:
    moments: list[tuple[dt.datetime, int]] = []
    for name, stamp in (("timestamp_a", first), ("timestamp_b", second)):
        try:
            moments.append(_parse(stamp))
        except EvaluationError as error:
            raise ArgumentError(name, str(error)) from None
    left, right = moments
    return (left > right) - (left < right)


@function("timestamp")
def _timestamp() -> Value:
    return UnknownValue("timestamp() is known at apply")


@function("plantimestamp")
def _plantimestamp() -> Value:
    return UnknownValue("plantimestamp() is known when a plan is made")


FUNCTIONS = table(_formatdate, _timeadd, _timecmp, _timestamp, _plantimestamp)
