"""What the evaluation of one root module shares: what went wrong, what work is left, and where it may look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from guardrails.model import Gap, Location, Problem, Sensitive, UnknownValue, Value
from guardrails.model.model import Stage
from guardrails.sources.terraform.expression import ParseError
from guardrails.sources.terraform.lazy import Lazy, Partial
from guardrails.sources.terraform.module import error_span
from guardrails.sources.terraform.scope import Budget, Scope
from guardrails.sources.terraform.syntax import Attribute
from guardrails.sources.terraform.types import EvaluationError

INSTANCES = 100_000
"""Instances of resources that one design may have."""
MODULES = 10_000
"""Instances of modules that one design may have."""
LEVELS = 100
"""Collections inside of each other in one such value."""
SIZE = 250_000
"""Elements, at any depth, of one local value, argument or output."""


class Design:
    """The shared state of one root module's evaluation."""

    def __init__(self, root: Path, fence: Path, asks_for_newer: Callable[[], bool]) -> None:
        """`asks_for_newer`: whether the AWS provider is to be newer than its schema that is known here."""
        self.root = root
        self.fence = fence
        self._asks_for_newer = asks_for_newer
        self._newer: bool | None = None
        self.budget = Budget()
        self.instances = INSTANCES
        self.modules = MODULES
        self.problems: list[Problem] = []
        self.gaps: list[Gap] = []
        self.checked: set[int] = set()
        """Bodies whose arguments have been held against their schema, by identity."""
        self._reported: set[tuple[str, Location | None]] = set()

    def fence_of(self, directory: Path) -> Path:
        """The folder that the functions of a module may read files from: a module beside the tree has its own."""
        return self.fence if directory == self.fence or self.fence in directory.parents else directory

    def affords(self, instances: int) -> bool:
        """Whether so many more instances may be made; then they are counted."""
        if instances > self.instances:
            return False
        self.instances -= instances
        return True

    def affords_module(self) -> bool:
        """Whether one more module instance may be made; then it is counted."""
        self.modules -= 1
        return self.modules >= 0

    def exhausted(self, place: Location) -> str:
        """Note, once, that there are module instances that are not looked at; the reason."""
        reason = f"there are more than {MODULES} instances of modules"
        if not any(gap.reason == reason for gap in self.gaps):
            self.gaps.append(Gap(reason, frozenset(), place))
            self.report(reason, place)
        return reason

    def newer_provider(self, type_: str) -> bool:
        """Whether a type may have arguments that are not known here."""
        if self._newer is None:
            self._newer = self._asks_for_newer()
        return self._newer and type_.startswith("aws")

    def report(self, message: str, place: Location | None, stage: Stage = "evaluate") -> None:
        """Note a problem, once for each place."""
        if (message, place) not in self._reported:
            self._reported.add((message, place))
            self.problems.append(Problem(stage, message, place))

    def failed(self, attribute: Attribute, error: EvaluationError) -> UnknownValue:
        """Note that an expression cannot be evaluated; its value from now on."""
        source = attribute.source
        place = source.location(error_span(attribute, error)) if source.shown else None  # none on the command line
        self.report(str(error), place, "parse" if isinstance(error, ParseError) else "evaluate")
        return UnknownValue(str(error))

    def evaluate(self, attribute: Attribute, scope: Scope) -> Value:
        """The value of an argument; unknown, and a problem noted, where it has none. Never raises."""
        try:
            return self.bounded(attribute.expression.evaluate(scope))
        except EvaluationError as error:
            return self.failed(attribute, error)
        except RecursionError:
            return self.failed(attribute, EvaluationError("the expression is nested too deeply"))

    def partial(self, attribute: Attribute, scope: Scope) -> Partial:
        """As `evaluate`, but whole resources and modules stay as they are."""
        try:
            value = attribute.expression.partial(scope)
            return value if isinstance(value, Lazy) else self.bounded(value)
        except EvaluationError as error:
            return self.failed(attribute, error)
        except RecursionError:
            return self.failed(attribute, EvaluationError("the expression is nested too deeply"))

    def bounded(self, value: Value) -> Value:
        """The value, unless it has too many elements or levels. Raises `EvaluationError`."""
        if not isinstance(value, list | dict):
            return value
        count = depth = 0
        level: list[Value] = [value]
        while level:
            count += len(level)
            depth += 1
            if count > SIZE:
                raise EvaluationError(f"a value of more than {SIZE} elements is not computed with")
            if depth > LEVELS:
                raise EvaluationError(f"a value of more than {LEVELS} levels is not computed with")
            below: list[Value] = []
            for item in level:
                if isinstance(item, str):
                    count += len(item) >> 6
                elif isinstance(item, list):
                    below += item
                elif isinstance(item, dict):
                    below += item.values()
                elif isinstance(item, Sensitive):
                    below.append(item.value)
                if len(below) > SIZE:
                    raise EvaluationError(f"a value of more than {SIZE} elements is not computed with")
            level = below
        return value
