"""Who can act in a design: users, roles, groups and Identity Center permission sets, with all their policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from guardrails.access import facts
from guardrails.access.documents import Bounds, unknown_bounds
from guardrails.access.names import HOLE, Names
from guardrails.access.policy import PolicyKind
from guardrails.access.view import PolicyView, is_computed, is_given, managed, may_exist
from guardrails.model import Block, Model, Path, Resource, Symbolic, Unknown, UnknownValue, Value, reveal

if TYPE_CHECKING:
    from guardrails.access.grants import Blocked
    from guardrails.access.lens import Access
    from guardrails.access.symbolic import Space

Kind = Literal["user", "role", "group", "permission-set"]


class Principal(Struct, eq=False):
    """Somebody who can act, or a group whose policies its members have."""

    kind: Kind
    resource: Resource
    name: str
    """Text with marks; `label` is for people."""
    arn: str
    """Text with marks. Of a permission set: the role that it makes in the account."""
    account: str
    names: Names
    own: list[PolicyView] = field(default_factory=list)
    """Inline and attached policies, without those of groups."""
    groups: list[Principal] = field(default_factory=list)
    """Of a user."""
    boundary: PolicyView | None = None
    trust: PolicyView | None = None
    """Of a role."""
    profiles: list[Resource] = field(default_factory=list)
    """Instance profiles that carry the role."""
    outside: bool = False
    """Whether the design only names it (a data source), so that its policies are not in view."""
    doubt: str = ""
    """Why it may not exist; empty where it surely does."""
    access: Access | None = None
    _effective: Space | None = None

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Principal]:
        """Every user, role, group and permission set of a model."""
        from guardrails.access.lens import Access  # noqa: PLC0415  # the lens makes the principals

        return Access.of(model).principals()

    @property
    def address(self) -> str:
        """The resource's address."""
        return self.resource.address

    @property
    def label(self) -> str:
        """The ARN as people read it: `${...}` for what is not known."""
        return self.names.show(self.arn)

    def policies(self) -> list[PolicyView]:
        """Its identity policies: its own, then those of its groups."""
        return [*self.own, *(view for group in self.groups for view in group.own)]

    def effective(self) -> Space:
        """The set of requests that its policies allow, within its boundary and its account's control policies: surely
        (`must`) and possibly (`may`). What resources grant directly is not in it.
        """
        if self._effective is None:
            from guardrails.access.effective import effective  # noqa: PLC0415  # loads the engine of sets

            self._effective = effective(self)
        return self._effective

    def blocked_by_boundary(self) -> Iterator[Blocked]:
        """What its statements allow and its boundary never lets through; see `grants.blocked`. Raises `Unknown`."""
        if self.boundary is None:
            return iter(())
        from guardrails.access.evaluation import Layer  # noqa: PLC0415  # as above
        from guardrails.access.grants import blocked  # noqa: PLC0415  # as above

        return blocked(self, Layer.BOUNDARY)

    def blocked_by_organisation(self) -> Iterator[Blocked]:
        """What its statements allow and its account's service control policies never let through."""
        if self.access is None or next(self.access.control_policies(), None) is None:
            return iter(())
        from guardrails.access.evaluation import Layer  # noqa: PLC0415  # as above
        from guardrails.access.grants import blocked  # noqa: PLC0415  # as above

        return blocked(self, Layer.SCP)

    def without_mfa(self) -> list[str] | None:
        """What it may do in a session without MFA besides looking after its own sign-in; None if it has no policy.

        Raises `Unknown` where that depends on what is not known.
        """
        if not self.policies():
            return None
        from guardrails.access.grants import without_mfa  # noqa: PLC0415  # as above

        return without_mfa(self)

    @property
    def signature(self) -> tuple[object, ...]:
        """Equal for principals whose permissions are decided by the same documents."""
        boundary = self.boundary.bounds.key if self.boundary else ""
        return (self.account, tuple(sorted({view.bounds.key for view in self.policies()})), boundary)

    def __repr__(self) -> str:
        return f"<Principal {self.label}>"


