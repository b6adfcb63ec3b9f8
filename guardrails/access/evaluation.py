"""AWS's decision about one request, all layers of policies considered.

Sources: IAM User Guide "Policy evaluation logic" and "Cross-account policy evaluation logic", the Organizations User
Guide on service and resource control policies, the S3 User Guide on public access. The rules have the numbers of the
tests that hold them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from guardrails.access.context import Context
from guardrails.access.glob import encode
from guardrails.access.matching import Asked, Grant, lone_resource, match
from guardrails.access.policy import Policy, Statement
from guardrails.access.request import Caller, CallerKind, ContextValue, Request, Target, request_of
from guardrails.access.truth import Doubt, Truth, all_of, any_of, reasons_of
from guardrails.model import Place


class Layer(enum.StrEnum):
    """What decides."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    ENDPOINT = "vpc-endpoint"
    PUBLIC_ACCESS_BLOCK = "public-access-block"
    SERVICE = "service"
    """The service itself, whatever the policies say."""


class Outcome(enum.StrEnum):
    """AWS's answer as far as it is known."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDECIDED = "undecided"


Levels = tuple[tuple[Policy, ...], ...]
"""Organisation policies by level: root, organisational units from the top, account."""


class PolicySet(Struct, frozen=True):
    """Every policy that has a say in a request. None: it is not known what there is (a layer that cannot be absent
    then leaves the answer undecided); for those that are absent by default it means that there is none.
    """

    identity: tuple[Policy, ...] = ()
    """Of the user with those of its groups, or of the role."""
    resource: tuple[Policy, ...] | None = ()
    """Of the resource, trust and key policies included. For several resources: `by_resource`."""
    by_resource: Mapping[str, tuple[Policy, ...] | None] = field(default_factory=dict)
    """By ARN, where a call is about several resources."""
    boundary: tuple[Policy, ...] | None = None
    session: tuple[Policy, ...] | None = None
    scps: Levels | None = None
    """None: the account is in no organisation with service control policies."""
    rcps: Levels | None = None
    endpoint: tuple[Policy, ...] | None = None
    """Of the VPC endpoint that the request takes, if it takes one."""
    restrict_public_buckets: bool = False
    """S3 Block Public Access, of the account or the bucket."""
    management_account: str = ""
    """Service and resource control policies do not touch this account."""


class Ground(Struct, frozen=True):
    """A statement that decided."""

    layer: Layer
    policy: str
    index: int
    sid: str
    effect: str
    place: Place | None = None


class Decision(Struct, frozen=True):
    """The answer, and why."""

    outcome: Outcome
    layer: Layer | None
    """What decided: for a denial the layer that denies or first lacks an allow, else the layer that grants."""
    explicit: bool = False
    """Whether a Deny statement decided; a denial without one is for want of an Allow."""
    grounds: tuple[Ground, ...] = ()
    """The statements that decided, or that may decide while it is undecided."""
    missing: tuple[Layer, ...] = ()
    """For a denial without a Deny: every layer that lacked an Allow."""
    reasons: tuple[str, ...] = ()
    """While it is undecided: what is not known."""

    @property
    def allowed(self) -> bool:
        """Whether it is surely allowed."""
        return self.outcome is Outcome.ALLOWED

    @property
    def denied(self) -> bool:
        """Whether it is surely denied."""
        return self.outcome is Outcome.DENIED


def evaluate(request: Request | Mapping[str, object], policies: PolicySet | Mapping[str, object] | object) -> Decision:
    """Decide a request. With several resources it is allowed if it is for each of them.

    Plain data is taken as well (see `request_of` and `policy_set_of`, which raise `ValueError`):

        >>> call = {"principal": "arn:aws:iam::111122223333:user/ana", "action": "sqs:ListQueues"}
        >>> evaluate(call, {"identity": {"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}}).outcome
        <Outcome.ALLOWED: 'allowed'>
    """
    if not isinstance(request, Request):
        request = request_of(request)
    if not isinstance(policies, PolicySet):
        from guardrails.access.plain import policy_set_of  # noqa: PLC0415  # reads documents: for plain data alone

        policies = policy_set_of(policies, request)
    undecided: Decision | None = None
    allowed: Decision | None = None
    for target in request.targets:
        decision = _Evaluation(request, target, policies).decide()
        match decision.outcome:
            case Outcome.DENIED:
                return decision
            case Outcome.UNDECIDED:
                undecided = undecided or decision
            case Outcome.ALLOWED:
                allowed = allowed or decision
    return undecided or allowed or Decision(Outcome.DENIED, Layer.IDENTITY, missing=(Layer.IDENTITY,))


class _Says(Struct):
    """What one layer says."""

    layer: Layer
    deny: Truth = False
    allow: dict[Grant, Truth] = field(default_factory=dict)
    denying: list[Ground] = field(default_factory=list)
    granting: list[Ground] = field(default_factory=list)
    doubtful: list[Ground] = field(default_factory=list)

    def any_allow(self, *grants: Grant) -> Truth:
        return any_of(self.allow.get(grant, False) for grant in grants or Grant)


_ALWAYS = frozenset({"sts:getcalleridentity"})
"""Allowed even under an explicit deny (STS API Reference, GetCallerIdentity)."""
_OWNERS = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})
"""The root user of a bucket's account can always do this (S3 API Reference, PutBucketPolicy)."""
_ROLE_WRITES = frozenset(
    f"iam:{name}"
    for name in (
        "attachrolepolicy", "detachrolepolicy", "putrolepolicy", "deleterolepolicy", "updateassumerolepolicy",
        "putrolepermissionsboundary", "deleterolepermissionsboundary", "updaterole", "deleterole",
    )
)  # fmt: skip
_POLICY_WRITES = frozenset(
    f"iam:{name}" for name in ("createpolicyversion", "deletepolicy", "deletepolicyversion", "setdefaultpolicyversion")
)


class _Evaluation:
    """One request on one resource."""

    def __init__(self, request: Request, target: Target, policies: PolicySet) -> None:
        self.request = request
        self.caller = request.caller
        self.policies = policies
        self.action = request.action.lower() if type(request.action) is str else encode(request.action).lower()
        lone = lone_resource(self.action)
        arn = target.arn if lone is None else lone
        self.arn = arn
        self.resource = encode(arn)
        self.owner = target.owner or self.caller.account
        derived: dict[str, ContextValue] = dict(self.caller.keys())
        if self.owner:
            derived["aws:resourceaccount"] = self.owner
        self.context = Context(derived, request.context, target.context, open_=request.open)
        attached = policies.by_resource.get(str.__str__(target.arn), policies.resource)
        self.attached = attached
        bounded = policies.boundary is not None
        self.asked = Asked(self.caller, self.action, self.resource, self.context, bounded)

    # -- layers

    def says(self, layer: Layer, policies: Sequence[Policy]) -> _Says:
        said = _Says(layer)
        owner_root = (
            layer is Layer.RESOURCE
            and self.caller.kind is CallerKind.ROOT
            and self.caller.account == self.owner
            and self.action in _OWNERS
        )
        for policy in policies:
            for statement in policy.statements:
                found = match(policy, statement, self.asked)
                if found.truth is False:
                    continue
                ground = Ground(layer, policy.name, statement.index, statement.sid, _effect(statement), statement.place)
                if found.truth is not True:
                    said.doubtful.append(ground)
                if not statement.allows and not owner_root:
                    said.deny = any_of((said.deny, found.truth))
                    if found.truth is True:
                        said.denying.append(ground)
                if not statement.denies:
                    said.allow[found.grant] = any_of((said.allow.get(found.grant, False), found.truth))
                    if found.truth is True:
                        said.granting.append(ground)
        return said

    def control(self, layer: Layer, levels: Levels) -> _Says:
        """Organisation policies: each level must allow, for which one of its policies suffices."""
        whole = _Says(layer)
        allows: list[Truth] = []
        for level in levels:
            said = self.says(layer, level)
            whole.deny = any_of((whole.deny, said.deny))
            whole.denying += said.denying
            whole.granting += said.granting
            whole.doubtful += said.doubtful
            allows.append(said.any_allow())
        whole.allow[Grant.DIRECT] = all_of(allows)
        return whole

    def layers(self) -> Iterator[_Says]:
        """Every layer that applies, in AWS's order."""
        p = self.policies
        member = self.caller.account != p.management_account or not p.management_account
        if p.scps is not None and self.caller.kind.has_identity and member and not self.caller.service_linked:
            yield self.control(Layer.SCP, p.scps)
        if p.rcps is not None and self.under_rcps():
            said = self.control(Layer.RCP, p.rcps)
            said.allow[Grant.DIRECT] = True  # RCPFullAWSAccess cannot be detached
            yield said
        yield self.says(Layer.RESOURCE, self.attached or ())
        if self.caller.kind.has_identity:
            said = self.says(Layer.IDENTITY, p.identity)
            if self.caller.kind is CallerKind.ROOT:
                said.allow[Grant.DIRECT] = True
            yield said
            if p.boundary is not None:
                yield self.says(Layer.BOUNDARY, p.boundary)
            if p.session is not None:
                yield self.says(Layer.SESSION, p.session)
        if p.endpoint is not None:
            yield self.says(Layer.ENDPOINT, p.endpoint)

    def under_rcps(self) -> bool:
        p = self.policies
        if self.caller.service_linked or (p.management_account and self.owner == p.management_account):
            return False
        if self.action == "kms:retiregrant":
            return False
        from guardrails.access import facts  # noqa: PLC0415  # read only where resource control policies are

        return self.request.service in facts.rcp_services()

    # -- the decision

    def decide(self) -> Decision:
        if self.action in _ALWAYS or (
            self.action == "sts:getsessiontoken" and self.caller.kind in (CallerKind.USER, CallerKind.ROOT)
        ):
            return Decision(Outcome.ALLOWED, Layer.SERVICE)
        if self.immutable():
            return Decision(Outcome.DENIED, Layer.SERVICE, explicit=True)
        layers = {said.layer: said for said in self.layers()}
        for said in layers.values():
            if said.deny is True:
                return Decision(Outcome.DENIED, said.layer, True, tuple(said.denying))
        gates = self.gates(layers)
        allow = all_of(gates.values())
        if allow is False:
            return self.refused(gates, layers)
        doubt = reasons_of(allow, *(said.deny for said in layers.values()))
        if doubt:
            grounds = tuple(ground for said in layers.values() for ground in said.doubtful)
            first = next((layer for layer, truth in gates.items() if isinstance(truth, Doubt)), None)
            first = first or next(layer for layer, said in layers.items() if isinstance(said.deny, Doubt))
            return Decision(Outcome.UNDECIDED, first, False, grounds, (), doubt)
        return self.granted(layers)

    def gates(self, layers: Mapping[Layer, _Says]) -> dict[Layer, Truth]:
        """What must be true for the request to be allowed, by the layer that is to blame if it is not."""
        gates: dict[Layer, Truth] = {}
        for layer in (Layer.SCP, Layer.ENDPOINT):
            if layer in layers:
                gates[layer] = layers[layer].any_allow()
        if (blocked := self.public_block()) is not True:
            gates[Layer.PUBLIC_ACCESS_BLOCK] = blocked
        resource = layers[Layer.RESOURCE]
        if not self.caller.kind.has_identity:
            gates[Layer.RESOURCE] = self.resource_truth(resource.any_allow())
            return gates
        identity = layers[Layer.IDENTITY].any_allow()
        if self.caller.kind is CallerKind.FEDERATED and self.policies.session is None:
            identity = False  # "nothing but direct grants" (STS API Reference, GetFederationToken)
        limits = {layer: layers[layer].any_allow() for layer in (Layer.BOUNDARY, Layer.SESSION) if layer in layers}
        if self.cross_account():
            gates[Layer.IDENTITY] = identity
            gates |= limits
            gates[Layer.RESOURCE] = self.resource_truth(resource.any_allow())
            return gates
        direct = resource.any_allow(Grant.DIRECT)
        role = resource.any_allow(Grant.ROLE)
        if self.needs_resource_policy():
            account = resource.any_allow(Grant.ACCOUNT)
            if self.attached is None:
                account = self.resource_truth(False)
            gates[Layer.RESOURCE] = any_of((direct, role, account))
            base = any_of((role, all_of((account, identity))))
        else:
            if self.attached is None:
                direct = any_of((direct, False))
            base = any_of((role, identity))
        gates[Layer.IDENTITY] = any_of((direct, base))
        for layer, truth in limits.items():
            gates[layer] = any_of((direct, truth))
        return gates

    def resource_truth(self, truth: Truth) -> Truth:
        if self.attached is None and truth is not True:
            shown = "the trust policy" if self.is_role() else "the resource policy"
            return Doubt((f"{shown} of {str.__str__(self.arn)} is not in view",))
        return truth

    def is_role(self) -> bool:
        return self.action.startswith("sts:assumerole") or self.action in ("sts:tagsession", "sts:setsourceidentity")

    def needs_resource_policy(self) -> bool:
        """Trust and key policies must allow (D3)."""
        if self.is_role():
            return True
        parts = str.__str__(self.arn).split(":", 5)
        if self.action.startswith("kms:"):
            return (len(parts) == 6 and parts[5].startswith("key/")) or "aws_kms_key." in str.__str__(self.arn)
        return False

    def cross_account(self) -> bool:
        return bool(self.owner) and bool(self.caller.account) and self.owner != self.caller.account

    def public_block(self) -> Truth:
        """S3: with RestrictPublicBuckets a public policy serves its own account and services alone (D5)."""
        if not self.policies.restrict_public_buckets or self.request.service != "s3" or not self.attached:
            return True
        if self.caller.kind is CallerKind.SERVICE or (self.caller.kind.has_identity and not self.cross_account()):
            return True
        from guardrails.access.public import is_public  # noqa: PLC0415  # for buckets alone

        public = any_of(is_public(policy) for policy in self.attached)
        return Doubt(public.reasons) if isinstance(public, Doubt) else not public

    def immutable(self) -> bool:
        """What IAM itself refuses: AWS's own policies and service-linked or reserved roles cannot be changed (D4)."""
        arn = str.__str__(self.arn)
        if self.action in _ROLE_WRITES:
            return ":role/aws-service-role/" in arn or ":role/aws-reserved/" in arn
        return self.action in _POLICY_WRITES and ":iam::aws:policy/" in arn

    def refused(self, gates: Mapping[Layer, Truth], layers: Mapping[Layer, _Says]) -> Decision:
        missing = [layer for layer, truth in gates.items() if truth is False]
        lacking_identity = Layer.IDENTITY in missing and not self.cross_account()
        if lacking_identity and self.attached and Layer.RESOURCE not in missing:
            missing.append(Layer.RESOURCE)
        order = list(Layer)
        missing.sort(key=order.index)
        first = next((layer for layer in (Layer.SCP, Layer.PUBLIC_ACCESS_BLOCK) if layer in missing), missing[0])
        return Decision(Outcome.DENIED, first, False, (), tuple(missing))

    def granted(self, layers: Mapping[Layer, _Says]) -> Decision:
        resource = layers[Layer.RESOURCE]
        identity = layers.get(Layer.IDENTITY)
        used: list[Ground] = []
        layer = Layer.IDENTITY
        if identity is not None and identity.any_allow() is True:
            used += identity.granting
        by_identity = identity is not None and identity.any_allow() is True and bool(identity.granting)
        if not by_identity and resource.granting:
            layer = Layer.RESOURCE
        if layer is Layer.RESOURCE or self.cross_account() or self.needs_resource_policy():
            used += resource.granting
        return Decision(Outcome.ALLOWED, layer, False, tuple(used))


def _effect(statement: Statement) -> str:
    return statement.effect if isinstance(statement.effect, str) else "unknown"


def pass_role(request: Request, policies: PolicySet, trust: tuple[Policy, ...] | None, service: str) -> Decision:
    """Decide `iam:PassRole` of a role to a service: the caller must be allowed to, the role must be of its account,
    and the role's trust policy must let the service assume it (G).
    """
    target = request.targets[0]
    if target.owner and target.owner != request.caller.account:
        return Decision(Outcome.DENIED, Layer.SERVICE, missing=(Layer.SERVICE,))
    context = {"iam:PassedToService": service, **request.context}
    passing = evaluate(Request(request.caller, "iam:PassRole", request.targets, context, request.open), policies)
    if passing.denied:
        return passing
    assume = Request(Caller(CallerKind.SERVICE, id=service), "sts:AssumeRole", request.targets, open=request.open)
    taking = evaluate(assume, PolicySet(resource=trust))
    return passing if taking.allowed else taking if taking.denied or passing.allowed else passing
