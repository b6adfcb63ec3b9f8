"""Policy documents in one typed form that keeps what is unknown and where everything stands.

Source of the grammar: IAM User Guide, "Grammar of the IAM JSON policy language" (reference_policies_grammar.html).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence

from msgspec import Struct

from guardrails.access.conditions import Condition, Text
from guardrails.access.positions import Position, positions_of
from guardrails.model import Path, Place, UnknownValue

VERSION = "2012-10-17"
"""The only version of the policy language that knows variables."""


class PolicyKind(enum.StrEnum):
    """What a policy is attached as. It decides which elements it may have, and how large it may be."""

    IDENTITY = "identity"
    """Inline policy of a user, group or role, or one whose way of attachment is not known."""
    MANAGED = "managed"
    """A managed policy, evaluated as an identity policy."""
    BOUNDARY = "boundary"
    SESSION = "session"
    RESOURCE = "resource"
    TRUST = "trust"
    SCP = "scp"
    RCP = "rcp"
    ENDPOINT = "vpc-endpoint"

    @property
    def names_principals(self) -> bool:
        """Whether its statements say whom they are for."""
        return self in (PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.RCP, PolicyKind.ENDPOINT)


class PrincipalType(enum.StrEnum):
    """The members of a `Principal` element."""

    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL = "CanonicalUser"


class NamedPrincipal(Struct, frozen=True):
    """One entry of a `Principal` or `NotPrincipal` element. `"*"` alone is `AWS` with `*`."""

    type: PrincipalType
    id: Text

    @property
    def everyone(self) -> bool:
        """Whether it stands for everybody, anonymous callers included."""
        return self.type is PrincipalType.AWS and isinstance(self.id, str) and str.__str__(self.id) == "*"


class Statement(Struct, frozen=True):
    """One statement. An element that it does not have is None."""

    index: int
    sid: str
    effect: str | UnknownValue
    """`Allow` or `Deny`; unknown where the statement is not known or could not be read: it may do anything then."""
    actions: tuple[Text, ...] | None = None
    not_actions: tuple[Text, ...] | None = None
    resources: tuple[Text, ...] | None = None
    not_resources: tuple[Text, ...] | None = None
    principals: tuple[NamedPrincipal | UnknownValue, ...] | None = None
    not_principals: tuple[NamedPrincipal | UnknownValue, ...] | None = None
    conditions: tuple[Condition | UnknownValue, ...] = ()
    place: Place | None = None

    @property
    def allows(self) -> bool:
        """Whether it is known to be an Allow."""
        return self.effect == "Allow"

    @property
    def denies(self) -> bool:
        """Whether it is known to be a Deny."""
        return self.effect == "Deny"

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why parts of it are not known; empty if everything is. Attributes known after apply do not count."""
        return tuple(dict.fromkeys(_reasons(self)))

    @property
    def label(self) -> str:
        """What to call it in messages: its Sid, else its number from 1."""
        return f'"{self.sid}"' if self.sid else f"{self.index + 1}"


class PolicyProblem(Struct, frozen=True):
    """Something in a document that AWS refuses or that cannot be meant."""

    code: str
    """Such as `not-json`, `unknown-element`, `wrong-type`, `duplicate-sid`, `too-long`."""
    message: str
    statement: int | None = None
    """Index from 0."""
    path: Path = ()
    """Into the document, such as `("Statement", 0, "Action")`."""
    position: Position | None = None
    """In the JSON text, where there is one."""
    place: Place | None = None
    """Where the document or its statement stands in the source."""
    rejected: bool = True
    """Whether AWS refuses the document for it; else it is accepted and does not do what it seems to."""


class Policy(Struct, frozen=True, eq=False):
    """A policy document. Two are equal only if they are the same object, so that what is computed of one is kept."""

    kind: PolicyKind
    name: str
    statements: tuple[Statement, ...]
    version: str = "2008-10-17"
    """What AWS assumes where the element is missing."""
    id: str = ""
    place: Place | None = None
    text: str | None = None
    """The JSON text that it was read from, None for a decoded document."""
    problems: tuple[PolicyProblem, ...] = ()
    size: int = 0
    """Characters without the white space between elements; a hole counts nothing."""

    @property
    def variables(self) -> bool:
        """Whether `${...}` is a policy variable in it."""
        return self.version == VERSION

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why parts of it are not known; empty if everything is."""
        return tuple(dict.fromkeys(reason for s in self.statements for reason in s.unknown))

    def position(self, *path: str | int) -> Position | None:
        """Where an element stands in the JSON text, or the nearest one around it; None without a text.

        `policy.position("Statement", 0, "Action")`; a lone statement is found as index 0.
        """
        if self.text is None:
            return None
        return locate(positions_of(self.text), path)


def locate(positions: object, path: Path) -> Position | None:
    """The position of a path or of the nearest element around it, in the answer of `positions_of`."""
    if not isinstance(positions, dict):
        return None
    lone = ("Statement", 0, 0) not in positions and ("Statement", 0) not in positions
    if lone and len(path) > 1 and path[0] == "Statement" and path[1] == 0:
        path = ("Statement", *path[2:])
    while path:
        found = positions.get(path)
        if isinstance(found, Position):
            return found
        path = path[:-1]
    found = positions.get(())
    return found if isinstance(found, Position) else None


def _reasons(statement: Statement) -> Iterator[str]:
    if isinstance(statement.effect, UnknownValue):
        yield statement.effect.reason
    lists: Sequence[Sequence[Text | NamedPrincipal | Condition | UnknownValue] | None] = (
        statement.actions,
        statement.not_actions,
        statement.resources,
        statement.not_resources,
        statement.principals,
        statement.not_principals,
        statement.conditions,
    )
    for items in lists:
        for item in items or ():
            match item:
                case UnknownValue():
                    yield item.reason
                case NamedPrincipal():
                    yield from _holes(item.id)
                case Condition():
                    for value in item.values:
                        yield from _holes(value)
                case str():
                    yield from _holes(item)


def _holes(text: Text) -> Iterator[str]:
    if isinstance(text, UnknownValue):
        yield text.reason
    else:
        for part in getattr(text, "parts", ()):
            if isinstance(part, UnknownValue):
                yield part.reason