class Identities:
    """The principals of one model and what is attached to them."""

    def __init__(self, names: Names, policies: dict[str, Resource]) -> None:
        """`policies` are the customer managed policies of all models by their ARN, as text with marks."""
        self.names = names
        self.model = names.model
        self.policies = policies
        self.principals: list[Principal] = []
        self.unplaced: list[PolicyView] = []
        """Policies of which it is not known to whom they are attached."""
        self.doubts: list[str] = []
        """What else is not known about who may do what."""
        self._views: dict[tuple[str, str], PolicyView] = {}
        self._by_name: dict[tuple[str, str, str], Principal] = {}
        self._by_arn: dict[str, Principal] = {}
        self._build()

    def _build(self) -> None:
        for kind in ("user", "role", "group"):
            self._basic(kind)
        self._service_linked()
        self._inline()
        self._attachments()
        self._memberships()
        self._profiles()
        self._permission_sets()
        for principal in self.principals:
            principal.own[:] = _distinct(principal.own)

    # -- who there is

    def _basic(self, kind: Kind) -> None:
        for resource in self.model.all(f"aws_iam_{kind}", f"data.aws_iam_{kind}"):
            principal = self._add(kind, resource)
            principal.outside = resource.mode == "data"
            given = is_given(resource.raw("permissions_boundary"))
            if kind != "group" and given and not is_computed(resource, "permissions_boundary"):
                boundary = self._managed(resource, ("permissions_boundary",), resource.raw("permissions_boundary"))
                boundary = _as_boundary(boundary)
                principal.boundary = boundary
            if kind == "role":
                principal.trust = PolicyView(
                    PolicyKind.TRUST, resource, ("assume_role_policy",), self.names, target=resource
                )
                self._role_arguments(principal)

    def _add(self, kind: Kind, resource: Resource) -> Principal:
        arn = self.names.arn(resource)
        name = self.names.attribute(resource, "name")
        account = self.names.account(resource)
        parts = arn.split(":")
        if len(parts) > 4 and len(parts[4]) == 12:
            account = parts[4]
        principal = Principal(kind, resource, name, arn, account, self.names, doubt=resource.conditional)
        if self._by_name.setdefault((kind, account, name), principal) is not principal and resource.mode == "data":
            return principal  # a data source that reads what the design itself makes
        self._by_arn.setdefault(arn, principal)
        self.principals.append(principal)
        return principal

    def _role_arguments(self, principal: Principal) -> None:
        role = principal.resource
        try:
            for block in () if is_computed(role, "inline_policy") else role.blocks("inline_policy"):
                if is_given(block.raw("policy")):
                    title = f"{role.address} inline policy {_shown(block.raw('name'))}".rstrip()
                    view = PolicyView(PolicyKind.IDENTITY, block, ("policy",), self.names, title=title)
                    principal.own.append(view)
        except Unknown as doubt:
            principal.own.append(self._unknown(role, ("inline_policy",), doubt.reason))
        self._each_arn(role, "managed_policy_arns", [principal], "")

    def _service_linked(self) -> None:
        for resource in self.model.all("aws_iam_service_linked_role"):
            principal = self._add("role", resource)
            principal.outside = True  # AWS owns what it may do

    # -- what they carry

    def _inline(self) -> None:
        for kind in ("role", "user", "group"):
            for resource in self.model.all(f"aws_iam_{kind}_policy"):
                view = PolicyView(PolicyKind.IDENTITY, resource, ("policy",), self.names, doubt=may_exist(resource))
                self._place(view, kind, resource, kind)

    def _place(self, view: PolicyView, kind: str, resource: Resource, attribute: str) -> None:
        found = self._whom(kind, resource, resource.raw(attribute))
        if found is None:
            self.unplaced.append(view)
        for principal in found or ():
            principal.own.append(view)

    def _whom(self, kind: str, resource: Resource, value: Value) -> list[Principal] | None:
        """The principals that a name means; none where it is somebody outside the design; None if it is not known."""
        value = reveal(value)
        if isinstance(value, UnknownValue):
            text = self.names.text(Symbolic(value), f"aws_iam_{kind}")
        elif isinstance(value, str):
            text = self.names.text(value, f"aws_iam_{kind}")
        else:
            return None
        if HOLE in text:
            return None
        text = text.rpartition("/")[2]
        found = self._by_name.get((kind, self.names.account(resource), text))
        return [found] if found else []

    def _attachments(self) -> None:
        for kind in ("role", "user", "group"):
            for resource in self.model.all(f"aws_iam_{kind}_policy_attachment"):
                view = self._managed(resource, ("policy_arn",), resource.raw("policy_arn"))
                self._place(_doubted(view, may_exist(resource)), kind, resource, kind)
            for resource in self.model.all(f"aws_iam_{kind}_policy_attachments_exclusive"):
                found = self._whom(kind, resource, resource.raw(f"{kind}_name"))
                self._each_arn(resource, "policy_arns", found, may_exist(resource))
        for resource in self.model.all("aws_iam_policy_attachment"):
            view = _doubted(self._managed(resource, ("policy_arn",), resource.raw("policy_arn")), may_exist(resource))
            for kind in ("role", "user", "group"):
                try:
                    for value in resource.items(f"{kind}s"):
                        for principal in self._whom(kind, resource, value) or ():
                            principal.own.append(view)
                except Unknown as doubt:
                    self.unplaced.append(_doubted(view, doubt.reason))

    def _each_arn(self, resource: Resource, attribute: str, principals: Sequence[Principal] | None, doubt: str) -> None:
        """Attach every policy of a list of ARNs, what is not known of it too."""
        raw = resource.raw(attribute)
        views: list[PolicyView] = []
        if isinstance(raw, UnknownValue):
            # Of a role that does not exist yet this is what the attachments of the same design will make it.
            if not is_computed(resource, attribute):
                views.append(self._unknown(resource, (attribute,), raw.reason))
        else:
            raw = reveal(raw)
            views.extend(
                _doubted(self._managed(resource, (attribute, index), value), doubt)
                for index, value in enumerate(raw if isinstance(raw, list) else ())
            )
        for view in views:
            if principals is None:
                self.unplaced.append(view)
            for principal in principals or ():
                principal.own.append(view)

    def _managed(self, resource: Block, path: Path, value: Value) -> PolicyView:
        """The managed policy that an ARN names."""
        value = reveal(value)
        if isinstance(value, UnknownValue):
            text, reason = self.names.text(Symbolic(value)), value.reason
        elif isinstance(value, str):
            text, reason = self.names.text(value), value.reason if isinstance(value, Symbolic) else ""
        else:
            return self._unknown(resource, path, "is not an ARN")
        if HOLE in text:
            return self._unknown(resource, path, reason)
        if (customer := self.policies.get(text)) is not None:
            key = (customer.address, "")
            if key not in self._views:
                self._views[key] = PolicyView(
                    PolicyKind.MANAGED, customer, ("policy",), self.names, doubt=may_exist(customer)
                )
            return self._views[key]
        if facts.is_managed_policy(text):
            # A view for each attachment, so that findings stand there; the document is one.
            key = (text, resource.resource.address)
            if key not in self._views:
                self._views[key] = PolicyView(
                    PolicyKind.MANAGED, resource, path, self.names, title=text, given=managed(text)
                )
            return self._views[key]
        shown = self.names.show(text)
        return self._unknown(resource, path, f"{shown} is not in view", title=shown)

    def _unknown(self, resource: Block, path: Path, reason: str, title: str = "") -> PolicyView:
        return PolicyView(PolicyKind.MANAGED, resource, path, self.names, title=title, given=unknown_bounds(reason))

    # -- who belongs to what

    def _memberships(self) -> None:
        for resource in self.model.all("aws_iam_group_membership"):
            groups = self._whom("group", resource, resource.raw("group"))
            self._join(resource, "users", groups, of_group=True)
        for resource in self.model.all("aws_iam_user_group_membership"):
            users = self._whom("user", resource, resource.raw("user"))
            self._join(resource, "groups", users, of_group=False)

    def _join(self, resource: Resource, attribute: str, these: list[Principal] | None, *, of_group: bool) -> None:
        if these is None or resource.conditional:
            self.doubts.append(f"{resource.address}: {resource.conditional or 'its members are not known'}")
        try:
            for value in resource.items(attribute):
                others = self._whom("user" if of_group else "group", resource, value)
                for one in these or ():
                    for other in others or ():
                        group, user = (one, other) if of_group else (other, one)
                        if group not in user.groups:
                            user.groups.append(group)
        except Unknown as doubt:
            self.doubts.append(doubt.reason)

    def _profiles(self) -> None:
        for resource in self.model.all("aws_iam_instance_profile"):
            for principal in self._whom("role", resource, resource.raw("role")) or ():
                principal.profiles.append(resource)

    # -- Identity Center

    def _permission_sets(self) -> None:
        sets = list(self.model.all("aws_ssoadmin_permission_set"))
        if not sets:
            return
        views = self._set_policies()
        accounts = self._assigned()
        for resource in sets:
            arn = self.names.arn(resource)
            name = self.names.attribute(resource, "name")
            own, boundary = views.get(arn, ([], None))
            for account in accounts.get(arn) or [self.names.account(resource)]:
                role = f"aws-reserved/sso.amazonaws.com/AWSReservedSSO_{name}_"
                tail = self.names.attribute(resource, "+suffix")
                arn_there = f"arn:{self.names.partition(resource)}:iam::{account}:role/{role}{tail}"
                principal = Principal(
                    "permission-set", resource, name, arn_there, account, self.names, doubt=resource.conditional
                )
                principal.own.extend(own)
                principal.boundary = boundary
                self.principals.append(principal)
                self._by_arn.setdefault(arn_there, principal)

    def _assigned(self) -> dict[str, list[str]]:
        """The accounts that each permission set is assigned in."""
        found: dict[str, list[str]] = {}
        for resource in self.model.all("aws_ssoadmin_account_assignment"):
            arn = self.names.attribute(resource, "permission_set_arn")
            account = self.names.attribute(resource, "target_id")
            if account not in found.setdefault(arn, []):
                found[arn].append(account)
        return found

    def _set_policies(self) -> dict[str, tuple[list[PolicyView], PolicyView | None]]:
        found: dict[str, tuple[list[PolicyView], PolicyView | None]] = {}

        def add(resource: Resource, view: PolicyView) -> None:
            arn = self.names.attribute(resource, "permission_set_arn")
            found.setdefault(arn, ([], None))[0].append(_doubted(view, may_exist(resource)))

        for resource in self.model.all("aws_ssoadmin_permission_set_inline_policy"):
            add(resource, PolicyView(PolicyKind.IDENTITY, resource, ("inline_policy",), self.names))
        for resource in self.model.all("aws_ssoadmin_managed_policy_attachment"):
            add(resource, self._managed(resource, ("managed_policy_arn",), resource.raw("managed_policy_arn")))
        for resource in self.model.all("aws_ssoadmin_customer_managed_policy_attachment"):
            add(resource, self._named_policy(resource, "customer_managed_policy_reference"))
        for resource in self.model.all("aws_ssoadmin_permissions_boundary_attachment"):
            arn = self.names.attribute(resource, "permission_set_arn")
            own, _ = found.setdefault(arn, ([], None))
            found[arn] = (own, _as_boundary(self._set_boundary(resource)))
        return found

    def _set_boundary(self, resource: Resource) -> PolicyView:
        block = resource.block("permissions_boundary")
        if block is not None and is_given(block.raw("managed_policy_arn")):
            return self._managed(block, ("managed_policy_arn",), block.raw("managed_policy_arn"))
        return self._named_policy(block or resource, "customer_managed_policy_reference")

    def _named_policy(self, block: Block, attribute: str) -> PolicyView:
        """A customer managed policy by name: the one of the design stands for those of the accounts."""
        name, path = block.raw(attribute, "name"), block.raw(attribute, "path")
        if isinstance(name, str):
            where = self.names.text(path) if isinstance(path, str) and path else "/"
            for arn in self.policies:
                if arn.endswith(f":policy{where}{self.names.text(name)}"):
                    return self._managed(block, (attribute,), arn)
        return self._unknown(block, (attribute,), "the customer managed policy is not in view")


