"""From AWS's shapes to Terraform's: tags, times, policies, nested blocks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from guardrails.model import UnknownValue, Value

REDACTED = "not collected: it may hold secrets"


def redacted() -> UnknownValue:
    """What stands for a value that is never kept, such as user data or the value of an environment variable."""
    return UnknownValue(REDACTED)


def tags_of(tags: object, key: str = "Key", value: str = "Value") -> dict[str, Value]:
    """`tags` and `tags_all` from a list of pairs or a map.

    AWS's own tags (`aws:cloudformation:stack-name`) stand in `tags_all` alone: the provider hides them from `tags`,
    but they tell who manages a resource.
    """
    found: dict[str, Value]
    if isinstance(tags, Mapping):
        found = {str(k): v for k, v in tags.items()}
    elif isinstance(tags, Iterable):
        found = {str(tag[key]): tag.get(value, "") for tag in tags}
    else:
        found = {}
    own: dict[str, Value] = {k: v for k, v in found.items() if not k.startswith("aws:")}
    return {"tags": own, "tags_all": found}


def when(value: object) -> str | None:
    """A time as the provider writes it (RFC 3339 in UTC), from a datetime, epoch seconds or milliseconds, or a text."""
    match value:
        case None | "":
            return None
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        case bool():
            raise TypeError("a boolean is not a time")
        case int() | float():
            moment = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        case str():
            return value
        case _:
            raise TypeError(f"{type(value).__name__} is not a time")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(policy: object) -> str | None:
    """A policy document as text, whether AWS gave it decoded or as text."""
    if policy is None or isinstance(policy, str):
        return policy
    return json.dumps(policy, separators=(",", ":"))


def at(value: Any, *path: str | int, default: Any = None) -> Any:
    """What stands at a path of an answer, `default` where it ends early. An answer that was denied stays unknown."""
    for step in path:
        if isinstance(value, UnknownValue):
            return value
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return default
    return value


def pick(item: Any, **members: str) -> dict[str, Any]:
    """Attributes from members of an answer, each named by its dotted path: `pick(item, vpc_id="Vpc.Id")`.

    What AWS left out is None; of an answer that was denied, each is unknown.
    """
    return {attribute: at(item, *member.split(".")) for attribute, member in members.items()}


def ids(items: object, key: str) -> list[Value]:
    """One member of every element, in a stable order: `ids(item["Groups"], "GroupId")`."""
    found = [item[key] for item in items or () if item.get(key) is not None]  # type: ignore[attr-defined]  # a list of maps
    return sorted(found)


def block(fields: Mapping[str, Any] | None) -> list[Value]:
    """A nested block that occurs once: a list of one object; of none where every field of it is absent."""
    if not fields or all(value is None for value in fields.values()):
        return []
    return [dict(fields)]
