"""A saved live account: one JSON document, usually compressed, that gives the same model without AWS.

    {"guardrails_snapshot": 1, "tool": "0.1.0", "accounts": [
    {"account": "123456789012", "collected": "2026-11-24T08:00:00Z", "gaps": [...], "problems": [...], "resources": [
    {"type": "aws_vpc", "name": "vpc-0abc", "address": ..., "region": ..., "arn": ..., "values": {...}},
    ...

A value that is not plain is an object with one key: `{"$unknown": [reason, [[address, attribute], ...], many]}` or
`{"$symbolic": [part, ...]}`, whose parts are texts, `{"$ref": [address, attribute]}` and unknown values. Any other
object with a key that starts with `$` is written as `{"$object": [[key, value], ...]}`. Sensitive values are never
written.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from guardrails.model import (
    Gap,
    LiveLocation,
    Location,
    Mode,
    Model,
    Part,
    Problem,
    Ref,
    Resource,
    Resources,
    Sensitive,
    Stage,
    Symbolic,
    UnknownValue,
    Value,
    refs_of,
)
from guardrails.sources.document import MAX_BYTES, Unusable, shown
from guardrails.sources.live import Providers, live_resource

VERSION = 1

_NOT_SAVED = "sensitive: it is not kept in a snapshot"
_JSON = msgspec.json.Encoder()


class _Place(msgspec.Struct, omit_defaults=True):
    arn: str
    account: str = ""
    region: str = ""


class _Gap(msgspec.Struct, omit_defaults=True):
    reason: str
    types: list[str] = []
    place: _Place | None = None
    chosen: bool = False


class _Problem(msgspec.Struct, omit_defaults=True):
    message: str
    stage: Stage = "collect"
    place: _Place | None = None


class _Resource(msgspec.Struct, omit_defaults=True):
    type: str
    name: str
    address: str
    values: dict[str, Any]  # checked by `_decode`: JSON has no tags that msgspec could check a recursive union by
    region: str = ""
    arn: str = ""
    mode: Mode = "managed"


class _Account(msgspec.Struct, kw_only=True):
    account: str
    collected: str = ""
    gaps: list[_Gap] = []
    problems: list[_Problem] = []
    resources: list[_Resource]


class _Header(msgspec.Struct):
    guardrails_snapshot: int
    accounts: msgspec.Raw


def write_snapshot(path: Path, models: Iterable[Model]) -> int:
    """Save accounts as they come, one in memory at a time; how many there were.

    Compressed if the name ends in `.gz`. The file appears only when it is whole, readable by its owner alone.
    Raises `OSError`.
    """
    with _replacing(path) as file:
        compressed = path.name.endswith(".gz")
        # No time in the header: the same accounts give the same bytes.
        out: BinaryIO = gzip.GzipFile("", "wb", 6, file, 0) if compressed else file  # type: ignore[assignment]  # it writes bytes
        count = _write(out, models)
        if compressed:
            out.close()
        return count


def _write(out: BinaryIO, models: Iterable[Model]) -> int:
    from guardrails import __version__  # noqa: PLC0415  # the package's own module is not done yet when it imports this

    out.write(b'{"guardrails_snapshot":%d,"tool":%s,"accounts":[' % (VERSION, _JSON.encode(__version__)))
    count = 0
    for count, model in enumerate(models, 1):  # the last one is the result
        out.write(b"\n" if count == 1 else b",\n")
        resources = [_resource(resource) for resource in model.all()]
        collected = model.cache.get("collected")
        account = _Account(
            account=model.name,
            collected=collected if isinstance(collected, str) else datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            gaps=[_Gap(gap.reason, sorted(gap.types), _place(gap.location), gap.chosen) for gap in model.gaps],
            problems=[_Problem(p.message, p.stage, _place(p.location)) for p in model.problems],
            resources=[],
        )
        out.write(_JSON.encode(account).removesuffix(b"]}"))
        for number, resource in enumerate(resources):
            out.write(b"\n" if number == 0 else b",\n")
            out.write(_JSON.encode(resource))
        out.write(b"]}")
    out.write(b"\n]}\n")
    return count


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of another when it is whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _resource(resource: Resource) -> _Resource:
    place = resource.locate(()).location
    region = resource.provider.config.get("region")
    return _Resource(
        resource.type,
        resource.name,
        resource.address,
        {key: _encode(value) for key, value in resource.values.items()},
        region if isinstance(region, str) else "",
        place.arn if isinstance(place, LiveLocation) and place.arn != resource.address else "",
        resource.mode,
    )


def _place(place: object) -> _Place | None:
    return _Place(place.arn, place.account, place.region) if isinstance(place, LiveLocation) else None


def _encode(value: Value) -> Any:
    match value:
        case Sensitive():
            return {"$unknown": [_NOT_SAVED, _refs(value), False]}
        case UnknownValue():
            return {"$unknown": [value.reason, _refs(value), value.many]}
        case Symbolic():
            return {"$symbolic": [_encode_part(part) for part in value.parts]}
        case str():
            return str.__str__(value)
        case list():
            return [_encode(item) for item in value]
        case Mapping():
            if any(key.startswith("$") for key in value):
                return {"$object": [[key, _encode(item)] for key, item in value.items()]}
            return {key: _encode(item) for key, item in value.items()}
        case _:
            return value


def _encode_part(part: Part) -> Any:
    return {"$ref": [part.address, part.attribute]} if isinstance(part, Ref) else _encode(part)


def _refs(value: Value) -> list[list[str]]:
    return [[ref.address, ref.attribute] for ref in refs_of(value)]


def read_snapshot(path: Path) -> list[Model]:
    """The accounts of a snapshot. Raises `Unusable`: for what is no snapshot, is of a later version, or too large."""
    start = Location(shown(path), 1)
    data = _bytes(path, start)
    try:
        header = msgspec.json.decode(data, type=_Header)
        if header.guardrails_snapshot != VERSION:
            raise Unusable(
                f"is a snapshot of version {header.guardrails_snapshot}, this guardrails reads version {VERSION}: "
                "use the one that wrote it, or read the account again",
                start,
            )
        accounts = msgspec.json.decode(header.accounts, type=list[_Account])
        return [_model(account) for account in accounts]
    except msgspec.ValidationError as error:
        raise Unusable(f"is not as guardrails writes a snapshot: {error}", start) from None
    except msgspec.DecodeError as error:
        raise Unusable(f"is not a whole snapshot: {error}", start) from None
    except UnicodeError:
        raise Unusable("is not valid UTF-8", start) from None
    except RecursionError:
        raise Unusable("is nested too deeply", start) from None


def _bytes(path: Path, start: Location) -> bytes:
    """The text, decompressed if it is compressed, within bounds."""
    try:
        if not path.is_file():
            raise Unusable("is not a file", start)
        with path.open("rb") as file:
            raw: BinaryIO = file
            if file.read(2) == b"\x1f\x8b":
                file.seek(0)
                raw = gzip.GzipFile("", "rb", 9, file)  # type: ignore[assignment]  # it reads bytes
            else:
                file.seek(0)
            data = io.BytesIO()
            # Piece by piece, so that a compressed bomb costs what is allowed and not what it holds.
            while piece := raw.read(1 << 20):
                data.write(piece)
                if data.tell() > MAX_BYTES:
                    raise Unusable(f"is larger than {MAX_BYTES >> 20} MiB", start)
            return data.getvalue()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise Unusable("is not a whole snapshot: its compressed data are broken", start) from None
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror or error}", start) from None


def _model(account: _Account) -> Model:
    providers = Providers()
    model = Model(
        account.account,
        "account",
        Resources(
            live_resource(
                given.type,
                given.name,
                {key: _decode(value) for key, value in given.values.items()},
                address=given.address,
                mode=given.mode,
                place=LiveLocation(given.arn or given.address, account.account, given.region),
                provider=providers.of(given.region),
            )
            for given in account.resources
        ),
        gaps=[Gap(gap.reason, frozenset(gap.types), _live(gap.place), gap.chosen) for gap in account.gaps],
        problems=[Problem(p.stage, p.message, _live(p.place)) for p in account.problems],
    )
    if account.collected:
        model.cache["collected"] = account.collected
    return model


def _live(place: _Place | None) -> LiveLocation | None:
    return None if place is None else LiveLocation(place.arn, place.account, place.region)


def _decode(value: Any) -> Value:
    match value:
        case {"$unknown": [str(reason), list(refs), bool(many)]} if len(value) == 1:
            return UnknownValue(reason, tuple(_ref(ref) for ref in refs), many)
        case {"$symbolic": list(parts)} if len(value) == 1:
            return Symbolic(*(_decode_part(part) for part in parts))
        case {"$object": list(pairs)} if len(value) == 1:
            return dict(_pair(pair) for pair in pairs)
        case dict():
            if any(key.startswith("$") for key in value):
                raise msgspec.ValidationError("a value with an unknown mark")
            return {key: _decode(item) for key, item in value.items()}
        case list():
            return [_decode(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise msgspec.ValidationError("a value that JSON does not have")


def _decode_part(part: Any) -> Part:
    match part:
        case str():
            return part
        case {"$ref": ref} if len(part) == 1:
            return _ref(ref)
        case _:
            value = _decode(part)
            if isinstance(value, UnknownValue):
                return value
            raise msgspec.ValidationError("a part of a text that is neither text nor reference")


def _ref(ref: Any) -> Ref:
    match ref:
        case [str(address), str(attribute)]:
            return Ref(address, attribute)
        case _:
            raise msgspec.ValidationError("a reference that is not an address and an attribute")


def _pair(pair: Any) -> tuple[str, Value]:
    match pair:
        case [str(key), value]:
            return key, _decode(value)
        case _:
            raise msgspec.ValidationError("an object whose members are not pairs")


class Difference(Struct, frozen=True):
    """One thing that differs between two snapshots of an account."""

    address: str
    change: str
    """`added`, `removed` or `changed`."""
    attribute: str = ""
    """For `changed`: the attribute."""
    before: Value = None
    after: Value = None


def compare(before: Model, after: Model) -> Iterator[Difference]:
    """What changed between two models of an account, by address. Attributes that are unknown in either are left out,
    as are resources of types that the other could not list.
    """
    old = {resource.address: resource for resource in before.all()}
    new = {resource.address: resource for resource in after.all()}
    for address in sorted(old.keys() | new.keys()):
        was, now = old.get(address), new.get(address)
        if was is None and now is not None:
            if not _gap(before, now):
                yield Difference(address, "added")
        elif now is None and was is not None:
            if not _gap(after, was):
                yield Difference(address, "removed")
        elif was is not None and now is not None:
            for name in sorted(set(was.values) | set(now.values)):
                left, right = was.raw(name), now.raw(name)
                if not isinstance(left, UnknownValue) and not isinstance(right, UnknownValue) and left != right:
                    yield Difference(address, "changed", name, left, right)


def _gap(model: Model, resource: Resource) -> bool:
    type_ = f"data.{resource.type}" if resource.mode == "data" else resource.type
    return any(not gap.types or type_ in gap.types for gap in model.gaps)
