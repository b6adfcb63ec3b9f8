"""The organisation around the accounts: which control policies hold for whom."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from guardrails.access.documents import unknown_bounds
from guardrails.access.names import HOLE, Names
from guardrails.access.policy import PolicyKind
from guardrails.access.view import PolicyView, may_exist
from guardrails.model import Resource, Symbolic, UnknownValue, Value, reveal

_KINDS = {
    "SERVICE_CONTROL_POLICY": PolicyKind.SCP,
    "RESOURCE_CONTROL_POLICY": PolicyKind.RCP,
}
_FULL: dict[str, Value] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
_FULL_NAMES = ("p-FullAWSAccess", "p-RCPFullAWSAccess")


class Level(Struct, frozen=True):
    """The policies of one level above an account: the root, an organisational unit, or the account itself.

    A request needs one policy of every level to allow it, and none to deny it.
    """

    target: str
    """Its id, as text with marks."""
    policies: tuple[PolicyView, ...]
    full: bool
    """Whether AWS's FullAWSAccess is attached besides."""


class Organisation:
    """The control policies of one model and the tree that they hang in."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.model = names.model
        self.policies: list[PolicyView] = []
        """Every service and resource control policy, attached or not."""
        self._by_id: dict[str, PolicyView] = {}
        self._attached: dict[str, list[PolicyView]] = {}
        self._full_known: dict[str, set[PolicyKind]] = {}
        self.unplaced: list[PolicyView] = []
        """Control policies of which it is not known what they are attached to."""
        self._read()

    @property
    def empty(self) -> bool:
        """Whether no control policy is in view."""
        return not self.policies

    def _read(self) -> None:
        for resource in self.model.all("aws_organizations_policy"):
            raw = reveal(resource.raw("type"))
            kind = _KINDS.get(str.__str__(raw) if isinstance(raw, str) else "SERVICE_CONTROL_POLICY")
            if kind is None:
                continue  # tag, backup and other policies say nothing about access
            view = PolicyView(kind, resource, ("content",), self.names, doubt=may_exist(resource))
            self.policies.append(view)
            self._by_id[self.names.attribute(resource, "id")] = view
        for attachment in self.model.all("aws_organizations_policy_attachment"):
            policy_id, target = self._text(attachment.raw("policy_id")), self._text(attachment.raw("target_id"))
            if policy_id in _FULL_NAMES:
                kind = PolicyKind.RCP if "RCP" in policy_id else PolicyKind.SCP
                self._full_known.setdefault(target, set()).add(kind)
                continue
            view = self._by_id.get(policy_id) or PolicyView(
                PolicyKind.SCP,
                attachment,
                ("policy_id",),
                self.names,
                given=unknown_bounds(f"{attachment.address}: the policy is not in view"),
            )
            if attachment.conditional and not view.doubt:
                view = PolicyView(
                    view.kind, view.block, view.path, self.names, doubt=may_exist(attachment), title=view.title
                )
            if HOLE in target:
                self.unplaced.append(view)
            else:
                self._attached.setdefault(target, []).append(view)

    def _text(self, value: Value) -> str:
        value = reveal(value)
        if isinstance(value, UnknownValue):
            return self.names.text(Symbolic(value))
        return self.names.text(value) if isinstance(value, str) else HOLE

    def is_management(self, account: str) -> bool:
        """Whether an account certainly is the organisation's management account, which control policies spare."""
        for resource in self.model.all("aws_organizations_organization", "data.aws_organizations_organization"):
            value = reveal(resource.raw("master_account_id"))
            if isinstance(value, str) and not isinstance(value, Symbolic):
                if str.__str__(value) == account:
                    return True
            elif resource.mode == "managed" and self.names.account(resource) == account:
                return True  # only the management account can make the organisation
        return False

    def levels(self, account: str, kind: PolicyKind) -> tuple[Sequence[Level], str]:
        """The levels that hold for an account, the root first, and what is not known about them.

        An account whose place in the tree is not in view is taken to stand below the root: what is attached there
        holds for it, and what is attached to organisational units is in doubt.
        """
        if self.empty or self.is_management(account):
            return (), ""
        chain, doubt = self._chain(account)
        levels = [self._level(target, kind) for target in chain]
        if self.unplaced:
            doubt = doubt or f"{self.unplaced[0].title}: what it is attached to is not known"
        return [level for level in levels if level.policies or not level.full], doubt

    def _level(self, target: str, kind: PolicyKind) -> Level:
        views = tuple(v for v in self._attached.get(target, ()) if v.kind is kind)
        # Attaching a policy leaves FullAWSAccess where it is; only a live picture shows that it was taken away.
        full = self.model.kind != "account" or not views or kind in self._full_known.get(target, set())
        return Level(target, views, full)

    def _chain(self, account: str) -> tuple[list[str], str]:
        parents: dict[str, str] = {}
        for unit in self.model.all("aws_organizations_organizational_unit"):
            parents[self.names.attribute(unit, "id")] = self._text(unit.raw("parent_id"))
        known = False
        for resource in self.model.all("aws_organizations_account"):
            at = self.names.attribute(resource, "id")
            if at == account:
                known = True
            if resource.raw("parent_id") is not None:
                parents[at] = self._text(resource.raw("parent_id"))
        chain = [account]
        while (parent := parents.get(chain[-1])) and parent not in chain:
            chain.append(parent)
        roots = [target for target in self._attached if self._is_root(target)]
        if not self._is_root(chain[-1]):
            chain.extend(root for root in roots[:1] if root not in chain)
        units = [t for t in self._attached if t in parents and t not in chain and not _is_account(t)]
        doubt = ""
        if not known and account not in parents and units:
            doubt = f"it is not known in which organisational unit account {self.names.show(account)} is"
        return chain[::-1], doubt

    def _is_root(self, target: str) -> bool:
        return target.startswith("r-") or ".roots" in self.names.show(target)

    def full(self, level: Level, kind: PolicyKind, at: Resource) -> PolicyView:
        """FullAWSAccess as a policy, for a level where it is attached."""
        title = "FullAWSAccess" if kind is PolicyKind.SCP else "RCPFullAWSAccess"
        document = dict(_FULL)
        if kind is PolicyKind.RCP:
            document["Statement"] = [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]
        return PolicyView(kind, at, (), self.names, title=f"{title} of {self.names.show(level.target)}", given=document)


def _is_account(target: str) -> bool:
    return len(target) == 12 and target.isdigit()
