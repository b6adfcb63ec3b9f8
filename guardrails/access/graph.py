"""Who can become whom: every technique as an edge from what a principal may do.

Principals with the same policies share their permissions, and targets are sets of bits, so that the work grows with
principals times techniques plus matches. The search goes backwards from the goal, hop by hop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from guardrails.access.documents import Bounds, Part, Side
from guardrails.access.names import arns_meet
from guardrails.access.permissions import NOTHING, Circumstances, Doc, Permissions
from guardrails.access.policy import PolicyKind
from guardrails.access.principals import Principal
from guardrails.access.request import ContextValue
from guardrails.access.targets import Space, bits
from guardrails.access.techniques import Need, Technique, actions, techniques
from guardrails.access.terrain import Carrier, Terrain
from guardrails.access.trust import ASSUME, Trust

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
STS = next(technique for technique in techniques() if technique.only == "trusts-caller")
_MOST_MISSING = 2
"""Of the probes beside IAM: a Deny on one service or two does not make an administrator less of one."""
_ADMIN_POLICY = "arn:{partition}:iam::aws:policy/AdministratorAccess"


class Edge(Struct):
    """What one technique gives: bits of principals, or of a carrier's resources."""

    technique: Technique
    reached: int
    carrier: Carrier | None = None
    through: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """For principals reached through something else: its address and ARN, by the principal's place."""


class Moves(Struct):
    """Everything that one set of permissions gives."""

    become: list[Edge]
    raises: list[Edge]
    joins: list[Edge]
    creates: list[Edge]
    frees: list[Edge]


Sets = tuple[int, int, int]
"""Principals as bits: as they are, raised (others write their policies), freed of their boundary."""


class Hop(Struct, frozen=True):
    """One edge to one target."""

    edge: Edge
    target: int
    """Place of the principal, or of the carrier's resource."""
    state: int
    """The state that it leads to; -1: a new principal, which is the goal."""
    way: Edge | None = None
    """How one comes to act as a raised principal that is not oneself."""
    way_target: int = -1


