"""One design as a whole: a root module, a plan, a state or a live account."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from guardrails.model.location import Label, Location, Place
from guardrails.model.resource import Resource
from guardrails.model.value import Symbolic, Unknown, UnknownValue, Value, refs_of, reveal

Kind = Literal["configuration", "plan", "state", "account"]
Stage = Literal["read", "parse", "evaluate", "collect", "check", "engine"]


class Problem(Struct, frozen=True):
    """Something that could not be read or run: it is reported, counted, and changes the exit code."""

    stage: Stage
    message: str
    location: Place | None = None


class Gap(Struct, frozen=True):
    """A part of the picture that is missing, so that "there is none" cannot be said."""

    reason: str
    """Such as `module "vpc" is not installed` or `AccessDenied: ec2:DescribeFlowLogs`."""
    types: frozenset[str] = frozenset()
    """Resource types that may be missing; empty: any."""
    location: Place | None = None
    chosen: bool = False
    """Whether the user left it out: nothing went wrong."""


class Comment(Struct, frozen=True):
    """A comment that speaks to guardrails, and the span that it stands for."""

    location: Location
    text: str
    """Without the comment marks."""
    applies_to: Location
    """The line, attribute or whole block: the next one below a comment of its own line, else that of its line."""


class ResourceTable(Protocol):
    """What a source hands to a model: instances by type, made when they are first asked for."""

    def types(self) -> Collection[str]:
        """The types, data sources as `data.<type>`."""
        ...

    def of_type(self, type: str, /) -> Sequence[Resource]:  # noqa: A002  # the field's own name
        """The instances of one type in a stable order."""
        ...


class Resources:
    """A `ResourceTable` over resources that are all there already."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._by_type: dict[str, list[Resource]] = {}
        for resource in resources:
            key = f"data.{resource.type}" if resource.mode == "data" else resource.type
            self._by_type.setdefault(key, []).append(resource)

    def types(self) -> Collection[str]:
        """See `ResourceTable.types`."""
        return self._by_type.keys()

    def of_type(self, type: str, /) -> Sequence[Resource]:  # noqa: A002  # the field's own name
        """See `ResourceTable.of_type`."""
        return self._by_type.get(type, ())


_IDENTITIES = ("id", "arn", "name", "bucket", "function_name")


