"""Questions about one request, one action or the outside world, answered from a design's policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.access import facts
from guardrails.access.conditions import Condition
from guardrails.access.documents import Side
from guardrails.access.evaluation import Decision, Ground, Levels, Outcome, PolicySet, evaluate
from guardrails.access.facts import glob
from guardrails.access.lens import Access
from guardrails.access.names import account_of
from guardrails.access.parse import parse_policy
from guardrails.access.permissions import tags_of
from guardrails.access.policy import NamedPrincipal, Policy, PolicyKind
from guardrails.access.principals import Principal
from guardrails.access.request import Caller, CallerKind, ContextValue, Request, Target, caller
from guardrails.access.view import PolicyView
from guardrails.model import Resource

_EVERYTHING = parse_policy({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
# Policies that hold for all of a service in their account, whatever resource they stand at.
_WHOLE_SERVICE = {
    "aws_glue_resource_policy": "glue",
    "aws_ecr_registry_policy": "ecr",
    "aws_cloudwatch_log_resource_policy": "logs",
}


class Answer(Struct, frozen=True):
    """A decision, with the policies that it came from."""

    decision: Decision
    statements: tuple[tuple[PolicyView, Ground], ...] = ()
    """The deciding statements with the documents that they stand in."""
    missing: tuple[str, ...] = ()
    """For a denial the layers that lacked an allow, while it is undecided what is not known."""

    @property
    def outcome(self) -> Outcome:
        """Allowed, denied or undecided."""
        return self.decision.outcome


class _Policies(Struct):
    """The policies of one side that have a say in a request, and the views behind them."""

    views: dict[str, PolicyView] = field(default_factory=dict)

    def bound(self, view: PolicyView, side: Side) -> Policy:
        policy = view.bound(side)
        name = f"{view.kind.value}:{view.title}"
        self.views[name] = view
        return replace(policy, name=name)


def can(
    access: Access,
    principal: Principal | str,
    action: str,
    resource: Resource | str = "*",
    context: Mapping[str, ContextValue] | None = None,
    *,
    open_: bool = True,
) -> Answer:
    """Whether somebody may call an action on a resource.

    `principal` and `resource` are given by address, ARN or name; a service (`lambda.amazonaws.com`) and `*` are
    principals too. `open_`: condition keys that are not given may be there or not, so that conditions on them leave
    the answer undecided; else they are absent. Raises `LookupError` for a principal or address that is not in view.
    """
    given = {key.lower(): value for key, value in (context or {}).items()}
    return _answer(access, _who(access, principal), action, _what(access, resource, action), given, open_=open_)


class _Willing(Struct, frozen=True):
    """Somebody of another account, which is taken to allow everything."""

    caller: Caller


_Who = Principal | Caller | _Willing


def _answer(
    access: Access,
    who: _Who,
    action: str,
    what: tuple[str, Resource | None],
    given: Mapping[str, ContextValue],
    *,
    open_: bool,
) -> Answer:
    arn, target = what
    least = _decide(access, who, action, (arn, target), given, side="least", open_=open_)
    if least.outcome is Outcome.ALLOWED:
        return least
    most = _decide(access, who, action, (arn, target), given, side="most", open_=open_)
    if most.outcome is Outcome.DENIED:
        return most
    doubts = dict.fromkeys((*least.missing, *most.missing) if least.outcome is most.outcome else most.missing)
    doubts.update(dict.fromkeys(_doubts(access, who, target)))
    layer = most.decision.layer or least.decision.layer
    shown = most.statements or least.statements
    undecided = Decision(Outcome.UNDECIDED, layer, False, most.decision.grounds, (), tuple(doubts))
    return Answer(undecided, shown, tuple(doubts))


def _who(access: Access, principal: Principal | str) -> Principal | Caller:
    if isinstance(principal, Principal):
        return principal
    if found := access.principal(principal):
        return found
    try:
        return caller(principal)
    except ValueError as error:
        raise LookupError(f"{principal} is not in view, and {error}") from None


def _what(access: Access, resource: Resource | str, action: str) -> tuple[str, Resource | None]:
    """The ARN that is meant, and the resource in view that it belongs to."""
    if isinstance(resource, Resource):
        names = next(n for n in access.names if n.model is resource.model)
        return _below(names.arn(resource), action), resource
    if resource == "*":
        return resource, None
    if resource.startswith("arn:"):
        return resource, access.resource_at(resource)
    address, slash, tail = resource.partition("/")
    for names in access.names:
        if found := names.model.at(address):
            arn = names.arn(found)
            return (f"{arn}/{tail}" if slash else _below(arn, action)), found
    raise LookupError(f"{resource} is not in view: give an address or an ARN")


def _below(arn: str, action: str) -> str:
    """A bucket's ARN, or `/*` below it for an action that is about objects."""
    known = facts.action(action) if arn.startswith("arn:") and arn.split(":")[2] == "s3" and "/" not in arn else None
    if known is None or any(facts.glob(t.type.glob)(arn) and "/" not in t.type.glob for t in known.targets):
        return arn
    return f"{arn}/*" if known.targets else arn


