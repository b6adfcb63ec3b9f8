"""What the statements of a design's identity policies come to, once every other layer has had its say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.access import facts
from guardrails.access.conditions import Condition, Test
from guardrails.access.context import VARIABLE
from guardrails.access.documents import Side
from guardrails.access.evaluation import Decision, Layer, Outcome, PolicySet, evaluate
from guardrails.access.lens import Access
from guardrails.access.matching import lone_resource
from guardrails.access.names import FIRST_MARK
from guardrails.access.parse import parse_policy
from guardrails.access.permissions import tags_of
from guardrails.access.policy import Policy, PolicyKind, Statement
from guardrails.access.principals import Principal
from guardrails.access.request import Caller, CallerKind, ContextValue, Request, Target
from guardrails.access.view import PolicyView
from guardrails.model import Unknown, Value

ANY = "guardrails-any"
"""A name that nobody gives: what is allowed on it is allowed on everything."""
EVERYTHING = (("guardrails:Anything", "*"), ("guardrails:Anything", f"arn:aws:guardrails:::{ANY}"))
"""An action that no policy speaks of, on nothing and on something."""
_STAND_IN = f"{ANY}-holder"
_ALL = parse_policy({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Grant(Struct):
    """A statement of an identity policy and what it gives to somebody, all layers considered."""

    view: PolicyView
    index: int
    actions: list[str] = field(default_factory=list)
    holders: list[Principal] = field(default_factory=list)
    """Who has it; none for a policy that is attached to nobody in view."""

    @property
    def who(self) -> str:
        """The address of somebody who has it, `its holder` where nobody in view has."""
        return self.holders[0].address if self.holders else "whoever has the policy"

    @property
    def allows_everything(self) -> bool:
        """Whether the statement allows whatever no policy speaks of."""
        return allows_everything(self.view, self.index)

    @property
    def by_exclusion(self) -> bool:
        """Whether the statement grants what it does not name, by NotAction."""
        return any("NotAction" in part.data for part in self.view.bounds.most if part.index == self.index)

    def noted(self, action: str, holder: Principal) -> None:
        """Add what was found."""
        if action not in self.actions:
            self.actions.append(action)
        if holder.name != _STAND_IN and holder not in self.holders:
            self.holders.append(holder)


def holders(access: Access) -> Iterator[Principal]:
    """One principal for each set of policies that some have, and a stand-in for policies that nobody has."""
    seen: set[object] = set()
    for principal in access.principals():
        if principal.kind != "group" and not principal.outside and principal.signature not in seen:
            seen.add(principal.signature)
            yield principal
    taken = {view.title for p in access.principals() if p.kind != "group" for view in p.policies()}
    for view in access.documents():
        if view.kind in (PolicyKind.IDENTITY, PolicyKind.MANAGED) and view.title not in taken:
            names = view.names
            account = names.account(view.resource)
            arn = f"arn:{names.partition(view.resource)}:iam::{account}:role/{ANY}"
            yield Principal("role", view.resource, _STAND_IN, arn, account, names, own=[view], access=access)


Wanted = Callable[[Sequence[str] | None], Iterable[tuple[str, str]]]
"""The actions to ask for and on what, given a statement's action patterns (None: it has others, by NotAction)."""


def grants(access: Access, wanted: Sequence[tuple[str, str]] | Wanted) -> Iterator[Grant]:
    """The statements by which somebody may call one of some actions on a resource that nobody names.

    `wanted`: actions with ARNs, in which `{account}`, `{partition}` and `{region}` stand for the caller's. Conditions
    on what is not known of a request are not met. Raises `Unknown` at the end where more may be granted.
    """
    found: dict[tuple[str, int], Grant] = {}
    doubt = ""
    for holder in holders(access):
        asked = {pair: None for view in holder.policies() for pair in _possible(view, holder, wanted)}
        sure, possible = _Layers(access, holder, "least"), _Layers(access, holder, "most")
        for action, arn in asked:
            if statements := list(sure.granting(action, arn)):
                for view, index in statements:
                    found.setdefault((view.title, index), Grant(view, index)).noted(action, holder)
            elif not doubt and any(True for _ in possible.granting(action, arn)):
                doubt = next(possible.doubts(), "")
    yield from found.values()
    if doubt:
        raise Unknown(doubt)


