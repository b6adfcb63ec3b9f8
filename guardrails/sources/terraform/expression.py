"""Expressions: what the parser makes of them, and what they evaluate to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from guardrails.model import Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.calls import call
from guardrails.sources.terraform.lazy import Lazy, Partial, force
from guardrails.sources.terraform.operations import (
    attribute,
    binary,
    choose,
    concatenate,
    elements,
    index,
    listed,
    mark,
    splat_elements,
    unary,
)
from guardrails.sources.terraform.scope import Scope
from guardrails.sources.terraform.types import EvaluationError, convert, unknown

ITEM = "*"
"""The name under which the body of a splat finds its element."""


class LocatedError(EvaluationError):
    """An error with the part of the expression that made it."""

    def __init__(self, message: str, node: Node) -> None:
        super().__init__(message)
        self.node = node


class ParseError(EvaluationError):
    """Text that is not an expression of Terraform, and the offset at which it stops being one."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Node(msgspec.Struct, eq=False):
    """An expression, with the span of its text."""

    start: int
    end: int

    def evaluate(self, scope: Scope) -> Value:
        """Its value. Raises `EvaluationError`."""
        return force(self.partial(scope))

    def partial(self, scope: Scope) -> Partial:
        """Its value, as a `Lazy` one where it names a whole resource or module. Raises `EvaluationError`."""
        return self.evaluate(scope)

    def children(self) -> Iterator[Node]:
        """The expressions in it."""
        return iter(())


class Literal(Node, eq=False):
    """A number, a boolean, null, or a string without holes."""

    value: Value

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        return self.value


class Invalid(Node, eq=False):
    """What could not be parsed: every evaluation raises its error."""

    error: ParseError

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        raise self.error


class Reference(Node, eq=False):
    """A name and the constant steps after it: `var.a`, `aws_vpc.main.id`, `local.list[0].name`."""

    root: str
    steps: Sequence[str | int | float]

    def partial(self, scope: Scope) -> Partial:
        """See `Node.partial`."""
        steps = self.steps
        try:
            if self.root in scope.local:
                value, used = scope.local[self.root], 0
            else:
                value, used = scope.module.resolve(self.root, steps)
            for at in range(used, len(steps)):
                step = steps[at]
                value = attribute(value, step) if isinstance(step, Name) else index(value, step)
        except (LocatedError, ParseError):
            raise
        except EvaluationError as error:
            raise LocatedError(f"{self}: {error}", self) from None
        return value

    def __str__(self) -> str:
        text = self.root
        for step in self.steps:
            text += f".{step}" if isinstance(step, Name) else f'["{step}"]' if isinstance(step, str) else f"[{step}]"
        return text


class Name(str):
    """A step that was written `.name`, as opposed to `["name"]`."""

    __slots__ = ()


class GetAttribute(Node, eq=False):
    """`source.name` where the source is more than a reference."""

    source: Node
    name: str

    def partial(self, scope: Scope) -> Partial:
        """See `Node.partial`."""
        value = self.source.partial(scope)
        try:
            return attribute(value, self.name)
        except LocatedError:
            raise
        except EvaluationError as error:
            raise LocatedError(str(error), self) from None

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        yield self.source


class Index(Node, eq=False):
    """`source[key]`."""

    source: Node
    key: Node

    def partial(self, scope: Scope) -> Partial:
        """See `Node.partial`."""
        value, key = self.source.partial(scope), self.key.evaluate(scope)
        try:
            return index(value, key)
        except LocatedError:
            raise
        except EvaluationError as error:
            raise LocatedError(str(error), self) from None

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        yield self.source
        yield self.key


class Splat(Node, eq=False):
    """`source[*]...` or `source.*...`: `each` is what is asked of every element."""

    source: Node
    each: Node

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        source = self.source.partial(scope)
        marked = False
        while isinstance(source, Sensitive):
            marked, source = True, source.value
        found = splat_elements(source)
        if isinstance(found, UnknownValue):
            return found
        result: list[Value] = []
        scope.module.budget.spend(len(found))
        for item in found:
            if isinstance(item, UnknownValue) and item.many:
                one = self.each.evaluate(scope.child({ITEM: UnknownValue(item.reason, item.refs)}))
                result.append(unknown(one, item, many=True))
            else:
                result.append(self.each.evaluate(scope.child({ITEM: item})))
        value = listed(result, source)
        return mark(value) if marked else value

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        yield self.source
        yield self.each


