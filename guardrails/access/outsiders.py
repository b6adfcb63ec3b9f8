"""Who is let in from outside by what a policy forgets to say: services on behalf of strangers, whole accounts, and
requests without encryption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from guardrails.access import facts
from guardrails.access.conditions import Condition
from guardrails.access.documents import Side
from guardrails.access.evaluation import Levels, Outcome, PolicySet, evaluate
from guardrails.access.exposure import External, external_accounts
from guardrails.access.lens import Access
from guardrails.access.names import account_of
from guardrails.access.parse import parse_policy
from guardrails.access.policy import NamedPrincipal, Policy, PolicyKind, PrincipalType, Statement
from guardrails.access.request import Caller, CallerKind, ContextValue, Request, Target
from guardrails.access.symbolic import restrict, space_of
from guardrails.access.view import PolicyView
from guardrails.model import Unknown

_ALL = parse_policy({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
_STRANGER = "888877776666"
_SOURCE: Mapping[str, ContextValue] = {
    "aws:sourceaccount": _STRANGER,
    "aws:sourceowner": _STRANGER,
    "aws:sourceorgid": "o-stranger00",
    "aws:sourceorgpaths": ("o-stranger00/r-0000/",),
    "aws:securetransport": "true",
}
_METADATA = frozenset({"s3:getbucketacl", "s3:listbucket", "s3:getbucketlocation"})
"""What services look up before they deliver: it gives nothing out that a stranger could use."""
_OWN_FOLDER = re.compile(r"/AWSLogs/[^*?/]+/")
"""AWS's log delivery writes below the id of the account whose logs they are, so that a stranger's never fit."""
_LOAD_BALANCING = frozenset(
    {
        "127311923021", "033677994240", "027434742980", "797873946194", "098369216593", "985666609251", "054676820928",
        "156460612806", "652711504416", "635631232127", "009996457667", "897822967062", "754344448648", "582318560864",
        "600734575887", "383597477331", "114774131450", "783225319266", "589379963580", "718504428378", "076674570225",
        "507241528517", "048591011584", "190560391635", "638102146993", "037604701340",
    }
)  # fmt: skip
"""Accounts of Elastic Load Balancing, which writes access logs with them (ELB guide, "Enable access logs")."""


class Deputy(Struct, frozen=True):
    """A statement by which a service may act on a resource for anybody's account."""

    view: PolicyView
    index: int
    service: str
    action: str


def deputies(access: Access) -> Iterator[Deputy]:
    """Statements of resource policies that let a service in for whichever account it works.

    The service's call for a stranger's account is evaluated: `aws:SourceAccount`, `aws:SourceArn`, `aws:SourceOrgID`
    and any other condition that such a call cannot meet keep it out.
    """
    for view in access.resource_policies():
        policy = view.bound("least")
        for statement in policy.statements if not view.doubt else ():
            for named in statement.principals or () if statement.allows else ():
                if isinstance(named, NamedPrincipal) and named.type is PrincipalType.SERVICE:
                    service = str.__str__(named.id) if isinstance(named.id, str) else ""
                    action = _for_strangers(access, view, policy, statement, service)
                    if action:
                        yield Deputy(view, statement.index, service, action)
                        break


def _for_strangers(access: Access, view: PolicyView, policy: Policy, statement: Statement, service: str) -> str:
    """An action that a service may call for a stranger, empty if there is none."""
    account = view.names.account(view.target or view.resource)
    rcps = _rcps(access, account)
    who = Caller(CallerKind.SERVICE, id=service)
    for action in _samples(statement):
        for arn in _resources(view, statement):
            if _OWN_FOLDER.search(arn):
                continue
            for source in _sources(policy, service):
                request = Request(who, action, (Target(arn, account),), {**_SOURCE, "aws:sourcearn": source})
                if evaluate(request, PolicySet(resource=(policy,), rcps=rcps)).outcome is Outcome.ALLOWED:
                    return action
    return ""


def _rcps(access: Access, account: str) -> Levels | None:
    levels, _ = access.control_levels(account, PolicyKind.RCP)
    return tuple(tuple(view.bound("most") for view in level.policies) for level in levels) or None


def _samples(statement: Statement) -> Iterator[str]:
    for each in statement.actions or ("s3:PutObject",):
        if isinstance(each, str):
            text = str.__str__(each)
            names = facts.actions_matching(text) if "*" in text or "?" in text else (text,)
            yield from islice((name for name in names if name.lower() not in _METADATA), 5)


def _resources(view: PolicyView, statement: Statement) -> Iterator[str]:
    named = [str.__str__(each) for each in statement.resources or () if isinstance(each, str)]
    for each in named or ["*"]:
        whole = view.names.arn(view.target) if view.target else "*"
        yield each.replace("*", "x").replace("?", "x") if each.strip("*") else whole