class _Layers:
    """The policies that have a say in what somebody may do to something of its account that has none itself."""

    def __init__(self, access: Access, holder: Principal, side: Side) -> None:
        self.access = access
        self.holder = holder
        self.side: Side = side

    @cached_property
    def views(self) -> list[PolicyView]:
        unplaced = (view for each in self.access.identities() for view in each.unplaced if self.side == "most")
        return [*self.holder.policies(), *unplaced]

    @cached_property
    def policies(self) -> PolicySet:
        holder, side = self.holder, self.side
        identity = tuple(replace(view.bound(side), name=str(number)) for number, view in enumerate(self.views))
        levels, doubts = self.access.control_levels(holder.account, PolicyKind.SCP)
        made = [(*(v.bound(side) for v in level.policies), *((_ALL,) if level.full else ())) for level in levels]
        if doubts and side == "least":
            made.append((*(v.bound(side) for v in self.access.control_policies() if v.kind is PolicyKind.SCP), _ALL))
        account: Value = {"Effect": "Allow", "Principal": {"AWS": holder.account}, "Action": "*", "Resource": "*"}
        return PolicySet(
            identity=identity,
            resource=(parse_policy({"Statement": [account]}, kind=PolicyKind.RESOURCE),),
            boundary=(holder.boundary.bound(side),) if holder.boundary else None,
            scps=tuple(made) or None,
        )

    def decision(self, action: str, arn: str, *, open_: bool = False) -> Decision:
        """AWS's answer for something of the holder's account. `open_`: conditions on what is not known may be met."""
        kind = CallerKind.USER if self.holder.kind == "user" else CallerKind.ROLE
        who = Caller(kind, self.holder.arn, self.holder.account)
        request = Request(who, action, (Target(arn, self.holder.account),), self.circumstances, open_)
        return evaluate(request, self.policies)

    def granting(self, action: str, arn: str) -> Iterator[tuple[PolicyView, int]]:
        """The statements that allow a call; none if it is denied or in doubt."""
        decision = self.decision(action, arn)
        for ground in decision.grounds if decision.outcome is Outcome.ALLOWED else ():
            if ground.layer is Layer.IDENTITY:
                yield self.views[int(ground.policy)], ground.index

    @cached_property
    def circumstances(self) -> dict[str, ContextValue]:
        tags = {f"aws:principaltag/{key.lower()}": value for key, value in tags_of(self.holder.resource).items()}
        return {**CIRCUMSTANCES, **tags}

    def doubts(self) -> Iterator[str]:
        """What is not known of them."""
        for view in (*self.views, *([self.holder.boundary] if self.holder.boundary else ())):
            yield from view.doubts
        yield from self.access.control_levels(self.holder.account, PolicyKind.SCP)[1]
        for view in self.access.control_policies():
            yield from view.doubts


def _possible(
    view: PolicyView, holder: Principal, wanted: Sequence[tuple[str, str]] | Wanted
) -> Iterator[tuple[str, str]]:
    """What a document may allow of it by its actions and resources alone: nothing of most documents.

    Policies of AWS are left out: what they allow is known, and not to be changed.
    """
    for part in view.bounds.most if view.ours else ():
        if part.data.get("Effect") != "Allow":
            continue
        actions = None if "NotAction" in part.data else _listed(part.data.get("Action"))
        resources = None if "NotResource" in part.data else _listed(part.data.get("Resource"))
        for action, resource in wanted(actions) if callable(wanted) else wanted:
            lower, arn = action.lower(), filled(resource, holder)
            if (actions is None or any(_takes(each.lower(), lower) for each in actions)) and (
                resources is None or any("${" in each or facts.glob(each)(arn) for each in resources)
            ):
                yield action, arn


