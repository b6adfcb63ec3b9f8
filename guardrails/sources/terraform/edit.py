"""Changes of configuration by exact spans: which text to put where so that an attribute gets another value.

Comments, line ends and the layout around a change stay as they are. What is not written out as a value of its own is
changed where it is written, if nothing else reads it there; whatever has no such place is refused with the reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from guardrails.model import Path, Resource, Value, reveal
from guardrails.sources.terraform.expression import Invalid, Literal, Node, Object, Reference, Tuple
from guardrails.sources.terraform.instance import ModuleInstance
from guardrails.sources.terraform.loader import read_text, terraform_files
from guardrails.sources.terraform.module import nested_type
from guardrails.sources.terraform.origin import supplier
from guardrails.sources.terraform.resource import Instance, InstanceValues
from guardrails.sources.terraform.schema import Attribute as SchemaAttribute
from guardrails.sources.terraform.scope import Scope
from guardrails.sources.terraform.source import Source
from guardrails.sources.terraform.syntax import Attribute, Block, Body

HOPS = 5
"""Names that a value is followed through to where it is written."""


class CannotEditError(Exception):
    """There is no one place that gives the attribute its value; its text is the reason."""


class Replacement(Struct, frozen=True):
    """Text in place of a span of a file."""

    path: str
    """The file's real path."""
    start: int
    end: int
    """Offsets in characters, the end exclusive."""
    text: str
    below: Path
    """What it gives a value, below the innermost block around the span: `("metadata_options", 0, "http_tokens")`."""
    expression: str | None
    """The value; None for an attribute that is taken out."""
    shown: str
    """The file as people see it."""
    line: int


def replacement(resource: Resource, path: Path, expression: str | None) -> Replacement:
    """The change that gives the attribute at a path of a resource a value, or takes it out.

    Raises `CannotEditError`.
    """
    values = resource.values
    if not isinstance(values, InstanceValues):
        raise CannotEditError("it was not read from Terraform configuration")
    return _Editor(values.instance, expression, resource.raw(*path)).below(values.instance.block, path)


