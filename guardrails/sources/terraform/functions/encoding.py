"""Encodings: JSON, Base64, CSV, character sets, URLs."""

from __future__ import annotations

import base64
import codecs
import re

from guardrails.model import Symbolic, UnknownValue, Value
from guardrails.sources.terraform.functions.encoding_json import decode, encode
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    Beyond,
    FunctionContext,
    anything,
    bounded,
    function,
    normalized,
    table,
    text,
)
from guardrails.sources.terraform.types import EvaluationError, ListValue, unknown

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z", re.ASCII)


def from_base64(value: str) -> bytes | None:
    """The bytes, with line breaks ignored as Go does, or None for what is not Base64."""
    bare = value.replace("\n", "").replace("\r", "")
    return base64.b64decode(bare) if _BASE64.match(bare) else None


def to_base64(data: bytes) -> str:
    """Standard Base64 in one line."""
    return base64.b64encode(data).decode("ascii")


@function("jsonencode", anything("val", nullable=True), holes="all", context=True)
def _jsonencode(context: FunctionContext, value: Value) -> Value:
    if isinstance(value, UnknownValue):
        return unknown(value)
    return encode(value, context.limit).value


@function("jsondecode", text(), holes="parts")
def _jsondecode(value: str) -> Value:
    if not isinstance(value, Symbolic):
        return decode(value)
    if value.ref or all(isinstance(part, UnknownValue) for part in value.parts):
        return unknown(value)
    from guardrails.model import Unknown, decode_json  # noqa: PLC0415  # only for text with holes

    try:
        return decode_json(value)
    except (Unknown, ValueError):
        return unknown(value)


@function("base64encode", text())
def _base64encode(value: str) -> Value:
    return to_base64(value.encode("utf-8", "replace"))


@function("base64decode", text())
def _base64decode(value: str) -> Value:
    data = from_base64(value)
    if data is None:
        raise EvaluationError(f'failed to decode base64 data "{value}"')
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise EvaluationError("the result of decoding the provided string is not valid UTF-8") from None


@function("base64gzip", text())
def _base64gzip(_value: str) -> Value:
    raise Beyond("the compressed form is not computed")


@function("urlencode", text())
def _urlencode(value: str) -> Value:
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
    data = value.encode("utf-8", "replace")
    return "".join(chr(byte) if byte in safe else "+" if byte == 32 else f"%{byte:02X}" for byte in data)


_CHARSETS = {
    "utf-8": "utf-8", "us-ascii": "ascii", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "utf-16": "utf-16",
    "shift_jis": "cp932", "gbk": "gbk", "gb18030": "gb18030", "big5": "big5", "euc-jp": "euc_jp", "euc-kr": "euc_kr",
    "koi8-r": "koi8_r", "koi8-u": "koi8_u", "ibm437": "cp437", "ibm850": "cp850", "ibm852": "cp852",
    "ibm866": "cp866", "macintosh": "mac_roman",
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{number}": f"cp{number}" for number in (*range(1250, 1259), 874)},
}  # fmt: skip  # a table reads best as one
_ALIASES = {"utf8": "utf-8", "ascii": "us-ascii", "latin1": "iso-8859-1", "sjis": "shift_jis", "cp1252": "windows-1252"}


def _charset(name: str) -> str:
    lower = name.lower()
    known = _CHARSETS.get(_ALIASES.get(lower, lower))
    if known is None:
        raise Beyond("this character set is not known here")
    return known


@function("textencodebase64", text("string"), text("encoding"))
def _textencodebase64(value: str, encoding: str) -> Value:
    charset = _charset(encoding)
    if charset == "utf-16":
        return to_base64(codecs.BOM_UTF16_BE + value.encode("utf-16-be"))
    try:
        return to_base64(value.encode(charset))
    except UnicodeEncodeError:
        raise ArgumentError(
            "string", f"the given string contains characters that cannot be represented in {encoding}"
        ) from None


@function("textdecodebase64", text("source"), text("encoding"))
def _textdecodebase64(value: str, encoding: str) -> Value:
    charset = _charset(encoding)
    data = from_base64(value)
    if data is None:
        raise ArgumentError("source", "the given value is has an invalid base64 symbol")
    if charset == "utf-16" and not data.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
        charset = "utf-16-be"
    try:
        return normalized(data.decode(charset))
    except UnicodeDecodeError:
        if charset == "utf-8":
            return data.decode(charset, "replace")
        raise ArgumentError(
            "source", f"the given string contains symbols that are not defined for {encoding}"
        ) from None


@function("csvdecode", text(), context=True)
def _csvdecode(context: FunctionContext, value: str) -> Value:
    rows = list(_rows(value, context))
    if not rows:
        raise EvaluationError("missing header line")
    _, header = rows[0]
    for name in header:
        if header.count(name) > 1:
            raise EvaluationError(f'duplicate column name "{name}"')
    bounded(len(header) * len(rows), context)
    records = ListValue()
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise EvaluationError(f"CSV parse error on line {line}: wrong number of fields")
        records.append({normalized(name): normalized(field) for name, field in zip(header, row, strict=True)})
    return records


def _rows(source: str, context: FunctionContext) -> list[tuple[int, list[str]]]:
    """Rows with the numbers of their lines, as Go's encoding/csv reads them."""
    bounded(len(source), context, "characters")
    rows: list[tuple[int, list[str]]] = []
    lines = re.findall(r"[^\n]*\n|[^\n]+", source)
    at = 0
    while at < len(lines):
        start, rest = at + 1, _line(lines[at])
        at += 1
        if rest == "\n":
            continue
        fields: list[str] = []
        while True:
            if not rest.startswith('"'):
                field, comma, rest = rest.removesuffix("\n").partition(",")
                if '"' in field:
                    raise EvaluationError(f'CSV parse error on line {at}: bare " in non-quoted-field')
                fields.append(field)
                if not comma:
                    break
                continue
            field, rest = "", rest[1:]
            while True:
                piece, quote, rest = rest.partition('"')
                field += piece
                if not quote:
                    if at >= len(lines):
                        raise EvaluationError(f'CSV parse error on line {at}: extraneous or missing " in quoted-field')
                    rest = _line(lines[at])
                    at += 1
                elif rest.startswith('"'):
                    field, rest = field + '"', rest[1:]
                else:
                    break
            fields.append(field)
            if rest in {"", "\n"}:
                break
            if not rest.startswith(","):
                raise EvaluationError(f'CSV parse error on line {at}: extraneous or missing " in quoted-field')
            rest = rest[1:]
        rows.append((start, fields))
    return rows


def _line(line: str) -> str:
    return line[:-2] + "\n" if line.endswith("\r\n") else line


FUNCTIONS = table(
    _jsonencode,
    _jsondecode,
    _base64encode,
    _base64decode,
    _base64gzip,
    _urlencode,
    _textencodebase64,
    _textdecodebase64,
    _csvdecode,
)
