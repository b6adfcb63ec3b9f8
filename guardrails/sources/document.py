"""A JSON document somebody gave us: bounded reading, what it is, and where in it a resource stands."""

from __future__ import annotations

import json
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from guardrails.model import Location

MAX_BYTES = 1 << 30
"""A larger file is refused rather than read into memory."""

Decoded = TypeVar("Decoded")
What = Literal["plan", "state", "state file", "snapshot", ""]

_NONE = msgspec.Raw(b"null")
_ADDRESS = re.compile(rb'"address"\s*:\s*("(?:[^"\\]|\\.)*")')
_IN_STATE_FILE = re.compile(
    rb'(?:"module"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*)?"mode"\s*:\s*"(\w+)"\s*,'
    rb'\s*"type"\s*:\s*"([^"\\]+)"\s*,\s*"name"\s*:\s*"([^"\\]+)"'
)


class Unusable(Exception):  # noqa: N818  # it says something of the document, not of the program
    """A document that is not what we can read, and why."""

    def __init__(self, reason: str, location: Location) -> None:
        super().__init__(reason)
        self.reason = reason
        """Without the path."""
        self.location = location


def shown(path: Path) -> str:
    """A path as findings show it: relative to the folder that the user stands in, with `/`."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive of Windows
        return path.as_posix()


class _TopLevel(msgspec.Struct):
    format_version: msgspec.Raw = _NONE
    planned_values: msgspec.Raw = _NONE
    resource_changes: msgspec.Raw = _NONE
    configuration: msgspec.Raw = _NONE
    provider_schemas: msgspec.Raw = _NONE
    version: msgspec.Raw = _NONE
    lineage: msgspec.Raw = _NONE
    serial: msgspec.Raw = _NONE
    guardrails_snapshot: msgspec.Raw = _NONE


class Document:
    """The text of a file, as UTF-8."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.name = shown(path)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what `>` of older PowerShells writes
            try:
                data = data.decode("utf-16").encode()
            except UnicodeError:
                raise Unusable("is not valid UTF-16", self.start) from None
        self.data = data.removeprefix(b"\xef\xbb\xbf")

    @classmethod
    def open(cls, path: Path) -> Document:
        """Read a file. Raises `Unusable`."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise Unusable(f"cannot be read: {error.strerror or error}", Location(shown(path), 1)) from None
        if len(data) > MAX_BYTES:
            raise Unusable(f"is larger than {MAX_BYTES >> 20} MiB", Location(shown(path), 1))
        return cls(path, data)

    @property
    def start(self) -> Location:
        """Its first line."""
        return Location(self.name, 1)

    @cached_property
    def what(self) -> What:
        """What it is, by its content; empty for JSON of another kind. Raises `Unusable` for what is not JSON."""
        if self.data.startswith(b"PK\x03\x04"):
            raise Unusable(
                "is a binary plan: run `terraform show -json FILE > plan.json` in its root module and check that file",
                self.start,
            )
        if self.data.lstrip()[:10] == b'{"@level":':
            raise Unusable(
                "is the log of `terraform plan -json`, not a plan: run `terraform plan -out=FILE` and "
                "`terraform show -json FILE > plan.json`",
                self.start,
            )
        if self.data.lstrip()[:1] != b"{":
            self.decode(msgspec.Raw)  # says what is wrong with it, and where
            return ""
        keys = self.decode(_TopLevel)
        if keys.guardrails_snapshot is not _NONE:
            return "snapshot"
        if keys.provider_schemas is not _NONE:
            return ""
        if keys.planned_values is not _NONE or keys.resource_changes is not _NONE or keys.configuration is not _NONE:
            return "plan"
        if keys.format_version is not _NONE:
            return "state"
        if keys.version is not _NONE and (keys.lineage is not _NONE or keys.serial is not _NONE):
            return "state file"
        return ""

    def decode(self, type_: type[Decoded]) -> Decoded:
        """The whole text as this type. Raises `Unusable`."""
        try:
            return msgspec.json.decode(self.data, type=type_)
        except msgspec.ValidationError as error:
            raise Unusable(f"is not as Terraform writes it: {error}", self.start) from None
        except msgspec.DecodeError as error:
            reason, _, position = str(error).partition(" (byte ")
            at = min(int(position.rstrip(")")), len(self.data)) if position.rstrip(")").isdigit() else len(self.data)
            raise Unusable(f"is not valid JSON: {reason}", self.line_at(at)) from None
        except UnicodeError:
            raise Unusable("is not valid UTF-8", self.start) from None
        except RecursionError:
            raise Unusable("is nested too deeply", self.start) from None

    def line_at(self, offset: int) -> Location:
        """The line and column of a byte."""
        start = self.data.rfind(b"\n", 0, offset) + 1
        return Location(self.name, self.data.count(b"\n", 0, offset) + 1, offset - start + 1)

    def locate(self, address: str) -> Location | None:
        """Where it first tells of a resource."""
        found = self._places.get(address)
        if found is None and address.endswith("]"):
            found = self._places.get(address[: address.rindex("[")])
        return found

    @cached_property
    def _places(self) -> dict[str, Location]:
        """Every address with its place, in one pass over the text."""
        found: dict[str, Location] = {}
        line, seen, start = 1, 0, 0
        file = self.what == "state file"
        for match in (_IN_STATE_FILE if file else _ADDRESS).finditer(self.data):
            if newlines := self.data.count(b"\n", seen, match.start()):
                line += newlines
                start = self.data.rfind(b"\n", seen, match.start()) + 1
            seen = match.start()
            try:
                if file:
                    module, mode, type_, name = (group.decode() if group else "" for group in match.groups())
                    address = f"{'data.' if mode == 'data' else ''}{type_}.{name}"
                    address = f"{json.loads(module)}.{address}" if module else address
                else:
                    address = json.loads(match[1])
            except ValueError:  # an escape that JSON does not have
                continue
            found.setdefault(address, Location(self.name, line, seen - start + 1))
        return found
