"""States: what `terraform show -json` tells of one, and the state file itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from guardrails.model import (
    Gap,
    Kind,
    Locate,
    Location,
    Mode,
    Model,
    Origin,
    Problem,
    Provider,
    Resource,
    Sensitive,
    Symbolic,
    Value,
)
from guardrails.sources.document import Document, Unusable
from guardrails.sources.planned import LazyValues, Mask, Unreadable, hide, secret_attributes

NULL = msgspec.Raw(b"null")
Make = Callable[[], Resource]
_Object: Any = dict[str, Any] | None  # msgspec checks that it is one; what is in it is any JSON


class StateResource(msgspec.Struct, gc=False):
    """A resource instance of a state."""

    address: str
    type: str
    name: str
    mode: str = "managed"
    provider_name: str = ""
    values: msgspec.Raw = NULL
    sensitive_values: msgspec.Raw = NULL
    depends_on: list[str] = []
    deposed_key: str = ""


class StateModule(msgspec.Struct):
    """A module instance of a state."""

    address: str = ""
    resources: list[StateResource] = []
    child_modules: list[StateModule] = []

    def all(self) -> Iterator[tuple[str, StateResource]]:
        """Every resource that is there, with its module's address; objects that await their deletion are left out."""
        for resource in self.resources:
            if not resource.deposed_key:
                yield self.address, resource
        for module in self.child_modules:
            yield from module.all()


class StateValues(msgspec.Struct):
    """The values of a state."""

    root_module: StateModule = msgspec.field(default_factory=StateModule)


class State(msgspec.Struct):
    """`terraform show -json` of a state; without values if it is empty."""

    format_version: str = ""
    values: StateValues | None = None

    def all(self) -> Iterator[tuple[str, StateResource]]:
        """See `StateModule.all`."""
        return self.values.root_module.all() if self.values else iter(())


class _FileInstance(msgspec.Struct, gc=False):
    index_key: int | str | None = None
    attributes: msgspec.Raw = NULL
    sensitive_attributes: list[msgspec.Raw] = []
    dependencies: list[str] = []
    deposed: str = ""


class _FileResource(msgspec.Struct, gc=False):
    type: str
    name: str
    mode: str = "managed"
    module: str = ""
    provider: str = ""
    instances: list[_FileInstance] = []


class _StateFile(msgspec.Struct):
    version: int
    resources: list[_FileResource] = []


class _Table:
    """Resources by type, made when the type is first asked for."""

    def __init__(self, makers: Mapping[str, Sequence[Make]]) -> None:
        self._makers = makers

    def types(self) -> Collection[str]:
        """See `ResourceTable.types`."""
        return self._makers.keys()

    def of_type(self, type: str, /) -> Sequence[Resource]:  # noqa: A002  # the field's own name
        """See `ResourceTable.of_type`."""
        return [make() for make in self._makers.get(type, ())]


class Collected:
    """The resources of a document while it is read, and what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.addresses: set[str] = set()
        self.problems: list[Problem] = []
        """Grows while values are decoded; the model that `model` makes has this very list."""
        self._makers: dict[str, list[Make]] = {}

    def add(self, mode: str, type_: str, address: str, make: Make) -> None:
        """Take a resource in, unless there is one of its address."""
        if address in self.addresses:
            self.complain(f"{address} is there twice", address)
            return
        self.addresses.add(address)
        self._makers.setdefault(f"data.{type_}" if mode == "data" else type_, []).append(make)

    def complain(self, reason: str, address: str) -> None:
        """Note a problem with a resource."""
        self.problems.append(Problem("read", f"{self.document.name}: {reason}", self.document.locate(address)))

    def values(self, address: str, make: Callable[[], dict[str, Value]]) -> LazyValues:
        """Values that are decoded when they are read; if they cannot be, each of them is unknown."""

        def guarded() -> Mapping[str, Value]:
            try:
                return make()
            except (msgspec.DecodeError, RecursionError, UnicodeError):
                self.complain(f"the values of {address} cannot be decoded", address)
                return Unreadable(f"its values in {self.document.name} cannot be decoded")

        return LazyValues(guarded)

    def add_known(self, module: str, resource: StateResource, provider: Provider | None = None) -> None:
        """Take in a resource of a state."""
        address = resource.address
        if module and not address.startswith(f"{module}."):  # Terraform before 0.13 left the module out
            address = f"{module}.{address}"

        def make() -> Resource:
            values = self.values(
                address,
                lambda: hidden(
                    decode_object(resource.values), decode_mask(resource.sensitive_values), resource.type, resource.mode
                ),
            )
            return Resource(
                resource.type,
                resource.name,
                values,
                address=address,
                mode=as_mode(resource.mode),
                provider=provider or Provider(provider_name(resource.provider_name), config=RegionOfArn(values)),
                locate=self.locate(address),
                depends_on=resource.depends_on,
            )

        self.add(resource.mode, resource.type, address, make)

    def locate(self, address: str) -> Locate:
        """The resource's place in the document, for every path of it."""
        return lambda _: Origin(self.document.locate(address))

    def model(self, kind: Kind, *, gaps: Sequence[Gap] = (), before: Model | None = None) -> Model:
        """The design made of what was collected."""
        name = self.document.name
        model = Model(name, kind, _Table(self._makers), gaps=gaps, files=[name], before=before)
        model.problems = self.problems
        return model