def _decide(
    access: Access,
    who: _Who,
    action: str,
    what: tuple[str, Resource | None],
    context: Mapping[str, ContextValue],
    *,
    side: Side,
    open_: bool,
) -> Answer:
    arn, target = what
    made = _Policies()
    asked = _caller(who)
    identity: list[Policy] = []
    boundary: tuple[Policy, ...] | None = None
    if isinstance(who, Principal):
        views = [*who.policies(), *(v for i in access.identities() for v in i.unplaced if side == "most")]
        identity = [made.bound(view, side) for view in views]
        if who.boundary is not None:
            boundary = (made.bound(who.boundary, side),)
    elif isinstance(who, _Willing) or (
        side == "most" and asked.kind.has_identity and asked.kind is not CallerKind.ROOT
    ):
        identity = [_EVERYTHING]
    attached = _attached(access, arn, target, action)
    resource = None if attached is None else tuple(made.bound(view, side) for view in attached)
    owner = _owner(access, arn, target)
    policies = PolicySet(
        identity=tuple(identity),
        resource=resource,
        boundary=boundary,
        scps=_levels(access, made, asked.account, PolicyKind.SCP, side),
        rcps=_levels(access, made, owner, PolicyKind.RCP, side),
        endpoint=_endpoint(access, made, context, side),
        restrict_public_buckets=_restricted(access, target, side),
    )
    known: dict[str, ContextValue] = {"aws:securetransport": "true"}  # what every SDK does
    if isinstance(who, Principal):
        known |= {f"aws:principaltag/{key}": value for key, value in tags_of(who.resource).items()}
    of_target: dict[str, ContextValue] = {}
    for key in _tag_keys(policies):
        prefix, _, tag = key.partition("/")
        if isinstance(who, Principal) and prefix == "aws:principaltag":
            known[key] = _tag(tags_of(who.resource), tag)
        elif target is not None and prefix.endswith(":resourcetag"):
            of_target[key] = _tag(tags_of(target), tag)
    request = Request(asked, action, (Target(arn, owner, of_target),), {**known, **context}, open_)
    decision = evaluate(request, policies)
    statements = tuple((made.views[g.policy], g) for g in decision.grounds if g.policy in made.views)
    missing = (
        tuple(decision.reasons) if decision.outcome is Outcome.UNDECIDED else tuple(m.value for m in decision.missing)
    )
    return Answer(decision, statements, missing)


def _tag_keys(policies: PolicySet) -> Iterator[str]:
    """The condition keys about tags that the policies ask for."""
    layers = [policies.identity, policies.resource or (), policies.boundary or (), policies.endpoint or ()]
    layers += [*(policies.scps or ()), *(policies.rcps or ())]
    for policy in (policy for layer in layers for policy in layer):
        for statement in policy.statements:
            for condition in statement.conditions:
                if isinstance(condition, Condition) and "tag/" in condition.key:
                    yield condition.key


def _tag(tags: Mapping[str, ContextValue], name: str) -> ContextValue:
    """A tag by its name in any case, None for one that the resource has not."""
    return next((value for key, value in tags.items() if key.lower() == name), None)


def _caller(who: _Who) -> Caller:
    if isinstance(who, _Willing):
        return who.caller
    if isinstance(who, Caller):
        return who
    kind = CallerKind.USER if who.kind == "user" else CallerKind.ROLE
    return Caller(kind, who.arn, who.account)


def _owner(access: Access, arn: str, target: Resource | None) -> str:
    if (account := account_of(arn)) is not None:
        return account
    if target is not None:
        return next(n for n in access.names if n.model is target.model).account(target)
    return ""


def _attached(access: Access, arn: str, target: Resource | None, action: str) -> list[PolicyView] | None:
    """The policies of the resource; None where it must have one that is not in view."""
    service = action.partition(":")[0].lower()
    if service == "sts" and ":role/" in arn:
        role = access.principal(arn)
        return [role.trust] if role is not None and role.trust is not None and not role.outside else None
    found = [
        view
        for view in access.resource_policies()
        if (target is not None and view.target is target)
        or _WHOLE_SERVICE.get(view.resource.type) == service
        or (view.target is None and _speaks_of(view, arn, service))
    ]
    if not found and service == "kms" and ":key/" in arn:
        return None
    return found


def _speaks_of(view: PolicyView, arn: str, service: str) -> bool:
    """Whether a policy whose resource is not in view speaks of an ARN."""
    if view.resource.type.startswith("aws_kms"):
        return False
    for part in view.bounds.most:
        named = part.data.get("Resource")
        for pattern in named if isinstance(named, list) else [named]:
            if isinstance(pattern, str) and pattern.split(":")[2:3] == [service] and glob(pattern)(arn):
                return True
    return False


