"""Other tools that look at the same input: what they say becomes findings of the same report.

An engine is a process of its own environment, never a module of ours: it starts before the native checks, runs beside
them, and is waited for at the end. What it cannot do is a `Problem`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from guardrails.check import Check
from guardrails.finding import Finding, Suppressed
from guardrails.model import Model, Problem


class Claim(Struct, frozen=True):
    """What an engine says of a resource, and the model that holds the resource, as far as one does."""

    finding: Finding
    model: Model | None = None
    address: str = ""
    """The resource as the model calls it; empty without a model."""
    skipped: Suppressed | None = None
    """Set where a comment to the engine itself hides it."""


class Outcome(Struct):
    """All that an engine has to say of a run."""

    claims: list[Claim] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rules: list[Check[Any]] = field(default_factory=list)
    """The rules that its claims name."""


class Engine(Protocol):
    """A tool that was started on the input of this run."""

    def rules(self) -> Sequence[Check[Any]]:
        """The rules that are known of before it answers."""
        ...

    def outcome(self, models: Sequence[Model]) -> Outcome:
        """What it has found, with each claim brought home to its model. Waits for the tool; never raises."""
        ...
