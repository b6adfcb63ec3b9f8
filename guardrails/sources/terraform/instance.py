"""A module in use: the values of its variables, locals and outputs, and the instances of what it declares."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from guardrails.model import Symbolic, UnknownValue, Value
from guardrails.sources.terraform.design import Design
from guardrails.sources.terraform.functions import FunctionContext
from guardrails.sources.terraform.lazy import Lazy, Partial
from guardrails.sources.terraform.module import Module, nested_type
from guardrails.sources.terraform.operations import mark
from guardrails.sources.terraform.parser import parse_template
from guardrails.sources.terraform.provider import ProviderConfiguration, passed_providers, provider_name
from guardrails.sources.terraform.repetition import Instances, Repetition, instances, repetition
from guardrails.sources.terraform.resource import META, Instance
from guardrails.sources.terraform.schema import TypeSchema, provider_schema, resource_schema
from guardrails.sources.terraform.scope import Names, Scope
from guardrails.sources.terraform.syntax import Attribute, Block, Body
from guardrails.sources.terraform.tree import Child
from guardrails.sources.terraform.types import EvaluationError, convert


class _Pending:
    """Stands where a value is being evaluated: meeting it again is a cycle."""


_PENDING = _Pending()


class Argument(Struct):
    """What a caller gives to a variable: a value, or an expression in the caller's scope."""

    value: Value = None
    attribute: Attribute | None = None
    scope: Scope | None = None