class _Editor:
    def __init__(self, instance: Instance, expression: str | None, value: Value) -> None:
        self._instance = instance
        self._expression = expression
        self._value = value
        """What is there now."""

    def below(self, block: Block, path: Path) -> Replacement:
        """The change at a path below a block."""
        name, rest = path[0], path[1:]
        if not isinstance(name, str):
            raise CannotEditError("it has no name")
        attribute = block.body.attributes.get(name)
        if attribute is not None:
            return self._change(attribute, self._instance.scope, rest)
        blocks = [each for each in block.body.blocks if nested_type(each) == name]
        index, inner = (rest[0], rest[1:]) if rest and isinstance(rest[0], int) else (0, rest)
        if not blocks:
            return self._add(block, name, index, inner)
        if any(each.type == "dynamic" for each in blocks):
            raise CannotEditError(f'a dynamic block makes "{name}"')
        if index >= len(blocks) or not inner:
            raise CannotEditError(f'there is no one place for the "{name}" block')
        return self.below(blocks[index], inner)

    # -- what is there

    def _change(self, attribute: Attribute, scope: Scope, path: Path) -> Replacement:
        for _ in range(HOPS):
            node, left, way = _narrow(attribute.expression, path)
            if not left and not any(True for _ in _names(node)):
                return self._replace(attribute, node, way)
            attribute, scope, path = self._supplier(node, scope, left)
        raise CannotEditError("its value comes through too many names")

    def _supplier(self, node: Node, scope: Scope, path: Path) -> tuple[Attribute, Scope, Path]:
        """The attribute that alone gives a name its value, where this is all that the name is for."""
        if not isinstance(node, Reference) or node.root not in ("var", "local") or len(node.steps) != 1:
            raise CannotEditError("its value is computed")
        module, name = scope.module, str(node.steps[0])
        if not isinstance(module, ModuleInstance):
            raise CannotEditError("its value is computed")
        found = supplier(module, node.root, name, ())
        if found is None:
            raise CannotEditError(f"{node} is not given in a file")
        attribute, inner, _, _ = found
        if _uses(module, f"{node.root}.{name}") != 1:
            raise CannotEditError(f"{node} gives other values, too")
        if attribute.name == "default" and module.call is not None:
            raise CannotEditError(f"the default of {node} holds for other callers, too")
        return attribute, inner, path

    def _replace(self, attribute: Attribute, node: Node, way: Path) -> Replacement:
        source = _editable(attribute.source)
        if isinstance(node, Invalid):
            raise CannotEditError("its expression is broken")
        in_list = any(isinstance(step, int) for step in way)
        if in_list and not (isinstance(node, Literal) and str(node.value) == str(reveal(self._value))):
            raise CannotEditError("which element of a list it is cannot be told")  # sets have an order of their own
        below = (attribute.name, *way)
        if self._expression is not None:
            start = node.start if way else _value_start(source.text, attribute)
            end = len(source.text[: node.end if way else attribute.end].rstrip("\r\n"))
            return self._made(source, (start, end), self._expression, below)
        if way:
            raise CannotEditError("it is an element of a list or map")
        text = source.text
        start, end = _line_start(text, attribute.start), _line_end(text, attribute.end)
        if text[start : attribute.start].strip() or text[attribute.end : end].strip():
            raise CannotEditError("something else stands on its line")
        return self._made(source, (start, _after(text, end)), "", below)

    # -- what is not

    def _add(self, block: Block, name: str, index: int, path: Path) -> Replacement:
        if self._expression is None:
            raise CannotEditError(f'there is no "{name}" to take out')
        if index or len(path) > 1 or (path and not isinstance(path[0], str)):
            raise CannotEditError(f'there is no "{name}" block to put it in')
        if block.type == "dynamic":
            raise CannotEditError("a dynamic block makes it")
        schema = self._instance.schema
        top = block is self._instance.block
        if path and (not top or schema is None or name not in schema.blocks):
            raise CannotEditError(f'there is no "{name}" to put it in')
        if not path and top and schema is not None and name not in schema.attributes:
            raise CannotEditError(f'"{name}" is no argument of {self._instance.type}')
        if not path and top and schema is not None and not _is_argument(schema.attributes[name]):
            raise CannotEditError(f'"{name}" is what the provider says')
        source = _editable(block.source)
        lines = [name, f"{path[0]} = {self._expression}"] if path else [f"{name} = {self._expression}"]
        below: Path = (name, 0, path[0]) if path else (name,)
        return self._insert(source, block, lines, below)

    def _insert(self, source: Source, block: Block, lines: Sequence[str], below: Path) -> Replacement:
        """A new attribute below the last one, a new block at the end; what stands on one line is spread over more."""
        text = source.text
        new = "\r\n" if "\r\n" in text else "\n"
        outer = _indentation(text, block.start)
        own = [each for each in block.body.attributes.values() if each.source is source]
        inner = [each for each in block.body.blocks if each.source is source]
        opening = text.index("{", block.header_end) + 1
        if "\n" not in text[opening : block.end]:
            kept = text[opening : block.end - 1].strip()
            indent = f"{outer}  "
            whole = [indent + kept] if kept else []
            whole += _written(lines, indent)
            return self._made(source, (opening, block.end - 1), new + new.join(whole) + new + outer, below)
        first = min([*(each.start for each in own), *(each.start for each in inner)], default=None)
        indent = f"{outer}  " if first is None else _indentation(text, first)
        limit = min((each.start for each in inner), default=block.end)
        above = [each for each in own if each.start < limit]
        if len(lines) == 1 and above:
            last = max(above, key=lambda each: each.start)
            at = _line_end(text, len(text[: last.end].rstrip("\r\n")))
            name, sign, value = lines[0].partition(" = ")
            column = _column(text, last) - len(indent)
            if 0 <= column <= len(name):
                new += new  # a longer name below would ask `terraform fmt` to move the others
            line = indent + name.ljust(column - 1) + sign + value
            return self._made(source, (at, at), new + line, below)
        if len(lines) == 1:
            at = _line_end(text, opening)
            gap = new if inner else ""
            return self._made(source, (at, at), new + new.join(_written(lines, indent)) + gap, below)
        at = _line_end(text, len(text[: block.end - 1].rstrip()))
        gap = new if own or inner else ""
        return self._made(source, (at, at), new + gap + new.join(_written(lines, indent)), below)

    def _made(self, source: Source, span: tuple[int, int], text: str, below: Path) -> Replacement:
        real = os.path.realpath(source.file)
        line, _ = source.position(span[0])
        # What is put below a line stands on the next one.
        line += text.startswith(("\n", "\r\n"))
        return Replacement(real, *span, text, below, self._expression, source.shown, line)


