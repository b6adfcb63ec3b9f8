"""What AWS's services offer: actions, resource types, condition keys and managed policies, as of a date.

The data lies beside this file (`data/NOTICE.md`); an index is read first (about 1 ms), a service's or a policy's slice
when it is asked for. What is not in the data is *unknown to data of that date*, which is never "does not exist".
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from msgspec import Struct

_DATA = Path(__file__).parent / "data"
_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/(.+)")


class Level(StrEnum):
    """AWS's access level of an action."""

    LIST = "L"
    READ = "R"
    WRITE = "W"
    TAGGING = "T"
    PERMISSIONS = "P"


class ResourceType(Struct, frozen=True):
    """A kind of resource that a policy can name."""

    name: str
    arn: str
    """Its pattern, such as `arn:${Partition}:s3:::${BucketName}`."""
    keys: tuple[str, ...]
    """Condition keys that requests on it carry."""

    @property
    def glob(self) -> str:
        """The ARN pattern with `*` for every variable."""
        return re.sub(r"\$\{[^}]*\}", "*", self.arn)


class Target(Struct, frozen=True):
    """A resource type as one action takes it."""

    type: ResourceType
    required: bool
    keys: tuple[str, ...]
    """Condition keys that this action carries when it is about this type."""
    dependent: tuple[str, ...]
    """Further actions that the call needs."""


class Action(Struct, frozen=True):
    """One action of a service."""

    name: str
    """With its prefix and in AWS's case: `s3:GetObject`."""
    level: Level
    targets: tuple[Target, ...]
    """Empty: the action takes no resource, so that only `Resource: "*"` grants it."""
    keys: tuple[str, ...]
    """Condition keys of every such request, whatever its resource."""
    dependent: tuple[str, ...]

    @property
    def wildcard_only(self) -> bool:
        """Whether the action can be granted on `*` alone."""
        return not self.targets

    @property
    def all_keys(self) -> frozenset[str]:
        """Every service condition key that a request of it may carry."""
        return frozenset(
            (
                *self.keys,
                *(key for t in self.targets for key in t.keys),
                *(k for t in self.targets for k in t.type.keys),
            )
        )


class ConditionKey(Struct, frozen=True):
    """A condition key: `type` is String, ARN, Bool, Numeric, Date, IPAddress, or empty where the data does not say."""

    name: str
    type: str
    multivalued: bool


class Service:
    """The actions, resource types and condition keys of one prefix."""

    __slots__ = ("_actions", "_keys", "_names", "_types", "name", "prefix")

    def __init__(self, prefix: str, name: str, data: _Slice) -> None:
        self.prefix = prefix
        self.name = name
        """Such as `Amazon S3`."""
        keys = [key for key, _ in data["k"]]
        self._keys = {key.lower(): _condition_key(key, kind) for key, kind in data["k"]}
        self._types = {
            kind: ResourceType(kind, arn, tuple(keys[k] for k in numbers)) for kind, (arn, numbers) in data["r"].items()
        }
        self._names = {action.lower(): action for action in data["a"]}
        self._actions: dict[str, Action | _RawAction] = dict(data["a"])

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """By name."""
        return self._types

    @property
    def actions(self) -> Sequence[str]:
        """The names of all actions without the prefix, sorted regardless of case."""
        return list(self._names.values())

    @property
    def keys(self) -> Mapping[str, ConditionKey]:
        """By lower-case name."""
        return self._keys

    def action(self, name: str) -> Action | None:
        """The action of a name without its prefix, in any case; None: unknown to the data."""
        proper = self._names.get(name.lower())
        if proper is None:
            return None
        found = self._actions[proper]
        if not isinstance(found, Action):
            found = self._actions[proper] = self._action(proper, found)
        return found

    def _action(self, name: str, raw: _RawAction) -> Action:
        level, targets, numbers, dependent = raw
        keys = [key.name for key in self._keys.values()]
        return Action(
            f"{self.prefix}:{name}",
            Level(level),
            tuple(
                Target(self._types[kind], bool(required), tuple(keys[k] for k in of_type), tuple(needs))
                for kind, required, of_type, needs in targets
                if kind in self._types
            ),
            tuple(keys[k] for k in numbers),
            tuple(dependent),
        )


_RawAction = tuple[str, list[tuple[str, int, list[int], list[str]]], list[int], list[str]]


class _Slice(TypedDict):
    k: list[tuple[str, str]]
    r: dict[str, tuple[str, list[int]]]
    a: dict[str, _RawAction]


class _ServiceIndex(TypedDict):
    source: str
    date: str
    index: dict[str, tuple[int, int, str, int]]
    rcp: list[str]
    federated: list[str]
    global_keys: dict[str, str]


class _PolicyIndex(TypedDict):
    source: str
    date: str
    index: dict[str, tuple[int, int]]


class _Index(TypedDict):
    services: _ServiceIndex
    policies: _PolicyIndex


@lru_cache(maxsize=1)
def _index() -> _Index:
    loaded: _Index = json.loads((_DATA / "index.json").read_bytes())
    return loaded


def _read(file: str, offset: int, length: int) -> bytes:
    with (_DATA / file).open("rb") as blob:
        blob.seek(offset)
        return zlib.decompress(blob.read(length))


def _condition_key(name: str, kind: str) -> ConditionKey:
    return ConditionKey(name, kind.removeprefix("ArrayOf"), kind.startswith("ArrayOf"))


def services_date() -> str:
    """The day that the actions and keys are of, such as `2026-10-27`."""
    return _index()["services"]["date"]


