"""How principals come to permissions that nobody gave them: paths over several hops and accounts.

Every technique is an edge from what a principal may do to whom he becomes. Principals with the same policies share
their permissions, and targets are sets of bits, so that the work grows with principals times techniques plus matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from guardrails.access.documents import Bounds, Part, Side
from guardrails.access.lens import Access
from guardrails.access.permissions import NOTHING, Circumstances, Doc, Permissions, Space, bits, view_of
from guardrails.access.policy import PolicyKind
from guardrails.access.principals import Principal
from guardrails.access.request import ContextValue
from guardrails.access.techniques import Need, Technique, actions, techniques
from guardrails.access.terrain import Carrier, Terrain
from guardrails.access.trust import ASSUME, Trust
from guardrails.access.view import PolicyView

Certainty = Literal["must", "may"]
_T = TypeVar("_T")

_IAM_PROBES = (
    "iam:attachrolepolicy", "iam:attachuserpolicy", "iam:createaccesskey", "iam:createpolicyversion", "iam:createrole",
    "iam:createuser", "iam:passrole", "iam:putrolepolicy", "iam:putuserpolicy", "iam:updateassumerolepolicy",
)  # fmt: skip
_PROBES = {
    "s3:getobject": "arn:aws:s3:::{x}/{x}",
    "s3:deletebucket": "arn:aws:s3:::{x}",
    "ec2:terminateinstances": "arn:aws:ec2:{r}:{a}:instance/{x}",
    "ec2:authorizesecuritygroupingress": "arn:aws:ec2:{r}:{a}:security-group/{x}",
    "lambda:updatefunctioncode": "arn:aws:lambda:{r}:{a}:function:{x}",
    "dynamodb:scan": "arn:aws:dynamodb:{r}:{a}:table/{x}",
    "rds:deletedbinstance": "arn:aws:rds:{r}:{a}:db:{x}",
    "kms:decrypt": "arn:aws:kms:{r}:{a}:key/{x}",
    "secretsmanager:getsecretvalue": "arn:aws:secretsmanager:{r}:{a}:secret:{x}",
    "ssm:sendcommand": "arn:aws:ec2:{r}:{a}:instance/{x}",
    "sqs:receivemessage": "arn:aws:sqs:{r}:{a}:{x}",
    "sns:publish": "arn:aws:sns:{r}:{a}:{x}",
    "cloudformation:updatestack": "arn:aws:cloudformation:{r}:{a}:stack/{x}/{x}",
    "cloudtrail:stoplogging": "arn:aws:cloudtrail:{r}:{a}:trail/{x}",
    "logs:deleteloggroup": "arn:aws:logs:{r}:{a}:log-group:{x}",
    "ecr:putimage": "arn:aws:ecr:{r}:{a}:repository/{x}",
    "ecs:runtask": "arn:aws:ecs:{r}:{a}:task-definition/{x}:1",
    "eks:deletecluster": "arn:aws:eks:{r}:{a}:cluster/{x}",
    "elasticloadbalancing:deleteloadbalancer": "arn:aws:elasticloadbalancing:{r}:{a}:loadbalancer/app/{x}/{x}",
    "route53:changeresourcerecordsets": "arn:aws:route53:::hostedzone/{x}",
}
_FULL = Bounds("2012-10-17", *(2 * ((Part(0, {"Effect": "Allow", "Action": "*", "Resource": "*"}),),)))
_IAM = Circumstances({"aws:requestedregion": "us-east-1"})  # where all of IAM is
_STS = next(technique for technique in techniques() if technique.only == "trusts-caller")
_MOST_MISSING = 2
"""Of the probes beside IAM: a Deny on one service or two does not make an administrator less of one."""
_ADMIN_POLICY = "arn:{partition}:iam::aws:policy/AdministratorAccess"
_PATHS_OF_ONE = 10
_TRIED_OF_ONE_EDGE = 24


@dataclass(frozen=True, slots=True)
class Granted:
    """A statement that a step rests on."""

    view: PolicyView
    index: int
    permission: str
    """The action, or `trust` for a trust policy that lets the caller in."""


@dataclass(frozen=True, slots=True)
class Step:
    """One hop: a technique used on a target."""

    technique: str
    title: str
    permissions: tuple[str, ...]
    target: str
    """Address of what it is used on; `new principal` for one that the caller makes."""
    target_arn: str
    gains: Principal | None
    """Whom one becomes, None for a new principal."""
    raised: bool
    """Whether that principal's policies are the caller's to write from here on."""
    statements: tuple[Granted, ...]
    others: tuple[str, ...] = ()
    """Other techniques that do the same from here."""


@dataclass(frozen=True, slots=True)
class Break:
    """The smallest change that breaks a path: one permission of one step."""

    step: int
    permission: str
    statements: tuple[Granted, ...]
    """Every statement that grants it there."""
    change: str


@dataclass(frozen=True, slots=True)
class Path:
    """A way from a principal to a goal."""

    start: Principal
    goal: str
    """`admin`, or the address or ARN of the data."""
    end: Principal | None
    """Who reaches the goal in the end; None for a principal that was made for it."""
    certainty: Certainty
    steps: tuple[Step, ...]
    breaks: Break | None
    doubts: tuple[str, ...] = ()
    """For `may`: what is not known about it."""


def paths(
    access: Access, to: str = "admin", *, start: Principal | None = None, most: int = _PATHS_OF_ONE
) -> list[Path]:
    """Every principal's ways to administrate, or to read the data of a resource (by address or ARN).

    Shortest first; at most `most` of one principal, each to another end. Certain ones (`must`) hold whatever is not
    known; possible ones (`may`) are given for principals and ends that have no certain one. Raises `LookupError` if
    the resource is not in view.
    """
    terrain = Terrain(access)
    found = list(_Search(terrain, "least", to).paths("must", start, most))
    have = {(path.start, path.end) for path in found}
    found.extend(_Search(terrain, "most", to).paths("may", start, most, have))
    return sorted(found, key=lambda p: (p.start.address, len(p.steps), p.certainty))


def is_admin(access: Access, principal: Principal, side: Side = "least") -> bool:
    """Whether a principal may do everything: certainly (`least`) or possibly (`most`)."""
    return _Search(Terrain(access), side, "admin").administrates(principal)


@dataclass(slots=True)
class _Edge:
    """What one technique gives: bits of principals, or of a carrier's resources."""

    technique: Technique
    reached: int
    carrier: Carrier | None = None
    through: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """For principals reached through something else: its address and ARN, by the principal's place."""


