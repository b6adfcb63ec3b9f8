"""The `configuration` of a plan: which attributes of which resources an expression refers to.

A plan tells of an expression either its constant value or the names in it, so a value that is known after apply can
be traced to the resources that it is made from, through variables and outputs of modules, but not to how.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct, field

from guardrails.model import UNTOLD, Path, Ref, UnknownValue, Value

_TOKEN = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')
_NONE = msgspec.Raw(b"null")
_MAX_DEPTH = 60
"""Of variables and outputs passed on through modules; deeper is called unknown."""


class ConfigResource(msgspec.Struct, gc=False):
    """A `resource` or `data` block."""

    type: str
    name: str
    mode: str = "managed"
    provider_config_key: str = ""
    expressions: msgspec.Raw = msgspec.Raw(b"{}")
    count_expression: msgspec.Raw = _NONE
    for_each_expression: msgspec.Raw = _NONE
    depends_on: list[str] = []

    @property
    def repeated(self) -> bool:
        """Whether its instances have keys."""
        return self.count_expression is not _NONE or self.for_each_expression is not _NONE


class ConfigOutput(msgspec.Struct):
    """An `output` block."""

    expression: dict[str, msgspec.Raw] = {}


class ConfigModule(msgspec.Struct):
    """A module as written, once per call."""

    resources: list[ConfigResource] = []
    module_calls: dict[str, ModuleCall] = {}
    outputs: dict[str, ConfigOutput] = {}


class ModuleCall(msgspec.Struct):
    """A `module` block, with the module that it calls."""

    module: ConfigModule = msgspec.field(default_factory=ConfigModule)
    expressions: msgspec.Raw = msgspec.Raw(b"{}")
    count_expression: msgspec.Raw = _NONE
    for_each_expression: msgspec.Raw = _NONE

    @property
    def repeated(self) -> bool:
        """Whether its instances have keys."""
        return self.count_expression is not _NONE or self.for_each_expression is not _NONE


class ProviderConfig(msgspec.Struct):
    """A `provider` block."""

    name: str = ""
    alias: str = ""
    module_address: str = ""
    expressions: msgspec.Raw = msgspec.Raw(b"{}")


class Configuration(msgspec.Struct):
    """The whole of it."""

    provider_config: dict[str, ProviderConfig] = {}
    root_module: ConfigModule = msgspec.field(default_factory=ConfigModule)


class Names(Struct, frozen=True):
    """What an expression is made from."""

    refs: tuple[Ref, ...] = ()
    exact: bool = True
    """Whether the references are all of it: no variable, local value or key has a part in it."""

    def unknown(self) -> UnknownValue:
        """The value that is only known to be made from these."""
        if not self.refs:
            return UnknownValue("known after apply" if self.exact else UNTOLD)
        return UnknownValue(f"known after apply: {', '.join(map(str, self.refs))}", self.refs)


class Scope(Struct, frozen=True):
    """A module instance: where names are looked up."""

    module: ConfigModule
    address: str = ""
    """`module.a["x"].module.b`, empty for the root."""
    parent: Scope | None = None
    call: ModuleCall | None = None
    resources: Mapping[tuple[str, str, str], ConfigResource] = field(default_factory=dict)
    """By mode, type and name."""

    def absolute(self, address: str) -> str:
        """An address of this module as one of the whole design."""
        return f"{self.address}.{address}" if self.address else address


class References:
    """Looks names up in a plan's configuration."""

    def __init__(
        self,
        configuration: Configuration,
        variables: Mapping[str, Value],
        instances: Callable[[str], Collection[str]],
    ) -> None:
        """`instances` gives the addresses of a resource's instances by its address without key."""
        self._configuration = configuration
        self._variables = variables
        self._instances = instances
        self._scopes: dict[str, Scope | None] = {"": _scope(configuration.root_module)}
        self._expressions: dict[int, dict[str, Value]] = {}

    def scope(self, module_address: str) -> Scope | None:
        """The scope of a module instance; None if the configuration does not have it (a resource to be deleted)."""
        if module_address not in self._scopes:
            steps = _split(module_address)
            found: Scope | None = self._scopes[""]
            for at in range(0, len(steps) - 1, 2):
                found = self._child(found, steps[at + 1][0], steps[at + 1][1]) if found else None
            self._scopes[module_address] = found
        return self._scopes[module_address]

    def _child(self, scope: Scope, name: str, key: str) -> Scope | None:
        call = scope.module.module_calls.get(name)
        if call is None:
            return None
        address = scope.absolute(f"module.{name}{key}")
        if address not in self._scopes:
            self._scopes[address] = _scope(call.module, address, scope, call)
        return self._scopes[address]

    def expressions(self, owner: ConfigResource | ModuleCall | ProviderConfig) -> dict[str, Value]:
        """The arguments of a block by name: `{"constant_value": ...}`, `{"references": [...]}`, or lists of blocks."""
        known = self._expressions.get(id(owner))
        if known is None:
            decoded = msgspec.json.decode(owner.expressions)
            known = self._expressions[id(owner)] = decoded if isinstance(decoded, dict) else {}
        return known

    def provider(self, key: str) -> dict[str, Value]:
        """The arguments of a provider configuration, as far as they are known."""
        config = self._configuration.provider_config.get(key)
        if config is None:
            return {}
        scope = self.scope(_without_keys(config.module_address))
        return {name: self._evaluate(raw, scope, 0) for name, raw in self.expressions(config).items()}

    def _evaluate(self, raw: Value, scope: Scope | None, depth: int) -> Value:
        if isinstance(raw, list):
            return [self._evaluate(item, scope, depth) for item in raw]
        if not isinstance(raw, dict):
            return raw
        if "constant_value" in raw:
            return raw["constant_value"]
        references = raw.get("references")
        if not isinstance(references, list):
            return {name: self._evaluate(item, scope, depth) for name, item in raw.items()}
        if len(references) == 1 and isinstance(name := references[0], str) and depth < _MAX_DEPTH:
            root, _, variable = name.partition(".")
            if root == "var" and scope and scope.call and scope.parent:
                argument = self.expressions(scope.call).get(variable)
                if argument is not None:
                    return self._evaluate(argument, scope.parent, depth + 1)
            elif root == "var" and variable in self._variables:
                return self._variables[variable]
        return UnknownValue("the plan does not say what it is made from")

    def names(self, raw: Value, scope: Scope) -> Names:
        """The resource attributes that an expression, or a block with all that is in it, refers to."""
        return self._names(raw, scope, 0)

    def _names(self, raw: Value, scope: Scope, depth: int) -> Names:
        if isinstance(raw, list):
            return _union(self._names(item, scope, depth) for item in raw)
        if not isinstance(raw, dict) or "constant_value" in raw:
            return Names(exact=False)
        references = raw.get("references")
        if not isinstance(references, list):
            return _union(self._names(item, scope, depth) for item in raw.values())
        found = [name for name in references if isinstance(name, str)]
        # Terraform lists `a.b.c` and then `a.b`, the thing that it is an attribute of.
        whole = [name for name in found if not any(o.startswith((f"{name}.", f"{name}[")) for o in found)]
        return _union(self._name(name, scope, depth + 1) for name in whole)

    def _name(self, name: str, scope: Scope, depth: int) -> Names:
        steps = _split(name)
        if depth > _MAX_DEPTH or not steps:
            return Names(exact=False)
        match steps:
            case [("var", _), (variable, key), *rest]:
                if scope.call is None or scope.parent is None:
                    return Names(exact=False)
                argument = self.expressions(scope.call).get(variable)
                return _below(self._names(argument, scope.parent, depth), key, rest)
            case [("module", _), (called, key), (output, below), *rest]:
                return _below(self._output(scope, called, key, output, depth), below, rest)
            case [("module", _), *_] | [("local" | "each" | "count" | "path" | "terraform" | "self", _), *_]:
                return Names(exact=False)
            case [("data", _), (type_, _), (block, key), *rest]:
                return self._resource(scope, ("data", type_, block), key, rest)
            case [(type_, _), (block, key), *rest]:
                return self._resource(scope, ("managed", type_, block), key, rest)
        return Names(exact=False)

    def _output(self, scope: Scope, called: str, key: str, output: str, depth: int) -> Names:
        call = scope.module.module_calls.get(called)
        if call is None or (call.repeated and not key):
            return Names(exact=False)
        child = self._child(scope, called, key)
        if child is None or output not in child.module.outputs:
            return Names(exact=False)
        decoded: dict[str, Value] = {
            name: msgspec.json.decode(raw) for name, raw in child.module.outputs[output].expression.items()
        }
        return self._names(decoded, child, depth)

    def _resource(
        self, scope: Scope, block_id: tuple[str, str, str], key: str, rest: Sequence[tuple[str, str]]
    ) -> Names:
        block = scope.resources.get(block_id)
        if block is None:
            return Names(exact=False)
        attribute = ".".join(part for step, index in rest for part in (step, index.strip('[]"')) if part)
        mode, type_, name = block_id
        bare = scope.absolute(f"{'data.' if mode == 'data' else ''}{type_}.{name}")
        if key or not block.repeated:
            return Names((Ref(bare + key, attribute),))
        return Names(tuple(Ref(address, attribute) for address in self._instances(bare)), exact=False)