def _narrow(node: Node, path: Path) -> tuple[Node, Path, Path]:
    """The part of an expression that a path means, as far as it is written out, what is left, and the way there."""
    way: list[str | int] = []
    while path:
        match node:
            case Tuple(items=items) if isinstance(path[0], int) and path[0] < len(items):
                node = items[path[0]]
            case Object(items=items) if (member := _member(items, path[0])) is not None:
                node = member
            case _:
                break
        way.append(path[0])
        path = path[1:]
    return node, path, tuple(way)


def _member(items: Sequence[tuple[Node, Node]], name: str | int) -> Node | None:
    found = [value for key, value in items if isinstance(key, Literal) and key.value == name]
    return found[0] if len(found) == 1 else None


def _names(node: Node) -> Iterator[Node]:
    """What makes a value depend on something else than its own text."""
    if isinstance(node, Reference):
        yield node
    for child in node.children():
        yield from _names(child)


def _uses(module: ModuleInstance, name: str) -> int:
    """How often a module names a variable or local value, comments included: rather too often than too rarely."""
    folder = str(module.module.directory)
    root, _, rest = name.partition(".")
    pattern = re.compile(rf"(?<![\w.]){root}\s*\.\s*{re.escape(rest)}(?![\w-])")
    count = 0
    for file in terraform_files(folder):
        try:
            count += len(pattern.findall(read_text(os.path.join(folder, file))))
        except ValueError:
            return 2  # it may be named there
    return count


def _editable(source: Source) -> Source:
    if not source.shown:
        raise CannotEditError("its value comes from the command line or the environment")
    if source.file.name.endswith(".json"):
        raise CannotEditError(f"{source.shown} is JSON, which is not edited")
    if f"{os.sep}.terraform{os.sep}" in os.path.realpath(source.file):
        raise CannotEditError(f"{source.shown} is an installed module: change it where it is kept")
    return source


def _is_argument(attribute: SchemaAttribute) -> bool:
    return attribute.optional or attribute.required


def _value_start(text: str, attribute: Attribute) -> int:
    """Where the expression of an attribute starts, parentheses included."""
    at = text.index("=", attribute.start) + 1
    return at + len(text[at:]) - len(text[at:].lstrip(" \t"))


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Where the line of an offset ends, before its line end."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if end and text[end - 1] == "\r" and end - 1 >= at else end


def _after(text: str, end: int) -> int:
    """Behind the line end that stands at an offset."""
    return end + 2 if text.startswith("\r\n", end) else min(end + 1, len(text))


def _indentation(text: str, at: int) -> str:
    line = text[_line_start(text, at) : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _column(text: str, last: Attribute) -> int:
    """The column of the sign of an attribute, from 0; below 0 for one of several lines, which nothing aligns with."""
    if "\n" in text[last.start : last.end].rstrip("\r\n"):
        return -1
    return text.index("=", last.start) - _line_start(text, last.start)


def _written(lines: Sequence[str], indent: str) -> list[str]:
    """The lines of an attribute, or of a block with one, indented."""
    if len(lines) == 1:
        return [indent + lines[0]]
    return [f"{indent}{lines[0]} {{", f"{indent}  {lines[1]}", f"{indent}}}"]


def owner(body: Body, at: int) -> tuple[Block, ...]:
    """The blocks around an offset of a file, the outermost first."""
    found: list[Block] = []
    inner: Body | None = body
    while inner is not None:
        block = next((each for each in inner.blocks if each.start < at < each.end), None)
        if block is None:
            break
        found.append(block)
        inner = block.body
    return tuple(found)
