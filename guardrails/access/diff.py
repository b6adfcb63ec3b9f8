"""What a change grants and takes away, each with a request that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from guardrails.access.conditions import Text
from guardrails.access.lens import Access
from guardrails.access.policy import NamedPrincipal, Policy, Statement
from guardrails.access.principals import Principal
from guardrails.access.symbolic import NOTHING, Space, Undecided, Witness, difference_witness, is_admin, space_of
from guardrails.access.view import PolicyView
from guardrails.model import Model, Resources

_MOST_PIECES = 64
"""Of one statement: beyond that, its resources or actions are looked at together."""


class Change(Struct, frozen=True):
    """Permission that one side has and the other has not."""

    principal: str
    """An ARN as people read it, or as the document of a resource names somebody."""
    address: str
    """Of the principal, empty for somebody whom a resource's policy names."""
    action: str
    resource: str
    witness: Witness | None
    """A request that is allowed on the one side alone; None where it could not be decided."""
    public: bool
    admin: bool
    view: PolicyView
    index: int
    doubt: str = ""


class Diff(Struct, frozen=True):
    """What a change does to permissions."""

    granted: tuple[Change, ...]
    removed: tuple[Change, ...]


def compare(before: Access, after: Access) -> Diff:
    """The permissions that `after` has and `before` has not, and the other way round."""
    return Diff(tuple(_new(before, after)), tuple(_new(after, before)))


def diff_of_plan(model: Model) -> Diff:
    """What a plan does. Raises `LookupError` for a model that has no state before it."""
    if model.before is None and model.kind != "plan":
        raise LookupError(f"{model.name} is no plan: nothing is known of what was before")
    empty = Model(model.name, model.kind, Resources([]))
    return compare(Access([model.before or empty], first=1), Access([model]))


def _new(old: Access, new: Access) -> Iterator[Change]:
    known = {principal.address: principal for principal in old.principals() if not principal.outside}
    for principal in new.principals():
        if not principal.outside and principal.kind != "group":
            yield from _of_principal(principal, known.get(principal.address))
    yield from _of_resources(old, new)


def _of_principal(principal: Principal, before: Principal | None) -> Iterator[Change]:
    if before is not None and before.signature == principal.signature:
        return
    ours = principal.effective()
    theirs = before.effective() if before is not None else NOTHING
    if difference_witness(ours, theirs, known_actions=True) is None:
        return
    admin = is_admin(ours) is True and (before is None or is_admin(theirs) is not True)
    for view in principal.policies():
        for policy, statement, action, resource in _pieces(view):
            found = difference_witness(space_of(policy) & ours, theirs, known_actions=True)
            if found is None:
                continue
            doubt = found.reason if isinstance(found, Undecided) else ""
            witness = found if isinstance(found, Witness) else None
            names = view.names
            yield Change(
                principal.label,
                principal.address,
                action,
                names.show(resource),
                witness,
                public=False,
                admin=admin,
                view=view,
                index=statement.index,
                doubt=doubt,
            )


def _pieces(view: PolicyView) -> Iterator[tuple[Policy, Statement, str, str]]:
    """The Allow statements of a document, cut by action and resource."""
    whole = view.bound("most")
    for statement in whole.statements:
        if not statement.allows:
            continue
        actions: list[tuple[Text, ...]] = [(a,) for a in statement.actions or ()]
        resources: list[tuple[Text, ...]] = [(r,) for r in statement.resources or ()]
        if len(actions) * max(1, len(resources)) > _MOST_PIECES:
            resources = [tuple(statement.resources or ())]
            if len(actions) > _MOST_PIECES:
                actions = [tuple(statement.actions or ())]
        for action in actions or [()]:
            for resource in resources or [()]:
                piece = statement
                if action:
                    piece = replace(piece, actions=action)
                if resource:
                    piece = replace(piece, resources=resource)
                yield (
                    replace(whole, statements=(piece,)),
                    statement,
                    _shown(action, statement.not_actions),
                    _shown(resource, statement.not_resources),
                )


def _shown(these: Sequence[object], excluded: Sequence[object] | None) -> str:
    if these:
        return ", ".join(str(each) for each in these)
    return f"all but {', '.join(str(each) for each in excluded)}" if excluded else "*"


def _of_resources(old: Access, new: Access) -> Iterator[Change]:
    before = {_key(view): view for view in _views(old)}
    exposed = {(id(e.view), e.index) for e in new.public()}
    for view in _views(new):
        other = before.get(_key(view))
        if other is not None and other.bounds.key == view.bounds.key:
            continue
        theirs = space_of(other.bound("most")) if other is not None else NOTHING
        ours = space_of(view.bound("most"))
        if difference_witness(ours, theirs, known_actions=True) is None:
            continue
        yield from _of_document(view, ours, theirs, exposed)


def _views(access: Access) -> list[PolicyView]:
    return [*access.resource_policies(), *access.trust_policies()]


def _key(view: PolicyView) -> object:
    return (view.resource.address, view.block.path, view.path)


def _of_document(view: PolicyView, ours: Space, theirs: Space, exposed: set[tuple[int, int]]) -> Iterator[Change]:
    arn = view.names.arn(view.target) if view.target is not None else ""
    for policy, statement, action, resource in _pieces(view):
        for named in statement.principals or (None,):
            piece = policy
            if arn and resource == "*":
                piece = replace(policy, statements=(replace(policy.statements[0], resources=(arn,)),))
            if named is not None:
                piece = replace(policy, statements=(replace(piece.statements[0], principals=(named,)),))
            found = difference_witness(space_of(piece) & ours, theirs, known_actions=True)
            if found is None:
                continue
            everyone = not isinstance(named, NamedPrincipal) or named.everyone
            who = str(named.id) if isinstance(named, NamedPrincipal) else "everyone but those whom it names"
            target = arn if arn and resource == "*" else resource
            yield Change(
                view.names.show(who),
                "",
                action,
                view.names.show(target),
                found if isinstance(found, Witness) else None,
                public=everyone and (id(view), statement.index) in exposed,
                admin=False,
                view=view,
                index=statement.index,
                doubt=found.reason if isinstance(found, Undecided) else "",
            )