def _takes(pattern: str, action: str) -> bool:
    """Whether an action pattern takes an action, both in lower case."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == action
    return facts.glob(pattern)(action)


def _listed(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


CIRCUMSTANCES: Mapping[str, ContextValue] = {"aws:requestedregion": "us-east-1", "aws:securetransport": "true"}
"""What every request carries."""


def filled(resource: str, holder: Principal) -> str:
    """An ARN with what stands for the caller's account, partition and region filled in."""
    partition = holder.names.partition(holder.resource)
    return resource.format(account=holder.account, partition=partition, region="us-east-1")


def sample(action: str) -> str:
    """An ARN of something that nobody names, of the kind that an action takes; `*` where it takes none."""
    lone = lone_resource(action)
    if lone is not None:
        return lone
    known = facts.action(action)
    if known is None or not known.targets:
        return "*"
    return _unnamed(next((t for t in known.targets if t.required), known.targets[-1]))


def _unnamed(target: facts.Target) -> str:
    head, *rest = target.type.glob.split(":", 5)
    parts = [head, *rest]
    if len(parts) < 6:
        return target.type.glob.replace("*", ANY)
    own = ("arn", "{partition}", parts[2], "{region}", "{account}")
    kept = [own[i] if part == "*" else part for i, part in enumerate(parts[:5])]
    return ":".join((*kept, parts[5].replace("*", ANY)))


@lru_cache(maxsize=4096)
def of_levels(pattern: str, levels: tuple[facts.Level, ...]) -> tuple[tuple[str, str], ...]:
    """Some actions of these levels in a pattern that take a resource, each with one that nobody names."""
    found: list[tuple[str, str]] = []
    for name in facts.actions_matching(pattern) if pattern.strip("*:") else ():
        known = facts.action(name)
        if known is None or known.level not in levels or known.wildcard_only:
            continue
        required = [target for target in known.targets if target.required]
        if not required and len(known.targets) == 1:
            continue  # it can be about such a thing, and about nothing: then only `*` grants it
        found.extend((name, _unnamed(target)) for target in (required[:1] or known.targets[-3:]))
        if len(found) >= _MOST_OF_A_PATTERN:
            break
    return tuple(found)


_MOST_OF_A_PATTERN = 6


def unlimited(access: Access, *levels: facts.Level) -> Iterator[Grant]:
    """The statements that allow actions of some levels on everything that they can be about.

    Those that allow everything are left out, and AWS's own. Raises `Unknown` at the end where more may be granted.
    """

    def wanted(patterns: Sequence[str] | None) -> Iterator[tuple[str, str]]:
        for pattern in patterns or ():
            yield from of_levels(pattern, levels)

    for grant in grants(access, wanted):
        if not allows_everything(grant.view, grant.index):
            yield grant


def texts(values: Sequence[object] | None) -> list[str]:
    """The known ones of some texts."""
    return [str.__str__(value) for value in values or () if isinstance(value, str)]


def allows_everything(view: PolicyView, index: int) -> bool:
    """Whether one statement allows whatever no policy speaks of: by `*`, or by NotAction."""
    statement = next((s for s in view.bound("least").statements if s.index == index), None)
    if statement is None or not statement.allows:
        return False
    policy = Policy(view.kind, view.title, (statement,), view.bounds.version)
    who = Caller(CallerKind.ROLE, "arn:aws:iam::111122223333:role/x", "111122223333")
    return any(
        evaluate(Request(who, action, (Target(arn),), open=True), PolicySet(identity=(policy,))).outcome
        is not Outcome.DENIED
        for action, arn in EVERYTHING
    )


# -- what other layers take back


