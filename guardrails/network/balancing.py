"""Through a load balancer to its targets: a connection of its own, or the client's with its address kept (F5, F6)."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from guardrails.network.packet import Blocker, Hop
from guardrails.network.ports import ALL, PortSet
from guardrails.network.reach import End, Engine, Reachability, Verdict
from guardrails.network.topology import Balancer, Interface, Listener, TargetGroup
from guardrails.network.traffic import Traffic

_GENEVE = PortSet.udp(6081)
_WEAKEST: tuple[Verdict, ...] = ("blocked", "unknown", "may", "must")


Lead = tuple[Balancer, Listener, TargetGroup, PortSet]
"""A listener behind which an interface is registered with a target group, and the ports that it gets there."""


def leads(engine: Engine) -> dict[str, list[Lead]]:
    """By interface: how load balancers lead to it."""
    found: dict[str, list[Lead]] = {}
    for balancer in engine.picture.balancers.values():
        for listener in balancer.listeners:
            for key in listener.targets:
                group = engine.picture.target_groups.get(key)
                for member, ports in group.members if group is not None else ():
                    if group is not None:
                        found.setdefault(member, []).append((balancer, listener, group, ports))
    return found


def through(
    engine: Engine, balancer: Balancer, source: End, target: Interface, ports: PortSet = ALL, *, why: bool = True
) -> Reachability:
    """Whether a source reaches a target by a load balancer; ports are those that the source connects to."""
    listeners = [each for each in balancer.listeners if not each.ports.isdisjoint(ports)]
    classic = balancer.kind == "classic"
    if balancer.kind == "gateway" and not ports <= _GENEVE:
        code = "GWLB_PROTOCOL_RESTRICTION" if ports.isdisjoint(PortSet.udp()) else "GWLB_DESTINATION_PORT_RESTRICTION"
        return _blocked(code, balancer, "Ask for UDP port 6081.")
    if not listeners:
        code = "ELB_LISTENERS_MISMATCH" if classic else "ELBV2_LISTENERS_MISMATCH"
        return _blocked(code, balancer, f"Add a listener for {ports.describe()} to {balancer.key}.")
    best = Reachability("blocked")
    for listener in listeners:
        ask = _Ask(engine, balancer, source, target, ports & listener.ports, why)
        found = _by_listener(ask, listener)
        if _better(found, best):
            best = found
    return best


def _better(one: Reachability, two: Reachability) -> bool:
    if one.verdict == two.verdict == "blocked":
        return bool(one.blockers) and (not two.blockers or len(one.blockers) < len(two.blockers))
    return _WEAKEST.index(one.verdict) > _WEAKEST.index(two.verdict)


def _blocked(code: str, balancer: Balancer, change: str, detail: str = "") -> Reachability:
    blocker = Blocker(code, balancer.key, change, detail, balancer.resource)
    return Reachability("blocked", blockers=(blocker,))


class _Ask(Struct, frozen=True):
    """A question to a load balancer."""

    engine: Engine
    balancer: Balancer
    source: End
    target: Interface
    ports: PortSet
    why: bool


def _by_listener(ask: _Ask, listener: Listener) -> Reachability:
    engine, balancer, target = ask.engine, ask.balancer, ask.target
    groups = [g for key in listener.targets if (g := engine.picture.target_groups.get(key)) is not None]
    if not any(g.members or g.addresses or g.doubt for g in groups):
        return _blocked("ELBV2_LISTENER_HAS_NO_TG", balancer, "Register targets with the listener's target groups.")
    best = Reachability("blocked")
    member = False
    for group in groups:
        for key, inner in group.members:
            if key != target.key:
                continue
            member = True
            for node_key in balancer.interfaces:
                found = _by_node(ask, group, node_key, inner)
                if _better(found, best):
                    best = found
    if not member:
        doubt = next((g.doubt for g in groups if g.doubt), "")
        if doubt:
            return Reachability("unknown", needs=(f"the targets of {balancer.key}: {doubt}",))
        change = f"Register {target.key} with a target group of {balancer.key}."
        return _blocked("TARGET_ADDRESS_RESTRICTION", balancer, change)
    return best


def _by_node(ask: _Ask, group: TargetGroup, node_key: str, inner: PortSet) -> Reachability:
    engine, balancer, target, why = ask.engine, ask.balancer, ask.target, ask.why
    picture = engine.picture
    node = picture.interfaces[node_key]
    here, there = picture.subnets[node.subnet], picture.subnets[target.subnet]
    zones = {picture.subnets[picture.interfaces[n].subnet].zone for n in balancer.interfaces}
    crosses = group.cross_zone if group.cross_zone != "maybe" else balancer.cross_zone
    if there.zone and "" not in zones and there.zone not in zones:
        change = f"Add a subnet in {there.zone} to {balancer.key}."
        return _blocked("ELB_INSTALLED_AZ_RESTRICTION", balancer, change, there.zone)
    if crosses == "no" and here.zone and there.zone and here.zone != there.zone:
        code = "ELB_NOT_CROSSZONE" if balancer.kind == "classic" else "ELBV2_NO_TARGETS_IN_AZ"
        return _blocked(code, balancer, f"Turn on cross-zone load balancing, or add targets in {here.zone}.", here.zone)
    front = engine.connect(ask.source, node, ask.ports, why=why)
    if front.verdict == "blocked":
        return front
    if group.preserves_client and balancer.kind == "network":
        back = engine.forwarded(ask.source, node, target, inner)
    else:
        back = engine.connect(node, target, inner, why=why)
    if back.verdict == "blocked":
        blockers = tuple(_as_balancer(b, balancer) for b in back.blockers)
        if why and not group.preserves_client and engine.connect(node, target, why=False).verdict == "must":
            change = f"Register {target.key} with a port that it lets {balancer.key} use, or open {inner.describe()}."
            blockers = (Blocker("TARGET_PORT_RESTRICTION", group.key, change, "", group.resource), *blockers[1:])
        return replace(back, blockers=blockers, path=(*front.path, *back.path))
    verdict = min(front.verdict, back.verdict, key=_WEAKEST.index)
    hop = Hop("load-balancer", balancer.key, "", balancer.resource)
    traffic = front.traffic
    if group.preserves_client and balancer.kind == "network":
        traffic = front.traffic.within(back.traffic.addresses())
    if not traffic:
        return _blocked("ELBV2_SOURCE_ADDRESS_PRESERVATION", balancer, f"Let the clients into {target.key}.")
    return Reachability(
        verdict,
        traffic,
        front.destinations,
        (*front.path, hop, *(back.path[1:] if back.path[:1] == front.path[-1:] else back.path)),
        doubts=tuple(dict.fromkeys((*front.doubts, *back.doubts))),
        needs=tuple(dict.fromkeys((*front.needs, *back.needs))),
    )


def _as_balancer(blocker: Blocker, balancer: Balancer) -> Blocker:
    """Answers to a load balancer go to ports that it chooses."""
    if balancer.kind != "classic" and blocker.code == "SUBNET_ACL_RESTRICTION" and "answers" in blocker.detail:
        return replace(blocker, code="REMAP_EPHEMERAL_PORT")
    return blocker


def exposed_behind(engine: Engine, balancer: Balancer, front: Traffic) -> Iterator[tuple[str, Traffic]]:
    """The interfaces that a load balancer leads what it takes in to, with the traffic that reaches them."""
    for listener in balancer.listeners:
        taken = front.on(listener.ports)
        if not taken:
            continue
        for key in listener.targets:
            group = engine.picture.target_groups.get(key)
            for member, _ in group.members if group is not None else ():
                yield member, taken
