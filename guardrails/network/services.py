"""Which AWS services a workload must reach to work: a dated data file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

_DATA = Path(__file__).parent / "data" / "services.toml"
INTERNET = "internet"
"""Stands among the services for the internet itself."""


class Requirement(Struct, frozen=True):
    """What one kind of workload needs."""

    name: str
    """What people call it, such as `Fargate task`."""
    source: str
    """The page that says so."""
    needs: Mapping[str, tuple[str, ...]]
    """Services by what the configuration uses; `always` for those that it cannot do without."""


class Services(Struct, frozen=True):
    """The data as of a date."""

    date: date
    workloads: Mapping[str, Requirement]
    resources: Mapping[str, str]
    """By resource type: the service that code calls which has such a resource in its environment."""
    actions: Mapping[str, str]
    """By IAM action in lower case: the service that code calls whose role allows it."""
    policies: Mapping[str, str]
    """The same by the name of a managed policy of AWS."""

    def called_by(self, action: str) -> Iterator[str]:
        """The services that code may be meant to call whose role allows an action (`s3:Get*`). `*` names none."""
        action = action.lower()
        if action == "*" or ":" not in action:
            return
        head, star, _ = action.partition("*")
        if "?" in head:
            return
        for known, service in self.actions.items():
            if known == action or (star and known.startswith(head)):
                yield service


@lru_cache(maxsize=1)
def services() -> Services:
    """The data, read when it is first asked for."""
    import tomllib  # noqa: PLC0415  # most designs have no workload that needs it

    data = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return Services(
        data["date"],
        {
            kind: Requirement(each["name"], each["source"], {k: tuple(v) for k, v in each["needs"].items()})
            for kind, each in data["workload"].items()
        },
        data["resources"],
        {action.lower(): service for action, service in data["actions"].items()},
        data["policies"],
    )