class Blocked(Struct, frozen=True):
    """Actions that a statement allows and that a boundary or control policy denies, whatever the request."""

    holder: Principal
    view: PolicyView
    index: int
    actions: tuple[str, ...]
    """As the statement writes them."""
    by: tuple[PolicyView, ...]
    """What denies them, or lacks an Allow."""
    explicit: bool
    """Whether a Deny does it."""


def blocked(principal: Principal, layer: Layer) -> Iterator[Blocked]:
    """What a principal's own statements allow and its boundary, or its account's control policies, never let through.

    An action pattern counts if nothing of it gets through on any resource that the statement names. Raises `Unknown`
    where the boundary is not known.
    """
    access = principal.access
    if access is None or principal.outside:
        return
    policies, by = _limits(access, principal, layer)
    if not by:
        return
    for view in principal.policies():
        if not view.ours:
            continue
        for statement in view.bound("most").statements:
            lost: list[str] = []
            explicit = False
            for pattern in texts(statement.actions) if statement.allows else ():
                names = facts.actions_matching(pattern) if pattern.strip("*:") else ()
                answers = [_blocked(principal, name, statement, policies) for name in names]
                if not answers or any(answer is None for answer in answers):
                    continue
                if _nothing_left(principal, pattern, statement, policies):
                    lost.append(pattern)
                    explicit = explicit or any(answer is True for answer in answers)
            if lost:
                yield Blocked(principal, view, statement.index, tuple(lost), by, explicit)


def _limits(access: Access, principal: Principal, layer: Layer) -> tuple[PolicySet, tuple[PolicyView, ...]]:
    if layer is Layer.BOUNDARY:
        if principal.boundary is None:
            return PolicySet(), ()
        if principal.boundary.bounds.doubts:
            raise Unknown(f"{principal.boundary.title}: {principal.boundary.bounds.doubts[0]}")
        return PolicySet(identity=(_ALL,), boundary=(principal.boundary.bound("most"),)), (principal.boundary,)
    levels, _ = access.control_levels(principal.account, PolicyKind.SCP)
    made = [(*(view.bound("most") for view in level.policies), *((_ALL,) if level.full else ())) for level in levels]
    views = tuple(view for level in levels for view in level.policies)
    return PolicySet(identity=(_ALL,), scps=tuple(made) or None), views


def _blocked(principal: Principal, action: str, statement: Statement, policies: PolicySet) -> bool | None:
    """Whether an action is denied on every resource of a statement: True by a Deny, False for want of an Allow."""
    kind = CallerKind.USER if principal.kind == "user" else CallerKind.ROLE
    who = Caller(kind, principal.arn, principal.account)
    explicit = False
    for arn in _resources(principal, action, statement):
        known: dict[str, ContextValue] = dict(_demanded(statement))
        region = arn.split(":")[3] if arn.count(":") >= 5 else ""
        if region and "*" not in region:
            known.setdefault("aws:requestedregion", region)
        decision = evaluate(Request(who, action, (Target(arn, principal.account),), known, open=True), policies)
        if not decision.denied:
            return None
        explicit = explicit or decision.explicit
    return explicit


def _nothing_left(principal: Principal, action: str, statement: Statement, policies: PolicySet) -> bool:
    """Whether limits surely let nothing through of what a statement allows by an action pattern: asked of sets, since
    what is denied of one resource of a pattern may be allowed of the next.
    """
    from guardrails.access.symbolic import restrict, space_of  # noqa: PLC0415  # the engine of sets, for these alone

    levels = [policies.boundary] if policies.boundary is not None else list(policies.scps or ())
    known: dict[str, ContextValue] = dict(_demanded(statement))
    if all(ord(char) < FIRST_MARK for char in principal.arn):
        known |= {"aws:principalarn": principal.arn, "aws:principalaccount": principal.account}
    lone = all(lone_resource(name) is not None for name in facts.actions_matching(action))
    for pattern in ["*"] if lone else texts(statement.resources) or ["*"]:
        about = "" if not pattern.strip("*") else VARIABLE.sub("*", pattern)
        region = pattern.split(":")[3] if pattern.count(":") >= 5 else ""
        asked = {**({"aws:requestedregion": region} if region and "*" not in region else {}), **known}
        left = restrict(space_of(_ALL), action=action, resource=about, context=asked)
        for level in levels:
            left &= space_of(*level)
        if left.find(known_actions=True) is not None:
            return False
    return True