def _sources(policy: Policy, service: str) -> Iterator[str]:
    """ARNs of a stranger's resources, those first that the policy's patterns could take."""
    for statement in policy.statements:
        for condition in statement.conditions:
            if isinstance(condition, Condition) and condition.key == "aws:sourcearn":
                for value in condition.values:
                    parts = value.split(":", 5) if isinstance(value, str) else []
                    if len(parts) == 6:
                        parts[4] = _STRANGER if parts[4] in ("*", "") or "*" in parts[4] else parts[4]
                        if parts[4] == _STRANGER:
                            yield ":".join(part.replace("*", "x").replace("?", "x") for part in parts)
    yield f"arn:aws:{service.partition('.')[0]}:us-east-1:{_STRANGER}:stranger"


class Outsider(Struct, frozen=True):
    """A statement that lets somebody of another account in."""

    view: PolicyView
    index: int
    account: str
    sure: bool
    """Whether the account is certainly none of the design's."""
    whole: bool
    """Whether everybody of the account is let in."""


def outsiders(access: Access, *kinds: PolicyKind) -> Iterator[Outsider]:
    """Whom resource or trust policies let in from other accounts by their name alone.

    An external id, an organisation, MFA, or any other condition that the bearer of the name need not meet keeps them
    out here. Each statement and account is given once.
    """
    seen: set[tuple[str, int, str]] = set()
    for each in external_accounts(access):
        key = (each.view.title, each.index, each.account)
        if each.view.kind not in kinds or each.account in _LOAD_BALANCING or key in seen:
            continue
        whole = each.principal in (each.account, f"arn:aws:iam::{each.account}:root") or each.principal.endswith(
            ":root"
        )
        owners = _owners(each)
        if each.account not in owners and _lets_in(access, each, whole=whole):
            seen.add(key)
            yield Outsider(each.view, each.index, each.account, bool(owners) or each.certainty == "must", whole)


def _owners(each: External) -> set[str]:
    """The accounts of the resources which the statement is about, as far as their ARNs tell."""
    named = each.statement.resources or () if each.statement else ()
    return {account for r in named if isinstance(r, str) and (account := account_of(str.__str__(r))) is not None}


def _lets_in(access: Access, each: External, *, whole: bool) -> bool:
    view = each.view
    account = view.names.account(view.target or view.resource)
    arn = f"arn:aws:iam::{each.account}:role/stranger" if whole else each.principal
    kind = CallerKind.USER if ":user/" in arn else CallerKind.ROLE
    who = Caller(kind, arn, each.account)
    target = view.names.arn(view.target) if view.target else "*"
    context: dict[str, ContextValue] = {"aws:securetransport": "true"}
    policies = PolicySet(identity=(_ALL,), resource=(view.bound("most"),), rcps=_rcps(access, account))
    for action in _samples(each.statement) if each.statement else ():
        for resource in [target] if view.kind is PolicyKind.TRUST else _resources(view, each.statement):  # type: ignore[arg-type]  # there is one
            request = Request(who, action, (Target(resource, account),), context)
            if evaluate(request, policies).outcome is Outcome.ALLOWED:
                return True
    return False


def open_without_tls(access: Access, view: PolicyView) -> bool:
    """Whether some request for an object of a bucket that is not encrypted is not denied by the bucket's policies.

    Raises `Unknown` where it depends on what is not known.
    """
    views = [v for v in access.resource_policies() if view.target is not None and v.target is view.target] or [view]
    arn = view.names.arn(view.target) if view.target else next(_bucket(view), "arn:aws:s3:::bucket")
    if not _some_plain(views, "most", arn):
        return False
    if any(v.bounds.doubts for v in views) and not _some_plain(views, "least", arn):
        raise Unknown(next(doubt for v in views for doubt in v.doubts))
    return True


def _some_plain(views: Sequence[PolicyView], side: Side, arn: str) -> bool:
    denies = [s for v in views for s in v.bound(side).statements if s.denies]
    everybody = (NamedPrincipal(PrincipalType.AWS, "*"),)
    rest = Statement(0, "", "Allow", ("*",), resources=("*",), principals=everybody)
    space = space_of(Policy(PolicyKind.RESOURCE, "", (rest, *denies), views[0].bounds.version))
    plain: dict[str, ContextValue] = {"aws:securetransport": "false"}
    return any(
        restrict(space, action=action, resource=f"{arn}/x", context=plain).empty() is not True
        for action in ("s3:GetObject", "s3:PutObject")
    )


def _bucket(view: PolicyView) -> Iterator[str]:
    for statement in view.bound("most").statements:
        for each in statement.resources or ():
            if isinstance(each, str) and each.startswith("arn:") and ":s3:::" in each:
                yield each.split("/")[0].replace("*", "x")
