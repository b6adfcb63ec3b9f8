"""Plans: what `terraform show -json` tells of one, with the configuration's help where the source is at hand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from guardrails.model import (
    Action,
    Gap,
    Locate,
    Mode,
    Model,
    Origin,
    Problem,
    Provider,
    Ref,
    Resource,
    Sensitive,
    Symbolic,
    UnknownValue,
    Value,
    type_of,
)
from guardrails.model import Path as ValuePath
from guardrails.sources.document import Document, Unusable
from guardrails.sources.planned import LazyValues, Mask, fill, follow, schema_at
from guardrails.sources.references import ConfigResource, Configuration, Names, References, Scope, argument_at
from guardrails.sources.state import (
    NULL,
    Collected,
    State,
    StateValues,
    as_mode,
    check_format,
    decode_mask,
    decode_object,
    hidden,
    provider_name,
    read_state,
    unusable,
)
from guardrails.sources.terraform.policy_document import policy_document
from guardrails.sources.terraform.schema import Attribute, NestedBlock, TypeSchema, resource_schema
from guardrails.sources.terraform.values import EvaluationError

__all__ = ["Evaluate", "PlannedResource", "read_plan", "read_state"]

_DOCUMENT = "aws_iam_policy_document"

Evaluate = Callable[[Path, Mapping[str, Value]], Model | None]
"""Evaluates the root module in a folder, given the values of its variables."""


class _Change(msgspec.Struct, gc=False):
    actions: list[str]
    after: msgspec.Raw = NULL
    after_unknown: msgspec.Raw = NULL
    after_sensitive: msgspec.Raw = NULL
    replace_paths: list[list[str | int]] = []
    importing: msgspec.Raw = NULL

    @property
    def stays(self) -> bool:
        """Whether there is something after it."""
        return bytes(self.after) != b"null"

    @property
    def action(self) -> Action:
        """The actions in one word."""
        match self.actions:
            case ["create" | "read" | "update" | "delete" | "forget" as one]:
                return one
            case ["no-op"] | []:
                return "no-op" if bytes(self.importing) == b"null" else "import"
            case _:
                return "replace"


class _ResourceChange(msgspec.Struct, gc=False):
    address: str
    type: str
    name: str
    change: _Change
    mode: str = "managed"
    module_address: str = ""
    previous_address: str = ""
    provider_name: str = ""
    action_reason: str = ""
    deposed: str = ""


class _Deferred(msgspec.Struct, gc=False):
    resource_change: _ResourceChange
    reason: str = "unknown"


class _Variable(msgspec.Struct):
    value: msgspec.Raw = NULL


class _Plan(msgspec.Struct):
    format_version: str
    resource_changes: list[_ResourceChange] = []
    planned_values: msgspec.Raw = NULL
    """Decoded only where there are no changes: it says the same and less."""
    deferred_changes: list[_Deferred] = []
    prior_state: State | None = None
    configuration: Configuration = msgspec.field(default_factory=Configuration)
    variables: dict[str, _Variable] = {}
    output_changes: dict[str, msgspec.Raw] = {}
    errored: bool = False
    complete: bool = True
    """False where it was made for chosen targets, or puts changes off."""


class PlannedResource(Resource):
    """A resource of a plan, with what the plan says of its change."""

    __slots__ = ("deferred", "previous_address", "reason", "replace_paths")

    replace_paths: tuple[ValuePath, ...]
    """The attributes whose change makes Terraform replace it."""
    previous_address: str
    """Its address in `Model.before`, where it was moved."""
    reason: str
    """Terraform's `action_reason`, such as `replace_because_tainted`."""
    deferred: str
    """Why Terraform puts the change off to a later plan; empty if it does not."""


def read_plan(document: Document | Path, source: Path | None = None, evaluate: Evaluate | None = None) -> Model:
    """The design that a plan leads to, with the one before it as `Model.before`.

    `source` is the folder of the plan's root module: the configuration gives findings their lines, and values to what
    is known after apply. Never raises for what the file holds: one that cannot be read is a model with a `Problem`.
    """
    path = document if isinstance(document, Path) else document.path
    try:
        document = Document.open(document) if isinstance(document, Path) else document
        if document.what != "plan":
            raise Unusable("is not a plan of Terraform or OpenTofu", document.start)
        plan = document.decode(_Plan)
        check_format(plan.format_version, document.start)
    except Unusable as error:
        return unusable(path, "plan", error)
    return _Reader(document, plan, source, evaluate).model()