def _resources(principal: Principal, action: str, statement: Statement) -> Iterator[str]:
    patterns = texts(statement.resources) or ["*"]
    for pattern in patterns:
        if lone_resource(action) is not None or not pattern.strip("*"):
            # Of no region: what is denied in some regions only is not denied.
            yield filled(sample(action), principal).replace(":us-east-1:", ":*:")
        else:
            yield pattern.replace("*", ANY).replace("?", "x") if ":*:" not in pattern else pattern


def _demanded(statement: Statement) -> Iterator[tuple[str, str]]:
    """The condition keys that have one value in every request of a statement."""
    for each in statement.conditions:
        if isinstance(each, Condition) and each.operator.test in (Test.STRING_EQUALS, Test.BOOL):
            plain = not (each.operator.negated or each.operator.if_exists or each.operator.quantifier)
            if plain and len(each.values) == 1 and isinstance(value := each.values[0], str) and "${" not in value:
                yield each.key, str.__str__(value)


# -- control policies of a region


GLOBAL = {
    "IAM": ("iam:GetRole", "us-east-1"),
    "Organizations": ("organizations:DescribeOrganization", "us-east-1"),
    "Route 53": ("route53:ListHostedZones", "us-east-1"),
    "CloudFront": ("cloudfront:ListDistributions", "us-east-1"),
    "Support": ("support:DescribeCases", "us-east-1"),
    "Budgets": ("budgets:ViewBudget", "us-east-1"),
    "Cost Explorer": ("ce:GetCostAndUsage", "us-east-1"),
    "Global Accelerator": ("globalaccelerator:ListAccelerators", "us-west-2"),
}
"""Services that have one region, whatever region people work in, by a call of theirs.

Source: Organizations User Guide, "Deny access to AWS based on the requested AWS Region".
"""


def broken_global_services(view: PolicyView) -> tuple[list[str], tuple[int, ...]]:
    """The global services that a service control policy denies only for their region, and the statements that do."""
    policy = view.bound("most")
    regions = dict.fromkeys(
        str.__str__(value).replace("*", "west")
        for statement in policy.statements
        for each in statement.conditions
        if isinstance(each, Condition) and each.key == "aws:requestedregion"
        for value in each.values
        if isinstance(value, str)
    )
    found: list[str] = []
    grounds: dict[int, None] = {}
    who = Caller(CallerKind.ROLE, f"arn:aws:iam::111122223333:role/{ANY}", "111122223333")
    for service, (action, home) in GLOBAL.items() if regions else ():
        arn = sample(action).format(partition="aws", region=home, account=who.account)

        def denied(region: str, action: str = action, arn: str = arn) -> tuple[bool, tuple[int, ...]]:
            request = Request(who, action, (Target(arn, who.account),), {"aws:requestedregion": region}, open=True)
            decision = evaluate(request, PolicySet(identity=(_ALL,), scps=((_ALL, policy),)))
            return decision.denied, tuple(ground.index for ground in decision.grounds)

        at_home, statements = denied(home)
        if at_home and not all(denied(region)[0] for region in regions):
            found.append(service)
            grounds.update(dict.fromkeys(statements))
    return found, tuple(grounds)


# -- sessions without MFA


_OWN_SIGN_IN = ("iam:*mfa*", "iam:changepassword", "iam:getuser", "iam:getaccount*", "iam:list*", "sts:get*")
"""What somebody needs to enrol a device (User Guide, "AWS: Allows MFA-authenticated IAM users to manage their own
credentials on the My security credentials page")."""


