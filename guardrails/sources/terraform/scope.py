"""Where an expression is evaluated: the module that it stands in, and the names around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from guardrails.model import Value
from guardrails.sources.terraform.lazy import Partial
from guardrails.sources.terraform.types import EvaluationError

if TYPE_CHECKING:
    from guardrails.sources.terraform.functions.signature import FunctionContext

STEPS = 1_000_000
"""Elements that the for expressions of one design may go through: far beyond what people write."""


class Budget:
    """What is left of the work that one design may cause."""

    __slots__ = ("steps",)

    def __init__(self, steps: int = STEPS) -> None:
        self.steps = steps

    def spend(self, steps: int = 1) -> None:
        """Use some of it up. Raises `EvaluationError` once there is none left."""
        self.steps -= steps
        if self.steps < 0:
            raise EvaluationError("the expressions of this design take too many steps")


class Names:
    """What a module lends to its expressions. This one has nothing: the scope of a tfvars file."""

    budget = Budget()
    functions: FunctionContext | None = None

    def resolve(self, root: str, steps: Sequence[Value]) -> tuple[Partial, int]:
        """What `root.steps` starts with, and how many of the steps that took. Raises `EvaluationError`."""
        raise EvaluationError("Variables not allowed: only values can stand here")


class Scope:
    """A module's names, and those that a `for`, a `dynamic` block, `count` or `for_each` adds."""

    __slots__ = ("local", "module")

    def __init__(self, module: Names, local: Mapping[str, Partial] | None = None) -> None:
        self.module = module
        self.local: Mapping[str, Partial] = local or {}

    def child(self, names: Mapping[str, Partial]) -> Scope:
        """The scope within, with more names."""
        return Scope(self.module, {**self.local, **names})
