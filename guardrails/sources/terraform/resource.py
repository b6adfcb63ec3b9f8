"""A resource or data source instance: its attributes, evaluated when they are read, in the shape of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from guardrails.model import Ref, Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.data_source import known_data
from guardrails.sources.terraform.lazy import Fields, Lazy, Partial, computed, force
from guardrails.sources.terraform.operations import elements, mark
from guardrails.sources.terraform.schema import Attribute as SchemaAttribute
from guardrails.sources.terraform.schema import NestedBlock, TypeSchema
from guardrails.sources.terraform.scope import Scope
from guardrails.sources.terraform.syntax import Block, Body
from guardrails.sources.terraform.types import EvaluationError, Type, convert, unknown, unmark

if TYPE_CHECKING:
    from guardrails.sources.terraform.instance import ModuleInstance

META = frozenset(("count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"))
"""What every resource may have, and what is no attribute of it."""

_PENDING = UnknownValue("is being evaluated")


class Instance(Lazy):
    """One instance; `.name` of it is an attribute."""

    __slots__ = ("_values", "address", "block", "conditional", "module", "schema", "scope", "type")

    def __init__(
        self,
        module: ModuleInstance,
        block: Block,
        address: str,
        scope: Scope,
        *,
        schema: TypeSchema | None,
        conditional: str = "",
    ) -> None:
        self.module = module
        self.block = block
        self.address = address
        self.scope = scope
        self.conditional = conditional
        self.type = block.labels[0]
        self.schema = schema
        self._values: dict[str, Value] = {}

    # As a value of Terraform

    def attribute(self, name: str) -> Partial:
        """See `Lazy.attribute`."""
        schema, body = self.schema, self.block.body
        if schema is None:
            if (name in body.attributes and name not in META) or any(True for _ in body.of(name)):
                return self.value(name)
            return Symbolic(Ref(self.address, name))
        attribute = schema.attributes.get(name)
        if attribute is not None:
            value = self.value(name)
            if value is None and name not in body.attributes:
                # What the provider takes instead is not known here.
                return computed(self.address, name, attribute.type)
            return value
        nested = schema.blocks.get(name)
        if nested is not None:
            value = self.value(name)
            return computed(self.address, name, _block_type(nested)) if value in ([], None) else value
        if name in body.attributes and name not in META:
            return self.value(name)
        if self.block.type == "data" and (known := known_data(self, name)) is not None:
            return known
        if self.module.design.newer_provider(self.type):
            return Symbolic(Ref(self.address, name))
        raise EvaluationError(f'{self.type} has no attribute "{name}"')

    def element(self, key: Value) -> Partial:
        """See `Lazy.element`."""
        if isinstance(key, str) and not isinstance(key, Symbolic):
            return self.attribute(key)
        raise EvaluationError(f"{self.address} is one instance, without count or for_each")

    def elements(self) -> None:
        """See `Lazy.elements`."""
        return

    def items(self) -> None:
        """See `Lazy.items`."""
        return

    def force(self) -> Value:
        """See `Lazy.force`."""
        return {name: force(self.attribute(name)) for name in self.names()}

    # As a resource of the model

    def names(self) -> Sequence[str]:
        """Every attribute and nested block."""
        if self.schema is not None:
            names = [*self.schema.attributes, *self.schema.blocks]
            # Arguments of a newer version of the provider.
            return [*names, *(n for n in self.block.body.attributes if n not in names and n not in META)]
        body = self.block.body
        found = dict.fromkeys(name for name in body.attributes if name not in META)
        found |= dict.fromkeys(
            block.labels[0] if block.type == "dynamic" and block.labels else block.type
            for block in body.blocks
            if block.type not in META
        )
        return list(found)

    def value(self, name: str) -> Value:
        """The value of an attribute or nested block, None for one that the type does not have.

        Raises `EvaluationError` if it is asked for while it is evaluated.
        """
        values = self._values
        if name in values:
            known = values[name]
            if known is _PENDING:
                raise EvaluationError(f"{self.address}.{name} depends on itself")
            return known
        values[name] = _PENDING
        try:
            value = self._evaluate(name)
        except (EvaluationError, RecursionError) as error:
            message = str(error) if isinstance(error, EvaluationError) else "its values are nested too deeply"
            place = self.block.source.location(self.block.header)
            self.module.design.report(f"{self.address}.{name}: {message}", place)
            value = UnknownValue(message)
        values[name] = value
        return value

    def _evaluate(self, name: str) -> Value:
        schema, body = self.schema, self.block.body
        if schema is None:
            if name in body.attributes:
                return self.module.design.evaluate(body.attributes[name], self.scope)
            return self._untyped(body, name, self.scope)
        if self.block.type == "data" and (known := known_data(self, name)) is not None:
            return known
        attribute = schema.attributes.get(name)
        if attribute is not None:
            if name == "tags_all" and name not in body.attributes and "tags" in schema.attributes:
                return self._tags_all()
            return self._attribute(name, attribute, body, self.scope, name)
        nested = schema.blocks.get(name)
        if nested is not None:
            return self._nested(name, nested, body, self.scope, name)
        if name in body.attributes and name not in META:
            return self.module.design.evaluate(body.attributes[name], self.scope)
        return None

    def _tags_all(self) -> Value:
        own = self.value("tags")
        common: Value = self.module.default_tags(self)
        marked = isinstance(own, Sensitive) or isinstance(common, Sensitive)
        first = common.value if isinstance(common, Sensitive) else common
        second = own.value if isinstance(own, Sensitive) else own
        if isinstance(first, UnknownValue) or isinstance(second, UnknownValue):
            return unknown(first, second)
        merged: dict[str, Value] = {}
        for tags in (first, second):
            if isinstance(tags, dict):
                merged |= tags
        return mark(merged) if marked else merged

    def _attribute(self, name: str, schema: SchemaAttribute, body: Body, scope: Scope, path: str) -> Value:
        """An attribute of the resource or of one of its nested blocks, in its type."""
        given = body.attributes.get(name)
        value: Value = None
        if given is not None:
            value = self.module.design.evaluate(given, scope)
            if value is not None and (type(value) is not str or schema.type != "string"):
                try:
                    value = convert(value, schema.type)
                except EvaluationError as error:
                    value = self.module.design.failed(given, EvaluationError(f'"{name}" is not suitable: {error}'))
        elif body.blocks and _is_objects(schema.type) and any(nested_name(b) == name for b in body.blocks):
            value = self._objects(name, schema.type, body, scope)
            if schema.type[0] == "set":
                value = _marked_as_one(value)
        if value is None and schema.computed:
            return computed(self.address, path, schema.type)
        if schema.sensitive and value is not None and not isinstance(value, UnknownValue):
            return mark(value)
        return value

    def _objects(self, name: str, type_: Type, body: Body, scope: Scope) -> Value:
        """An attribute of objects that is written as blocks."""
        match type_:
            case [_, ["object", Mapping() as attributes, *_]]:
                names = attributes
            case _:
                return None
        made: list[Value] = []
        for inner, inner_scope in self._bodies(name, body, scope, made):
            item: dict[str, Value] = {}
            if id(inner) not in self.module.design.checked:
                known = TypeSchema({each: SchemaAttribute("dynamic") for each in names}, {})
                self.module.check_arguments(inner, known, self.block)
            for each, inner_type in names.items():
                given = inner.attributes.get(each)
                if given is None and _is_objects(inner_type):
                    item[each] = self._objects(each, inner_type, inner, inner_scope)
                    continue
                value = None if given is None else self.module.design.evaluate(given, inner_scope)
                try:
                    item[each] = convert(value, inner_type)
                except EvaluationError as error:
                    item[each] = UnknownValue(str(error)) if given is None else self.module.design.failed(given, error)
            made.append(item)
        return made

    def _nested(self, name: str, nested: NestedBlock, body: Body, scope: Scope, path: str) -> Value:
        """The nested blocks of a name."""
        schema = nested.schema
        given = body.attributes.get(name)
        if given is not None:
            return self._blocks_from_value(self.module.design.evaluate(given, scope), schema, nested, path)
        made: list[Value] = []
        for inner, inner_scope in self._bodies(name, body, scope, made):
            made.append(self._object(inner, schema, inner_scope, f"{path}.{len(made)}"))
        if not made and nested.computed:
            return computed(self.address, path, _block_type(nested))
        if nested.nesting in ("single", "group"):
            return made[0] if made else None
        return _marked_as_one(made) if nested.nesting == "set" else made

    def _object(self, body: Body, schema: TypeSchema, scope: Scope, path: str) -> Value:
        made: dict[str, Value] = {
            name: self._attribute(name, attribute, body, scope, f"{path}.{name}")
            for name, attribute in schema.attributes.items()
        }
        for name, nested in schema.blocks.items():
            made[name] = self._nested(name, nested, body, scope, f"{path}.{name}")
        self.module.check_arguments(body, schema, self.block)
        return made

    def _blocks_from_value(self, value: Value, schema: TypeSchema, nested: NestedBlock, path: str) -> Value:
        """Nested blocks in attribute syntax, as JSON has them: the value in the shape of blocks."""
        match value:
            case None:
                return []
            case Sensitive():
                return mark(self._blocks_from_value(value.value, schema, nested, path))
            case UnknownValue():
                return [UnknownValue(value.reason, value.refs, many=True)]
            case dict():
                items: list[Value] = [value]
            case list():
                items = value
            case _:
                return [UnknownValue(f"{path} is not a block")]
        made: list[Value] = []
        for item in items:
            if not isinstance(item, dict):
                made.append(item if isinstance(item, UnknownValue) else UnknownValue(f"{path} is not a block"))
                continue
            made.append(self._object_from_value(item, schema, f"{path}.{len(made)}"))
        if nested.nesting in ("single", "group"):
            return made[0] if made else None
        return made

    def _object_from_value(self, item: dict[str, Value], schema: TypeSchema, path: str) -> Value:
        made: dict[str, Value] = {}
        for name, attribute in schema.attributes.items():
            value = item.get(name)
            try:
                value = convert(value, attribute.type)
            except EvaluationError as error:
                value = UnknownValue(f"{path}.{name}: {error}")
            if value is None and attribute.computed:
                value = computed(self.address, f"{path}.{name}", attribute.type)
            elif attribute.sensitive and value is not None:
                value = mark(value)
            made[name] = value
        for name, nested in schema.blocks.items():
            made[name] = self._blocks_from_value(item.get(name), nested.schema, nested, f"{path}.{name}")
        return made

    def _untyped(self, body: Body, name: str, scope: Scope) -> Value:
        """Nested blocks of a type that is not known here: as they are written."""
        made: list[Value] = []
        for inner, inner_scope in self._bodies(name, body, scope, made):
            item: dict[str, Value] = {
                each: self.module.design.evaluate(attribute, inner_scope)
                for each, attribute in inner.attributes.items()
            }
            for each in dict.fromkeys(nested_name(block) for block in inner.blocks):
                item[each] = self._untyped(inner, each, inner_scope)
            made.append(item)
        return made or None

    def _bodies(self, name: str, body: Body, scope: Scope, made: list[Value]) -> Iterator[tuple[Body, Scope]]:
        """The contents of the blocks of a name, dynamic ones included; what is not known is put into `made`."""
        for block in body.blocks:
            if block.type == name:
                yield block.body, scope
            elif block.type == "dynamic" and block.labels == (name,):
                yield from self._dynamic(block, scope, made)

    def _dynamic(self, block: Block, scope: Scope, made: list[Value]) -> Iterator[tuple[Body, Scope]]:
        content = next(block.body.of("content"), None)
        for key, item in dynamic_elements(block, scope, self.module):
            if isinstance(item, UnknownValue) and (item.many or key is None):
                reason = f'for_each of the dynamic "{block.labels[0]}" is unknown: {item.reason}'
                made.append(UnknownValue(reason, item.refs, many=True))
            elif content is not None:
                fields = Fields(key=key, value=item)
                if (given := block.body.attributes.get("for_each")) is not None:
                    fields.came_from(given, scope, key)
                yield content.body, scope.child({iterator_name(block): fields})


def dynamic_elements(block: Block, scope: Scope, module: ModuleInstance) -> Iterator[tuple[Value, Partial]]:
    """Key and value of each element that a dynamic block goes through; an unknown collection has no key."""
    given = block.body.attributes.get("for_each")
    if given is None:
        return
    value = module.design.partial(given, scope)
    while isinstance(value, Sensitive):
        value = value.value
    try:
        found = elements(value)
    except EvaluationError as error:
        found = module.design.failed(given, EvaluationError(f"for_each: {error}"))
    if isinstance(found, UnknownValue):
        yield None, found
        return
    for key, item in found:
        module.budget.spend()
        yield key, item


def iterator_name(block: Block) -> str:
    """The name by which the content of a dynamic block knows its element."""
    given = block.body.attributes.get("iterator")
    return getattr(given.expression, "root", block.labels[0]) if given is not None else block.labels[0]


def nested_name(block: Block) -> str:
    """The type of the blocks that a block makes."""
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


def _marked_as_one(value: Value) -> Value:
    """A set, sensitive as a whole if a part of it is: its elements have no places of their own."""
    bare, marked = unmark(value)
    return mark(bare) if marked else value


def _is_objects(type_: Type) -> bool:
    match type_:
        case ["list" | "set", ["object", *_]]:
            return True
        case _:
            return False


@cache
def _block_type(nested: NestedBlock) -> Type:
    schema = nested.schema
    attributes: dict[str, Type] = {name: attribute.type for name, attribute in schema.attributes.items()}
    attributes |= {name: _block_type(inner) for name, inner in schema.blocks.items()}
    inner: Type = ("object", attributes)
    return inner if nested.nesting in ("single", "group") else (nested.nesting, inner)


class InstanceValues(Mapping[str, Value]):
    """The attributes of an instance: reading one evaluates it."""

    __slots__ = ("_instance", "_names")

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._names: Sequence[str] | None = None

    @property
    def instance(self) -> Instance:
        """What they are of, for those who ask where its values are written."""
        return self._instance

    def __getitem__(self, name: str) -> Value:
        if name not in self:
            raise KeyError(name)
        return self._instance.value(name)

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]  # narrower for speed
        """See `Mapping.get`."""
        return self._instance.value(name) if name in self else default

    def __contains__(self, name: object) -> bool:
        schema = self._instance.schema
        if schema is not None and (name in schema.attributes or name in schema.blocks):
            return True
        return name in self._instance.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._instance.names())

    def __len__(self) -> int:
        return len(self._instance.names())