def read_state(document: Document | Path) -> Model:
    """The design that a state describes: `terraform show -json`, or a state file of version 4.

    Never raises for what the file holds: a file that cannot be read is a model with a `Problem`.
    """
    path = document if isinstance(document, Path) else document.path
    try:
        document = Document.open(document) if isinstance(document, Path) else document
        match document.what:
            case "state":
                return _shown(document)
            case "state file":
                return _file(document)
            case _:
                raise Unusable("is not a state of Terraform or OpenTofu", document.start)
    except Unusable as error:
        return unusable(path, "state", error)


def unusable(path: Path, kind: Kind, error: Unusable) -> Model:
    """A model of nothing, that says so."""
    collected = Collected(Document(path, b"{}"))
    collected.problems.append(Problem("read", f"{collected.document.name} {error.reason}", error.location))
    return collected.model(kind, gaps=[Gap(f"{collected.document.name} {error.reason}", location=error.location)])


def check_format(version: str, start: Location) -> None:
    """Raise `Unusable` unless the format is one that we know."""
    if not re.fullmatch(r"1\.\d+", version):
        raise Unusable(
            f"has format version {version!r}, and only 1.x is supported: write it with Terraform 1.1 or OpenTofu 1.6, "
            "or a newer one of either",
            start,
        )


def _shown(document: Document) -> Model:
    state = document.decode(State)
    check_format(state.format_version, document.start)
    collected = Collected(document)
    for module, resource in state.all():
        collected.add_known(module, resource)
    return collected.model("state")


def _file(document: Document) -> Model:
    file = document.decode(_StateFile)
    if file.version != 4:
        raise Unusable(
            f"is a state file of version {file.version}, and only 4 is supported: run `terraform show -json` in its "
            "root module and check what that writes",
            document.start,
        )
    collected = Collected(document)
    for resource in file.resources:
        for instance in resource.instances:
            if not instance.deposed:
                _add_instance(collected, resource, instance)
    return collected.model("state")


def _add_instance(collected: Collected, resource: _FileResource, instance: _FileInstance) -> None:
    key = ""
    if instance.index_key is not None:
        quoted = json.dumps(instance.index_key, ensure_ascii=False)
        key = f"[{quoted}]"
    bare = f"{'data.' if resource.mode == 'data' else ''}{resource.type}.{resource.name}"
    address = f"{resource.module}.{bare}{key}" if resource.module else f"{bare}{key}"

    def decode() -> dict[str, Value]:
        sensitive: dict[str, Mask] = {}
        for raw in instance.sensitive_attributes:
            # Each is a path of steps `{"type": "get_attr", "value": name}`; what is below the first is hidden with it.
            path = msgspec.json.decode(raw)
            step = path[0] if isinstance(path, list) and path else None
            if isinstance(step, dict) and isinstance(name := step.get("value"), str):
                sensitive[name] = True
        return hidden(decode_object(instance.attributes), sensitive, resource.type, resource.mode)

    def make() -> Resource:
        values = collected.values(address, decode)
        return Resource(
            resource.type,
            resource.name,
            values,
            address=address,
            mode=as_mode(resource.mode),
            provider=Provider(
                provider_name(resource.provider),
                resource.provider.partition('"].')[2].partition(".")[0],
                RegionOfArn(values),
            ),
            locate=collected.locate(address),
            depends_on=instance.dependencies,
        )

    collected.add(resource.mode, resource.type, address, make)


def as_mode(mode: str) -> Mode:
    """The mode that a document names."""
    return "data" if mode == "data" else "managed"


def provider_name(full: str) -> str:
    """`aws` of `registry.terraform.io/hashicorp/aws` and of `provider["registry.terraform.io/hashicorp/aws"].west`."""
    quoted = re.search(r'"([^"]*)"', full)
    return (quoted[1] if quoted else full).rpartition("/")[2] or "aws"


def decode_object(raw: msgspec.Raw) -> dict[str, Value]:
    """A JSON object; null is an empty one. Raises `msgspec.DecodeError`."""
    decoded: dict[str, Value] | None = msgspec.json.decode(raw, type=_Object)
    return decoded or {}


def decode_mask(raw: msgspec.Raw) -> Mask:
    """A mask. Raises `msgspec.DecodeError`."""
    decoded: Mask = msgspec.json.decode(raw)
    return decoded


def hidden(values: dict[str, Value], sensitive: Mask, type_: str, mode: str) -> dict[str, Value]:
    """The values with what is sensitive marked: by the document's mask and by the provider's schema."""
    mask: dict[str, Mask] = sensitive if isinstance(sensitive, dict) else {}
    if sensitive is True:
        mask = dict.fromkeys(values, True)
    schema = secret_attributes(type_, mode)
    return {name: hide(hide(value, mask.get(name)), schema.get(name)) for name, value in values.items()}


_ARN = re.compile(r"arn:aws[\w-]*:[\w-]+:([a-z]{2}-[\w-]+-\d+):")


class RegionOfArn(Mapping[str, Value]):
    """The provider configuration of a state, which has none: the region stands in the resource's own ARN."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Value:
        arn = self._values.get("arn") if name == "region" else None
        if isinstance(arn, Sensitive):
            arn = arn.value
        found = _ARN.match(arn) if isinstance(arn, str) and not isinstance(arn, Symbolic) else None
        if found is None:
            raise KeyError(name)
        return found[1]

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