class Unary(Node, eq=False):
    """`-x` or `!x`."""

    operator: str
    operand: Node

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        return unary(self.operator, self.operand.evaluate(scope))

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        yield self.operand


class Binary(Node, eq=False):
    """An operator between two expressions."""

    operator: str
    left: Node
    right: Node

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        return binary(self.operator, self.left.evaluate(scope), self.right.evaluate(scope))

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        yield self.left
        yield self.right


class Conditional(Node, eq=False):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node

    def partial(self, scope: Scope) -> Partial:
        """See `Node.partial`."""
        condition = self.condition.evaluate(scope)
        marked = isinstance(condition, Sensitive)
        plain = condition.value if isinstance(condition, Sensitive) else condition
        flag = plain if isinstance(plain, bool) else convert(plain, "bool")
        if flag is None:
            raise LocatedError("the condition must not be null", self.condition)
        if not isinstance(flag, bool):
            return choose(condition, self.yes.evaluate(scope), self.no.evaluate(scope))
        taken = (self.yes if flag else self.no).partial(scope)
        # Nothing but a number, a boolean or a collection changes its type because of the other arm.
        if taken is None or isinstance(taken, Lazy | str | UnknownValue):
            return mark(force(taken)) if marked else taken
        try:
            left = self.no if flag else self.yes
            if type(left) is Literal and type(left.value) is type(taken):
                return mark(taken) if marked else taken
            other = left.evaluate(scope)
        except EvaluationError:
            return mark(taken) if marked else taken
        return choose(condition, taken, other) if flag else choose(condition, other, taken)

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        return force(self.partial(scope))

    def arm(self, scope: Scope) -> Node | None:
        """The arm that is taken, or None where that is not known."""
        try:
            condition = self.condition.evaluate(scope)
            flag = convert(condition.value if isinstance(condition, Sensitive) else condition, "bool")
        except EvaluationError:
            return None
        return (self.yes if flag else self.no) if isinstance(flag, bool) else None

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        yield self.condition
        yield self.yes
        yield self.no


class Call(Node, eq=False):
    """A function call; `expand` where the last argument ends in `...`."""

    name: str
    arguments: Sequence[Node]
    expand: bool

    def partial(self, scope: Scope) -> Partial:
        """See `Node.partial`."""
        try:
            return call(self, scope)
        except (LocatedError, ParseError):
            raise
        except EvaluationError as error:
            raise LocatedError(str(error), self) from None

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        return force(self.partial(scope))

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        return iter(self.arguments)


class Tuple(Node, eq=False):
    """`[a, b]`."""

    items: Sequence[Node]

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        return [item.evaluate(scope) for item in self.items]

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        return iter(self.items)


class Object(Node, eq=False):
    """`{key = value}`; keys that are bare names are literals."""

    items: Sequence[tuple[Node, Node]]

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        made: dict[str, Value] = {}
        doubt: Value = None
        marked = False
        for key_node, node in self.items:
            key = key_node.value if type(key_node) is Literal else key_node.evaluate(scope)
            if isinstance(key, Sensitive):
                marked, key = True, key.value
            if type(key) is not str:
                key = convert(key, "string")
                if key is None:
                    raise LocatedError("a key of an object must not be null", key_node)
            value = node.evaluate(scope)
            if isinstance(key, Symbolic | UnknownValue):
                doubt = doubt or unknown(key, value)
            elif isinstance(key, str):
                made[key] = value
        result: Value = made if doubt is None else unknown(doubt, made)
        return mark(result) if marked else result

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        for key, value in self.items:
            yield key
            yield value


