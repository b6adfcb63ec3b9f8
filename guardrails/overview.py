"""What a design opens and grants, and what a plan changes about it: for the reports that show more than findings.

Computed on demand, as text: the lenses are asked, and what they say is kept as the reports write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.finding import Finding, Kind
from guardrails.model import Model, Place, Resources, Unknown

if TYPE_CHECKING:
    from guardrails.access.diff import Change as Permission
    from guardrails.catalog import AnyCheck
    from guardrails.network.lens import Exposure

Subject = Literal["reachability", "access", "cost"]


class Step(Struct, frozen=True):
    """One stop of a route: `internet-gateway`, `aws_internet_gateway.main`, `the route table sends it there`."""

    kind: str
    name: str
    text: str = ""


class Route(Struct, frozen=True):
    """A way through the design, from somebody to something."""

    title: str
    note: str
    """What may pass: ports and sources, or the change that would break it."""
    certain: bool
    steps: tuple[Step, ...]
    place: str = ""
    """Where the thing at its end stands."""


class Change(Struct, frozen=True):
    """One thing that is different after a plan."""

    subject: Subject
    worse: bool
    """Whether it opens, grants or costs, rather than the opposite."""
    name: str
    """The resource or principal."""
    text: str
    marks: tuple[str, ...] = ()
    """Such as `public`, `admin`, `not certain`."""
    monthly: float | None = None
    """US dollars a month, of a cost whose price is known."""


class Overview(Struct, frozen=True):
    """What reports draw beside the findings."""

    exposed: tuple[Route, ...] = ()
    escalations: tuple[Route, ...] = ()
    changes: tuple[Change, ...] | None = None
    """None where nothing is known of what was before."""
    unknown: tuple[str, ...] = ()
    """Why some of it could not be said."""

    def mapped(self, text: Callable[[str], str]) -> Overview:
        """The same with every string passed through a function."""
        return Overview(
            tuple(_mapped(each, text) for each in self.exposed),
            tuple(_mapped(each, text) for each in self.escalations),
            None
            if self.changes is None
            else tuple(
                replace(each, name=text(each.name), text=text(each.text), marks=tuple(map(text, each.marks)))
                for each in self.changes
            ),
            tuple(map(text, self.unknown)),
        )


def _mapped(route: Route, text: Callable[[str], str]) -> Route:
    steps = tuple(Step(text(each.kind), text(each.name), text(each.text)) for each in route.steps)
    return Route(text(route.title), text(route.note), route.certain, steps, text(route.place))


class _Draft(Struct):
    exposed: list[Route] = field(default_factory=list)
    escalations: list[Route] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unknown: dict[str, None] = field(default_factory=dict)

    def ask(self, what: str, model: Model, question: Callable[[], None]) -> None:
        """Ask a lens; what it cannot know is said instead."""
        try:
            question()
        except Unknown as unknown:
            self.unknown[f"{what} of {model.name}: {unknown.reason}"] = None
        except Exception as error:  # a picture that breaks must not take the findings with it
            self.unknown[f"{what} of {model.name} could not be computed: {type(error).__name__}: {error}"] = None


def overview(models: Sequence[Model], checks: Iterable[AnyCheck], base: Sequence[Model] | None = None) -> Overview:
    """Look at models, and at what changes: by the plans among them, or since the `base` that the same design had.

    `checks` are those of the run. A base is looked at now, while its files are there.
    """
    draft = _Draft()
    cost = [check for check in checks if check.kind is Kind.COST]
    for model in models:
        draft.ask("the reachability", model, lambda m=model: _exposed(draft, m))  # type: ignore[misc]  # bound now
        draft.ask("the access", model, lambda m=model: _escalations(draft, m))  # type: ignore[misc]  # as above
    pairs = [*_pairs(models, base)]
    for before, after in pairs:
        draft.ask("the change of reachability", after, lambda: _reachability(draft, before, after))  # noqa: B023  # at once
        draft.ask("the change of access", after, lambda: _access(draft, before, after))  # noqa: B023  # asked at once
        draft.ask("the change of cost", after, lambda: _cost(draft, before, after, cost))  # noqa: B023  # as above
    return Overview(
        tuple(draft.exposed),
        tuple(draft.escalations),
        tuple(draft.changes) if pairs else None,
        tuple(draft.unknown),
    )


def _pairs(models: Sequence[Model], base: Sequence[Model] | None) -> Iterator[tuple[Model, Model]]:
    """Each design before and after."""
    for model in models:
        if model.kind == "plan":
            yield model.before or _nothing(model), model
    if base is None:
        return
    former = {model.name: model for model in base if model.kind == "configuration"}
    for model in models:
        if model.kind == "configuration":
            yield former.pop(model.name, _nothing(model)), model
    for model in former.values():
        yield model, _nothing(model)


def _nothing(model: Model) -> Model:
    return Model(model.name, model.kind, Resources(()))


def _exposed(draft: _Draft, model: Model) -> None:
    from guardrails.network.lens import Network  # noqa: PLC0415  # a plain report does not need it

    for each in Network.of(model).exposed():
        steps = [Step("", "internet"), *(Step(hop.kind, hop.component, hop.text) for hop in each.path)]
        if steps[1:] and steps[1].name == "internet":
            del steps[0]
        if steps[-1].name != each.resource.address:
            steps.append(Step("", each.resource.address))
        draft.exposed.append(
            Route(each.resource.address, _traffic(each), each.certainty == "must", tuple(steps), _where(each))
        )


def _traffic(exposure: Exposure) -> str:
    through = f" through {exposure.through}" if exposure.through else ""
    boxes = [f"{ports.describe()} from {addresses.describe()}" for addresses, ports in exposure.traffic.boxes()]
    return ", ".join(boxes) + through


def _where(exposure: Exposure) -> str:
    return _shown(exposure.resource.place())


def _shown(place: Place | None) -> str:
    return "" if place is None else str(place)


def _escalations(draft: _Draft, model: Model) -> None:
    from guardrails.access.lens import Access  # noqa: PLC0415  # a plain report does not need it

    access = Access.of(model)
    for path in access.paths():
        steps = [Step("principal", path.start.label)]
        for step in path.steps:
            name = step.gains.label if step.gains else step.target
            steps.append(Step(step.technique, name, f"{step.title}: {', '.join(step.permissions)}"))
        place = None
        if path.steps and path.steps[0].statements:
            granted = path.steps[0].statements[0]
            place = granted.view.origin(granted.index).location
        note = f"to break it: {access.show(path.breaks.change)}" if path.breaks else ""
        title = f"{path.start.address} can become an administrator"
        draft.escalations.append(Route(title, note, path.certainty == "must", tuple(steps), _shown(place)))
    draft.unknown.update((f"the access of {model.name}: {access.show(text)}", None) for text in access.undecided())


def _reachability(draft: _Draft, before: Model, after: Model) -> None:
    from guardrails.network.lens import diff  # noqa: PLC0415  # a plain report does not need it

    opened, closed = diff(before, after)
    for worse, exposures in ((True, opened), (False, closed)):
        for each in exposures:
            marks = () if each.certainty == "must" else ("not certain",)
            draft.changes.append(Change("reachability", worse, each.resource.address, _traffic(each), marks))


def _access(draft: _Draft, before: Model, after: Model) -> None:
    from guardrails.access.diff import compare, diff_of_plan  # noqa: PLC0415  # a plain report does not need it
    from guardrails.access.lens import Access  # noqa: PLC0415  # the same

    # What nobody knows, such as the account, is the same before and after a change of configuration.
    found = diff_of_plan(after) if after.kind == "plan" else compare(Access.of(before), Access.of(after))
    for worse, permissions in ((True, found.granted), (False, found.removed)):
        for each in permissions:
            text = f"{_few(each.action)} on {_few(each.resource)}"
            draft.changes.append(Change("access", worse, each.principal, text, _marks(each)))


def _marks(change: Permission) -> tuple[str, ...]:
    given = (("public", change.public), ("admin", change.admin), ("not certain", bool(change.doubt)))
    return tuple(word for word, on in given if on)


def _few(names: str) -> str:
    parts = names.split(", ")
    return names if len(parts) <= 6 else f"{', '.join(parts[:6])} and {len(parts) - 6} more"


def _cost(draft: _Draft, before: Model, after: Model, checks: Sequence[AnyCheck]) -> None:
    old, new = ({_identity(each): each for each in _costs(model, checks)} for model in (before, after))
    for worse, ours, theirs in ((True, new, old), (False, old, new)):
        for identity, finding in ours.items():
            if identity not in theirs:
                change = Change("cost", worse, finding.resource, finding.message, monthly=finding.monthly)
                draft.changes.append(change)


def _costs(model: Model, checks: Sequence[AnyCheck]) -> Sequence[Finding]:
    from guardrails import engine  # noqa: PLC0415  # a plain report does not need it

    found = engine.run([model], checks).findings if checks else []
    return [each for each in found if each.kind is Kind.COST]  # the run has something to say of suppressions, too


def _identity(finding: Finding) -> tuple[str, str, str]:
    return finding.check, finding.resource, re.sub(r"\[\d+\]", "[]", finding.path)
