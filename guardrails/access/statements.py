"""What single statements of a document come to: nothing, or more than they seem to say.

Sources: IAM User Guide, "Actions, resources, and condition keys", "Single-valued vs. multivalued context keys" and
"Available global condition keys".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from msgspec import Struct

from guardrails.access import facts
from guardrails.access.conditions import Condition, Quantifier, Test
from guardrails.access.context import Context, Unresolved
from guardrails.access.documents import Part
from guardrails.access.names import arns_meet
from guardrails.access.policy import Policy, PolicyKind, Statement
from guardrails.access.symbolic import space_of
from guardrails.access.view import PolicyView

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_CHOSEN_TAGS = ("aws:tagkeys", "aws:requesttag/")
_MFA = "aws:multifactorauthpresent"


class Fault(Struct, frozen=True):
    """Something about one statement."""

    index: int
    denies: bool
    message: str


def unknown_actions(view: PolicyView) -> Iterator[Fault]:
    """Actions that stand for nothing that the data has."""
    for part in view.bounds.most:
        for name in ("Action", "NotAction"):
            for pattern in _texts(part, name):
                if pattern.strip("*:") and ":" in pattern and _plain(pattern) and not facts.actions_matching(pattern):
                    yield Fault(part.index, part.data.get("Effect") == "Deny", _unknown(pattern))


def _plain(text: str) -> bool:
    return text.isascii() and "$" not in text and "," not in text and " " not in text


def _unknown(pattern: str) -> str:
    prefix, _, name = pattern.partition(":")
    known = facts.service(prefix)
    if known is None:
        near = difflib.get_close_matches(prefix.lower(), facts.prefixes(), n=1, cutoff=0.7)
        hint = f"; {near[0]}:{name} is meant?" if near else ""
        return f"the service {facts.unknown(f'`{prefix}`')}{hint}"
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in known.actions], n=1, cutoff=0.7)
    proper = known.action(near[0]) if near else None
    hint = f"; {proper.name} is meant?" if proper else ""
    return f"{facts.unknown(f'`{pattern}`')}{hint}"


def mismatched(view: PolicyView) -> Iterator[Fault]:
    """Actions that are about none of the resources that their statement names."""
    if view.kind not in (PolicyKind.IDENTITY, PolicyKind.MANAGED, PolicyKind.SCP):
        return
    for part in view.bounds.most:
        resources = [_VARIABLE.sub("*", each) for each in _texts(part, "Resource")]
        if not resources or any(not each.strip("*") or each.count(":") < 5 for each in resources):
            continue
        lost = [each for each in _texts(part, "Action") if each.strip("*:") and _about_none(each, resources)]
        if lost:
            kinds = _kinds(lost[0])
            yield Fault(
                part.index,
                part.data.get("Effect") == "Deny",
                f"{', '.join(f'`{each}`' for each in lost[:3])}{' and more' if len(lost) > 3 else ''} "
                f"{'is' if len(lost) == 1 else 'are'} about none of its resources, but about {kinds}",
            )


def _about_none(pattern: str, resources: list[str]) -> bool:
    names = facts.actions_matching(pattern)
    return bool(names) and not any(_about(name, resources) for name in names)


def _about(name: str, resources: list[str]) -> bool:
    known = facts.action(name)
    if known is None:
        return True
    if known.wildcard_only:
        return known.name == "s3:ListAllMyBuckets" and "arn:aws:s3:::*" in resources
    for target in known.targets:
        for each in resources:
            if known.name.startswith("s3:") and target.type.name == "bucket" and "/" in each.split(":", 5)[5]:
                continue  # a bucket's name has no slash
            if arns_meet(target.type.glob, each):
                return True
    return False


def _kinds(pattern: str) -> str:
    known = facts.action(facts.actions_matching(pattern)[0])
    if known is None or known.wildcard_only:
        return '`"*"` alone'
    return " or ".join(dict.fromkeys(f"`{target.type.arn}`" for target in known.targets[:2]))


def never_true(view: PolicyView) -> Iterator[Fault]:
    """Statements whose conditions no request can meet."""
    policy = view.bound("most")
    for statement in policy.statements:
        conditions = [each for each in statement.conditions if isinstance(each, Condition)]
        for each in conditions:
            if why := _absent(each, statement):
                yield Fault(statement.index, statement.denies, why)
                break
        else:
            keys = [each.key for each in conditions]
            if len(set(keys)) < len(keys) and _contradict(policy, statement):
                twice = next(each.name for each in conditions if keys.count(each.key) > 1)
                yield Fault(statement.index, statement.denies, f"its conditions on `{twice}` exclude each other")


def _contradict(policy: Policy, statement: Statement) -> bool:
    allowing = Statement(
        statement.index, "", "Allow", ("*",), resources=("*",), conditions=statement.conditions
    )  # the conditions alone
    alone = Policy(PolicyKind.IDENTITY, policy.name, (allowing,), policy.version)
    return space_of(alone).empty() is True


def _absent(condition: Condition, statement: Statement) -> str:
    """Why a condition is never met: none of the statement's actions carries its key."""
    operator = condition.operator
    if operator.negated or operator.if_exists or operator.test is Test.NULL or operator.quantifier is Quantifier.ALL:
        return ""
    names = [n for each in statement.actions or () if isinstance(each, str) for n in facts.actions_matching(str(each))]
    actions = [known for name in names if (known := facts.action(name)) is not None]
    if not actions or any(not str(each).strip("*:") for each in statement.actions or ()):
        return ""
    if condition.key.startswith("aws:resourcetag/"):
        if all(action.wildcard_only for action in actions):
            return f"`{condition.name}` is a tag of a resource, and its actions take none"
        return ""
    if facts.is_global_key(condition.key) or facts.condition_key(condition.key) is None or ":" not in condition.key:
        return ""
    if condition.key.partition(":")[0] not in {name.partition(":")[0] for name in names}:
        return ""  # keys that other services fill in (`kms:ViaService` of a call by way of another service)
    if any(_carries(key, condition.key) for action in actions for key in action.all_keys):
        return ""
    return f"`{condition.name}` is no key of {', '.join(action.name for action in actions[:2])}"