def without_mfa(principal: Principal) -> list[str]:
    """The actions that are allowed in a console session without MFA, those of one's own sign-in left out."""
    from guardrails.access.symbolic import allowed_actions, restrict  # noqa: PLC0415  # the engine of sets

    asked: dict[str, ContextValue] = {"aws:multifactorauthpresent": "false", "aws:multifactorauthage": None}
    space = restrict(principal.effective(), context=asked)
    sure = _beyond_sign_in(allowed_actions(space))
    if not sure and not space.known and _beyond_sign_in(allowed_actions(space, may=True)):
        raise Unknown("; ".join(space.reasons) or f"the policies of {principal.label} are not known")
    return sure


def _beyond_sign_in(actions: Iterable[str]) -> list[str]:
    own = [facts.glob(pattern) for pattern in _OWN_SIGN_IN]
    return sorted(action for action in actions if not any(matches(action.lower()) for matches in own))


# -- roles that must be handed over


MUST_PASS = {
    "batch:CreateComputeEnvironment": "batch.amazonaws.com",
    "codebuild:CreateProject": "codebuild.amazonaws.com",
    "codepipeline:CreatePipeline": "codepipeline.amazonaws.com",
    "eks:CreateCluster": "eks.amazonaws.com",
    "eks:CreateNodegroup": "ec2.amazonaws.com",
    "firehose:CreateDeliveryStream": "firehose.amazonaws.com",
    "glue:CreateJob": "glue.amazonaws.com",
    "glue:CreateCrawler": "glue.amazonaws.com",
    "lambda:CreateFunction": "lambda.amazonaws.com",
    "sagemaker:CreateNotebookInstance": "sagemaker.amazonaws.com",
    "sagemaker:CreateTrainingJob": "sagemaker.amazonaws.com",
    "scheduler:CreateSchedule": "scheduler.amazonaws.com",
    "states:CreateStateMachine": "states.amazonaws.com",
}
"""Calls that cannot do without a role, and the service that it is handed to."""


class Handless(Struct, frozen=True):
    """Somebody who may make something that needs a role, and may hand no role over."""

    holder: Principal
    view: PolicyView
    index: int
    action: str
    service: str


def without_pass_role(access: Access) -> Iterator[Handless]:
    """Who is allowed by name to make what needs a role, and may pass none to its service.

    Raises `Unknown` at the end where policies are not known.
    """
    from guardrails.access.symbolic import restrict  # noqa: PLC0415  # the engine of sets, for those alone

    doubt = ""
    for holder in holders(access):
        for view, statement, action in _named(holder):
            service = MUST_PASS[action]
            space = restrict(holder.effective(), action="iam:PassRole", context={"iam:passedtoservice": service})
            empty = space.empty()
            if empty is True:
                if _may(access, holder, action):
                    yield Handless(holder, view, statement.index, action, service)
            elif empty is not False:
                doubt = doubt or empty.reasons[0]
    if doubt:
        raise Unknown(doubt)


def _named(holder: Principal) -> Iterator[tuple[PolicyView, Statement, str]]:
    lower = {action.lower(): action for action in MUST_PASS}
    for view in holder.policies():
        if view.ours:
            for statement in view.bound("least").statements:
                for text in texts(statement.actions) if statement.allows else ():
                    if text.lower() in lower:
                        yield view, statement, lower[text.lower()]


def _may(access: Access, holder: Principal, action: str) -> bool:
    """Whether an action is allowed on something, under some conditions."""
    layers = _Layers(access, holder, "most")
    named = (each for view in holder.policies() for s in view.bound("most").statements for each in texts(s.resources))
    arns = [filled(sample(action), holder), *(each.replace("*", ANY) for each in named if each.startswith("arn:"))]
    return any(layers.decision(action, arn, open_=True).outcome is not Outcome.DENIED for arn in arns)
