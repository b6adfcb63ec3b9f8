"""Whom roles trust, for all roles at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from guardrails.access.documents import Part, Side
from guardrails.access.names import is_stand_in, may_match
from guardrails.access.permissions import Circumstances, Permissions, Rule, caller_keys, holds
from guardrails.access.principals import Principal
from guardrails.access.request import ContextValue
from guardrails.access.targets import Space, bits
from guardrails.access.view import PolicyView
from guardrails.model import Value

ASSUME = "sts:assumerole"
_FEDERATED = ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
_KNOWN = frozenset({ASSUME, *_FEDERATED})
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:iam::)?(\d{12})(?::root)?")
_SESSION = re.compile(r"arn:[a-z-]+:sts::(\d{12}):assumed-role/([^/]+)/.+")
_REGIONAL = re.compile(r"\.[a-z]{2}(-[a-z]+)+-\d\.")


class _Trusting(Struct):
    """The roles that trust somebody under one condition."""

    rule: Rule
    roles: int


class Trust:
    """Whom each role lets in, on one side of every doubt."""

    def __init__(self, principals: Sequence[Principal], side: Side) -> None:
        """`principals` in the order of the space whose bits are used."""
        self.principals = principals
        self.side: Side = side
        self._services: dict[str, int] = {}
        self._federated: dict[str, int] = {}
        self._providers: dict[str, int] = {}
        self._everyone: dict[str, _Trusting] = {}
        self._by_arn: dict[str, dict[str, _Trusting]] = {}
        self._by_account: dict[str, dict[str, _Trusting]] = {}
        self._denies: list[tuple[int, Rule]] = []
        self._held: dict[int, bool] = {}
        for place, principal in enumerate(principals):
            if principal.kind == "role" and principal.trust is not None and not principal.outside:
                bounds = principal.trust.bounds
                for part in bounds.least if side == "least" else bounds.most:
                    if not part.loose:
                        self._read(place, principal, Rule(part, bounds.version, _KNOWN))
                    elif part.named:
                        self._read_named(place, Rule(part, bounds.version, _KNOWN))

    def _read(self, place: int, role: Principal, rule: Rule) -> None:
        if not rule.actions:
            return
        if rule.deny:
            if ASSUME in rule.actions:
                self._denies.append((place, rule))
            return
        who = rule.part.data.get("Principal")
        if who == "*":
            who = {"AWS": "*"}
        if not isinstance(who, dict):
            return
        one = 1 << place
        if ASSUME in rule.actions:
            for service in _texts(who.get("Service")):
                if self._for_service(rule, role):
                    name = _REGIONAL.sub(".", service.lower())
                    self._services[name] = self._services.get(name, 0) | one
            for name in _texts(who.get("AWS")):
                self._let(name, rule, one)
        if rule.actions & set(_FEDERATED):
            for provider in _texts(who.get("Federated")):
                self._federated[provider] = self._federated.get(provider, 0) | one

    def _read_named(self, place: int, rule: Rule) -> None:
        """Principals whose account or name is known in part: those in view that fit may be meant."""
        if rule.deny:
            return
        for pattern in rule.part.named:
            if "-provider/" in pattern:
                if rule.actions & set(_FEDERATED):
                    self._providers[pattern] = self._providers.get(pattern, 0) | 1 << place
                continue
            for principal in self.principals if ASSUME in rule.actions else ():
                if pattern.endswith(":root"):
                    self._let(principal.account, rule, 1 << place)
                elif may_match(pattern, principal.arn):
                    self._let(principal.arn, rule, 1 << place)

    def _for_service(self, rule: Rule, role: Principal) -> bool:
        known: dict[str, ContextValue] = {
            "aws:sourceaccount": role.account,
            "aws:principalisawsservice": "true",
            "aws:principalarn": None,
            "aws:principalaccount": None,
            "aws:resourceaccount": role.account,
        }
        return holds(rule, known, self.side)

    def _let(self, name: str, rule: Rule, role: int) -> None:
        if name == "*":
            table = self._everyone
        elif account := _ACCOUNT.fullmatch(name):
            table = self._by_account.setdefault(account[1], {})
        elif session := _SESSION.fullmatch(name):
            table = self._by_arn.setdefault(f"{session[1]}/{session[2]}", {})
        else:
            table = self._by_arn.setdefault(name, {})
        key = repr(rule.part.data.get("Condition", ""))
        if rule.per_target:
            key += f" of {role}"
        if key in table:
            table[key].roles |= role
        else:
            table[key] = _Trusting(rule, role)

    def of_service(self, service: str) -> int:
        """The roles that a service can assume."""
        return self._services.get(service, 0)

    def of_federated(self, provider: str) -> int:
        """The roles that somebody with a token or assertion of a provider can take, given the right claims."""
        found = self._federated.get(provider, 0)
        for pattern, roles in self._providers.items():
            if may_match(pattern, provider):
                found |= roles
        return found

    def assumable(
        self,
        principal: Principal,
        permissions: Permissions,
        space: Space,
        target_keys: Callable[[int], Mapping[str, ContextValue]],
    ) -> int:
        """The roles that a principal can assume: those that trust it, within what its own policies say.

        In its own account a role that names the principal needs no permission of it; one that names the account does,
        and so does every role of another account (IAM User Guide, "Cross-account policy evaluation logic").
        """
        known = self._known(principal, permissions, target_keys)
        freely = self._holding(self._freely(principal), known)
        named = self._holding([self._by_arn.get(principal.arn, {})], known)
        direct = freely | named
        account = self._holding(self._of_account(principal.account), known)
        if not direct | account:
            return 0
        circumstances = Circumstances(targets=target_keys)
        found = 0
        if permissions.may(ASSUME):
            found = (direct | account) & permissions.targets(ASSUME, space, circumstances)
        own = direct & space.accounts.get(principal.account, 0) & ~found
        if own:
            within = principal.kind != "user" and permissions.boundary is not None
            free = own & freely if within else own
            if free:
                found |= free & permissions.limited(ASSUME, space, circumstances, boundary=False)
            if own & ~free:
                found |= own & ~free & permissions.limited(ASSUME, space, circumstances)
        for place, rule in self._denies:
            if found >> place & 1 and self._concerns(rule, principal) and known(rule, place):
                found &= ~(1 << place)
        place = next((p for p in bits(space.match(principal.arn, "least"))), -1)
        return found & ~(1 << place) if place >= 0 else found

    def _of_account(self, account: str) -> list[dict[str, _Trusting]]:
        """Trust in an account as a whole; one that is not known may be any that is named."""
        if self.side == "most" and is_stand_in(account):
            return list(self._by_account.values())
        return [self._by_account.get(account, {})]

    def _freely(self, principal: Principal) -> list[dict[str, _Trusting]]:
        """Trust in everybody and in the principal's sessions, which no boundary limits."""
        tables = [self._everyone]
        if principal.kind != "user":
            tables.append(self._by_arn.get(f"{principal.account}/{principal.arn.rpartition('/')[2]}", {}))
        return tables

    def _known(
        self,
        principal: Principal,
        permissions: Permissions,
        target_keys: Callable[[int], Mapping[str, ContextValue]],
    ) -> Callable[[Rule, int], bool]:
        """Whether a statement's conditions hold for a caller and a role."""

        def held(rule: Rule, role: int) -> bool:
            if not rule.part.data.get("Condition"):
                return True
            if rule.per_target:
                return holds(rule, {**caller_keys(principal), **target_keys(role)}, self.side)
            if rule.about_caller:
                return holds(rule, caller_keys(principal), self.side)
            if id(rule) not in self._held:
                self._held[id(rule)] = holds(rule, permissions.keys, self.side)
            return self._held[id(rule)]

        return held

    @staticmethod
    def _holding(tables: Sequence[Mapping[str, _Trusting]], held: Callable[[Rule, int], bool]) -> int:
        found = 0
        for table in tables:
            for entry in table.values():
                if held(entry.rule, entry.roles.bit_length() - 1):
                    found |= entry.roles
        return found

    def _concerns(self, rule: Rule, principal: Principal) -> bool:
        who = rule.part.data.get("Principal")
        if who == "*":
            return True
        names = list(_texts(who.get("AWS"))) if isinstance(who, dict) else []
        return any(_names(name, principal) for name in names)

    def letting(self, principal: Principal, role: int) -> tuple[tuple[PolicyView, int, str], ...]:
        """The statements of a role's trust policy that let a principal in, and how each names it."""
        trust = self.principals[role].trust
        if trust is None:
            return ()
        parts: Sequence[Part] = trust.bounds.least if self.side == "least" else trust.bounds.most
        found = []
        for part in parts:
            how = names_principal(part.data.get("Principal"), principal)
            if part.data.get("Effect") == "Allow" and how:
                found.append((trust, part.index, how))
        return tuple(found)


def names_principal(element: Value, principal: Principal) -> str:
    """How a Principal element names somebody: `direct`, by its `account`, or not at all (empty)."""
    names = ["*"] if element == "*" else list(_texts(element.get("AWS"))) if isinstance(element, dict) else []
    found = [name for name in names if _names(name, principal)]
    if not found:
        return ""
    return "account" if all(_ACCOUNT.fullmatch(name) for name in found) else "direct"


def _names(name: str, principal: Principal) -> bool:
    if name in ("*", principal.arn):
        return True
    if account := _ACCOUNT.fullmatch(name):
        return account[1] == principal.account
    if session := _SESSION.fullmatch(name):
        return principal.arn.endswith(f"/{session[2]}") and principal.account == session[1]
    return False


def _texts(value: Value) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
