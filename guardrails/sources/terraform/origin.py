"""Where a value was written, and the places that it came through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from guardrails.model import Label, Location, Origin, Path, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.expression import (
    Call,
    Conditional,
    For,
    Literal,
    Node,
    Object,
    Reference,
    Splat,
    TemplateFor,
    Tuple,
)
from guardrails.sources.terraform.lazy import Fields, Partial
from guardrails.sources.terraform.repetition import Instances
from guardrails.sources.terraform.scope import Scope
from guardrails.sources.terraform.source import Span
from guardrails.sources.terraform.syntax import Attribute, Block, Body
from guardrails.sources.terraform.types import EvaluationError, identity

if TYPE_CHECKING:
    from guardrails.sources.terraform.instance import ModuleInstance
    from guardrails.sources.terraform.resource import Instance

LABELS = 12
"""Places that one value is traced through."""
DEPTH = 40
"""Expressions inside of each other that are looked through."""

_PASSED = "the value is passed here"
_SOURCE = "the value comes from here"
_ANY_ORDER = frozenset(("toset", "tolist", "distinct", "sort", "compact", "flatten", "reverse"))


def locate(instance: Instance, path: Path) -> Origin:
    """The origin of the value at a path from the root of a resource; for an absent one, of the block that lacks it."""
    trace = _Trace(instance)
    calls = tuple(_calls(instance.module))
    block = instance.block
    if not path:
        return Origin(block.source.location(block.span), (), calls)
    try:
        location = trace.below(block, block.body, instance.scope, path, path)
    except (EvaluationError, RecursionError):
        location = block.source.location(block.header)
    return Origin(location, tuple(trace.labels), calls)


def _calls(module: ModuleInstance) -> Iterator[Label]:
    at: ModuleInstance | None = module
    while at is not None:
        if at.call is not None:
            yield Label(at.call.source.location(at.call.span), "the module is called here")
        at = at.parent


class _Trace(Struct):
    instance: Instance
    labels: list[Label] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def below(self, block: Block, body: Body, scope: Scope, path: Path, whole: Path) -> Location:
        """The location of a path below a block."""
        from guardrails.sources.terraform.resource import iterator_name  # noqa: PLC0415  # a cycle

        name, rest = path[0], path[1:]
        if isinstance(name, int):
            return block.source.location(block.header)
        attribute = body.attributes.get(name)
        if attribute is not None:
            wanted = self._wanted(whole)
            span, node, node_scope, left = self._narrow(attribute, scope, rest, wanted)
            self.follow(node, node_scope, left, wanted, 0)
            return attribute.source.location(span)
        index, inner_path = (rest[0], rest[1:]) if rest and isinstance(rest[0], int) else (0, rest)
        found = list(self._blocks(body, name, scope))
        if not found:
            return block.source.location(block.header)
        inner, content, inner_scope = found[min(index, len(found) - 1)]
        if inner_path:
            return self.below(inner, content, inner_scope, inner_path, whole)
        if inner.type == "dynamic" and "for_each" in inner.body.attributes:
            fields = inner_scope.local.get(iterator_name(inner))
            step = _step(fields.origin) if isinstance(fields, Fields) else ()
            self.follow(inner.body.attributes["for_each"].expression, scope, step, None, 0)
        return inner.source.location(inner.span)

    def _wanted(self, path: Path) -> Value:
        """The value at a path of the resource, to find the element that made it."""
        value: Value = self.instance.value(str(path[0]))
        for step in path[1:]:
            if isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            elif isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            else:
                return None
        return value

    def _blocks(self, body: Body, name: str, scope: Scope) -> Iterator[tuple[Block, Body, Scope]]:
        """The blocks of a name in the order of their values: what stands there, its content and the scope of that."""
        from guardrails.sources.terraform.resource import dynamic_elements, iterator_name  # noqa: PLC0415  # a cycle

        for block in body.blocks:
            if block.type == name:
                yield block, block.body, scope
            elif block.type == "dynamic" and block.labels == (name,):
                content = next(block.body.of("content"), None)
                given = block.body.attributes.get("for_each")
                for key, item in dynamic_elements(block, scope, self.instance.module):
                    if content is None or given is None or (isinstance(item, UnknownValue) and key is None):
                        yield block, block.body, scope
                    else:
                        fields = Fields(key=key, value=item).came_from(given, scope, key)
                        yield block, content.body, scope.child({iterator_name(block): fields})

    def _narrow(self, attribute: Attribute, scope: Scope, path: Path, wanted: Value) -> tuple[Span, Node, Scope, Path]:
        """The part of an attribute that a path means, as far as it is written out there, and what is left of both."""
        node = attribute.expression
        span = attribute.span
        while True:
            match node:
                case Conditional() if (arm := node.arm(scope)) is not None:
                    node = arm
                case Tuple(items=items) if path and isinstance(path[0], int) and items:
                    chosen = _pick(items, scope, path[0], wanted if len(path) == 1 else None)
                    if chosen is None:
                        return span, node, scope, path
                    node, path = chosen, path[1:]
                    span = node.start, node.end
                case Object(items=items) if path and isinstance(path[0], str):
                    pair = _member(items, scope, path[0])
                    if pair is None:
                        return span, node, scope, path
                    node, path = pair[1], path[1:]
                    span = pair[0].start, node.end
                case Call(name="merge", arguments=arguments) if path and isinstance(path[0], str):
                    owners = [
                        each for each in arguments if isinstance(each, Object) and _member(each.items, scope, path[0])
                    ]
                    if not owners:
                        return span, node, scope, path
                    node = owners[-1]
                case Call(name=name, arguments=[inner]) if name in _ANY_ORDER:
                    node = inner
                case _:
                    return span, node, scope, path

    # Through names

    def follow(self, node: Node, scope: Scope, path: Path, wanted: Value, depth: int) -> None:
        """Label the places that supplied what an expression is made from."""
        if depth > DEPTH or len(self.labels) >= LABELS:
            return
        match node:
            case Literal():
                return
            case Reference():
                self._reference(node, scope, path, wanted, depth)
            case Conditional() if (arm := node.arm(scope)) is not None:
                self.follow(arm, scope, path, wanted, depth + 1)
            case Tuple(items=items) if path and isinstance(path[0], int) and items:
                chosen = _pick(items, scope, path[0], wanted if len(path) == 1 else None)
                for each in items if chosen is None else [chosen]:
                    self.follow(each, scope, path[1:] if chosen is not None else (), wanted, depth + 1)
            case Object(items=items) if path and isinstance(path[0], str) and (pair := _member(items, scope, path[0])):
                self.follow(pair[1], scope, path[1:], wanted, depth + 1)
            case For(key_name=first, value_name=second) | TemplateFor(key_name=first, value_name=second):
                hidden = scope.child({first: None, second: None})
                self.follow(node.source, scope, (), None, depth + 1)
                for child in node.children():
                    if child is not node.source:
                        self.follow(child, hidden, (), None, depth + 1)
            case Splat(source=source):
                self.follow(source, scope, (), None, depth + 1)
            case _:
                keep = path if isinstance(node, Call) and node.name in _ANY_ORDER else ()
                for child in node.children():
                    self.follow(child, scope, keep, wanted if keep else None, depth + 1)

    def _reference(self, node: Reference, scope: Scope, path: Path, wanted: Value, depth: int) -> None:
        steps: Sequence[str | int | float] = node.steps
        rest: Path = (*(step if isinstance(step, int) else str(step) for step in steps[1:]), *path)
        module = scope.module
        if node.root in scope.local:
            found: Partial = scope.local[node.root]
            if isinstance(found, Fields) and found.origin is not None and steps and steps[0] == "value":
                attribute, inner_scope, _ = found.origin
                self._from(attribute, inner_scope, (*_step(found.origin), *rest), wanted, text=_SOURCE, depth=depth)
            elif isinstance(found, Fields) and found.origin is not None:
                attribute, inner_scope, _ = found.origin
                self._from(attribute, inner_scope, (), wanted, text=_SOURCE, depth=depth)
            return
        if not steps or not isinstance(steps[0], str):
            return
        given = supplier(module, node.root, str(steps[0]), steps[1:])
        if given is not None:
            attribute, inner_scope, text, used = given
            self._from(attribute, inner_scope, rest[used:], wanted, text=text, depth=depth)

    def _from(self, attribute: Attribute, scope: Scope, path: Path, wanted: Value, *, text: str, depth: int) -> None:
        if id(attribute) in self._seen or not attribute.source.shown:
            return
        self._seen.add(id(attribute))
        span, node, node_scope, left = self._narrow(attribute, scope, path, wanted)
        if len(self.labels) < LABELS:
            self.labels.append(Label(attribute.source.location(span), text))
        self.follow(node, node_scope, left, wanted, depth + 1)


def _step(origin: tuple[Attribute, Scope, Value] | None) -> Path:
    """The path from a `for_each` to an element of it."""
    key = None if origin is None else origin[2]
    return (key,) if isinstance(key, str | int) and not isinstance(key, Symbolic) else ()


def supplier(
    module: object, root: str, name: str, steps: Sequence[str | int | float]
) -> tuple[Attribute, Scope, str, int] | None:
    """What gives a name its value: the attribute, its scope, what to call it, and the further steps that it takes."""
    from guardrails.sources.terraform.instance import ModuleInstance  # noqa: PLC0415  # a cycle

    if not isinstance(module, ModuleInstance):
        return None
    match root:
        case "var":
            found = module.supplied(name)
            return None if found is None else (*found, 0)
        case "local":
            local = module.module.locals.get(name)
            return None if local is None else (local, module.scope, _SOURCE, 0)
        case "module":
            return _output(module, name, steps)
        case "path" | "terraform" | "count" | "each" | "self":
            return None
        case _:
            return _attribute(module, root, name, steps)


def _output(
    module: ModuleInstance, name: str, steps: Sequence[str | int | float]
) -> tuple[Attribute, Scope, str, int] | None:
    from guardrails.sources.terraform.instance import ModuleInstance  # noqa: PLC0415  # a cycle

    called = module.calls(name)
    used = 0
    if isinstance(called, Instances):
        if not steps:
            return None
        element = called.element(steps[0])
        called, used = element if isinstance(element, ModuleInstance) else called, 1
    if not isinstance(called, ModuleInstance) or len(steps) <= used:
        return None
    output = called.module.outputs.get(str(steps[used]))
    value = None if output is None else output.body.attributes.get("value")
    return None if value is None else (value, called.scope, _SOURCE, used + 1)


def _attribute(
    module: ModuleInstance, root: str, name: str, steps: Sequence[str | int | float]
) -> tuple[Attribute, Scope, str, int] | None:
    from guardrails.sources.terraform.resource import Instance  # noqa: PLC0415  # a cycle

    used = 0
    full = f"{root}.{name}"
    if root == "data" and steps:
        full, used = f"data.{name}.{steps[0]}", 1
    if full not in module.module.resources:
        return None
    found: object = module.resource(full)
    if isinstance(found, Instances):
        if len(steps) <= used:
            return None
        found, used = found.element(steps[used]), used + 1
    if not isinstance(found, Instance) or len(steps) <= used:
        return None
    attribute = found.block.body.attributes.get(str(steps[used]))
    return None if attribute is None else (attribute, found.scope, _SOURCE, used + 1)


def _pick(items: Sequence[Node], scope: Scope, index: int, wanted: Value) -> Node | None:
    """The item of a literal list that made the element at an index; sets have an order of their own."""
    at_index = items[index] if -len(items) <= index < len(items) else None
    if wanted is None or isinstance(wanted, UnknownValue):
        return at_index
    key = identity(wanted)
    for node in items if at_index is None else (at_index, *items):
        try:
            value = node.evaluate(scope)
        except EvaluationError:
            continue
        if identity(value) == key or str(value) == str(wanted):
            return node
    return at_index


def _member(items: Sequence[tuple[Node, Node]], scope: Scope, name: str) -> tuple[Node, Node] | None:
    """The member of a literal object with a key."""
    for key, node in items:
        try:
            if key.evaluate(scope) == name:
                return key, node
        except EvaluationError:
            continue
    return None
