"""What a principal may do as one set of requests."""

from __future__ import annotations

from collections.abc import Sequence

from guardrails.access.documents import Side
from guardrails.access.matching import Asked
from guardrails.access.parse import parse_policy
from guardrails.access.policy import PolicyKind
from guardrails.access.principals import Principal
from guardrails.access.symbolic import Space, space_of
from guardrails.access.truth import Doubt, Truth
from guardrails.access.view import PolicyView

FULL = parse_policy(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
    kind=PolicyKind.SCP,
    name="FullAWSAccess",
)


def effective(principal: Principal) -> Space:
    """The requests that identity policies, boundary and control policies allow together."""
    doubts = [doubt for view in principal.policies() for doubt in view.doubts]
    if principal.boundary is not None:
        doubts += principal.boundary.doubts
    levels: list[Sequence[PolicyView]] = []
    full: list[bool] = []
    if principal.access is not None:
        found, unclear = principal.access.control_levels(principal.account, PolicyKind.SCP)
        for level in found:
            levels.append(level.policies)
            full.append(level.full)
            doubts += [doubt for view in level.policies for doubt in view.doubts]
        doubts += unclear
    if not doubts:
        return _side(principal, levels, full, "most")
    return between(_side(principal, levels, full, "least"), _side(principal, levels, full, "most"), doubts)


def between(least: Space, most: Space, doubts: Sequence[str]) -> Space:
    """The set that holds `least` and lies in `most`."""

    def permits(asked: Asked) -> Truth:
        if least.permits(asked) is True:
            return True
        return False if most.permits(asked) is False else Doubt(tuple(dict.fromkeys(doubts)))

    return Space(least.must, most.may, permits, most.principals, tuple(dict.fromkeys(doubts)))


def _side(principal: Principal, levels: Sequence[Sequence[PolicyView]], full: Sequence[bool], side: Side) -> Space:
    space = space_of(*(view.bound(side) for view in principal.policies()))
    if principal.boundary is not None:
        space &= space_of(principal.boundary.bound(side))
    for views, everything in zip(levels, full, strict=True):
        policies = [view.bound(side) for view in views]
        if everything:
            policies.append(FULL)  # AWS's FullAWSAccess is attached beside them, so that only what they deny counts
        space &= space_of(*policies)
    return space
