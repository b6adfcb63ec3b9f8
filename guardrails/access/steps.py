"""What a path of gained permissions is made of."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from guardrails.access.principals import Principal
from guardrails.access.view import PolicyView

Certainty = Literal["must", "may"]


class Granted(Struct, frozen=True):
    """A statement that a step rests on."""

    view: PolicyView
    index: int
    permission: str
    """The action, or `trust` for a trust policy that lets the caller in."""


class Step(Struct, frozen=True):
    """One hop: a technique used on a target."""

    technique: str
    title: str
    permissions: tuple[str, ...]
    target: str
    """Address of what it is used on; `new principal` for one that the caller makes."""
    target_arn: str
    gains: Principal | None
    """Whom one becomes, None for a new principal."""
    raised: bool
    """Whether that principal's policies are the caller's to write from here on."""
    statements: tuple[Granted, ...]
    others: tuple[str, ...] = ()
    """Other techniques that do the same from here."""


class Break(Struct, frozen=True):
    """The smallest change that breaks a path: one permission of one step."""

    step: int
    permission: str
    statements: tuple[Granted, ...]
    """Every statement that grants it there."""
    change: str


class Path(Struct, frozen=True):
    """A way from a principal to a goal."""

    start: Principal
    goal: str
    """`admin`, or the address or ARN of the data."""
    end: Principal | None
    """Who reaches the goal in the end; None for a principal that was made for it."""
    certainty: Certainty
    steps: tuple[Step, ...]
    breaks: Break | None
    doubts: tuple[str, ...] = ()
    """For `may`: what is not known about it."""
