"""The ways to gain permissions, read from `data/escalation.toml`, which says what its words mean."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, cast

from msgspec import Struct

_FILE = Path(__file__).parent / "data" / "escalation.toml"

Gives = Literal["become", "raise", "join", "create", "free"]
Searched = Literal["role", "user", "group", "policy", "saml"]
Place = Literal["role", "user", "group", "policy", "saml", "resource", "existing", "new", "helper"]


class Need(Struct, frozen=True):
    """A permission that a technique needs, and on what."""

    action: str
    """In lower case."""
    name: str
    """As AWS writes it."""
    on: Place


@dataclasses.dataclass(frozen=True)
class Technique:
    """One way to gain another principal's permissions, or more of one's own."""

    id: str
    title: str
    needs: tuple[Need, ...]
    gives: Gives = "become"
    target: Searched = "role"
    passes: tuple[str, ...] = ()
    on: str = ""
    exists: tuple[str, ...] = ()
    only: str = ""
    may: str = ""

    @cached_property
    def needed(self) -> frozenset[str]:
        """The actions, in lower case."""
        return frozenset(need.action for need in self.needs)

    @property
    def permissions(self) -> tuple[str, ...]:
        """The actions, as AWS writes them."""
        return tuple(need.name for need in self.needs)


@lru_cache(maxsize=1)
def _read() -> Mapping[str, object]:
    return tomllib.loads(_FILE.read_text("utf-8"))


@lru_cache(maxsize=1)
def techniques() -> tuple[Technique, ...]:
    """All of them, in the file's order."""
    found = []
    for raw in cast("list[dict[str, object]]", _read()["technique"]):
        needs = []
        for text in cast("list[str]", raw["needs"]):
            name, _, on = text.partition(" @")
            needs.append(Need(name.lower(), name, cast("Place", on)))
        found.append(
            Technique(
                id=cast("str", raw["id"]),
                title=cast("str", raw["title"]),
                needs=tuple(needs),
                gives=cast("Gives", raw.get("gives", "become")),
                target=cast("Searched", raw.get("target", "role")),
                passes=tuple(cast("list[str]", raw.get("passes", ()))),
                on=cast("str", raw.get("on", "")),
                exists=tuple(cast("list[str]", raw.get("exists", ()))),
                only=cast("str", raw.get("only", "")),
                may=cast("str", raw.get("may", "")),
            )
        )
    return tuple(found)


@lru_cache(maxsize=1)
def carriers() -> Mapping[str, Mapping[str, str]]:
    """By carrier: the Terraform types that carry a role, and the attribute that says which."""
    return cast("Mapping[str, Mapping[str, str]]", _read()["carrier"])


@lru_cache(maxsize=1)
def actions() -> frozenset[str]:
    """Every action that some technique needs, in lower case."""
    return frozenset(need.action for technique in techniques() for need in technique.needs)
