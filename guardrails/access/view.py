"""A policy document wherever it stands in a design, with the places of its statements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from guardrails.access import facts
from guardrails.access.documents import Bounds, Json, Side, bounds, decoded, unattached, unknown_bounds
from guardrails.access.names import Names
from guardrails.access.parse import parse_policy
from guardrails.access.policy import Policy, PolicyKind, PolicyProblem
from guardrails.model import (
    Block,
    Label,
    Model,
    Origin,
    Path,
    Resource,
    Sensitive,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
    reveal,
)

if TYPE_CHECKING:
    from guardrails.access.keepers import Lockout
    from guardrails.access.statements import Fault
    from guardrails.access.tokens import Unmet, Wide


class PolicyView:
    """One policy document: of an identity, a role's trust, a resource, an organisation or an endpoint.

    A boundary is a view of its own of the managed policy that it names. What AWS makes by itself (a grant, a Lambda
    permission) is the document that it stands for.
    """

    __slots__ = (
        "_bounds",
        "_policies",
        "_source",
        "block",
        "doubt",
        "given",
        "kind",
        "names",
        "path",
        "target",
        "title",
    )

    def __init__(
        self,
        kind: PolicyKind,
        block: Block,
        path: Path,
        names: Names,
        *,
        title: str = "",
        doubt: str = "",
        target: Resource | None = None,
        given: Mapping[str, Value] | Bounds | None = None,
    ) -> None:
        self.kind = kind
        self.block = block
        """What carries the document, or attaches it where AWS or another design does."""
        self.path = path
        """The attribute below the block."""
        self.names = names
        self.title = title or block.resource.address
        """What people call it: the address, or the ARN of a policy of AWS."""
        self.doubt = doubt
        """Why it may not apply at all; empty where it surely does."""
        self.target = target
        """The resource that a resource policy protects, where it is in view."""
        self.given = given
        """The document where the attribute does not hold it: AWS's own policies, permissions as arguments."""
        self._bounds: Bounds | None = None
        self._policies: dict[Side, Policy] = {}
        self._source: tuple[Resource | None] | None = None

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[PolicyView]:
        """Every document that stands in the design itself, once."""
        from guardrails.access.lens import Access  # noqa: PLC0415  # the lens collects the views

        return Access.of(model).documents()

    @property
    def resource(self) -> Resource:
        """The resource that the document stands in."""
        return self.block.resource

    @property
    def ours(self) -> bool:
        """Whether the document stands in the design itself: AWS's own, and what another design makes, do not."""
        return self.given is None and self.resource.mode == "managed"

    @property
    def bounds(self) -> Bounds:
        """The document as plain JSON between two bounds."""
        if self._bounds is None:
            self._bounds = self._bound()
        return self._bounds

    def _bound(self) -> Bounds:
        if isinstance(self.given, Bounds):
            found = self.given
        elif self.given is not None and self.title.startswith("arn:"):
            kept = self.names.kept.get(self.title)  # a policy of AWS, attached in many places
            if not isinstance(kept, Bounds):
                kept = self.names.kept[self.title] = bounds(dict(self.given), self.names)
            found = kept
        elif self.given is not None:
            found = bounds(dict(self.given), self.names, trust=self.kind is PolicyKind.TRUST)
        else:
            found = bounds(self.block.raw(*self.path), self.names, trust=self.kind is PolicyKind.TRUST)
        return unattached(found, self.doubt) if self.doubt else found

    def raw(self) -> Value:
        """The decoded document with its unknown parts; raises `Unknown`, and `ValueError` if it is not JSON."""
        if isinstance(self.given, Bounds):
            raise Unknown(self.given.doubts[0] if self.given.doubts else "is not known")
        if self.given is not None:
            return dict(self.given)
        value = self.block.raw(*self.path)
        try:
            return decoded(value)
        except Unknown as doubt:
            raise Unknown(f"{self.title}: {doubt.reason}", self.block.place(*self.path)) from None

    def document(self, side: Side = "most") -> dict[str, Json]:
        """One bound as a plain document."""
        return self.bounds.document(side)

    def policy(self) -> Policy:
        """The typed form of the document as it stands, with its unknown parts and the place of every statement."""
        if self.given is not None:
            return parse_policy(self.raw(), kind=self.kind, name=self.title, place=self.block.place(*self.path))
        value = reveal(self.block.raw(*self.path))
        count = len(source.raw("statement") or ()) if (source := self._document_source()) else 0  # type: ignore[arg-type]  # blocks are a list
        return parse_policy(
            value,
            kind=self.kind,
            name=self.title,
            place=self.block.place(*self.path),
            statement_places=[self.origin(index).location for index in range(count)],
        )

    def bound(self, side: Side) -> Policy:
        """One bound in typed form, wholly known: `least` grants what is certain, `most` what is possible.

        Its statements carry the index and the place that they have in the document.
        """
        if not self.bounds.doubts and not self.doubt:
            side = "most"  # both are the document itself
        found = self._policies.get(side)
        if found is None:
            parts = self.bounds.least if side == "least" else self.bounds.most
            read = parse_policy(
                self.document(side), kind=self.kind, name=self.title, place=self.block.place(*self.path)
            )
            statements = tuple(
                replace(statement, index=part.index, place=self.origin(part.index).location)
                for statement, part in zip(read.statements, parts, strict=False)
            )
            found = self._policies[side] = replace(read, statements=statements)
        return found

    @property
    def doubts(self) -> tuple[str, ...]:
        """What is not known about it, each with its reason."""
        return tuple(f"{self.title}: {reason}" for reason in self.bounds.doubts)

    def origin(self, index: int | None = None) -> Origin:
        """Where statement `index` stands: its `statement` block where a document data source made it, else the
        attribute. Without an index, the attribute.
        """
        if index is None or self.given is not None:
            return self.block.origin(*self.path)
        source = self._document_source()
        if source is not None:
            place = source.origin("statement", index)
            if place.location != source.place():  # a plan without its configuration knows no lines
                return place
        return self.block.origin(*self.path)

    def _document_source(self) -> Resource | None:
        """The data source whose statements are exactly those of this document, in order."""
        if self._source is None:
            value = self.block.raw(*self.path)
            while isinstance(value, Sensitive):
                value = value.value
            found = sources(self.names.model).get(_key(value)) if isinstance(value, str) else None
            if found is not None and any(
                found.raw(name) for name in ("source_json", "override_json", "source_policy_documents")
            ):
                found = None
            if found is not None and found.raw("override_policy_documents"):
                found = None
            self._source = (found,)
        return self._source[0]

    def labels(self, *indices: int) -> tuple[Label, ...]:
        """Where statements stand, for a finding at the attribute: those that have a place of their own."""
        own = self.block.place(*self.path)
        places = ((self.origin(index).location, self.sid(index) or str(index + 1)) for index in indices)
        return tuple(Label(place, f"statement {name}") for place, name in places if place is not None and place != own)

    # -- what checks ask for, decided in modules that are loaded where something is asked

    def open_without_tls(self) -> bool:
        """Whether this bucket policy lets requests in that are not encrypted. Raises `Unknown`."""
        from guardrails.access import outsiders  # noqa: PLC0415  # loads the evaluator
        from guardrails.access.lens import Access  # noqa: PLC0415  # the lens collects the views

        return outsiders.open_without_tls(Access.of(self.names.model), self)

    def lockout(self) -> Lockout | None:
        """Whether it locks everybody, or the role that applies the design, out of changing it; see `keepers`."""
        from guardrails.access import keepers  # noqa: PLC0415  # loads the evaluator
        from guardrails.access.lens import Access  # noqa: PLC0415  # the lens collects the views

        return keepers.lockout(Access.of(self.names.model), self)

    def wide_tokens(self) -> Iterator[Wide]:
        """Statements of a trust policy that take tokens of strangers; see `tokens`. Raises `Unknown` at the end."""
        from guardrails.access import tokens  # noqa: PLC0415  # as above

        return tokens.wide(self)

    def unmet_tokens(self) -> Iterator[Unmet]:
        """Statements of a trust policy that no OIDC token can meet; see `tokens`. Raises `Unknown` at the end."""
        from guardrails.access import tokens  # noqa: PLC0415  # as above

        return tokens.unmet(self)

    def faults(self, kind: Literal["unknown", "mismatched", "never-true", "hole", "mfa-hole"]) -> Iterator[Fault]:
        """Statements that come to nothing, or to more than they seem to say; see `statements`."""
        if not self.bounds.most:
            return iter(())
        from guardrails.access import statements  # noqa: PLC0415  # as above

        judges = {
            "unknown": statements.unknown_actions,
            "mismatched": statements.mismatched,
            "never-true": statements.never_true,
            "hole": statements.holes,
            "mfa-hole": statements.mfa_holes,
        }
        return judges[kind](self)

    def problems(self) -> Sequence[PolicyProblem]:
        """What AWS refuses of the document, and what it takes but cannot be meant, each with its place."""
        given = is_given(self.block.raw(*self.path))
        return self.policy().problems if given else ()  # a part of an account may leave the document out

    @property
    def size(self) -> int:
        """Characters without white space, at least: what is not known counts nothing."""
        return self.policy().size

    def broken_global_services(self) -> tuple[list[str], tuple[int, ...]]:
        """The global services that this service control policy denies for their region, and the statements that do."""
        from guardrails.access import grants  # noqa: PLC0415  # as above

        return grants.broken_global_services(self) if self.kind is PolicyKind.SCP else ([], ())

    def nobody_assumes(self) -> str:
        """Why nobody can assume a role by this trust policy; empty if somebody may. Raises `Unknown`."""
        from guardrails.access import keepers  # noqa: PLC0415  # as above

        return keepers.nobody_assumes(self)

    def sid(self, index: int) -> str:
        """The Sid of a statement, empty where it has none."""
        for part in (*self.bounds.most, *self.bounds.least):
            if part.index == index:
                sid = part.data.get("Sid")
                return sid if isinstance(sid, str) else ""
        return ""

    def __repr__(self) -> str:
        return f"<PolicyView {self.kind} {self.title}>"