class Graph:
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
        self._sets: dict[object, Permissions] = {}
        self._moves: dict[int, Moves] = {}
        self._levels: dict[str, list[list[Doc]]] = {}
        self._probe_spaces: dict[str, Space] = {}
        self._goals: dict[int, bool] = {}
        self.trust = Trust(terrain.principals, side)
        self._permissions = [self._of(p) for p in self.principals]
        self._raised: dict[int, Permissions] = {}
        self._freed: dict[int, Permissions] = {}
        self._assumed: dict[int, Edge | None] = {}
        self.layers: list[Sets] = []
        """By distance from the goal."""
        self._search()

    # -- permissions

    def doc(self, bounds: Bounds) -> Doc:
        """A document made ready for this side."""
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

    def freed(self, place: int) -> Permissions:
        """A principal's permissions without its boundary."""
        found = self._freed.get(place)
        if found is None:
            base = self._permissions[place]
            key = ("freed", id(base))
            found = self._sets.get(key)
            if found is None:
                found = self._sets[key] = Permissions(base.principal, base.identity, None, base.levels, self.side)
            self._freed[place] = found
        return found

    def permissions(self, state: int) -> Permissions:
        """Of a state: a principal's place, plus their number where it is raised, plus twice that where it is freed."""
        if state < self.count:
            return self._permissions[state]
        return self.raised(state - self.count) if state < 2 * self.count else self.freed(state - 2 * self.count)

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

    def moves(self, permissions: Permissions) -> Moves:
        """Everything that these permissions give, but for roles that trust the caller by name."""
        found = self._moves.get(id(permissions))
        if found is None:
            found = self._moves[id(permissions)] = self._find(permissions)
        return found

    def _find(self, permissions: Permissions) -> Moves:
        moves = Moves([], [], [], [], [])
        if permissions.granted is not None and permissions.granted.isdisjoint(actions()):
            return moves
        for technique in techniques():
            if technique.only == "trusts-caller" or (technique.may and self.side == "least"):
                continue
            if permissions.granted is not None and not technique.needed <= permissions.granted:
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
                        moves.joins.append(Edge(technique, groups))
                case "free":
                    if permissions.boundary is not None and (edge := self._free(technique, permissions)):
                        moves.frees.append(edge)
                case "create":
                    if self._creates(technique, permissions):
                        moves.creates.append(Edge(technique, 0))
        return moves

    def _same(self, permissions: Permissions) -> int:
        return self.space.accounts.get(permissions.principal.account, 0)

    def _become(self, technique: Technique, permissions: Permissions) -> Edge | None:
        if technique.target == "user":
            found = self.terrain.kinds["user"] & self._same(permissions)
            found &= self.terrain.only(technique.only, self.side)
            for need in technique.needs:
                found = self._on(need, permissions, self.space, found)
            return Edge(technique, found) if found else None
        if technique.target == "saml":
            return self._saml(technique, permissions)
        carrier = self.terrain.carrier(technique.on) if technique.on else None
        if not _may_name(technique, permissions, None):
            return None
        for need in technique.needs:
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
        return Edge(technique, found) if found else None

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

    def _existing(self, technique: Technique, permissions: Permissions, carrier: Carrier) -> Edge | None:
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
        return Edge(technique, found, carrier) if found else None

    def _saml(self, technique: Technique, permissions: Permissions) -> Edge | None:
        space, addresses = self.terrain.saml
        allowed = permissions.targets(technique.needs[0].action, space, _IAM)
        allowed &= space.accounts.get(permissions.principal.account, 0)
        found, through = 0, {}
        for place in bits(allowed):
            roles = self.trust.of_federated(space.arns[place])
            found |= roles
            through.update(dict.fromkeys(bits(roles), (addresses[place], space.arns[place])))
        return Edge(technique, found, through=through) if found else None

    def _raise(self, technique: Technique, permissions: Permissions) -> Edge | None:
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
            return Edge(technique, found, through=through) if found else None
        found = self.terrain.kinds[technique.target] & self._same(permissions)
        found = self._on(need, permissions, self.space, found)
        if technique.target == "group":
            members = 0
            for place in bits(found):
                for member in self.terrain.members.get(place, ()):
                    members |= 1 << member
                    through.setdefault(member, (self.principals[place].address, self.principals[place].arn))
            found = members
        return Edge(technique, found, through=through) if found else None

    def _free(self, technique: Technique, permissions: Permissions) -> Edge | None:
        """The principals whose boundary these permissions loosen."""
        need = technique.needs[0]
        if technique.target == "policy":
            space, policies = self.terrain.policies
            allowed = permissions.targets(need.action, space, _IAM) & space.accounts.get(
                permissions.principal.account, 0
            )
            through = {
                place: (policies[p].address, space.arns[p]) for p in bits(allowed) for place in policies[p].bounded
            }
            return Edge(technique, sum(1 << place for place in through), through=through) if through else None

        def keys(place: int) -> Mapping[str, ContextValue]:
            there = self.terrain.target_keys(place)
            if not need.action.startswith("iam:put"):
                return there
            return {**there, "iam:permissionsboundary": self.terrain.admin_policies[0]}  # the one to come

        found = self.terrain.kinds[technique.target] & self._same(permissions)
        found &= permissions.targets(need.action, self.space, Circumstances(_IAM.known, keys))
        return Edge(technique, found) if found else None

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
        if not _may_name(technique, permissions, Circumstances(known)):
            return False
        key = ("created", permissions.principal.account)
        made = self._sets.get(key)
        if made is None:
            levels = self.levels(permissions.principal.account)
            made = self._sets[key] = Permissions(permissions.principal, [], None, levels, self.side, everything=True)
        return self.goal(made)

    def assumed(self, state: int) -> Edge | None:
        """The roles that a principal can assume because they trust it."""
        if state not in self._assumed:
            permissions = self.permissions(state)
            principal = self.principals[state % self.count]
            found = self.trust.assumable(principal, permissions, self.space, self.terrain.target_keys)
            self._assumed[state] = Edge(STS, found) if found else None
        return self._assumed[state]

    # -- the search

    def _search(self) -> None:
        base = sum(1 << i for i in range(self.count) if self._is_goal(i))
        raised = freed = candidates = loose = 0
        active = [i for i in range(self.count) if self._active(i)]
        for i in active:
            moves = self.moves(self._permissions[i])
            for edge in moves.raises:
                candidates |= edge.reached
            for edge in moves.frees:
                loose |= edge.reached & 1 << i
        for place in bits(candidates):
            if not self.principals[place].outside and self.goal(self.raised(place)):
                raised |= 1 << place
        for place in bits(loose):
            if self.goal(self.freed(place)):
                freed |= 1 << place
        self.layers = [(base, raised, freed)]
        self.reached: Sets = (base, raised, freed)
        while any(new := self._layer(active, candidates, loose, self.reached)):
            self.layers.append(new)
            self.reached = (self.reached[0] | new[0], self.reached[1] | new[1], self.reached[2] | new[2])

    def _is_goal(self, place: int) -> bool:
        return not self.principals[place].outside and self.goal(self._permissions[place])

    def _active(self, place: int) -> bool:
        principal = self.principals[place]
        if principal.kind == "group":
            return False
        if principal.outside:  # what is attached to it elsewhere is not in view
            return self.side == "most" and bool(principal.own)
        return not (principal.doubt and self.side == "least")

    def _layer(self, active: Sequence[int], candidates: int, loose: int, done: Sets) -> Sets:
        """The states that one hop takes to what is reached so far."""
        base, raised, freed = done
        carried: dict[str, int] = {}
        shared: dict[int, bool] = {}

        def hits(edge: Edge) -> bool:
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
            return any(True for _ in self._own_hops(state, done))

        new_base = sum(1 << i for i in active if not base >> i & 1 and step(i))
        new_raised = sum(1 << i for i in bits(candidates & ~raised) if step(self.count + i))
        new_freed = sum(1 << i for i in bits(loose & ~freed) if step(2 * self.count + i))
        return new_base, new_raised, new_freed

    def _own_hops(self, state: int, sets: Sets) -> Iterator[Hop]:
        """Hops that depend on who the principal is: raising itself or others, joining groups, losing its boundary."""
        base, raised, freed = sets
        moves = self.moves(self.permissions(state))
        place = state % self.count
        for edge in moves.frees if state < self.count else ():
            if edge.reached >> place & 1 and freed >> place & 1:
                yield Hop(edge, place, 2 * self.count + place)
        for edge in moves.raises:
            if edge.reached >> place & 1 and raised >> place & 1 and state < self.count:
                yield Hop(edge, place, self.count + place)
            others = edge.reached & raised & ~(1 << place)
            if others:
                yield from self._raise_others(state, edge, others)
        if self.principals[place].kind == "user":
            for edge in moves.joins:
                for group in bits(edge.reached & base):
                    if self._joined(place, group):
                        yield Hop(edge, group, group)

    def _raise_others(self, state: int, edge: Edge, others: int) -> Iterator[Hop]:
        """Raising a principal gives its new permissions to those who can act as it."""
        ways = list(self.moves(self.permissions(state)).become)
        if assumed := self.assumed(state):
            ways.append(assumed)
        for way in ways:
            if way.carrier is None:
                for place in bits(others & way.reached):
                    yield Hop(edge, place, self.count + place, way, place)
            else:
                for resource in bits(way.reached & way.carrier.leading(others)):
                    place = way.carrier.leads[resource]
                    yield Hop(edge, place, self.count + place, way, resource)

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


def _may_name(technique: Technique, permissions: Permissions, circumstances: Circumstances | None) -> bool:
    """Whether the caller may name what a technique makes, the same name for all of its permissions."""
    shared: dict[str, list[Sequence[str]]] = {}
    for need in technique.needs:
        if need.on == "new":
            names = permissions.new_names(need.action, circumstances or _circumstances(need.action))
            if not names:
                return False
            for kind, patterns in names.items():
                shared.setdefault(kind, []).append(patterns)
    return all(
        any(all(any(arns_meet(one, other) for other in others) for others in lists[1:]) for one in lists[0])
        for lists in shared.values()
    )


def _circumstances(action: str) -> Circumstances:
    return _IAM if action.startswith("iam:") else NOTHING
