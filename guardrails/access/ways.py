"""The paths through the graph, step by step, with the statements that each rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import TypeVar

from guardrails.access.documents import Side
from guardrails.access.graph import STS, Edge, Graph, Hop, Sets
from guardrails.access.permissions import view_of
from guardrails.access.principals import Principal
from guardrails.access.steps import Break, Certainty, Granted, Path, Step
from guardrails.access.targets import Space, bits
from guardrails.access.techniques import Need
from guardrails.access.terrain import Terrain

_T = TypeVar("_T")
_TRIED_OF_ONE_EDGE = 24


class Ways(Graph):
    """The graph on one side of every doubt, with the ways to its goal."""

    def __init__(self, terrain: Terrain, side: Side, to: str) -> None:
        super().__init__(terrain, side, to)
        self._next: dict[int, Hop] = {}
        self._layer_of: dict[int, int] = {}

    def layer_of(self, state: int) -> int:
        """The distance of a state from the goal, -1 if there is no way."""
        found = self._layer_of.get(state)
        if found is None:
            place = state % self.count
            which = state // self.count
            found = next((d for d, layer in enumerate(self.layers) if layer[which] >> place & 1), -1)
            self._layer_of[state] = found
        return found

    def hops(self, state: int, sets: Sets) -> Iterator[Hop]:
        """The hops from a state into sets of states, a bounded number for each technique."""
        base = sets[0]
        permissions = self.permissions(state)
        moves = self.moves(permissions)
        assumed = self.assumed(state)
        for edge in ([assumed] if assumed else []) + moves.become:
            if edge.carrier is None:
                for place in _few(bits(edge.reached & base)):
                    yield Hop(edge, place, place)
            else:
                for resource in _few(bits(edge.reached & edge.carrier.leading(base))):
                    yield Hop(edge, resource, edge.carrier.leads[resource])
        yield from _few(self._own_hops(state, sets), 4 * _TRIED_OF_ONE_EDGE)
        for edge in moves.creates:
            yield Hop(edge, -1, -1)

    def best(self, state: int) -> list[tuple[int, Hop]]:
        """The shortest way from a state to the goal: (state, hop) pairs; empty at the goal itself."""
        way: list[tuple[int, Hop]] = []
        while (distance := self.layer_of(state)) > 0:
            hop = self._next.get(state)
            if hop is None:
                sets = self.layers[distance - 1]
                hop = next(h for h in self.hops(state, sets) if h.state >= 0 or distance == 1)
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
        ways: list[list[tuple[int, Hop]]] = []
        for hop in self.hops(place, self.reached):
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

    def _end(self, way: Sequence[tuple[int, Hop]]) -> Principal | None:
        """Who is at the goal in the end."""
        state, hop = way[-1]
        if hop.state < 0:
            return None
        return self.principals[(state if hop.edge.technique.gives == "join" else hop.state) % self.count]

    def _path(self, place: int, way: Sequence[tuple[int, Hop]], certainty: Certainty) -> Path:
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

    def _steps(self, state: int, hop: Hop) -> Iterator[Step]:
        others = self._others(state, hop)
        if hop.state < 0:
            technique = hop.edge.technique
            statements = tuple(g for need in technique.needs for g in self.granting(state, need, None, -1))
            yield Step(
                technique.id, technique.title, technique.permissions, "new principal", "", None, True, statements
            )
            return
        gains = self.principals[hop.state % self.count]
        raised = hop.state // self.count == 1
        yield self._step(state, hop.edge, hop.target, gains=gains, raised=raised, others=others)
        if hop.way is not None:
            yield self._step(state, hop.way, hop.way_target, gains=gains, raised=True)

    def _reading(self, state: int, end: Principal | None) -> Step:
        data = self.data
        assert data is not None  # noqa: S101  # asked for data alone
        permissions = self.permissions(state) if state >= 0 else None
        readings = list(data.readings(permissions, end)) if permissions is not None and end is not None else []
        names = tuple(dict.fromkeys(r.permission for r in readings))
        statements = tuple(Granted(r.view, r.index, r.permission) for r in readings)
        return Step("read-data", "read the data", names, data.name, data.arn, end, False, statements)

    def _others(self, state: int, hop: Hop) -> tuple[str, ...]:
        if hop.way is not None or hop.state < 0:
            return ()
        one = 1 << hop.state % self.count
        which = hop.state // self.count
        sets = (one if which == 0 else 0, one if which == 1 else 0, one if which == 2 else 0)
        ids = dict.fromkeys(h.edge.technique.id for h in self.hops(state, sets) if h.state == hop.state)
        return tuple(each for each in ids if each != hop.edge.technique.id)

    def _step(
        self, state: int, edge: Edge, target: int, *, gains: Principal, raised: bool, others: tuple[str, ...] = ()
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
        if technique is STS:
            letting = self.trust.letting(self.principals[state % self.count], target)
            if any(how == "direct" for _, _, how in letting) and self._same_account(state, target):
                statements = ()  # the role's own word is enough, so taking the permission away breaks nothing
            statements += tuple(Granted(view, index, "trust") for view, index, _ in letting)
        title = technique.title
        return Step(technique.id, title, technique.permissions, address, arn, gains, raised, statements, others)

    def _same_account(self, state: int, target: int) -> bool:
        return self.principals[state % self.count].account == self.principals[target].account

    def granting(self, state: int, need: Need, edge: Edge | None, target: int) -> Iterator[Granted]:
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

    def _wanted(self, need: Need, edge: Edge | None, target: int) -> tuple[Space | None, int]:
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

    def _doubts(self, way: Sequence[tuple[int, Hop]]) -> tuple[str, ...]:
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