def policies_date() -> str:
    """The day of the newest managed policy in the data."""
    return _index()["policies"]["date"]


def unknown(name: str) -> str:
    """The sentence for a service, action or key that the data does not have."""
    return f"{name} is unknown to the data of {services_date()}"


def prefixes() -> Sequence[str]:
    """The prefixes of all services, sorted."""
    return list(_index()["services"]["index"])


@lru_cache(maxsize=512)
def service(prefix: str) -> Service | None:
    """The service of a prefix such as `s3`, in any case; None: unknown to the data."""
    prefix = prefix.lower()
    entry = _index()["services"]["index"].get(prefix)
    if entry is None:
        return None
    offset, length, name, _ = entry
    return Service(prefix, name, json.loads(_read("services.bin", offset, length)))


def action(name: str) -> Action | None:
    """The action of a full name such as `s3:GetObject`, in any case; None: unknown to the data."""
    prefix, colon, rest = name.partition(":")
    found = service(prefix) if colon else None
    return found.action(rest) if found else None


@lru_cache(maxsize=4096)
def actions_matching(pattern: str) -> tuple[str, ...]:
    """The known actions that a pattern such as `s3:Get*` or `*` covers, with prefix and in AWS's case.

    The prefix may hold wildcards too. Reads the slices of the services that the pattern can mean: `*` reads all.
    """
    pattern = pattern.lower()
    head, colon, tail = pattern.partition(":")
    if pattern in ("*", "*:*"):
        return tuple(f"{p}:{name}" for p in prefixes() for name in _names(p))
    if not colon and "*" not in pattern:
        return ()
    if "*" not in pattern and "?" not in pattern:
        found = action(pattern)
        return (found.name,) if found else ()
    if colon and "*" not in head and "?" not in head:
        matches = glob(tail)
        return tuple(f"{head}:{name}" for name in _names(head) if matches(name.lower()))
    whole = glob(pattern)
    return tuple(full for p in prefixes() for name in _names(p) if whole((full := f"{p}:{name}").lower()))


def _names(prefix: str) -> Sequence[str]:
    found = service(prefix)
    return found.actions if found else ()


@lru_cache(maxsize=8192)
def _regex(pattern: str) -> re.Pattern[str]:
    first, *rest = (re.escape(part).replace(r"\?", ".") for part in re.split(r"\*+", pattern))
    if not rest:
        return re.compile(first, re.DOTALL)
    # The leftmost place of each middle part is as good as any other, so nothing needs to backtrack over it.
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL)


class glob:  # noqa: N801  # used as a function
    """Whether a text matches a pattern of `*` and `?`; never more than quadratic, whatever the pattern."""

    __slots__ = ("_match",)

    def __init__(self, pattern: str) -> None:
        self._match = _regex(pattern).fullmatch

    def __call__(self, text: str) -> bool:
        """Match the whole text, by case."""
        return self._match(text) is not None


def condition_key(name: str) -> ConditionKey | None:
    """The condition key of a name, in any case, templates such as `aws:RequestTag/team` included; None: unknown."""
    lower = name.lower()
    prefix = lower.partition(":")[0]
    keys = _global_keys()
    if found := keys.get(lower) or keys.get(_template(lower)):
        return found
    owner = service(prefix)
    if owner is None:
        return None
    if found := owner.keys.get(lower):
        return found
    # Keys such as `s3:ExistingObjectTag/<key>` and `kms:EncryptionContext:${EncryptionContextKey}`.
    for key, value in owner.keys.items():
        if "${" in key and glob(re.sub(r"\$\{[^}]*\}", "*", key))(lower):
            return value
    return None


def _template(lower: str) -> str:
    head, slash, _ = lower.partition("/")
    return f"{head}/${{tagkey}}" if slash else lower


@lru_cache(maxsize=1)
def _global_keys() -> Mapping[str, ConditionKey]:
    return {name.lower(): _condition_key(name, kind) for name, kind in _index()["services"]["global_keys"].items()}


def is_global_key(name: str) -> bool:
    """Whether any request may carry this key (`aws:...` and the cross-service keys)."""
    lower = name.lower()
    return lower in _global_keys() or _template(lower) in _global_keys()


def is_federated_key(name: str) -> bool:
    """Whether the key's prefix is that of a web identity or SAML provider that AWS lists (`saml:aud`)."""
    prefix = name.lower().rpartition(":")[0]
    return any(glob(re.sub(r"\$\{[^}]*\}", "*", known.lower()))(prefix) for known in _index()["services"]["federated"])


def rcp_services() -> Sequence[str]:
    """The prefixes of the services that resource control policies apply to."""
    return _index()["services"]["rcp"]


@lru_cache(maxsize=64)
def managed_policy(arn: str) -> Mapping[str, object] | None:
    """The document of an AWS managed policy by its ARN, of any partition; None: unknown to the data."""
    match = _POLICY_ARN.fullmatch(arn)
    entry = _index()["policies"]["index"].get(match[1]) if match else None
    if entry is None:
        return None
    document: Mapping[str, object] = json.loads(_read("policies.bin", *entry))
    return document


def is_managed_policy(arn: str) -> bool:
    """Whether an ARN means one of AWS's own policies, known to the data or not."""
    return _POLICY_ARN.fullmatch(arn) is not None


def managed_policies() -> Sequence[str]:
    """The ARNs of all managed policies that the data has, in the `aws` partition."""
    return [f"arn:aws:iam::aws:policy/{path}" for path in _index()["policies"]["index"]]