class Model:
    """A design: its resources, what is missing of it, and what went wrong while it was read."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        table: ResourceTable,
        *,
        gaps: Sequence[Gap] = (),
        problems: Sequence[Problem] = (),
        comments: Sequence[Comment] = (),
        files: Sequence[str] = (),
        before: Model | None = None,
    ) -> None:
        self.name = name
        """The root module's folder, the plan's file or the account's id."""
        self.kind = kind
        self.gaps = list(gaps)
        self.problems = list(problems)
        """Grows while lazy values are evaluated: read it last."""
        self.comments = list(comments)
        self.files = tuple(files)
        """Every file that was read, relative to the folder that the user stands in."""
        self.before = before
        """The same design before the plan, where the source is a plan."""
        self.cache: dict[object, object] = {}
        """For lenses and views, one per model: what they computed once."""
        self.outputs: Callable[[], Value] | None = None
        """The values of the design's outputs, which others may use; None where the source does not tell them."""
        self._table = table
        self._joined: dict[str, Sequence[Resource]] = {}
        self._by_address: dict[str, dict[str, Resource]] = {}
        self._exported: set[str] | None = None
        self._by_identity: dict[str, dict[str, Resource]] = {}

    def types(self) -> Collection[str]:
        """The types that occur, data sources as `data.<type>`."""
        return self._table.types()

    def all(self, *types: str) -> Iterator[Resource]:
        """Every instance of these types, those included of which it is not known whether they will exist
        (`Resource.conditional` says why). Never raises; with no type given, everything.
        """
        for type_ in types or self.types():
            yield from self._of_type(type_)

    def _of_type(self, type_: str) -> Sequence[Resource]:
        if type_ not in self._joined:
            resources = self._joined[type_] = self._table.of_type(type_)
            for resource in resources:
                resource.join(self)
        return self._joined[type_]

    def resources(self, *types: str) -> Iterator[Resource]:
        """The instances of these types that certainly exist, then `Unknown` if there may be others.

        So `any(is_log(r) for r in model.resources("aws_flow_log"))` is never False for want of information.
        """
        doubt: Resource | None = None
        for resource in self.all(*types):
            if resource.conditional:
                doubt = doubt or resource
            else:
                yield resource
        if doubt:
            raise Unknown(f"{doubt.address} may exist: {doubt.conditional}", doubt.place())
        for gap in self.gaps:
            if not gap.types or not types or not gap.types.isdisjoint(types):
                raise Unknown(gap.reason, gap.location)

    def exports(self, resource: Resource) -> bool:
        """Whether an output of the design gives a resource to others, who may use it.

        Raises `Unknown` where the outputs are not known.
        """
        if self._exported is None:
            if self.outputs is None and self.kind != "account":
                raise Unknown(f"{self.name} does not tell what its outputs give to others")
            self._exported = {ref.address for ref in refs_of(self.outputs())} if self.outputs else set()
        return bool({resource.address, resource.address.removesuffix(resource.key)} & self._exported)

    def incomplete(self) -> list[Problem]:
        """Everything that could not be read: the problems, and the gaps of which no problem at their place tells.
        What the user left out is none of it.

        Ask last: lazy values find problems while they are evaluated.
        """
        told = {problem.location for problem in self.problems if problem.location}
        stage: Stage = "collect" if self.kind == "account" else "read"
        gaps = (
            Problem(stage, gap.reason, gap.location) for gap in self.gaps if not (gap.chosen or gap.location in told)
        )
        return list(dict.fromkeys((*self.problems, *gaps)))

    def at(self, address: str) -> Resource | None:
        """The instance with this address. `aws_vpc.main` finds `aws_vpc.main[0]` if that is its only instance."""
        type_ = type_of(address)
        if type_ not in self._by_address:
            found = {r.address: r for r in self._of_type(type_)}
            singles: dict[str, Resource | None] = {}
            for r in self._of_type(type_):
                bare = r.address.removesuffix(r.key)
                singles[bare] = None if bare in singles else r
            for bare, only in singles.items():
                if only is not None:
                    found.setdefault(bare, only)
            self._by_address[type_] = found
        return self._by_address[type_].get(address)

    def resolve(self, value: Value, *types: str) -> Resource | None:
        """The resource of one of these types that a reference means, or None if it is not in view.

        The value is a symbolic attribute (`aws_vpc.main.id`), or an id, ARN or name. Raises `Unknown` for a value
        of which nothing is known.
        """
        value = reveal(value)
        if isinstance(value, UnknownValue):
            if len(value.refs) != 1:
                raise Unknown(value.reason)
            value = Symbolic(value.refs[0])
        if isinstance(value, Symbolic):
            for ref in value.refs:
                resource = self.at(ref.address)
                if resource and (not types or resource.type in types):
                    return resource
            if any(isinstance(part, UnknownValue) for part in value.parts):
                raise Unknown(value.reason)
            return None
        if not isinstance(value, str):
            return None
        for type_ in types or self.types():
            index = self._by_identity.get(type_)
            if index is None:
                index = self._by_identity[type_] = self._identities(type_)
            if found := index.get(str.__str__(value)):
                return found
        return None

    def _identities(self, type_: str) -> dict[str, Resource]:
        index: dict[str, Resource] = {}
        for resource in (*self._of_type(type_), *self._of_type(f"data.{type_}")):
            for name in _IDENTITIES:
                if name in resource.values:
                    value = reveal(resource.raw(name))
                    if isinstance(value, str) and not isinstance(value, Symbolic):
                        index.setdefault(str.__str__(value), resource)
        return index

    def __repr__(self) -> str:
        return f"<Model {self.name} ({self.kind})>"


def type_of(address: str) -> str:
    """The type key of an address: `aws_vpc`, or `data.aws_vpc` for a data source."""
    depth, start, steps = 0, 0, []
    quoted = False
    for at, char in enumerate(address):
        if char == '"' and address[at - 1] != "\\":
            quoted = not quoted
        elif not quoted and char in "[]":
            depth += 1 if char == "[" else -1
        elif char == "." and not depth and not quoted:
            steps.append(address[start:at])
            start = at + 1
    steps.append(address[start:])
    while len(steps) > 2 and steps[0] == "module":
        steps = steps[2:]
    if steps[0] == "data" and len(steps) > 1:
        return f"data.{steps[1]}"
    return steps[0]


def related(*places: tuple[Place | None, str]) -> tuple[Label, ...]:
    """Labels for the places that are known."""
    return tuple(Label(place, text) for place, text in places if place is not None)