def _as_boundary(view: PolicyView) -> PolicyView:
    return PolicyView(
        PolicyKind.BOUNDARY,
        view.block,
        view.path,
        view.names,
        title=view.title,
        doubt=view.doubt,
        given=view.bounds,
    )


def _doubted(view: PolicyView, doubt: str) -> PolicyView:
    if not doubt:
        return view
    return PolicyView(
        view.kind,
        view.block,
        view.path,
        view.names,
        title=view.title,
        doubt=doubt,
        target=view.target,
        given=view.given,
    )


def _distinct(views: Sequence[PolicyView]) -> list[PolicyView]:
    """Each policy once: a state repeats on the role what attachments and inline policies say."""
    inline = {_shown(v.resource.raw("name")) for v in views if v.path == ("policy",) and not v.block.path}
    found: dict[object, PolicyView] = {}
    for view in views:
        key: object = view
        if view.kind is PolicyKind.MANAGED and not view.doubt:
            key = view.title
            if isinstance(view.given, Bounds):
                key = view
        elif view.block.path[:1] == ("inline_policy",) and _shown(view.block.raw("name")) in inline:
            continue
        # An attachment of its own is the better place than the role's list.
        if key not in found or found[key].path[:1] == ("managed_policy_arns",):
            found[key] = view
    return list(found.values())


def _shown(value: Value) -> str:
    return str(value) if isinstance(value, str) else ""
