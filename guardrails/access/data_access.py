"""Who can read the data of one resource, by its own permissions or by the resource's policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from guardrails.access import facts
from guardrails.access.facts import Level
from guardrails.access.lens import Access
from guardrails.access.names import account_of
from guardrails.access.permissions import Permissions, Rule, holds
from guardrails.access.principals import Principal
from guardrails.access.trust import names_principal
from guardrails.access.view import PolicyView

# What reads the data itself, by the service of the ARN: (action, the ARN's tail below the resource).
_READS = {
    "s3": (("s3:getobject", "/*"),),
    "dynamodb": (("dynamodb:getitem", ""), ("dynamodb:query", ""), ("dynamodb:scan", "")),
    "secretsmanager": (("secretsmanager:getsecretvalue", ""),),
    "ssm": (("ssm:getparameter", ""), ("ssm:getparameters", ""), ("ssm:getparametersbypath", "")),
    "sqs": (("sqs:receivemessage", ""),),
    "kms": (("kms:decrypt", ""),),
    "kinesis": (("kinesis:getrecords", ""),),
    "ecr": (("ecr:batchgetimage", ""),),
    "logs": (("logs:getlogevents", ":*"), ("logs:filterlogevents", ":*"), ("logs:startquery", ":*")),
    "lambda": (("lambda:getfunction", ""),),
    "elasticfilesystem": (("elasticfilesystem:clientmount", ""),),
}


class Reading(Struct, frozen=True):
    """A statement that lets somebody read."""

    view: PolicyView
    index: int
    permission: str


class Data:
    """The data of a resource."""

    def __init__(
        self, name: str, arn: str, account: str, reads: Sequence[tuple[str, str]], views: Sequence[PolicyView]
    ) -> None:
        self.name = name
        self.arn = arn
        self.account = account
        self.reads = tuple((action, f"{arn}{tail}") for action, tail in reads)
        self.views = tuple(views)
        """The policies of the resource itself."""
        self.actions = frozenset(action for action, _ in self.reads)
        self._rules: dict[str, list[tuple[PolicyView, Rule]]] = {}

    def readable(self, permissions: Permissions) -> str:
        """The action by which somebody with these permissions reads some of it, empty if none does."""
        same = permissions.principal.account == self.account or not self.account
        for action, glob in self.reads:
            rules = self._of(permissions.side)
            if any(rule.deny and action in rule.actions and self._holds(rule, permissions) for _, rule in rules):
                continue
            direct, account = False, False
            for _, rule in rules:
                if not rule.deny and action in rule.actions and self._holds(rule, permissions):
                    how = names_principal(rule.part.data.get("Principal"), permissions.principal)
                    direct |= how == "direct"
                    account |= how == "account"
            own = permissions.may(action) and permissions.some(glob, action)
            if self.arn.split(":")[2] == "kms":
                own = own and (account or direct)
            if own and (same or direct or account):
                return action
            if direct and same and permissions.limits_let(glob, action):
                return action
        return ""

    def _of(self, side: str) -> list[tuple[PolicyView, Rule]]:
        if side not in self._rules:
            self._rules[side] = [
                (view, Rule(part, view.bounds.version, self.actions))
                for view in self.views
                for part in (view.bounds.least if side == "least" else view.bounds.most)
            ]
        return self._rules[side]

    def _holds(self, rule: Rule, permissions: Permissions) -> bool:
        data = rule.part.data
        if rule.deny:
            if "NotPrincipal" in data:
                if names_principal(data["NotPrincipal"], permissions.principal) == "direct":
                    return False
            elif not names_principal(data.get("Principal"), permissions.principal):
                return False
        return holds(rule, {**permissions.keys, "aws:resourceaccount": self.account}, permissions.side)

    def readings(self, permissions: Permissions, principal: Principal) -> Iterator[Reading]:
        """The statements by which somebody reads it."""
        action = self.readable(permissions)
        found = facts.action(action)
        name = found.name if found else action
        if not permissions.everything:
            for rule in permissions.rules(action):
                for view in principal.policies():
                    if any(part is rule.part for part in (*view.bounds.least, *view.bounds.most)):
                        yield Reading(view, rule.part.index, name)
                        break
        for view, rule in self._of(permissions.side):
            if not rule.deny and action in rule.actions and names_principal(rule.part.data.get("Principal"), principal):
                yield Reading(view, rule.part.index, name)


def data_of(access: Access, to: str) -> Data:
    """The data of a resource, by address or ARN. Raises `LookupError` if it is not in view or holds no data."""
    for names in access.names:
        resource = names.model.at(to) if not to.startswith("arn:") else None
        if resource is None and to.startswith("arn:"):
            for type_ in list(names.model.types()):
                for candidate in names.model.all(type_):
                    if candidate.mode == "managed" and names.arn(candidate) == to:
                        resource = candidate
                        break
        if resource is not None:
            arn = names.arn(resource)
            views = [
                view
                for policies in access.policies_of_resources()
                for view in policies.views
                if view.target is resource and view.kind.value == "resource"
            ]
            return Data(to, arn, names.account(resource), _reads(arn), views)
    if re.fullmatch(r"arn:[a-z-]+:[a-z0-9-]+:.*", to):
        return Data(to, to, account_of(to) or "", _reads(to), ())
    raise LookupError(f"{to} is not in view")


def _reads(arn: str) -> Sequence[tuple[str, str]]:
    parts = arn.split(":")
    service = parts[2] if len(parts) > 2 else ""
    if service in _READS:
        return _READS[service]
    known = facts.service(service)
    if known is None:
        raise LookupError(f"it is not known which actions read {arn}")
    found = []
    for name in known.actions:
        action = known.action(name)
        if action and action.level is Level.READ and any(facts.glob(t.type.glob)(arn) for t in action.targets):
            found.append((action.name.lower(), ""))
    if not found:
        raise LookupError(f"it is not known which actions read {arn}")
    return found