@dataclass(slots=True)
class _Moves:
    """Everything that one set of permissions gives."""

    become: list[_Edge]
    raises: list[_Edge]
    joins: list[_Edge]
    creates: list[_Edge]


@dataclass(frozen=True, slots=True)
class _Hop:
    edge: _Edge
    target: int
    """Place of the principal, or of the carrier's resource."""
    state: int
    """The state that it leads to; -1: a new principal, which is the goal."""
    way: _Edge | None = None
    """How one comes to act as a raised principal that is not oneself."""
    way_target: int = -1


class _Search:
    """The graph on one side of every doubt, and the way to one goal."""

    def __init__(self, terrain: Terrain, side: Side, to: str) -> None:
        self.terrain = terrain
        self.side: Side = side
        self.space = terrain.space
        self.principals = terrain.principals
        self.count = len(self.principals)
        self.goal_name = to
        self.data = None if to == "admin" else terrain.data(to)
        probes = frozenset((*_IAM_PROBES, *_PROBES))
        extra = frozenset(self.data.actions) if self.data else frozenset[str]()
        self.known = actions() | probes | extra | {ASSUME, *terrain.AGENT}
        self._docs: dict[int, Doc] = {}
        self._next: dict[int, _Hop] = {}
        self._sets: dict[object, Permissions] = {}
        self._moves: dict[int, _Moves] = {}
        self._levels: dict[str, list[list[Doc]]] = {}
        self._probe_spaces: dict[str, Space] = {}
        self._goals: dict[int, bool] = {}
        self.trust = Trust(terrain.principals, side)
        self._permissions = [self._of(p) for p in self.principals]
        self._raised: dict[int, Permissions] = {}
        self._assumed: dict[int, _Edge | None] = {}
        self.layers: list[tuple[int, int]] = []
        """By distance from the goal: principals as they are, and principals that are raised."""
        self._layer_of: dict[int, int] = {}
        self._search()

    # -- permissions

    def doc(self, bounds: Bounds) -> Doc:
        found = self._docs.get(id(bounds))
        if found is None:
            key = (bounds.key, "" if bounds.least is bounds.most else self.side)
            found = self.terrain.docs.get(key)
            if found is None:
                found = self.terrain.docs[key] = Doc(bounds, self.side, self.known)
            self._docs[id(bounds)] = found
        return found

    def _of(self, principal: Principal) -> Permissions:
        identity = list({id(d): d for d in (self.doc(v.bounds) for v in principal.policies())}.values())
        boundary = self.doc(principal.boundary.bounds) if principal.boundary else None
        levels = self.levels(principal.account)
        docs = [*identity, *([boundary] if boundary else []), *(d for level in levels for d in level)]
        about = any(doc.about_caller for doc in docs)
        key = (
            principal.account,
            principal.kind == "user",
            tuple(sorted(id(doc) for doc in identity)),
            id(boundary),
            principal.arn if about else "",
        )
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = Permissions(principal, identity, boundary, levels, self.side)
        return found

    def levels(self, account: str) -> list[list[Doc]]:
        """The control policies of an account, by level."""
        found = self._levels.get(account)
        if found is None:
            found = []
            levels, doubts = self.terrain.access.control_levels(account, PolicyKind.SCP)
            for level in levels:
                docs = [self.doc(view.bounds) for view in level.policies]
                if level.full:
                    docs.append(self.doc(_FULL))
                found.append(docs)
            if doubts and self.side == "least":
                placed = {view for level in levels for view in level.policies}
                others = [
                    v for v in self.terrain.access.control_policies() if v.kind is PolicyKind.SCP and v not in placed
                ]
                found.append([self.doc(_FULL), *(self.doc(view.bounds) for view in others)])
            self._levels[account] = found
        return found

    def raised(self, place: int) -> Permissions:
        """A principal's permissions once others write its policies: all but what its Denies and limits forbid."""
        found = self._raised.get(place)
        if found is None:
            base = self._permissions[place]
            key = ("raised", base.principal.account, id(base.boundary), tuple(id(d) for d in base.identity if d.denies))
            found = self._sets.get(key)
            if found is None:
                found = self._sets[key] = Permissions(
                    base.principal, base.identity, base.boundary, base.levels, self.side, everything=True
                )
            self._raised[place] = found
        return found

    def permissions(self, state: int) -> Permissions:
        """Of a state: a principal's place, or its place plus their number where it is raised."""
        return self._permissions[state] if state < self.count else self.raised(state - self.count)

    # -- goals

    def administrates(self, principal: Principal) -> bool:
        """Whether a principal is an administrator on this side."""
        return self._all(self._of(principal))

    def goal(self, permissions: Permissions) -> bool:
        """Whether somebody with these permissions is where the search leads."""
        found = self._goals.get(id(permissions))
        if found is None:
            found = self._all(permissions) if self.data is None else bool(self.data.readable(permissions))
            self._goals[id(permissions)] = found
        return found

    def _all(self, permissions: Permissions) -> bool:
        """Whether everything that matters is allowed: all of IAM's probes, and nearly all of the others."""
        if not all(permissions.may(action) for action in _IAM_PROBES):
            return False
        account = permissions.principal.account
        space = self._probe_spaces.get(account)
        if space is None:
            arns = {p.format(x="\U0006f000", a=account, r="\U0006f001") for p in _PROBES.values()}
            arns |= {f"arn:aws:iam::{account}:{kind}/\U0006f000" for kind in ("user", "role", "policy", "group")}
            space = self._probe_spaces[account] = Space(sorted((arn, account) for arn in arns))
        iam = space.match("arn:aws:iam::*", "least")
        for action in _IAM_PROBES:
            if permissions.targets(action, space, _IAM) & iam != iam:
                return False
        missing = 0
        for action, pattern in _PROBES.items():
            wanted = space.match(pattern.format(x="\U0006f000", a=account, r="\U0006f001"), "least")
            if permissions.targets(action, space) & wanted != wanted:
                missing += 1
                if missing > _MOST_MISSING:
                    return False
        return True

    # -- edges

    def moves(self, permissions: Permissions) -> _Moves:
        """Everything that these permissions give, but for roles that trust the caller by name."""
        found = self._moves.get(id(permissions))
        if found is None:
            found = self._moves[id(permissions)] = self._find(permissions)
        return found

    def _find(self, permissions: Permissions) -> _Moves:
        moves = _Moves([], [], [], [])
        for technique in techniques():
            if technique.only == "trusts-caller" or (technique.may and self.side == "least"):
                continue
            if not all(permissions.may(need.action) for need in technique.needs):
                continue
            if technique.exists and not self.terrain.exists(technique.exists, self.side):
                continue
            match technique.gives:
                case "become":
                    if edge := self._become(technique, permissions):
                        moves.become.append(edge)
                case "raise":
                    if edge := self._raise(technique, permissions):
                        moves.raises.append(edge)
                case "join":
                    groups = self.terrain.kinds["group"] & self._same(permissions)
                    groups = self._on(technique.needs[0], permissions, self.space, groups)
                    if groups:
                        moves.joins.append(_Edge(technique, groups))
                case "create":
                    if self._creates(technique, permissions):
                        moves.creates.append(_Edge(technique, 0))
        return moves

    def _same(self, permissions: Permissions) -> int:
        return self.space.accounts.get(permissions.principal.account, 0)

    def _become(self, technique: Technique, permissions: Permissions) -> _Edge | None:
        if technique.target == "user":
            found = self.terrain.kinds["user"] & self._same(permissions)
            found &= self.terrain.only(technique.only, self.side)
            for need in technique.needs:
                found = self._on(need, permissions, self.space, found)
            return _Edge(technique, found) if found else None
        if technique.target == "saml":
            return self._saml(technique, permissions)
        carrier = self.terrain.carrier(technique.on) if technique.on else None
        for need in technique.needs:
            if need.on == "new" and not permissions.on_new(need.action, _circumstances(need.action)):
                return None
            if need.on == "existing" and (carrier is None or not self._carried(need, permissions, carrier)):
                return None
        if carrier is not None and not any(need.on == "existing" for need in technique.needs):
            return self._existing(technique, permissions, carrier)
        found = self.terrain.kinds["role"] & self._same(permissions)
        if technique.only:
            found &= self._only_roles(technique.only)
        found &= self._passable(technique, permissions) if found else 0
        for need in technique.needs:
            if need.on == "role" and need.action != "iam:passrole":
                found = self._on(need, permissions, self.space, found)
        return _Edge(technique, found) if found else None

    def _only_roles(self, name: str) -> int:
        if name == "trusted-by-stack-sets":
            helpers = self.trust.of_service("cloudformation.amazonaws.com")
            found = 0
            for place in bits(helpers):
                edge = self.assumed(place)
                found |= edge.reached if edge else 0
            return found
        return self.terrain.only(name, self.side)

    def _passable(self, technique: Technique, permissions: Permissions) -> int:
        """The roles that may be handed to one of the technique's services and that trust it."""
        if not any(need.action == "iam:passrole" and need.on == "role" for need in technique.needs):
            return self.space.all
        found = 0
        for service in technique.passes or ("cloudformation.amazonaws.com",):
            trusting = self.trust.of_service(service) if technique.passes else self.space.all
            if trusting:
                found |= trusting & permissions.targets("iam:passrole", self.space, self._passing(service))
        return found

    def _passing(self, service: str) -> Circumstances:
        return Circumstances({"iam:passedtoservice": service, **_IAM.known}, self.terrain.target_keys)

    def _carried(self, need: Need, permissions: Permissions, carrier: Carrier) -> int:
        account = permissions.principal.account
        found = carrier.space.accounts.get(account, 0)
        return found & permissions.targets(need.action, carrier.space, Circumstances(targets=carrier.keys))

    def _existing(self, technique: Technique, permissions: Permissions, carrier: Carrier) -> _Edge | None:
        account = permissions.principal.account
        found = carrier.space.accounts.get(account, 0) & carrier.only(
            technique.only, self.side, self._permissions.__getitem__
        )
        if self.side == "least":
            found &= carrier.sure
        for need in technique.needs:
            if need.on == "resource" and found:
                found &= self._carried(need, permissions, carrier)
            if need.on == "helper" and found:
                passed = self.trust.of_service(technique.passes[0])
                passed &= permissions.targets(need.action, self.space, self._passing(technique.passes[0]))
                if not passed:
                    return None
        if found and any(need.on == "role" for need in technique.needs):
            found &= carrier.leading(self._passable(technique, permissions))
        return _Edge(technique, found, carrier) if found else None

    def _saml(self, technique: Technique, permissions: Permissions) -> _Edge | None:
        space, addresses = self.terrain.saml
        allowed = permissions.targets(technique.needs[0].action, space, _IAM)
        allowed &= space.accounts.get(permissions.principal.account, 0)
        found, through = 0, {}
        for place in bits(allowed):
            roles = self.trust.of_federated(space.arns[place])
            found |= roles
            through.update(dict.fromkeys(bits(roles), (addresses[place], space.arns[place])))
        return _Edge(technique, found, through=through) if found else None

    def _raise(self, technique: Technique, permissions: Permissions) -> _Edge | None:
        need = technique.needs[0]
        through: dict[int, tuple[str, str]] = {}
        if technique.target == "policy":
            space, policies = self.terrain.policies
            allowed = permissions.targets(need.action, space, _IAM) & space.accounts.get(
                permissions.principal.account, 0
            )
            found = 0
            for place in bits(allowed):
                for carrying in policies[place].carriers:
                    found |= 1 << carrying
                    through.setdefault(carrying, (policies[place].address, space.arns[place]))
            return _Edge(technique, found, through=through) if found else None
        found = self.terrain.kinds[technique.target] & self._same(permissions)
        found = self._on(need, permissions, self.space, found)
        if technique.target == "group":
            members = 0
            for place in bits(found):
                for member in self.terrain.members.get(place, ()):
                    members |= 1 << member
                    through.setdefault(member, (self.principals[place].address, self.principals[place].arn))
            found = members
        return _Edge(technique, found, through=through) if found else None

    def _on(self, need: Need, permissions: Permissions, space: Space, found: int) -> int:
        """Of these targets those that a permission is given on."""
        if not found:
            return 0
        if need.action.startswith("iam:attach"):
            allowed = 0
            for arn in self.terrain.admin_policies:
                known = {**_IAM.known, "iam:policyarn": arn}
                allowed |= permissions.targets(need.action, space, Circumstances(known, self.terrain.target_keys))
            return found & allowed
        return found & permissions.targets(need.action, space, Circumstances(_IAM.known, self.terrain.target_keys))

    def _creates(self, technique: Technique, permissions: Permissions) -> bool:
        known: dict[str, ContextValue] = {**_IAM.known, "iam:permissionsboundary": None}
        known["iam:policyarn"] = _ADMIN_POLICY.format(partition=permissions.principal.arn.split(":")[1])
        if not all(permissions.on_new(need.action, Circumstances(known)) for need in technique.needs):
            return False
        key = ("created", permissions.principal.account)
        made = self._sets.get(key)
        if made is None:
            levels = self.levels(permissions.principal.account)
            made = self._sets[key] = Permissions(permissions.principal, [], None, levels, self.side, everything=True)
        return self.goal(made)

    def assumed(self, state: int) -> _Edge | None:
        """The roles that a principal can assume because they trust it."""
        if state not in self._assumed:
            permissions = self.permissions(state)
            principal = self.principals[state % self.count]
            found = self.trust.assumable(principal, permissions, self.space, self.terrain.target_keys)
            self._assumed[state] = _Edge(_STS, found) if found else None
        return self._assumed[state]

    # -- the search

    def _search(self) -> None:
        base = sum(1 << i for i in range(self.count) if self._is_goal(i))
        raised = 0
        candidates = 0
        active = [i for i in range(self.count) if self._active(i)]
        for i in active:
            for edge in self.moves(self._permissions[i]).raises:
                candidates |= edge.reached
        for place in bits(candidates):
            if not self.principals[place].outside and self.goal(self.raised(place)):
                raised |= 1 << place
        self.layers = [(base, raised)]
        done_base, done_raised = base, raised
        while True:
            new_base, new_raised = self._layer(active, candidates, done_base, done_raised)
            if not new_base and not new_raised:
                break
            self.layers.append((new_base, new_raised))
            done_base |= new_base
            done_raised |= new_raised
        self.reached = (done_base, done_raised)

    def _is_goal(self, place: int) -> bool:
        return not self.principals[place].outside and self.goal(self._permissions[place])

    def _active(self, place: int) -> bool:
        principal = self.principals[place]
        return principal.kind != "group" and not principal.outside and not (principal.doubt and self.side == "least")

    def _layer(self, active: Sequence[int], candidates: int, base: int, raised: int) -> tuple[int, int]:
        """The states that one hop takes to what is reached so far."""
        carried: dict[str, int] = {}
        shared: dict[int, bool] = {}

        def hits(edge: _Edge) -> bool:
            if edge.carrier is None:
                return bool(edge.reached & base)
            if edge.carrier.name not in carried:
                carried[edge.carrier.name] = edge.carrier.leading(base)
            return bool(edge.reached & carried[edge.carrier.name])

        def step(state: int) -> bool:
            permissions = self.permissions(state)
            known = shared.get(id(permissions))
            moves = self.moves(permissions)
            if known is None:
                known = shared[id(permissions)] = bool(moves.creates) or any(hits(edge) for edge in moves.become)
            if known:
                return True
            assumed = self.assumed(state)
            if assumed and assumed.reached & base:
                return True
            return any(True for _ in self._own_hops(state, base, raised))

        new_base = sum(1 << i for i in active if not base >> i & 1 and step(i))
        new_raised = sum(1 << i for i in bits(candidates & ~raised) if step(self.count + i))
        return new_base, new_raised

    def _own_hops(self, state: int, base: int, raised: int) -> Iterator[_Hop]:
        """Hops that depend on who the principal is: raising itself or others, and joining groups."""
        moves = self.moves(self.permissions(state))
        place = state % self.count
        for edge in moves.raises:
            if edge.reached >> place & 1 and raised >> place & 1 and state < self.count:
                yield _Hop(edge, place, self.count + place)
            others = edge.reached & raised & ~(1 << place)
            if others:
                yield from self._raise_others(state, edge, others)
        if self.principals[place].kind == "user":
            for edge in moves.joins:
                for group in bits(edge.reached & base):
                    if self._joined(place, group):
                        yield _Hop(edge, group, group)

    def _raise_others(self, state: int, edge: _Edge, others: int) -> Iterator[_Hop]:
        """Raising a principal gives its new permissions to those who can act as it."""
        ways = list(self.moves(self.permissions(state)).become)
        if assumed := self.assumed(state):
            ways.append(assumed)
        for way in ways:
            if way.carrier is None:
                for place in bits(others & way.reached):
                    yield _Hop(edge, place, self.count + place, way, place)
            else:
                for resource in bits(way.reached & way.carrier.leading(others)):
                    place = way.carrier.leads[resource]
                    yield _Hop(edge, place, self.count + place, way, resource)

    def _joined(self, user: int, group: int) -> bool:
        """Whether the user with the group's policies is where the group alone leads: its own Denies count too."""
        if not self._is_goal(group):
            return True
        own, theirs = self._permissions[user], self._permissions[group]
        both = [*own.identity, *(doc for doc in theirs.identity if doc not in own.identity)]
        key = ("joined", id(own), id(theirs))
        made = self._sets.get(key)
        if made is None:
            made = self._sets[key] = Permissions(own.principal, both, own.boundary, own.levels, self.side)
        return self.goal(made)

    # -- paths

    def layer_of(self, state: int) -> int:
        """The distance of a state from the goal, -1 if there is no way."""
        found = self._layer_of.get(state)
        if found is None:
            place = state % self.count
            which = 0 if state < self.count else 1
            found = next((d for d, layer in enumerate(self.layers) if layer[which] >> place & 1), -1)
            self._layer_of[state] = found
        return found

    def hops(self, state: int, base: int, raised: int) -> Iterator[_Hop]:
        """The hops from a state into a set of states, a bounded number for each technique."""
        permissions = self.permissions(state)
        moves = self.moves(permissions)
        assumed = self.assumed(state)
        for edge in ([assumed] if assumed else []) + moves.become:
            if edge.carrier is None:
                for place in _few(bits(edge.reached & base)):
                    yield _Hop(edge, place, place)
            else:
                for resource in _few(bits(edge.reached & edge.carrier.leading(base))):
                    yield _Hop(edge, resource, edge.carrier.leads[resource])
        yield from _few(self._own_hops(state, base, raised), 4 * _TRIED_OF_ONE_EDGE)
        for edge in moves.creates:
            yield _Hop(edge, -1, -1)

    def best(self, state: int) -> list[tuple[int, _Hop]]:
        """The shortest way from a state to the goal: (state, hop) pairs; empty at the goal itself."""
        way: list[tuple[int, _Hop]] = []
        while (distance := self.layer_of(state)) > 0:
            hop = self._next.get(state)
            if hop is None:
                base, raised = self.layers[distance - 1]
                hop = next(h for h in self.hops(state, base, raised) if h.state >= 0 or distance == 1)
                self._next[state] = hop
            way.append((state, hop))
            if hop.state < 0:
                break
            state = hop.state
        return way

    def paths(
        self,
        certainty: Certainty,
        start: Principal | None,
        most: int,
        have: Set[tuple[Principal, Principal | None]] = frozenset(),
    ) -> Iterator[Path]:
        """The paths of every principal that is not at the goal, each to another end, shortest first; those from and
        to whom there is one already are left out.
        """
        for place, principal in enumerate(self.principals):
            if start is not None and principal is not start:
                continue
            if self._active(place):
                yield from self._paths_of(place, certainty, most, have)

    def _paths_of(
        self, place: int, certainty: Certainty, most: int, have: Set[tuple[Principal, Principal | None]]
    ) -> Iterator[Path]:
        distance = self.layer_of(place)
        if self.data is not None and distance == 0 and (self.principals[place], self.principals[place]) not in have:
            yield self._path(place, [], certainty)
            return
        if distance <= 0:
            return
        ways: list[list[tuple[int, _Hop]]] = []
        for hop in self.hops(place, *self.reached):
            rest = self.best(hop.state) if hop.state >= 0 else []
            if all(state % self.count != place or state >= self.count for state, _ in rest):
                ways.append([(place, hop), *rest])
        ends: set[Principal | None] = set()
        for way in sorted(ways, key=len):
            end = self._end(way)
            if end not in ends and len(ends) < most:
                ends.add(end)
                if (self.principals[place], end) not in have:
                    yield self._path(place, way, certainty)

    def _end(self, way: Sequence[tuple[int, _Hop]]) -> Principal | None:
        """Who is at the goal in the end."""
        state, hop = way[-1]
        if hop.state < 0:
            return None
        return self.principals[(state if hop.edge.technique.gives == "join" else hop.state) % self.count]

    def _path(self, place: int, way: Sequence[tuple[int, _Hop]], certainty: Certainty) -> Path:
        steps: list[Step] = []
        for state, hop in way:
            steps.extend(self._steps(state, hop))
        last = way[-1][1].state if way else place
        end = self._end(way) if way else self.principals[place]
        if self.data is not None:
            steps.append(self._reading(last, end))
        doubts = self._doubts(way) if certainty == "may" else ()
        start = self.principals[place]
        return Path(start, self.goal_name, end, certainty, tuple(steps), self._break(steps), doubts)

    def _steps(self, state: int, hop: _Hop) -> Iterator[Step]:
        others = self._others(state, hop)
        if hop.state < 0:
            technique = hop.edge.technique
            statements = tuple(g for need in technique.needs for g in self.granting(state, need, None, -1))
            yield Step(
                technique.id, technique.title, technique.permissions, "new principal", "", None, True, statements
            )
            return
        gains = self.principals[hop.state % self.count]
        yield self._step(state, hop.edge, hop.target, gains, hop.state >= self.count, others)
        if hop.way is not None:
            yield self._step(state, hop.way, hop.way_target, gains, True, ())

    def _reading(self, state: int, end: Principal | None) -> Step:
        data = self.data
        assert data is not None  # noqa: S101  # asked for data alone
        permissions = self.permissions(state) if state >= 0 else None
        readings = list(data.readings(permissions, end)) if permissions is not None and end is not None else []
        names = tuple(dict.fromkeys(r.permission for r in readings))
        statements = tuple(Granted(r.view, r.index, r.permission) for r in readings)
        return Step("read-data", "read the data", names, data.name, data.arn, end, False, statements)

    def _others(self, state: int, hop: _Hop) -> tuple[str, ...]:
        if hop.way is not None or hop.state < 0:
            return ()
        one = 1 << hop.state % self.count
        base, raised = (one, 0) if hop.state < self.count else (0, one)
        ids = dict.fromkeys(h.edge.technique.id for h in self.hops(state, base, raised) if h.state == hop.state)
        return tuple(each for each in ids if each != hop.edge.technique.id)

    def _step(
        self, state: int, edge: _Edge, target: int, gains: Principal, raised: bool, others: tuple[str, ...]
    ) -> Step:
        technique = edge.technique
        if edge.carrier is not None:
            resource = edge.carrier.resources[target]
            address, arn = resource.address, edge.carrier.space.arns[target]
        elif target in edge.through:
            address, arn = edge.through[target]
        else:
            address, arn = self.principals[target].address, self.principals[target].arn
        statements = tuple(g for need in technique.needs for g in self.granting(state, need, edge, target))
        if technique is _STS:
            letting = self.trust.letting(self.principals[state % self.count], target)
            if any(how == "direct" for _, _, how in letting) and self._same_account(state, target):
                statements = ()  # the role's own word is enough, so taking the permission away breaks nothing
            statements += tuple(Granted(view, index, "trust") for view, index, _ in letting)
        title = technique.title
        return Step(technique.id, title, technique.permissions, address, arn, gains, raised, statements, others)

    def _same_account(self, state: int, target: int) -> bool:
        return self.principals[state % self.count].account == self.principals[target].account

    def granting(self, state: int, need: Need, edge: _Edge | None, target: int) -> Iterator[Granted]:
        """The statements that give a permission for a step."""
        permissions = self.permissions(state)
        if permissions.everything:
            return
        principal = self.principals[state % self.count]
        space, wanted = self._wanted(need, edge, target)
        for rule in permissions.rules(need.action):
            if space is not None and not permissions.reaches(rule, space) & wanted:
                continue
            if (view := view_of(principal, rule)) is not None:
                yield Granted(view, rule.part.index, need.name)

    def _wanted(self, need: Need, edge: _Edge | None, target: int) -> tuple[Space | None, int]:
        if edge is None or target < 0 or need.on in ("new", "existing", "helper"):
            return None, 0
        if edge.carrier is not None:
            if need.on == "role":
                return self.space, 1 << edge.carrier.leads[target]
            return edge.carrier.space, 1 << target
        match need.on:
            case "policy":
                space = self.terrain.policies[0]
            case "saml":
                space = self.terrain.saml[0]
            case "group" if edge.technique.gives == "raise":
                space = self.space
            case _:
                return self.space, 1 << target
        arn = edge.through[target][1]
        return space, space.match(arn, "least")

    def _break(self, steps: Sequence[Step]) -> Break | None:
        """The permission that the fewest statements give: taking it away breaks the path at that step."""
        best: Break | None = None
        for number, step in enumerate(steps):
            by_permission: dict[str, list[Granted]] = {}
            for granted in step.statements:
                by_permission.setdefault(granted.permission, []).append(granted)
            for permission, statements in by_permission.items():
                found = Break(number, permission, tuple(statements), _change(step, permission, statements))
                if best is None or _cost(found, steps) < _cost(best, steps):
                    best = found
        return best

    def _doubts(self, way: Sequence[tuple[int, _Hop]]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for state, hop in way:
            principal = self.principals[state % self.count]
            for view in (*principal.policies(), *([principal.boundary] if principal.boundary else ())):
                found.update(dict.fromkeys(view.doubts))
            for edge in (hop.edge, hop.way):
                if edge is not None and edge.technique.may:
                    found[edge.technique.may] = None
            if hop.state >= 0:
                gained = self.principals[hop.state % self.count]
                if gained.trust is not None:
                    found.update(dict.fromkeys(gained.trust.doubts))
                if gained.doubt:
                    found[f"{gained.address} may exist: {gained.doubt}"] = None
        return tuple(found) or ("a condition, a name or a precondition on the way is not known",)


def _circumstances(action: str) -> Circumstances:
    return _IAM if action.startswith("iam:") else NOTHING


def _cost(change: Break, steps: Sequence[Step]) -> tuple[int, int, int]:
    """Fewer statements first; then the step with no other technique; then what is most special to the path."""
    rank = {"iam:PassRole": 0, "trust": 2}.get(change.permission, 1)
    return len({(s.view, s.index) for s in change.statements}), len(steps[change.step].others), rank


def _change(step: Step, permission: str, statements: Sequence[Granted]) -> str:
    where = " and ".join(dict.fromkeys(f"{s.view.title} (statement {s.index + 1})" for s in statements))
    if permission == "trust":
        return f"do not trust the caller in {where}"
    return f"take {permission} on {step.target} out of {where}"


def _few(found: Iterable[_T], most: int = _TRIED_OF_ONE_EDGE) -> Iterator[_T]:
    for number, each in enumerate(found):
        if number >= most:
            return
        yield each