def _key(value: str) -> str:
    """Equal for texts that are the same document: the provider writes them its own way."""
    text = str.__str__(value)
    if not isinstance(value, Symbolic):
        try:
            return json.dumps(json.loads(text), sort_keys=True)
        except (ValueError, RecursionError):
            return text
    return text


def sources(model: Model) -> Mapping[str, Resource]:
    """The policy document data sources of a model by the text that they make."""
    known = model.cache.get(sources)
    if isinstance(known, dict):
        return known
    found: dict[str, Resource] = {}
    for data in model.all("data.aws_iam_policy_document"):
        for name in ("json", "minified_json"):
            value = data.raw(name)
            if isinstance(value, str):
                found.setdefault(_key(value), data)
    model.cache[sources] = found
    return found


def may_exist(resource: Resource) -> str:
    """Why a resource may not be there, empty for one that certainly is."""
    return f"{resource.address} may exist: {resource.conditional}" if resource.conditional else ""


def is_given(value: Value) -> bool:
    """Whether an attribute has a value, known or not: neither null nor the empty string."""
    return value is not None and (isinstance(value, Symbolic) or not isinstance(value, str) or bool(value))


def is_computed(resource: Resource, name: str) -> bool:
    """Whether the design leaves an attribute to AWS, so that its value comes with the apply and from nowhere else."""
    value = reveal(resource.raw(name))
    if isinstance(value, Symbolic):
        return value.ref is not None and value.ref.address == resource.address
    if not isinstance(value, UnknownValue) or not value.reason.startswith("known after apply"):
        return False
    return all(ref.address == resource.address for ref in value.refs)


@lru_cache(maxsize=256)
def managed(arn: str) -> Mapping[str, Value] | Bounds:
    """The document of an AWS managed policy, or unknown bounds where the data does not have it."""
    document = facts.managed_policy(arn)
    if document is None:
        return unknown_bounds(f"{arn} is unknown to the data of {facts.policies_date()}")
    copy: Mapping[str, Value] = json.loads(json.dumps(document))
    return copy
