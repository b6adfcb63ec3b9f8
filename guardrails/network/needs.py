"""What a workload in a VPC must reach, by its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from guardrails.model import Model, Place, Resource
from guardrails.network.reading import blocks, link, written
from guardrails.network.services import services

_CACHE = "network.workloads"
PROXY = re.compile(r"https?_proxy|all_proxy", re.IGNORECASE)
"""Environment variables that name a proxy."""


class Need(Struct, frozen=True):
    """One service that a workload must reach."""

    service: str
    """As in the names of VPC endpoint services (`ecr.api`), or `internet`."""
    why: str
    """What of the configuration uses it."""
    place: Place | None = None
    """Where that is written."""


class Workload(Struct, frozen=True):
    """Something that has network interfaces and must reach services to work.

    `kind` is a name of the data file: `fargate`, `container-instance`, `node`, `session`, `build`, `glue`, `airflow`,
    `notebook`, `studio`, `batch`, `function`.
    """

    kind: str
    resource: Resource
    """Whose interfaces they are, and where a finding points."""
    needs: tuple[Need, ...]
    doubts: tuple[str, ...] = ()
    """Why it may need more."""
    proxy: bool = False
    """Whether its environment names a proxy, which may know another way."""

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Workload]:
        """Every workload of a model. One resource may be several: an instance that must be reached by sessions, too."""
        found = model.cache.get(_CACHE)
        if not isinstance(found, tuple):
            from guardrails.network.workloads import workloads  # noqa: PLC0415  # it makes them

            found = model.cache[_CACHE] = tuple(workloads(model))
        return found

    @property
    def name(self) -> str:
        """What people call its kind."""
        return services().workloads[self.kind].name

    @property
    def source(self) -> str:
        """The page that says what it needs."""
        return services().workloads[self.kind].source


class Needs:
    """The needs of one workload, each service once."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.found: dict[str, Need] = {}
        self.doubts: list[str] = []

    def feature(self, feature: str, why: str, place: Place | None) -> None:
        """What one feature needs by the data file."""
        for service in services().workloads[self.kind].needs[feature]:
            self.service(service, why, place)

    def service(self, service: str, why: str, place: Place | None) -> None:
        """One service."""
        self.found.setdefault(service, Need(service, why, place))

    def doubt(self, reason: str) -> None:
        """Why there may be more."""
        if reason not in self.doubts:
            self.doubts.append(reason)

    def of(self, resource: Resource, *, proxy: bool = False) -> Workload:
        """The workload that has them."""
        return Workload(self.kind, resource, tuple(self.found.values()), tuple(self.doubts), proxy)


def template_of(group: Resource) -> Resource | None:
    """The launch template or configuration of an Auto Scaling group."""
    for block in (group, *blocks(group, "mixed_instances_policy", "launch_template")):
        for path in ("launch_template", "launch_template_specification"):
            for inner in blocks(block, path):
                for name in ("id", "launch_template_id", "name", "launch_template_name"):
                    found = link(group.model, written(inner, name), "aws_launch_template").resource
                    if found is not None:
                        return found
    return link(group.model, written(group, "launch_configuration"), "aws_launch_configuration").resource
