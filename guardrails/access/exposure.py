"""Who is let in from outside: everybody, and other accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from guardrails.access import facts
from guardrails.access.documents import Side
from guardrails.access.evaluation import Outcome, PolicySet, evaluate
from guardrails.access.lens import Access
from guardrails.access.names import Names, account_of
from guardrails.access.policy import NamedPrincipal, PolicyKind, PrincipalType, Statement
from guardrails.access.public import public_statement
from guardrails.access.request import Caller, CallerKind, Request, Target
from guardrails.access.view import PolicyView
from guardrails.model import Resource


class Exposure(Struct, frozen=True):
    """A statement that lets everybody in."""

    view: PolicyView
    index: int
    actions: tuple[str, ...]
    certainty: Literal["must", "may"]
    reason: str = ""
    """For `may`: what is not known."""

    @property
    def target(self) -> Resource:
        """What is exposed: the protected resource where it is in view, else the policy's."""
        return self.view.target or self.view.resource


class External(Struct, frozen=True):
    """A statement that lets another account in."""

    view: PolicyView
    index: int
    principal: str
    """As the document names it, as text with marks."""
    account: str
    certainty: Literal["must", "may"]
    """`may` where the design's own account is not known, or the statement is not certain."""
    statement: Statement | None = None


def public(access: Access) -> Iterator[Exposure]:
    """Every statement of a resource or trust policy by which everybody is let in, and nothing keeps them out."""
    for names, policies in zip(access.names, access.policies_of_resources(), strict=True):
        for view in policies.views:
            if view.kind is PolicyKind.RESOURCE:
                yield from _public(access, names, view)
    for view in access.trust_policies():
        yield from _public(access, view.names, view)


def _public(access: Access, names: Names, view: PolicyView) -> Iterator[Exposure]:
    sure = {s.index for s in view.bound("least").statements if _open(view, "least", s)}
    for statement in view.bound("most").statements:
        if not _open(view, "most", statement):
            continue
        block = _blocked(access, view)
        if block is True:
            continue
        kept = _kept_out(access, names, view, statement)
        if kept is Outcome.DENIED:
            continue
        certain = statement.index in sure and block is False and kept is Outcome.ALLOWED and not view.doubt
        reason = "" if certain else _why(access, view, block) or "a condition or a Deny may keep them out"
        yield Exposure(view, statement.index, _actions(statement), "must" if certain else "may", reason)


def _open(view: PolicyView, side: Side, statement: Statement) -> bool:
    if view.kind is PolicyKind.TRUST:
        # A provider's users are not everybody, whatever their claims: what they must be is for checks of their own.
        named = statement.principals or ()
        statement = replace(
            statement, principals=tuple(p for p in named if isinstance(p, NamedPrincipal) and p.everyone)
        )
        if not statement.principals:
            return False
    return statement.allows and public_statement(view.bound(side), statement) is True


def _actions(statement: Statement) -> tuple[str, ...]:
    if statement.actions is not None:
        return tuple(a for a in statement.actions if isinstance(a, str))
    return ("*",)


def _blocked(access: Access, view: PolicyView) -> bool | None:
    """Whether a public access block keeps a bucket's policy or ACL from opening it."""
    if view.target is None or view.target.type != "aws_s3_bucket":
        return False
    policies = next(p for p in access.policies_of_resources() if p.model is view.target.model)
    guard = policies.guard(view.target)
    if view.path[:1] == ("acl",) or "grant" in view.path or "access_control_policy" in view.path:
        return guard.ignore_acls
    if guard.block_policy is True:
        return True  # AWS refuses to put the policy
    return guard.restrict_buckets


def _why(access: Access, view: PolicyView, block: bool | None) -> str:
    if block is None and view.target is not None:
        policies = next(p for p in access.policies_of_resources() if p.model is view.target.model)
        return policies.guard(view.target).reason
    return "; ".join(view.doubts)


_ENCRYPTED = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}
"""What every tool does by itself, so that a Deny of the opposite keeps nobody out."""


def _kept_out(access: Access, names: Names, view: PolicyView, statement: Statement) -> Outcome:
    """Whether a Deny of the same policy keeps everybody out whom a statement lets in."""
    policy = view.bound("most")
    if not any(other.denies for other in policy.statements):
        return Outcome.ALLOWED
    worst = Outcome.DENIED
    target = names.arn(view.target) if view.target else "*"
    named = [r for r in statement.resources or () if isinstance(r, str)] or [target]
    for action in _actions(statement)[:20]:
        for resource in named[:20]:
            sample = _sample(action), resource.replace("*", "x") if resource != "*" else target
            if view.kind is PolicyKind.TRUST:
                sample = sample[0], target
            request = Request(Caller(CallerKind.ANONYMOUS), sample[0], (Target(sample[1]),), _ENCRYPTED, open=True)
            outcome = evaluate(request, PolicySet(resource=(policy,))).outcome
            if outcome is Outcome.ALLOWED:
                return outcome
            if outcome is Outcome.UNDECIDED:
                worst = outcome
    return worst


def _sample(pattern: str) -> str:
    if "*" not in pattern and "?" not in pattern:
        return pattern
    if pattern.strip("*:") == "":
        return "s3:GetObject"
    known = facts.actions_matching(pattern)
    return known[0] if known else pattern.replace("*", "x").replace("?", "x")


def external_accounts(access: Access) -> Iterator[External]:
    """Every statement of a resource or trust policy that lets in an account that is not of the design."""
    views = [*access.resource_policies(), *access.trust_policies()]
    for view in views:
        sure = {s.index for s in view.bound("least").statements}
        for statement in view.bound("most").statements:
            for named in statement.principals or () if statement.allows else ():
                if not isinstance(named, NamedPrincipal) or named.type is not PrincipalType.AWS or named.everyone:
                    continue
                text = str.__str__(named.id) if isinstance(named.id, str) else ""
                account = text if re.fullmatch(r"\d{12}", text) else account_of(text)
                if account is None or access.is_own_account(account) is True:
                    continue
                certain = access.is_own_account(account) is False and statement.index in sure and not view.doubt
                yield External(view, statement.index, text, account, "must" if certain else "may", statement)
