"""A module as it is written: its blocks by what they declare, the same for every call of it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field

from guardrails.model import Comment, Gap, Problem
from guardrails.sources.terraform.constraint import constraint
from guardrails.sources.terraform.expression import LocatedError, Node, ParseError
from guardrails.sources.terraform.source import Source
from guardrails.sources.terraform.syntax import Attribute, Block, Body, ParsedFile, comments
from guardrails.sources.terraform.types import EvaluationError, Type


class Module(Struct, eq=False):
    """The declarations of one folder."""

    directory: Path
    shown: str
    """The folder as people see it."""
    variables: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, Attribute] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    resources: dict[str, Block] = field(default_factory=dict)
    """By `type.name` or `data.type.name`."""
    by_type: dict[str, list[Block]] = field(default_factory=dict)
    """By type, data sources as `data.<type>`."""
    calls: dict[str, Block] = field(default_factory=dict)
    providers: dict[tuple[str, str], Block] = field(default_factory=dict)
    """By name and alias."""
    has_backend: bool = False
    """Whether it says where its state is kept, as root modules alone do."""
    required: dict[str, Attribute] = field(default_factory=dict)
    """The entries of `required_providers`."""
    problems: list[Problem] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    _types: dict[str, Type] = field(default_factory=dict)

    def type_of(self, variable: str, written: Attribute) -> Type:
        """The type of a variable. Raises `EvaluationError`."""
        found = self._types.get(variable)
        if found is None:
            found = self._types[variable] = constraint(written.expression)
        return found

    def add(self, parsed: ParsedFile) -> None:
        """Take in what a file declares."""
        self.files.append(parsed.source.shown)
        for broken in parsed.errors:
            self._broken(parsed.source, broken.message, broken.span, broken.header)
        self.comments += comments(parsed)
        for block in parsed.body.blocks:
            self._declare(block)

    def _broken(self, source: Source, message: str, span: tuple[int, int], header: tuple[str, ...]) -> None:
        place = source.location(span)
        self.problems.append(Problem("parse", message, place))
        match header:
            case ("resource", str() as type_, *_):
                types = frozenset({type_})
            case ("data", str() as type_, *_):
                types = frozenset({f"data.{type_}"})
            case ("variable" | "output" | "terraform" | "locals" | "provider" | "check" | "moved", *_):
                return  # what depends on it is unknown, but no resource is missing
            case _:
                types = frozenset()
        self.gaps.append(Gap(f"{place} could not be parsed", types, place))

    def _declare(self, block: Block) -> None:
        match block.type, block.labels:
            case "variable", (name,):
                self.variables.setdefault(name, block)
            case "output", (name,):
                self.outputs.setdefault(name, block)
            case "locals", ():
                for name, attribute in block.body.attributes.items():
                    self.locals.setdefault(name, attribute)
            case "resource", (type_, name):
                self._resource(f"{type_}.{name}", type_, block)
            case (("data" | "ephemeral"), (type_, name)):
                self._resource(f"data.{type_}.{name}", f"data.{type_}", block)
            case "module", (name,):
                self.calls.setdefault(name, block)
            case "provider", (name,):
                alias = literal(block.body.attributes.get("alias"))
                self.providers.setdefault((name, alias), block)
            case "terraform", ():
                for inner in block.body.of("required_providers"):
                    self.required |= inner.body.attributes
                self.has_backend |= any(inner.type in ("backend", "cloud") for inner in block.body.blocks)
            case (("moved" | "import" | "removed" | "check"), _):
                pass
            case _:
                place = block.source.location(block.header)
                self.problems.append(Problem("parse", f'a "{block.type}" block of this form is not known', place))

    def _resource(self, name: str, type_: str, block: Block) -> None:
        if name in self.resources:
            place = block.source.location(block.header)
            self.problems.append(Problem("evaluate", f"{name} is declared twice", place))
            return
        self.resources[name] = block
        self.by_type.setdefault(type_, []).append(block)

    def override(self, parsed: ParsedFile) -> None:
        """Merge what an override file says into what is there."""
        self.files.append(parsed.source.shown)
        for broken in parsed.errors:
            self._broken(parsed.source, broken.message, broken.span, broken.header)
        self.comments += comments(parsed)
        for block in parsed.body.blocks:
            match block.type, block.labels:
                case "variable", (name,) if name in self.variables:
                    self.variables[name] = merged(self.variables[name], block)
                case "output", (name,) if name in self.outputs:
                    self.outputs[name] = merged(self.outputs[name], block)
                case "locals", ():
                    self.locals |= block.body.attributes
                case "resource", (type_, name) if f"{type_}.{name}" in self.resources:
                    self._replace(f"{type_}.{name}", type_, block)
                case "data", (type_, name) if f"data.{type_}.{name}" in self.resources:
                    self._replace(f"data.{type_}.{name}", f"data.{type_}", block)
                case "module", (name,) if name in self.calls:
                    self.calls[name] = merged(self.calls[name], block)
                case "provider", (name,):
                    key = name, literal(block.body.attributes.get("alias"))
                    self.providers[key] = merged(self.providers[key], block) if key in self.providers else block
                case "terraform", ():
                    for inner in block.body.of("required_providers"):
                        self.required |= inner.body.attributes
                case _:
                    place = block.source.location(block.header)
                    message = f"there is no {' '.join((block.type, *block.labels))} that this could override"
                    self.problems.append(Problem("evaluate", message, place))

    def _replace(self, name: str, type_: str, block: Block) -> None:
        old = self.resources[name]
        new = self.resources[name] = merged(old, block)
        self.by_type[type_] = [new if each is old else each for each in self.by_type[type_]]


def merged(base: Block, override: Block) -> Block:
    """A block with the arguments of another put over its own, and its nested blocks replaced type by type."""
    replaced = {nested_type(block) for block in override.body.blocks}
    kept = [block for block in base.body.blocks if nested_type(block) not in replaced]
    body = Body({**base.body.attributes, **override.body.attributes}, [*kept, *override.body.blocks])
    return Block(base.type, base.labels, base.source, base.start, base.end, base.header_end, None, body)


def nested_type(block: Block) -> str:
    """The type of a nested block; of a dynamic one, that of the blocks that it makes."""
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


def literal(attribute: Attribute | None) -> str:
    """The text of an argument that must be a plain string, else nothing."""
    if attribute is None:
        return ""
    value = getattr(attribute.expression, "value", None)
    return value if isinstance(value, str) else ""


def error_span(attribute: Attribute, error: EvaluationError) -> tuple[int, int]:
    """The part of an attribute that an error is about."""
    match error:
        case LocatedError(node=Node(start=start, end=end)) if attribute.start <= start <= end <= attribute.end:
            return start, end
        case ParseError(offset=offset) if attribute.start <= offset <= attribute.end:
            return offset, offset
        case _:
            return attribute.span
