"""One resource of a design, in the words of Terraform's AWS provider, and how a check reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from guardrails.model.location import Location, Origin, Place
from guardrails.model.value import (
    MASK,
    Ref,
    Sensitive,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
    refs_of,
    reveal,
)

if TYPE_CHECKING:
    from guardrails.model.model import Model

Path = tuple[str | int, ...]
Locate = Callable[[Path], Origin]
Mode = Literal["managed", "data"]
Action = Literal["create", "read", "update", "delete", "replace", "no-op", "forget", "import"]


class Provider(Struct, frozen=True):
    """The provider configuration that a resource uses."""

    name: str = "aws"
    alias: str = ""
    config: Mapping[str, Value] = field(default_factory=dict)
    """Its arguments as far as they are known: `region`, `default_tags`, `assume_role`, ..."""


class Block:
    """A resource, or a nested block of one: attributes by name.

    Every reader raises `Unknown` where the answer is not known. Readers of collections give their known elements
    first and raise only after them. An attribute that is absent or null gives the default, and so does one that the
    design leaves to the provider (its value is then a reference to the resource itself, such as
    `${aws_vpc.main.enable_dns_hostnames}`): the default is what AWS does.
    """

    __slots__ = ("_values", "path", "resource")

    def __init__(self, resource: Resource, path: Path, values: Mapping[str, Value]) -> None:
        self.resource = resource
        self.path = path
        self._values = values

    def raw(self, *path: str | int) -> Value:
        """The value at a path as the source gave it, unknown and sensitive marks included. Never raises."""
        value: Value | Mapping[str, Value] = self._values
        secret = False
        for step in path:
            while isinstance(value, Sensitive):
                secret, value = True, value.value
            if isinstance(value, UnknownValue):
                return value
            if isinstance(step, int):
                if not isinstance(value, list) or not -len(value) <= step < len(value):
                    return None
                value = value[step]
            else:
                if isinstance(value, list) and len(value) == 1:
                    value = value[0]  # `metadata_options.http_tokens` reads through a single nested block
                if isinstance(value, UnknownValue):
                    return value
                if not isinstance(value, Mapping):
                    return None
                value = value.get(step)
        if secret and not isinstance(value, Sensitive) and value is not None:
            return Sensitive(value)  # type: ignore[arg-type]  # the root mapping is never reached here
        return value  # type: ignore[return-value]  # a Mapping is the root only for an empty path

    def get(self, *path: str | int) -> Value:
        """The value at a path, or None. Raises `Unknown` if nothing is known of it; parts of it may be unknown."""
        value = reveal(self.raw(*path))
        if isinstance(value, UnknownValue):
            raise self._unknown(value.reason, path)
        return value

    def is_set(self, *path: str | int) -> bool:
        """Whether the design gives the attribute a value other than null, be it one that is known after apply."""
        value = self.raw(*path)
        if isinstance(value, UnknownValue) and not value.refs:
            raise self._unknown(value.reason, path)
        return value is not None and not self._left_to_provider(value)

    def _left_to_provider(self, value: Value) -> bool:
        own = {ref.address for ref in value.refs} if isinstance(value, UnknownValue | Symbolic) else set()
        return own == {self.resource.address}

    def _given(self, path: Path) -> Value:
        """As `get`, but None for what the design leaves to the provider."""
        return None if self._left_to_provider(self.raw(*path)) else self.get(*path)

    def flag(self, *path: str | int, default: bool = False) -> bool:
        """A boolean; the strings that Terraform converts are taken."""
        match value := self._given(path):
            case None:
                return default
            case bool():
                return value
            case Symbolic():
                raise self._unknown(value.reason, path)
            case str():
                return value.__eq__("true") or value.__eq__("1")
            case int() | float():
                return bool(value)
            case _:
                raise self._wrong("a boolean", path)

    def number(self, *path: str | int, default: int = 0) -> int:
        """An integer; the strings that Terraform converts are taken."""
        match value := self._given(path):
            case None:
                return default
            case bool():
                raise self._wrong("a number", path)
            case int():
                return value
            case Symbolic():
                raise self._unknown(value.reason, path)
            case float() | str():
                try:
                    return int(float(value))
                except ValueError:
                    raise self._wrong("a number", path) from None
            case _:
                raise self._wrong("a number", path)

    def text(self, *path: str | int, default: str | None = None) -> str:
        """A string, possibly `Symbolic`. Without a default, what is left to the provider is a reference to itself
        (`${aws_vpc.main.arn}`), and an absent attribute is empty.
        """
        match value := self.get(*path) if default is None else self._given(path):
            case None:
                return default or ""
            case str():
                return value
            case bool():
                return "true" if value else "false"
            case int() | float():
                return str(value)
            case _:
                raise self._wrong("a string", path)

    def items(self, *path: str | int) -> Iterator[Value]:
        """The known elements of a list or set, then `Unknown` if there are others."""
        yield from (value for _, value in self._elements(path))

    def texts(self, *path: str | int) -> Iterator[str]:
        """The known strings of a list or set (possibly `Symbolic`), then `Unknown` if there are others."""
        for value in self.items(*path):
            if not isinstance(value, str):
                raise self._wrong("a list of strings", path)
            yield value

    def blocks(self, *path: str | int) -> Iterator[Block]:
        """The known nested blocks of a name, then `Unknown` if there are others.

        A block in attribute syntax (`ingress = [{...}]`) and a block stored as one object are read the same way.
        """
        for where, value in self._elements(path):
            if not isinstance(value, dict):
                raise self._wrong("a nested block", path)
            yield Block(self.resource, (*self.path, *where), value)

    def block(self, *path: str | int) -> Block | None:
        """The first nested block of a name, or None."""
        return next(self.blocks(*path), None)

    def refs(self, *path: str | int) -> tuple[Ref, ...]:
        """The attributes of other resources in the value at a path. Never raises."""
        return tuple(refs_of(self.raw(*path)))

    def origin(self, *path: str | int) -> Origin:
        """Where the value at a path stands; for an absent one, the block that lacks it."""
        return self.resource.locate((*self.path, *path))

    def _elements(self, path: Path) -> Iterator[tuple[Path, Value]]:
        value = reveal(self.raw(*path))
        if value is None or self._left_to_provider(value):
            return
        if isinstance(value, UnknownValue):
            raise self._unknown(value.reason, path)
        if not isinstance(value, list):
            yield path, value
            return
        unknown: UnknownValue | None = None
        for index, raw in enumerate(value):
            item = reveal(raw)
            if isinstance(item, UnknownValue):
                unknown = unknown or item
            elif item is not None:
                yield (*path, index), item
        if unknown:
            raise self._unknown(unknown.reason, path)

    def _unknown(self, reason: str, path: Path) -> Unknown:
        return Unknown(f"{self.resource.address}: {dotted((*self.path, *path))}: {reason}", self.place(*path))

    def _wrong(self, expected: str, path: Path) -> Unknown:
        return self._unknown(f"is not {expected}", path)

    def place(self, *path: str | int) -> Place | None:
        """The location alone of `origin`."""
        return self.origin(*path).location


class Resource(Block):
    """A resource instance with its type, address and values."""

    __slots__ = (
        "_locate",
        "_model",
        "action",
        "address",
        "arn",
        "conditional",
        "depends_on",
        "mode",
        "name",
        "provider",
        "type",
    )

    def __init__(
        self,
        type: str,  # noqa: A002  # the field's own name
        name: str,
        values: Mapping[str, Value],
        *,
        address: str = "",
        mode: Mode = "managed",
        provider: Provider | None = None,
        locate: Locate | None = None,
        conditional: str = "",
        depends_on: Sequence[str] = (),
        action: Action = "no-op",
    ) -> None:
        self.type = type
        self.name = name
        self.mode = mode
        self.address = address or f"{'data.' if mode == 'data' else ''}{type}.{name}"
        self.provider = provider or Provider()
        self.conditional = conditional
        self.depends_on = tuple(depends_on)
        self.action = action
        self._locate = locate
        self._model: Model | None = None
        super().__init__(self, (), values)

    @property
    def values(self) -> Mapping[str, Value]:
        """Every attribute as the source gave it; reading one of a configuration evaluates it."""
        return self._values

    @property
    def model(self) -> Model:
        """The design that it is part of: set by the model that hands it out."""
        if self._model is None:
            raise LookupError(f"{self.address} is not part of a model")
        return self._model

    def join(self, model: Model) -> None:
        """Become part of a model. For `Model` alone."""
        self._model = model

    def certain(self) -> bool:
        """True; raises `Unknown` if it is not known whether the resource will exist."""
        if self.conditional:
            raise Unknown(f"{self.address} may exist: {self.conditional}", self.place())
        return True

    @property
    def module(self) -> str:
        """The address of the module instance that it stands in, empty for the root."""
        head = self.address.removesuffix(f"{self.type}.{self.name}{self.key}")
        return head.removesuffix("data.").removesuffix(".")

    @property
    def key(self) -> str:
        """The instance key with its brackets (`[0]`, `["a"]`), or nothing."""
        marker = f"{self.type}.{self.name}"
        at = self.address.rfind(marker)
        return self.address[at + len(marker) :] if at >= 0 else ""

    @property
    def region(self) -> str:
        """The region of the resource or of its provider; raises `Unknown` if none is known."""
        value = self.raw("region") if "region" in self._values else None
        if value is None:
            value = self.provider.config.get("region")
        value = reveal(value)
        if isinstance(value, str) and value and not isinstance(value, Symbolic):
            return value
        reason = value.reason if isinstance(value, UnknownValue | Symbolic) else "no region is configured"
        raise Unknown(f"{self.address}: region: {reason}")

    def locate(self, path: Path) -> Origin:
        """Where the value at a path from the resource's root stands."""
        return self._locate(path) if self._locate else Origin(None)

    def __repr__(self) -> str:
        return f"<{self.address}>"


def dotted(path: Path) -> str:
    """A path as people write it: `ingress[0].cidr_blocks`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def plain(value: Value | Mapping[str, Value]) -> tuple[object, dict[str, str]]:
    """A value as JSON can hold it, and the reason for every path of it that is unknown or must not be shown.

    These are left out of objects and are null in lists.
    """
    unknown: dict[str, str] = {}

    def walk(value: Value | Mapping[str, Value], path: Path) -> object:
        match value:
            case Sensitive(value=None):
                return None
            case Sensitive():
                unknown[dotted(path)] = MASK
                return None
            case UnknownValue() | Symbolic():
                unknown[dotted(path)] = value.reason
                return None
            case list():
                return [walk(item, (*path, index)) for index, item in enumerate(value)]
            case Mapping():
                shown = {}
                for key in value:
                    item = value[key]
                    result = walk(item, (*path, key))
                    if not isinstance(item, UnknownValue | Symbolic | Sensitive):
                        shown[key] = result
                return shown
            case float():
                return float(value)  # a number may be of a class of its own
            case _:
                return value

    return walk(value, ()), unknown


def location_of(origin: Origin) -> Location | None:
    """The file span of an origin, if it is in a file."""
    return origin.location if isinstance(origin.location, Location) else None
