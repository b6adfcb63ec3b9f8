"""How principals come to permissions that nobody gave them: paths over several hops and accounts."""

from __future__ import annotations

from guardrails.access.documents import Side
from guardrails.access.graph import Graph
from guardrails.access.lens import Access
from guardrails.access.principals import Principal
from guardrails.access.steps import Break, Certainty, Granted, Path, Step
from guardrails.access.terrain import Terrain
from guardrails.access.ways import Ways

__all__ = ["Break", "Certainty", "Granted", "Path", "Step", "is_admin", "paths"]

_PATHS_OF_ONE = 10


def paths(
    access: Access, to: str = "admin", *, start: Principal | None = None, most: int = _PATHS_OF_ONE
) -> list[Path]:
    """Every principal's ways to administrate, or to read the data of a resource (by address or ARN).

    Shortest first; at most `most` of one principal, each to another end. Certain ones (`must`) hold whatever is not
    known; possible ones (`may`) are given for principals and ends that have no certain one. Raises `LookupError` if
    the resource is not in view.
    """
    terrain = Terrain(access)
    found = list(Ways(terrain, "least", to).paths("must", start, most))
    have = {(path.start, path.end) for path in found}
    found.extend(Ways(terrain, "most", to).paths("may", start, most, have))
    return sorted(found, key=lambda p: (p.start.address, len(p.steps), p.certainty))


def is_admin(access: Access, principal: Principal, side: Side = "least") -> bool:
    """Whether a principal may do everything: certainly (`least`) or possibly (`most`)."""
    return Graph(Terrain(access), side, "admin").administrates(principal)