def _levels(access: Access, made: _Policies, account: str, kind: PolicyKind, side: Side) -> Levels | None:
    levels, doubts = access.control_levels(account, kind)
    found: list[tuple[Policy, ...]] = []
    for level in levels:
        views = list(level.policies)
        if level.full:
            organisation = next(o for o in access.organisations() if not o.empty)
            views.append(organisation.full(level, kind, (level.policies or organisation.policies)[0].resource))
        found.append(tuple(made.bound(view, side) for view in views))
    if doubts and side == "least":
        placed = {view for level in levels for view in level.policies}
        others = [v for v in access.control_policies() if v.kind is kind and v not in placed]
        if others:
            organisation = next(o for o in access.organisations() if not o.empty)
            full = organisation.full(levels[0], kind, others[0].resource) if levels else None
            found.append(tuple(made.bound(view, side) for view in [*others, *([full] if full else [])]))
    return tuple(found) or None


def _endpoint(
    access: Access, made: _Policies, context: Mapping[str, ContextValue], side: Side
) -> tuple[Policy, ...] | None:
    taken = context.get("aws:sourcevpce")
    if not isinstance(taken, str):
        return None
    found = []
    for policies in access.policies_of_resources():
        for view in policies.views:
            if view.kind is PolicyKind.ENDPOINT and view.target is not None:
                known = (view.target.address, policies.names.attribute(view.target, "id"))
                if taken in known:
                    found.append(made.bound(view, side))
    return tuple(found) or None


def _restricted(access: Access, target: Resource | None, side: Side) -> bool:
    if target is None or target.type != "aws_s3_bucket":
        return False
    policies = next(p for p in access.policies_of_resources() if p.model is target.model)
    setting = policies.guard(target).restrict_buckets
    return setting is True or (setting is None and side == "least")


def _doubts(access: Access, who: _Who, target: Resource | None) -> Iterator[str]:
    """What is not known about the policies that have a say."""
    if isinstance(who, Caller) and who.kind.has_identity:
        yield f"the policies of {access.show(who.arn)} are not in view"
    if isinstance(who, Principal):
        for view in (*who.policies(), *([who.boundary] if who.boundary else ())):
            yield from view.doubts
        for identities in access.identities():
            yield from (f"{view.title}: it is not known whom it is attached to" for view in identities.unplaced)
            yield from identities.doubts
    for policies in access.policies_of_resources():
        for view in policies.views:
            if target is not None and view.target is target:
                yield from view.doubts
        if target is not None and target.type == "aws_s3_bucket" and target.model is policies.model:
            guard = policies.guard(target)
            if guard.restrict_buckets is None:
                yield guard.reason


def who_can(
    access: Access, action: str, resource: Resource | str = "*", context: Mapping[str, ContextValue] | None = None
) -> Iterator[tuple[Principal | Caller, Answer]]:
    """Everybody who may or might call an action on a resource: principals of the design, and whom its policy names."""
    arn, target = _what(access, resource, action)
    given = {key.lower(): value for key, value in (context or {}).items()}
    attached = _attached(access, arn, target, action) or []
    direct = any(part.data.get("Effect") == "Allow" for view in attached for part in view.bounds.most)
    seen: set[str] = set()
    for principal in access.principals("user", "role", "permission-set"):
        if principal.outside:
            continue
        if direct or _mentions(access, principal, action):
            seen.add(principal.arn)
            answer = _answer(access, principal, action, (arn, target), given, open_=True)
            if answer.outcome is not Outcome.DENIED:
                yield principal, answer
    for view in attached:
        for statement in view.bound("most").statements:
            for named in statement.principals or ():
                outsider = _outsider(named)
                if outsider is None or (key := outsider.arn or outsider.id or outsider.kind.value) in seen:
                    continue
                seen.add(key)
                if outsider.kind is CallerKind.ROOT and outsider.account in access.accounts():
                    continue
                answer = _outside(access, outsider, action, (arn, target), given)
                if answer.outcome is not Outcome.DENIED:
                    yield outsider, answer


def _outside(
    access: Access, who: Caller, action: str, what: tuple[str, Resource | None], context: Mapping[str, ContextValue]
) -> Answer:
    """Whether the resource's side lets somebody from outside in, whose own account is taken to allow it."""
    return _answer(access, _Willing(who), action, what, context, open_=True)


def _outsider(named: object) -> Caller | None:
    if not isinstance(named, NamedPrincipal) or not isinstance(named.id, str):
        return None
    if named.everyone:
        return Caller(CallerKind.ANONYMOUS)
    try:
        return caller(str.__str__(named.id))
    except ValueError:
        return None


def _mentions(access: Access, principal: Principal, action: str) -> bool:
    """Whether some statement of a principal allows an action at all: what most principals fail quickly."""
    lower = action.lower()
    for view in (*principal.policies(), *(v for i in access.identities() for v in i.unplaced)):
        for part in view.bounds.most:
            if part.data.get("Effect") != "Allow":
                continue
            if "NotAction" in part.data:
                return True
            named = part.data.get("Action")
            for pattern in named if isinstance(named, list) else [named]:
                if isinstance(pattern, str) and glob(pattern.lower())(lower):
                    return True
    return False