class For(Node, eq=False):
    """`[for k, v in source : value if condition]`, or with a key: `{for ... : key => value...}`."""

    key_name: str
    value_name: str
    source: Node
    key: Node | None
    value: Node
    condition: Node | None
    group: bool

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        source = self.source.partial(scope)
        marked = False
        while isinstance(source, Sensitive):
            marked, source = True, source.value
        try:
            found = elements(source)
        except EvaluationError as error:
            raise LocatedError(str(error), self.source) from None
        if isinstance(found, UnknownValue):
            if self.key is None:
                return [UnknownValue(found.reason, found.refs, many=True)]
            return UnknownValue(found.reason, found.refs)
        result = self._tuple(scope, found) if self.key is None else self._object(scope, found, self.key)
        return mark(result) if marked else result

    def _scope(self, scope: Scope, key: Value, item: Partial) -> Scope:
        scope.module.budget.spend()
        if isinstance(item, UnknownValue) and item.many:
            item = UnknownValue(item.reason, item.refs)
        if self.key_name:
            return scope.child({self.key_name: key, self.value_name: item})
        return scope.child({self.value_name: item})

    def _includes(self, scope: Scope) -> bool | UnknownValue:
        if self.condition is None:
            return True
        value = self.condition.evaluate(scope)
        flag = convert(value.value if isinstance(value, Sensitive) else value, "bool")
        if flag is None:
            raise LocatedError("the condition must not be null", self.condition)
        return flag if isinstance(flag, bool | UnknownValue) else UnknownValue("not a boolean")

    def _tuple(self, scope: Scope, found: Iterator[tuple[Value, Partial]]) -> Value:
        result: list[Value] = []
        for key, item in found:
            inner = self._scope(scope, key, item)
            wanted = self._includes(inner)
            if wanted is False:
                continue
            value = self.value.evaluate(inner)
            several = isinstance(item, UnknownValue) and item.many
            if isinstance(wanted, UnknownValue):
                value = unknown(wanted, value, many=True)
            elif several and isinstance(item, UnknownValue):
                value = unknown(value, item, many=True)
            result.append(value)
        return result

    def _object(self, scope: Scope, found: Iterator[tuple[Value, Partial]], key_node: Node) -> Value:
        made: dict[str, Value] = {}
        groups: dict[str, list[Value]] = {}
        doubts: list[Value] = []
        for key, item in found:
            inner = self._scope(scope, key, item)
            wanted = self._includes(inner)
            if wanted is False:
                continue
            name = convert(key_node.evaluate(inner), "string")
            secret = isinstance(name, Sensitive)
            if isinstance(name, Sensitive):
                name = name.value
            if name is None:
                raise LocatedError("a key must not be null", key_node)
            value = self.value.evaluate(inner)
            if isinstance(wanted, UnknownValue):
                doubts += [wanted, value]
            elif isinstance(item, UnknownValue) and item.many:
                doubts += [item, value]
            elif isinstance(name, Symbolic | UnknownValue) or not isinstance(name, str):
                doubts += [name, value]
            elif self.group:
                groups.setdefault(name, []).append(value)
            elif name in made:
                shown = "a sensitive key" if secret else f'the key "{name}"'
                raise LocatedError(f"two elements of the object have {shown}", key_node)
            else:
                made[name] = value
        result: Value = {**made, **groups}
        return unknown(*doubts, result) if doubts else result

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        yield self.source
        if self.key is not None:
            yield self.key
        yield self.value
        if self.condition is not None:
            yield self.condition


class Template(Node, eq=False):
    """A string with holes; literals in it are `Literal` nodes."""

    parts: Sequence[Node]

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        try:
            value = concatenate([part.evaluate(scope) for part in self.parts])
            if isinstance(value, str) and len(value) > 10_000:
                scope.module.budget.spend(len(value) >> 7)
        except LocatedError:
            raise
        except EvaluationError as error:
            raise LocatedError(str(error), self) from None
        return value

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        return iter(self.parts)


class TemplateFor(Node, eq=False):
    """`%{ for k, v in source }...%{ endfor }`."""

    key_name: str
    value_name: str
    source: Node
    body: Template

    def evaluate(self, scope: Scope) -> Value:
        """See `Node.evaluate`."""
        rows = For(self.start, self.end, self.key_name, self.value_name, self.source, None, self.body, None, False)
        value = rows.evaluate(scope)
        marked = isinstance(value, Sensitive)
        items = value.value if isinstance(value, Sensitive) else value
        pieces = (
            [UnknownValue(i.reason, i.refs) if isinstance(i, UnknownValue) else i for i in items]
            if isinstance(items, list)
            else [items]
        )
        text = concatenate(pieces)
        return mark(text) if marked else text

    def children(self) -> Iterator[Node]:
        """See `Node.children`."""
        yield self.source
        yield self.body