class ModuleInstance(Names, Lazy):
    """One instance of a module; `.name` of it is an output."""

    def __init__(
        self,
        design: Design,
        module: Module,
        children: Mapping[str, Child | str],
        arguments: Mapping[str, Argument],
        *,
        address: str = "",
        parent: ModuleInstance | None = None,
        call: Block | None = None,
        call_scope: Scope | None = None,
        conditional: str = "",
    ) -> None:
        """`children` are the modules that it calls, by the call's name; a text says why one is not there."""
        self.design = design
        self.module = module
        self.children = children
        self.arguments = arguments
        self.address = address
        self.parent = parent
        self.call = call
        self.call_scope = call_scope
        self.conditional = conditional
        self.budget = design.budget
        self.scope = Scope(self)
        self.functions = FunctionContext(
            module.directory, design.root, design.fence_of(module.directory), self._template
        )
        self._variables: dict[str, Value | _Pending] = {}
        self._locals: dict[str, Partial | _Pending] = {}
        self._outputs: dict[str, Partial | _Pending] = {}
        self._resources: dict[str, Instances[Instance] | Instance] = {}
        self._providers: dict[tuple[str, str], ProviderConfiguration] = {}
        self._expanding: set[str] = set()
        self._calls: dict[str, Instances[ModuleInstance] | ModuleInstance | UnknownValue] = {}

    # Names

    def resolve(self, root: str, steps: Sequence[Value]) -> tuple[Partial, int]:
        """See `Names.resolve`."""
        first = steps[0] if steps else None
        if not isinstance(first, str):
            raise EvaluationError("a name must be followed by the name of an attribute")
        match root:
            case "var":
                return self.variable(first), 1
            case "local":
                return self.local(first), 1
            case "module":
                return self.calls(first), 1
            case "path":
                return self._path(first), 1
            case "terraform":
                if first in ("workspace", "applying"):
                    return ("default" if first == "workspace" else False), 1
                raise EvaluationError(f'the "terraform" object has no attribute "{first}"')
            case "each" | "count" | "self":
                raise EvaluationError(f'"{root}" can only be used where {_WHERE[root]}')
            case "data" | "ephemeral":
                second = steps[1] if len(steps) > 1 else None
                if not isinstance(second, str):
                    raise EvaluationError("a data source must be named by type and name")
                return self.resource(f"data.{first}.{second}"), 2
            case "resource":
                second = steps[1] if len(steps) > 1 else None
                if not isinstance(second, str):
                    raise EvaluationError("a resource must be named by type and name")
                return self.resource(f"{first}.{second}"), 2
            case _:
                return self.resource(f"{root}.{first}"), 1

    def _path(self, name: str) -> Value:
        root = self.design.root
        match name:
            case "module":
                try:
                    return self.module.directory.relative_to(root).as_posix()
                except ValueError:
                    import os  # noqa: PLC0415  # only for modules beside the root

                    return Path(os.path.relpath(self.module.directory, root)).as_posix()
            case "root":
                return "."
            case "cwd":
                return root.as_posix()
            case _:
                raise EvaluationError(f'the "path" object has no attribute "{name}"')

    def _template(self, text: str, name: str, variables: Mapping[str, Value]) -> Value:
        names = _TemplateNames(self)
        try:
            return parse_template(text, (0, 0)).evaluate(Scope(names, variables))
        except EvaluationError as error:
            raise EvaluationError(f"{name}: {error}") from None

    # Variables, locals, outputs

    def variable(self, name: str) -> Value:
        """The value of a variable, converted to its type. Raises `EvaluationError` if it is not declared."""
        known = self._variables.get(name, self)
        if known is self:
            block = self.module.variables.get(name)
            if block is None:
                raise EvaluationError(f'no variable "{name}" is declared in {self.module.shown}')
            self._variables[name] = _PENDING
            known = self._variables[name] = self._variable(name, block)
        if isinstance(known, _Pending):
            raise EvaluationError(f"var.{name} refers to itself")
        return known  # type: ignore[return-value]  # `self` was replaced above

    def _variable(self, name: str, block: Block) -> Value:
        attributes = block.body.attributes
        argument = self.arguments.get(name)
        default = attributes.get("default")
        value: Value = None
        given: Attribute | None = None
        if argument is not None:
            given = argument.attribute
            if given is not None and argument.scope is not None:
                value = self.design.evaluate(given, argument.scope)
            else:
                value = argument.value
        if argument is None or (value is None and not self._flag(attributes.get("nullable"), default=True)):
            if default is not None:
                value, given = self.design.evaluate(default, Scope(Names())), default
            elif argument is None:
                if self.call is not None:
                    place = self.call.source.location(self.call.header)
                    self.design.report(f'the argument "{name}" of {self.address} is missing', place)
                value = UnknownValue(f"{self._named(name)} has no value")
        type_ = attributes.get("type")
        if type_ is not None:
            try:
                value = convert(value, self.module.type_of(name, type_))
            except EvaluationError as error:
                value = self.design.failed(given or type_, EvaluationError(f"var.{name}: {error}"))
        if self._flag(attributes.get("sensitive"), default=False):
            value = mark(value)
        return value

    def supplied(self, name: str) -> tuple[Attribute, Scope, str] | None:
        """What gives a variable its value, the scope of that, and what to call it."""
        block = self.module.variables.get(name)
        if block is None:
            return None
        argument = self.arguments.get(name)
        if argument is not None and argument.attribute is not None and argument.scope is not None:
            inner = isinstance(argument.scope.module, ModuleInstance)
            text = "the value is passed here" if inner else "the value comes from here"
            return argument.attribute, argument.scope, text
        default = block.body.attributes.get("default")
        if argument is not None or default is None:
            return None
        return default, Scope(Names()), "the value comes from here"

    def _named(self, name: str) -> str:
        return f"{self.address}.var.{name}" if self.address else f"var.{name}"

    def _flag(self, attribute: Attribute | None, *, default: bool) -> bool:
        if attribute is None:
            return default
        value = self.design.evaluate(attribute, Scope(Names()))
        return value if isinstance(value, bool) else default

    def local(self, name: str) -> Partial:
        """A local value. Raises `EvaluationError` if it is not declared."""
        known = self._locals.get(name, self)
        if known is self:
            attribute = self.module.locals.get(name)
            if attribute is None:
                raise EvaluationError(f'no local value "{name}" is declared in {self.module.shown}')
            self._locals[name] = _PENDING
            known = self._locals[name] = self.design.partial(attribute, self.scope)
        if isinstance(known, _Pending):
            raise EvaluationError(f"local.{name} refers to itself")
        return known

    def output(self, name: str) -> Partial:
        """An output. Raises `EvaluationError` if it is not declared."""
        known = self._outputs.get(name, self)
        if known is self:
            block = self.module.outputs.get(name)
            if block is None:
                raise EvaluationError(f'no output "{name}" is declared in {self.module.shown}')
            self._outputs[name] = _PENDING
            attribute = block.body.attributes.get("value")
            value = None if attribute is None else self.design.partial(attribute, self.scope)
            if "sensitive" in block.body.attributes and self._flag(block.body.attributes["sensitive"], default=False):
                value = mark(value.force() if isinstance(value, Lazy) else value)
            known = self._outputs[name] = value
        if isinstance(known, _Pending):
            raise EvaluationError(f"{self.address}.{name} refers to itself")
        return known

    # The module as a value

    def attribute(self, name: str) -> Partial:
        """See `Lazy.attribute`: an output."""
        return self.output(name)

    def element(self, key: Value) -> Partial:
        """See `Lazy.element`."""
        name = convert(key, "string")
        if isinstance(name, str) and not isinstance(name, Symbolic):
            return self.output(name)
        return UnknownValue(f"{self.address} is asked for an output whose name is not known")

    def elements(self) -> None:
        """See `Lazy.elements`."""
        return

    def items(self) -> None:
        """See `Lazy.items`."""
        return

    def force(self) -> Value:
        """See `Lazy.force`."""
        made: dict[str, Value] = {}
        for name in sorted(self.module.outputs):
            value = self.output(name)
            made[name] = value.force() if isinstance(value, Lazy) else value
        return made

    # Instances

    def resource(self, name: str) -> Instances[Instance] | Instance:
        """A resource or data source by `type.name` or `data.type.name`. Raises `EvaluationError`."""
        known = self._resources.get(name)
        if known is None:
            block = self.module.resources.get(name)
            if block is None:
                raise EvaluationError(f"{name} is not declared in {self.module.shown}")
            address = f"{self.address}.{name}" if self.address else name
            repeated = self._repetition(block, address)
            schema = resource_schema(block.labels[0], "managed" if block.type == "resource" else "data")
            if schema is not None:
                self.check_arguments(block.body, schema, block, META)

            def make(key: str, names: Mapping[str, Partial], conditional: str) -> Instance:
                scope = self.scope.child(names) if names else self.scope
                return Instance(self, block, address + key, scope, schema=schema, conditional=conditional)

            known = self._resources[name] = instances(address, repeated, self.conditional, make)
        return known

    def _repetition(self, block: Block, address: str) -> Repetition:
        if address in self._expanding:
            raise EvaluationError(f"the instances of {address} depend on themselves")
        self._expanding.add(address)
        try:
            return repetition(block, address, self.scope, self.design)
        finally:
            self._expanding.discard(address)

    def _check_call(self, name: str, block: Block, module: Module) -> None:
        """Report the arguments that a called module does not have."""
        if id(block) in self.design.checked:
            return
        self.design.checked.add(id(block))
        for each, attribute in block.body.attributes.items():
            if each not in module.variables and each not in _MODULE_ARGUMENTS:
                place = attribute.source.location(attribute.span)
                self.design.report(f'module "{name}": there is no variable "{each}" in {module.shown}', place)

    def check_arguments(self, body: Body, schema: TypeSchema, block: Block, besides: Collection[str] = ()) -> None:
        """Report the arguments and nested blocks that a type does not have."""
        if id(body) in self.design.checked:
            return
        self.design.checked.add(id(body))
        type_ = block.labels[0] if block.labels else ""
        for name, attribute in body.attributes.items():
            if name not in schema.attributes and name not in schema.blocks and name not in besides:
                if self.design.newer_provider(type_):
                    continue
                place = attribute.source.location(attribute.span)
                self.design.report(f'{" ".join(block.labels)}: there is no argument "{name}"', place)
        for inner in body.blocks:
            name = nested_type(inner)
            if name not in schema.blocks and name not in schema.attributes and name not in besides:
                if self.design.newer_provider(type_):
                    continue
                place = inner.source.location(inner.header)
                self.design.report(f'{" ".join(block.labels)}: there is no nested block "{name}"', place)

    # Providers

    def provider(self, name: str, alias: str) -> ProviderConfiguration:
        """The configuration that a provider's local name and alias mean here."""
        key = name, alias
        found = self._providers.get(key)
        if found is None:
            found = self._providers[key] = self._provider(name, alias)
        return found

    def _provider(self, name: str, alias: str) -> ProviderConfiguration:
        block = self.module.providers.get((name, alias))
        if self.parent is not None and self.call is not None:
            given = passed_providers(self.call).get((name, alias))
            if given is not None:
                return self.parent.provider(*given)
            if block is None and not alias:
                return self.parent.provider(name, alias)
        if block is None:
            return ProviderConfiguration(name, alias, None)
        address = f"provider.{name}" + (f".{alias}" if alias else "")
        schema = provider_schema() if name == "aws" else None
        return ProviderConfiguration(name, alias, Instance(self, block, address, self.scope, schema=schema))

    def provider_of(self, instance: Instance) -> ProviderConfiguration:
        """The provider configuration that a resource uses."""
        given = instance.block.body.attributes.get("provider")
        if given is not None:
            return self.provider(*provider_name(given.expression))
        return self.provider(instance.type.partition("_")[0], "")

    def default_tags(self, instance: Instance) -> Value:
        """The tags that the provider adds to a resource."""
        configuration = self.provider_of(instance).instance
        value = None if configuration is None else configuration.value("default_tags")
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return value.get("tags") if isinstance(value, dict) else value if isinstance(value, UnknownValue) else None

    def calls(self, name: str) -> Instances[ModuleInstance] | ModuleInstance | UnknownValue:
        """A called module. Raises `EvaluationError` if there is no such call."""
        known = self._calls.get(name)
        if known is None:
            block = self.module.calls.get(name)
            if block is None:
                raise EvaluationError(f'no module "{name}" is called in {self.module.shown}')
            known = self._calls[name] = self._call(name, block)
        return known

    def _call(self, name: str, block: Block) -> Instances[ModuleInstance] | ModuleInstance | UnknownValue:
        child = self.children.get(name)
        if not isinstance(child, Child):
            return UnknownValue(child or f'module "{name}" is not installed')
        address = f"{self.address}.module.{name}" if self.address else f"module.{name}"
        if not self.design.affords_module():
            return UnknownValue(self.design.exhausted(block.source.location(block.header)))
        self._check_call(name, block, child.module)
        repeated = self._repetition(block, address)

        def make(key: str, names: Mapping[str, Partial], conditional: str) -> ModuleInstance:
            scope = self.scope.child(names) if names else self.scope
            arguments = {
                each: Argument(attribute=attribute, scope=scope)
                for each, attribute in block.body.attributes.items()
                if each not in _MODULE_ARGUMENTS
            }
            return ModuleInstance(
                self.design,
                child.module,
                child.children,
                arguments,
                address=address + key,
                parent=self,
                call=block,
                call_scope=scope,
                conditional=conditional,
            )

        return instances(address, repeated, self.conditional, make)


_WHERE = {
    "each": "for_each is set",
    "count": "count is set",
    "self": "a resource speaks of itself, as in provisioners",
}
_MODULE_ARGUMENTS = frozenset(("source", "version", "count", "for_each", "providers", "depends_on"))


class _TemplateNames(Names):
    """The names of a template of its own: its variables alone, and the functions."""

    def __init__(self, module: ModuleInstance) -> None:
        self.budget = module.budget
        self.functions = module.functions

    def resolve(self, root: str, steps: Sequence[Value]) -> tuple[Partial, int]:
        """See `Names.resolve`."""
        raise EvaluationError(f'the template has no variable "{root}"')