class _Source:
    """The plan's configuration, if it is at hand."""

    def __init__(self, folder: Path | None, evaluate: Evaluate | None, variables: Mapping[str, Value]) -> None:
        self._folder = folder
        self._evaluate = evaluate
        self._variables = variables

    @cached_property
    def model(self) -> Model | None:
        """The design as the configuration alone has it; its values are evaluated when they are asked for."""
        if self._folder is None or self._evaluate is None:
            return None
        return self._evaluate(self._folder, self._variables)

    def at(self, address: str) -> Resource | None:
        """The resource of that very address."""
        found = self.model.at(address) if self.model else None
        return found if found and found.address == address else None


class _Reader:
    """Makes the two models of one plan."""

    def __init__(self, document: Document, plan: _Plan, source: Path | None, evaluate: Evaluate | None) -> None:
        self._plan = plan
        self._after = Collected(document)
        self._before = Collected(document)
        variables = self._variables()
        self._references = References(plan.configuration, variables, self._instances)
        self._source = _Source(source, evaluate, variables)
        self._providers: dict[str, Provider] = {}
        self._made: Model | None = None

    def _at(self, address: str) -> Resource | None:
        return self._made.at(address) if self._made else None

    def _variables(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, variable in self._plan.variables.items():
            try:
                found[name] = msgspec.json.decode(variable.value)
            except (msgspec.DecodeError, RecursionError):
                found[name] = UnknownValue(f"var.{name} in the plan cannot be decoded")
        return found

    def model(self) -> Model:
        """The design after the plan."""
        gone: set[str] = set()
        for change in self._plan.resource_changes:
            if change.deposed:
                continue  # an object that awaits its deletion, beside the resource itself
            gone.add(change.previous_address)
            if change.change.stays:
                self._add(change)
            else:
                gone.add(change.address)
        for deferred in self._plan.deferred_changes:
            if deferred.resource_change.change.stays:
                self._add(deferred.resource_change, deferred.reason)
        for module, resource in (self._plan.prior_state or State()).all():
            provider = self._provider(self._references.scope(module), resource.mode, resource.type, resource.name)
            self._before.add_known(module, resource, provider)
            # What the plan does not speak of, because it was made for other targets, stays; so do data that were read.
            if resource.address not in self._after.addresses and resource.address not in gone:
                self._after.add_known(module, resource, provider)
        gaps = []
        document = self._after.document
        if not self._plan.resource_changes and self._add_planned():
            reason = f"{document.name} has no resource_changes: what is known after apply looks as if it were not set"
            self._after.problems.append(Problem("read", reason, document.start))
            gaps.append(Gap(reason, location=document.start))
        if not self._plan.complete and not self._plan.errored:
            reason = (
                f"{document.name}: the plan is for chosen targets or puts changes off, and shows a part of the design"
            )
            gaps.append(Gap(reason, location=document.start))
        if self._plan.errored:
            reason = f"{document.name}: Terraform stopped with an error while it made this plan"
            self._after.problems.append(Problem("read", reason, document.start))
            gaps.append(Gap(reason, location=document.start))
        model = self._made = self._after.model("plan", gaps=gaps, before=self._before.model("state"))
        if source := self._source.model:
            model.comments = source.comments
            model.files = (*model.files, *source.files)
            model.outputs = source.outputs
        elif not self._plan.output_changes:
            model.outputs = lambda: None
        return model

    def _add_planned(self) -> bool:
        """Take in what stands in `planned_values` alone, as in a plan that somebody cut down; whether there is any."""
        try:
            planned = msgspec.json.decode(self._plan.planned_values, type=StateValues | None)
        except (msgspec.DecodeError, RecursionError) as error:
            self._after.problems.append(Problem("read", f"planned_values cannot be decoded: {error}"))
            return False
        found = False
        for module, resource in planned.root_module.all() if planned else ():
            if resource.address not in self._after.addresses:
                found = True
                provider = self._provider(self._references.scope(module), resource.mode, resource.type, resource.name)
                self._after.add_known(module, resource, provider)
        return found

    @cached_property
    def _by_bare_address(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for address in sorted(self._after.addresses):
            bare = address[: address.rindex("[")] if address.endswith("]") else address
            found.setdefault(bare, []).append(address)
        return found

    def _instances(self, bare: str) -> Collection[str]:
        return self._by_bare_address.get(bare, ())

    def _provider(self, scope: Scope | None, mode: str, type_: str, name: str) -> Provider | None:
        block = scope.resources.get((mode, type_, name)) if scope else None
        config = self._plan.configuration.provider_config.get(block.provider_config_key) if block else None
        if block is None or config is None:
            return None
        key = block.provider_config_key
        if key not in self._providers:
            self._providers[key] = Provider(
                config.name, config.alias, LazyValues(lambda: _without_keys_of(self._references.provider(key)))
            )
        return self._providers[key]

    def _add(self, change: _ResourceChange, deferred: str = "") -> None:
        address = change.address

        def make() -> Resource:
            planned = _Planned(change, self._references, self._source, self._at)
            values = self._after.values(address, planned.values)
            resource = PlannedResource(
                change.type,
                change.name,
                values,
                address=address,
                mode=as_mode(change.mode),
                provider=self._provider(planned.scope, change.mode, change.type, change.name)
                or Provider(provider_name(change.provider_name)),
                locate=self._locate(address, values),
                conditional="how many there will be is not known" if deferred == "instance_count_unknown" else "",
                depends_on=planned.block.depends_on if planned.block else (),
                action=change.change.action,
            )
            resource.replace_paths = tuple(tuple(path) for path in change.change.replace_paths)
            resource.previous_address = change.previous_address
            resource.reason = change.action_reason
            resource.deferred = deferred
            return resource

        self._after.add(change.mode, change.type, address, make)

    def _locate(self, address: str, values: Mapping[str, Value]) -> Locate:
        in_plan = self._after.locate(address)

        def locate(path: ValuePath) -> Origin:
            evaluated = self._source.at(address)
            if evaluated is None:
                return in_plan(path)
            for end in range(len(path), 0, -1):
                there = follow(values, evaluated.values, path[:end], exact=False)
                if there is not None:
                    return evaluated.locate(there)
            return evaluated.locate(())

        return locate


def _without_keys_of(config: dict[str, Value]) -> dict[str, Value]:
    """The provider's arguments with its credentials hidden, which the plan does not do."""
    return {
        name: Sensitive(value) if name in {"access_key", "secret_key", "token"} else value
        for name, value in config.items()
    }


class _Planned:
    """Works out the values of one resource of a plan."""

    def __init__(
        self,
        change: _ResourceChange,
        references: References,
        source: _Source,
        at: Callable[[str], Resource | None],
    ) -> None:
        self._change = change
        self._at = at
        self._references = references
        self._source = source
        self._mode: Mode = as_mode(change.mode)
        self.scope: Scope | None = references.scope(change.module_address)
        self.block: ConfigResource | None = (
            self.scope.resources.get((change.mode, change.type, change.name)) if self.scope else None
        )
        self._known: dict[str, Value] = {}

    def values(self) -> dict[str, Value]:
        """What the plan knows, what the configuration makes of the rest, and why nothing is known of what remains."""
        change = self._change.change
        self._known = decode_object(change.after)
        unknown: Mask = decode_mask(change.after_unknown)
        filled = fill(self._known, unknown if isinstance(unknown, dict) else {}, self._fill)
        values = filled if isinstance(filled, dict) else {}
        if (self._mode, self._change.type) == ("data", _DOCUMENT):
            values |= _documents(values)
        return hidden(values, decode_mask(change.after_sensitive), self._change.type, self._change.mode)

    @cached_property
    def _schema(self) -> TypeSchema | None:
        return resource_schema(self._change.type, self._mode)

    @cached_property
    def _arguments(self) -> Mapping[str, Value]:
        return self._references.expressions(self.block) if self.block else {}

    def _fill(self, path: ValuePath) -> Value:
        """The value at a path that is known after apply."""
        if path[0] == "tags_all":  # the provider makes it of `tags` and its own `default_tags`
            path = ("tags", *path[1:])
        names = self._names(path)
        evaluated = self._source.at(self._change.address)
        if evaluated is not None and (there := follow(self._known, evaluated.values, path)) is not None:
            value = evaluated.raw(*there)
            if isinstance(value, UnknownValue) and not value.refs and names and names[0].refs:
                return names[0].unknown()
            return self._own(path) if value is None else value
        if names is None:
            return self._own(path)
        return self._made_from(path, *names)

    def _names(self, path: ValuePath) -> tuple[Names, bool] | None:
        """What the configuration's expression at a path refers to, and whether it is the value's own; None without."""
        if self.scope is None:
            return None
        argument, own = argument_at(self._arguments, path, self._blocks)
        return None if argument is None else (self._references.names(argument, self.scope), own)

    def _blocks(self, path: ValuePath) -> int:
        """How many blocks there are at a path, if the plan has them in the order in which they were written."""
        value: Value = self._known
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return 0
        count = len(value) if isinstance(value, list) else 0
        match schema_at(self._schema, path):
            case NestedBlock(nesting="list"):
                return count
            case _:
                return count if count == 1 else 0

    def _own(self, path: ValuePath) -> Value:
        """A value that the configuration does not give: the provider's to fill in, named for what it is."""
        ref = Ref(self._change.address, ".".join(map(str, path)))
        match schema_at(self._schema, path):
            case Attribute() as attribute:
                return Symbolic(ref) if attribute.type == "string" else _after_apply(ref)
            case NestedBlock(computed=True) as block:
                return None if block.nesting == "single" else []
            case None if path == ("id",):
                return Symbolic(ref)
            case _:
                return UnknownValue("known after apply")

    def _made_from(self, path: ValuePath, names: Names, own: bool) -> Value:
        """A value of which it is known what it is made from, but not how."""
        attribute = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
        if not own or not names.exact or not names.refs or not all(_means(attribute, ref) for ref in names.refs):
            return names.unknown()
        match schema_at(self._schema, path):
            case Attribute(type="string") if len(names.refs) == 1:
                ref = names.refs[0]
                document = self._at(ref.address) if _is_document(ref) else None
                return document.raw(ref.attribute) if document else Symbolic(ref)
            case Attribute(type=("list" | "set", "string")):
                return [Symbolic(ref) for ref in names.refs]
            case _:
                return names.unknown()


def _documents(values: dict[str, Value]) -> dict[str, Value]:
    """The texts of a policy document that Terraform will only read when it applies the plan."""
    found: dict[str, Value] = {}
    for name in ("json", "minified_json"):
        value = values.get(name)
        if isinstance(value, Symbolic) and value.ref is not None:
            with contextlib.suppress(EvaluationError):
                found[name] = policy_document(values, minified=name == "minified_json")
    return found


def _is_document(ref: Ref) -> bool:
    return ref.attribute in {"json", "minified_json"} and type_of(ref.address) == f"data.{_DOCUMENT}"


def _after_apply(ref: Ref) -> UnknownValue:
    return UnknownValue(f"known after apply: {ref}", (ref,))


_WORDS = frozenset({"id", "arn", "name", "identifier"})
_LINKS = frozenset(
    {"bucket", "cluster", "function", "group", "groups", "queue", "role", "roles", "security_group"}
    | {"security_groups", "subnet", "subnets", "topic", "user", "users", "vpc"}
)


def _means(attribute: str, ref: Ref) -> bool:
    """Whether an attribute that is made from one reference alone is surely that reference, and not text around it.

    Names of attributes tell: what stands behind `vpc_id` is an id.
    """
    step = ref.attribute.rpartition(".")[2]
    word, other = attribute.rpartition("_")[2].removesuffix("s"), step.rpartition("_")[2]
    if attribute.endswith("policy") and _is_document(ref):
        return True
    if attribute in _LINKS:
        return other in _WORDS or step == attribute
    return word in _WORDS and other == word
