"""What S3 calls a public policy, and when it is one.

Source: S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of public".
"""

from __future__ import annotations

import ipaddress

from guardrails.access.conditions import Condition, Quantifier, Test, Text
from guardrails.access.policy import NamedPrincipal, Policy, PolicyKind, PrincipalType, Statement
from guardrails.access.truth import Doubt, Truth, all_of, any_of
from guardrails.access.values import parse_ip
from guardrails.model import Symbolic, UnknownValue

_FIXED = frozenset(
    {
        "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount",
        "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointaccount",
        "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn",
        "aws:principalservicename", "aws:sourceorgid", "aws:sourceorgpaths",
    }
)  # fmt: skip
"""Keys that make a policy non-public by a value without a wildcard and without a variable. Those of the principal are
the page's "an AWS principal, user, role, or service principal (e.g. aws:PrincipalOrgID)"."""
_EQUALS = (Test.STRING_EQUALS, Test.STRING_EQUALS_IGNORE_CASE, Test.STRING_LIKE, Test.ARN_LIKE)
_PRIVATE = tuple(ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def is_public(policy: Policy) -> Truth:
    """Whether a bucket policy is public in S3's sense: it grants to others than fixed principals, networks or keys."""
    return any_of(public_statement(policy, statement) for statement in policy.statements)


def public_statement(policy: Policy, statement: Statement) -> Truth:
    """Whether one statement makes its policy public."""
    if statement.denies:
        return False
    open_to: Truth
    if statement.not_principals is not None:
        open_to = True
    elif statement.principals is not None:
        open_to = any_of(_open(each) for each in statement.principals)
    else:
        open_to = Doubt((statement.effect.reason,)) if isinstance(statement.effect, UnknownValue) else False
    if open_to is False:
        return False
    return all_of((open_to, *(_keeps_open(policy, each) for each in statement.conditions)))


def _open(principal: NamedPrincipal | UnknownValue) -> Truth:
    if isinstance(principal, UnknownValue):
        return Doubt((principal.reason,))
    if isinstance(principal.id, UnknownValue):
        return Doubt((principal.id.reason,))
    if principal.type is PrincipalType.FEDERATED:
        return True  # the page's first example of a public policy
    return principal.everyone


def _keeps_open(policy: Policy, condition: Condition | UnknownValue) -> Truth:
    """Whether a condition leaves a public statement public."""
    if isinstance(condition, UnknownValue):
        return Doubt((condition.reason,))
    operator = condition.operator
    if operator.negated or operator.if_exists or operator.quantifier is Quantifier.ALL or not condition.values:
        return True
    key = condition.key
    if key == "aws:sourceip":
        return operator.test is not Test.IP_ADDRESS or any_of(_broad(each) for each in condition.values)
    if operator.test not in _EQUALS:
        return True
    wild = operator.test in (Test.STRING_LIKE, Test.ARN_LIKE)
    if key == "s3:dataaccesspointarn":
        return any_of(_loose_access_point(policy, each, wild=wild) for each in condition.values)
    if key == "aws:userid":
        return any_of(_loose_user(policy, each, wild=wild) for each in condition.values)
    if key not in _FIXED:
        return True
    return any_of(_loose(policy, each, wild=wild) for each in condition.values)


def _loose(policy: Policy, value: Text, *, wild: bool) -> Truth:
    if isinstance(value, UnknownValue):
        return Doubt((value.reason,))
    parts = value.parts if isinstance(value, Symbolic) else (value,)
    plain = "".join(part for part in parts if isinstance(part, str))
    unknown = [part.reason for part in parts if isinstance(part, UnknownValue)]
    if (wild and ("*" in plain or "?" in plain)) or (policy.variables and "${" in plain):
        return True
    return Doubt(tuple(unknown)) if unknown else False


def _loose_access_point(policy: Policy, value: Text, *, wild: bool) -> Truth:
    loose = _loose(policy, value, wild=wild)
    if loose is True and isinstance(value, str) and policy.kind is not PolicyKind.ENDPOINT:
        parts = value.split(":", 5)
        return not (len(parts) == 6 and parts[4].isdigit())
    return loose


def _loose_user(policy: Policy, value: Text, *, wild: bool) -> Truth:
    """`AROA...:*` is any session of one role: the page counts it as public."""
    return _loose(policy, value, wild=wild)


def _broad(value: Text) -> Truth:
    if isinstance(value, UnknownValue):
        return Doubt((value.reason,))
    block = parse_ip(value)
    if block is None:
        return Doubt((value.reason,)) if isinstance(value, Symbolic) else False
    version, first, last = block
    if version == 6:
        return last - first + 1 > 2**96
    inside = any(int(n.network_address) <= first and last <= int(n.broadcast_address) for n in _PRIVATE)
    return not inside and last - first + 1 > 2**24