def argument_at(expressions: Mapping[str, Value], path: Path, blocks: Callable[[Path], int]) -> tuple[Value, bool]:
    """The expression that a value at a path comes from, and whether it is that value's own rather than a larger one's.

    None where no expression is given. `blocks` gives the number of nested blocks at a path if they stand in the order
    in which they were written, else 0.
    """
    found: Value = dict(expressions)
    for at, step in enumerate(path):
        if isinstance(found, dict) and ("references" in found or "constant_value" in found):
            return found, False
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, dict) and step == 0:
            continue  # a block of which there may be one only is not a list here
        elif isinstance(found, list) and isinstance(step, int):
            # Sets are ordered otherwise than written, and dynamic blocks are not shown: then it is any of them.
            if blocks(path[:at]) != len(found) or not 0 <= step < len(found):
                return found, False
            found = found[step]
        else:
            return None, False
        if found is None:
            return None, False
    return found, True


def _scope(
    module: ConfigModule, address: str = "", parent: Scope | None = None, call: ModuleCall | None = None
) -> Scope:
    return Scope(module, address, parent, call, {(r.mode, r.type, r.name): r for r in module.resources})


def _split(name: str) -> list[tuple[str, str]]:
    """The steps of a name, each with its key in brackets: `module.a["x"].b` -> module, a["x"], b."""
    steps: list[tuple[str, str]] = []
    for match in _TOKEN.finditer(name):
        if match[3] is not None:
            steps.append((match[3], ""))
        elif steps:
            step, key = steps[-1]
            steps[-1] = (step, key + match[0])
    return steps


def _without_keys(address: str) -> str:
    return ".".join(step for step, _ in _split(address))


def _union(all_names: Iterable[Names]) -> Names:
    refs: dict[Ref, None] = {}
    exact = True
    for names in all_names:
        refs.update(dict.fromkeys(names.refs))
        exact = exact and names.exact
    return Names(tuple(refs), exact)


def _below(names: Names, key: str, rest: Sequence[tuple[str, str]]) -> Names:
    """What `var.x.rest` or `module.m.x.rest` is, where `names` is what the variable or output is made from."""
    if not key and not rest:
        return names
    steps = [part for step, index in rest for part in (step, index.strip('[]"')) if part]
    if not key and len(names.refs) == 1 and names.exact and not names.refs[0].attribute:
        return Names((Ref(names.refs[0].address, ".".join(steps)),))
    return Names(names.refs, exact=False)
