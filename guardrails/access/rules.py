"""What AWS refuses in a policy, and what it takes but cannot be meant, beyond the shape of the document.

Sources: IAM User Guide, "Grammar of the IAM JSON policy language" and the pages of each element; Organizations User
Guide, "RCP syntax".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from guardrails.access.conditions import Condition, Test, Text
from guardrails.access.policy import NamedPrincipal, PolicyKind, PrincipalType, Statement
from guardrails.access.values import parse_date, parse_ip, parse_number
from guardrails.model import Path, Symbolic, UnknownValue, Value


class Report(Protocol):
    """Takes a problem: its code, its message and the path to it."""

    def __call__(self, code: str, message: str, *path: str | int, rejected: bool = True) -> None:
        """Note it."""
        ...


def check_sids(kind: PolicyKind, statements: Sequence[Statement], report: Report) -> None:
    """Sids are unique, and those of identity policies plain."""
    seen: dict[str, int] = {}
    for statement in statements:
        sid = statement.sid
        if not sid or isinstance(sid, Symbolic):
            continue
        at = ("Statement", statement.index, "Sid")
        if sid in seen:
            first = seen[sid] + 1
            report("duplicate-sid", f'the Sid "{sid}" is that of statement {first} already', *at)
        seen.setdefault(sid, statement.index)
        if not kind.names_principals and not re.fullmatch("[A-Za-z0-9]*", sid):
            report("bad-sid", f'the Sid "{sid}" has other characters than A-Z, a-z and 0-9', *at)


def check_elements(kind: PolicyKind, statement: Statement, raw: Mapping[str, Value], at: Path, report: Report) -> None:
    """The elements that a statement of a kind of policy must and may have."""
    for yes, no in (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")):
        if yes in raw and no in raw:
            report("conflicting-elements", f'"{yes}" and "{no}" exclude each other', *at, no)
    if statement.actions is None and statement.not_actions is None and not _has(raw, "Action", "NotAction"):
        report("missing-element", 'the statement has neither "Action" nor "NotAction"', *at)
    has_resource = _has(raw, "Resource", "NotResource")
    if kind is PolicyKind.TRUST:
        if has_resource:
            named = "Resource" if "Resource" in raw else "NotResource"
            report("element-not-allowed", f'a trust policy has no "{named}": it is the role\'s own', *at, named)
    elif not has_resource and kind is not PolicyKind.RESOURCE:
        report("missing-element", 'the statement has neither "Resource" nor "NotResource"', *at)
    has_principal = _has(raw, "Principal", "NotPrincipal")
    if kind.names_principals:
        if not has_principal:
            report("missing-element", 'the statement has no "Principal"', *at)
    elif has_principal:
        named = "Principal" if "Principal" in raw else "NotPrincipal"
        text = f'"{named}" is for resource and trust policies: this is {_article(kind)} policy'
        report("element-not-allowed", text, *at, named)
    if kind is PolicyKind.TRUST and "NotPrincipal" in raw:
        report("element-not-allowed", 'a trust policy takes no "NotPrincipal"', *at, "NotPrincipal")
    if kind is PolicyKind.RCP:
        _check_control_policy(statement, raw, at, report)


def _check_control_policy(statement: Statement, raw: Mapping[str, Value], at: Path, report: Report) -> None:
    """What a resource control policy may say (Organizations User Guide, "RCP syntax")."""
    everything = statement.actions == ("*",) and statement.resources == ("*",) and not statement.conditions
    if statement.effect == "Allow" and not everything:  # AWS's own RCPFullAWSAccess
        report("bad-effect", 'a resource control policy can only have "Deny"', *at, "Effect")
    for named in ("NotPrincipal", "NotAction"):
        if named in raw:
            report("element-not-allowed", f'a resource control policy takes no "{named}"', *at, named)
    for principal in statement.principals or ():
        if isinstance(principal, NamedPrincipal) and not principal.everyone and isinstance(principal.id, str):
            report("bad-principal", 'the "Principal" of a resource control policy is "*"', *at, "Principal")


def _has(raw: Mapping[str, Value], *names: str) -> bool:
    return any(name in raw for name in names)


def _article(kind: PolicyKind) -> str:
    return ("an " if kind.value[0] in "aeiou" else "a ") + kind.value


_AWS_PRINCIPAL = re.compile(r"\d{12}|arn:[a-z-]+:(iam|sts)::[^:]*:.+|A[A-Z]{3}[A-Z0-9]{12,}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.[a-z0-9.-]+")


def check_principal(kind: PrincipalType, name: Text, at: Path, report: Report) -> None:
    """A name of a principal element."""
    if isinstance(name, UnknownValue | Symbolic) or name == "*":
        return
    if "*" in name or ("?" in name and kind is not PrincipalType.FEDERATED):
        text = f'a principal takes no wildcard within a name: "{name}"'
        report("bad-principal", text, *at)
    elif kind is PrincipalType.AWS and not _AWS_PRINCIPAL.fullmatch(name):
        report("bad-principal", f'"{name}" is no ARN, account id or unique id', *at)
    elif kind is PrincipalType.SERVICE and not _SERVICE.fullmatch(name):
        report("bad-principal", f'"{name}" is no service such as lambda.amazonaws.com', *at)


def check_condition(condition: Condition, at: Path, report: Report, *, variables: bool) -> None:
    """The values of a condition."""
    operator = condition.operator
    if not condition.values:
        report("empty-condition", f'"{condition.name}" has no values: it never matches', *at, rejected=False)
    for value in condition.values:
        if isinstance(value, UnknownValue | Symbolic):
            continue
        if "${" in value and variables and not operator.test.takes_variables:
            text = f'"{operator.name}" takes no policy variable'
            report("bad-value", text, *at, rejected=False)
        elif not _fits(operator.test, str.__str__(value)):
            text = f'"{value}" is no value for {operator.name}'
            report("bad-value", text, *at, rejected=operator.test.family in ("Ip", "Null"))


def _fits(test: Test, value: str) -> bool:
    match test.family:
        case "Numeric":
            return parse_number(value) is not None
        case "Date":
            return parse_date(value) is not None
        case "Ip":
            return parse_ip(value) is not None
        case "Bool" | "Null":
            return value.lower() in ("true", "false")
        case _:
            return True


def check_actions(statement: Statement, at: Path, report: Report) -> None:
    """The entries of its action elements."""
    for name, actions in (("Action", statement.actions), ("NotAction", statement.not_actions)):
        for index, action in enumerate(actions or ()):
            if isinstance(action, UnknownValue | Symbolic) or action == "*":
                continue
            where = (*at, name, index)
            if action != action.strip() or "," in action:
                text = f'"{action}" never matches: an action has no comma and no space'
                report("bad-action", text, *where, rejected=False)
            elif action.strip("*") and ":" not in action:
                text = f'"{action}" is no action: write service:Name'
                report("bad-action", text, *where)


def check_resources(statement: Statement, at: Path, report: Report) -> None:
    """The entries of its resource elements."""
    for name, resources in (("Resource", statement.resources), ("NotResource", statement.not_resources)):
        for index, resource in enumerate(resources or ()):
            if isinstance(resource, UnknownValue | Symbolic) or not resource.strip("*"):
                continue
            where = (*at, name, index)
            parts = resource.split(":")
            if parts[0] != "arn" and not (parts[0] and _may_be_arn(parts[0])):
                text = f'"{resource}" is no ARN and not "*"'
                report("bad-resource", text, *where)
            elif len(parts) > 2 and ("*" in parts[2] or "?" in parts[2]) and parts[2] != "*":
                text = f'"{resource}": the service of an ARN takes no wildcard'
                report("bad-resource", text, *where)


def _may_be_arn(first: str) -> bool:
    """Whether a first segment with wildcards can stand for `arn`."""
    return bool(re.fullmatch(".*".join(re.escape(p).replace(r"\?", ".") for p in first.split("*")), "arn"))