def _carries(key: str, wanted: str) -> bool:
    key = key.lower()
    return key == wanted or ("$" in key and facts.glob(_VARIABLE.sub("*", key))(wanted))


def holes(view: PolicyView) -> Iterator[Fault]:
    """Allow statements with ForAllValues on a key that a request need not carry: those without it are let in."""
    policy = view.bound("most")
    for statement in policy.statements:
        for each in statement.conditions if statement.allows else ():
            if isinstance(each, Condition) and _hole(policy, statement, each):
                yield Fault(
                    statement.index,
                    False,
                    f"`{each.operator.name}` on `{each.name}` is true for every request without that key",
                )
                break


def _hole(policy: Policy, statement: Statement, condition: Condition) -> bool:
    if condition.operator.quantifier is not Quantifier.ALL or condition.operator.test is Test.NULL:
        return False
    if condition.key.startswith(_CHOSEN_TAGS):
        return False  # a request without tags sets none
    if not facts.is_global_key(condition.key):
        names = [n for e in statement.actions or () if isinstance(e, str) for n in facts.actions_matching(str(e))]
        known = [action for name in names if (action := facts.action(name)) is not None]
        carried = [any(_carries(key, condition.key) for key in action.all_keys) for action in known]
        if known and all(carried):
            return False  # every request of it carries the key
    return _without(policy, statement, {condition.key: None})


def _without(policy: Policy, statement: Statement, known: dict[str, str | None]) -> bool:
    """Whether the conditions of a statement on some keys are met by these values."""
    context = Context(known)
    for each in statement.conditions:
        if isinstance(each, Condition) and each.key in known:
            try:
                if context.holds(each, variables=policy.variables) is not True:
                    return False
            except Unresolved:
                return False
    return True


def mfa_holes(view: PolicyView) -> Iterator[Fault]:
    """Statements that mean to demand MFA and do not ask for it where the key is absent: of long-term access keys."""
    policy = view.bound("most")
    for statement in policy.statements:
        if not any(isinstance(each, Condition) and each.key == _MFA for each in statement.conditions):
            continue
        with_, without, absent = (_without(policy, statement, {_MFA: value}) for value in ("true", "false", None))
        if statement.denies and without and not with_ and not absent:
            yield Fault(
                statement.index, True, "it denies sessions without MFA, but no request that an access key signs"
            )
        elif statement.allows and with_ and not without and absent:
            yield Fault(statement.index, False, "it allows every request that an access key signs, without MFA")


def _texts(part: Part, name: str) -> list[str]:
    value = part.data.get(name)
    items = value if isinstance(value, list) else [value]
    return [each for each in items if isinstance(each, str)]
