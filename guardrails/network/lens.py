"""The network of a design as checks and commands ask about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from guardrails.model import Model, Resource, Unknown
from guardrails.network.addresses import ANYWHERE, PUBLIC, AddressSet
from guardrails.network.balancing import Lead, exposed_behind, leads, through
from guardrails.network.build import picture_of
from guardrails.network.cells import Cells
from guardrails.network.codes import MEANING
from guardrails.network.fronts import fronts as public_fronts
from guardrails.network.packet import Blocker, Hop
from guardrails.network.ports import ALL, PortSet
from guardrails.network.prefix_list import service_of
from guardrails.network.reach import BLOCKED, End, Engine, Internet, Reachability, Service
from guardrails.network.reach import Network as OnPremises
from guardrails.network.service_names import NAMES
from guardrails.network.topology import Interface, Picture
from guardrails.network.traffic import NO_TRAFFIC, Traffic

_CACHE = "network.lens"
_IDENTITY = re.compile(r"arn:|[a-z]{1,12}(-[a-z]+)*-[0-9a-f]{8,}$")
"""An ARN, or an id of AWS such as `i-0a1b2c3d4e5f60718`."""
_GLOBAL = AddressSet.of("2000::/3")
Certainty = Literal["must", "may", "unknown"]
EndLike = Resource | str | AddressSet | End


class Exposure(Struct, frozen=True):
    """What of a resource the internet can connect to."""

    resource: Resource
    certainty: Certainty
    traffic: Traffic
    """Ports by source address."""
    path: tuple[Hop, ...]
    interfaces: tuple[str, ...]
    through: str = ""
    """The load balancer that leads there, empty if the internet reaches the resource itself."""
    doubts: tuple[str, ...] = ()

    @property
    def ports(self) -> PortSet:
        """The ports that are open to somebody."""
        return self.traffic.ports()


class Network:
    """The lens over a design's network: who reaches whom.

    Answers are `Reachability`: `must` and `blocked` are proved, `may` depends on values that are not known yet,
    `unknown` on parts that are not in view.
    """

    __slots__ = (
        "_engine", "_entered", "_exposed", "_gates", "_leads", "_members", "_served", "model", "picture"
    )  # fmt: skip

    def __init__(self, model: Model) -> None:
        self.model = model
        self.picture: Picture = picture_of(model)
        self._engine = Engine(self.picture)
        self._exposed: list[Exposure] | None = None
        self._gates: _Gates | None = None
        self._leads: dict[str, list[Lead]] | None = None
        self._members: dict[str, list[Interface]] | None = None
        self._entered: dict[tuple[tuple[object, ...], PortSet], Traffic] = {}
        self._served: dict[tuple[object, ...], Reachability] = {}

    @classmethod
    def of(cls, model: Model, /) -> Network:
        """The lens over a model, made once."""
        cached = model.cache.get(_CACHE)
        if not isinstance(cached, Network):
            cached = model.cache[_CACHE] = cls(model)
        return cached

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Network]:
        """Itself, once."""
        return (cls.of(model),)

    @property
    def resource(self) -> Resource | None:
        """None: it is a lens."""
        return None

    # Ends

    def interfaces(self, resource: Resource | str) -> list[Interface]:
        """The network interfaces of a resource, given itself or by address; empty if it has none."""
        address = resource if isinstance(resource, str) else resource.address
        return [self.picture.interfaces[k] for k in self.picture.by_resource.get(address, ())]

    def members(self, group: Resource | str) -> list[Interface]:
        """The interfaces that a security group is on, as far as they are in view."""
        address = group if isinstance(group, str) else group.address
        if self._members is None:
            self._members = {}
            for interface in self.picture.interfaces.values():
                for key in interface.groups:
                    self._members.setdefault(key, []).append(interface)
        return list(self._members.get(address, ()))

    def ends(self, what: EndLike) -> list[End]:
        """The ends that a name means: `internet`, a CIDR block or address, a service such as `s3`, the address, id or
        ARN of a resource, or a resource itself. Raises `LookupError` if nothing has this name or it has no interface.
        """
        match what:
            case Resource():
                found = self.interfaces(what)
                if not found:
                    raise LookupError(f"{what.address} has no network interface in view")
                return list(found)
            case AddressSet():
                return [self._addresses(what)]
            case str():
                return self._named(what)
            case _:
                return [what]

    def _named(self, name: str) -> list[End]:
        if name == "internet":
            return [Internet()]
        try:
            return [self._addresses(AddressSet.of(name))]
        except ValueError:
            pass
        if name in self.picture.interfaces:
            return [self.picture.interfaces[name]]
        resource = self.model.at(name) if "." in name else None
        if resource is None and _IDENTITY.match(name):
            resource = self.model.resolve(name)
        if resource is not None:
            return self.ends(resource)
        service = service_of(name) or name
        if service in NAMES or any(e.service == service for e in self.picture.endpoints.values()):
            return [Service(service)]
        raise LookupError(f"nothing in view is called {name}, and no AWS service is")

    def _addresses(self, addresses: AddressSet) -> End:
        owners = [i for i in self.picture.interfaces.values() if i.placed and addresses <= i.private]
        if len(owners) == 1:
            return owners[0]
        return Internet(addresses) if addresses <= PUBLIC or addresses == ANYWHERE else OnPremises(addresses)

    # Questions

    def reach(self, source: EndLike, target: EndLike, ports: PortSet = ALL, *, why: bool = True) -> Reachability:
        """Whether `source` can open connections to `target` on some of the ports.

        A source with several interfaces must succeed from each of them; a target with several is reached if one is,
        unless it takes only one of several places. `why`: whether to look for blockers. Raises `LookupError` for a
        name that means nothing.
        """
        sources, targets = self.ends(source), self.ends(target)
        for each in sources:
            if isinstance(each, Service):
                raise LookupError(
                    f"{each.name} is an AWS service, which opens no connections: ask for it as the target"
                )
        return _every([self._from(each, targets, ports, why=why) for each in sources])

    def _from(self, source: End, targets: list[End], ports: PortSet, *, why: bool) -> Reachability:
        if len(targets) == 1 and isinstance(targets[0], Service):
            return self._service(source, targets[0], ports, why=why)
        answers = [self._one(source, each, ports, why=why) for each in targets]
        alternative = all(isinstance(t, Interface) and t.alternative for t in targets)
        return _every(answers) if alternative else _any(answers)

    def _one(self, source: End, target: End, ports: PortSet, *, why: bool) -> Reachability:
        direct = self._engine.connect(source, target, ports, why=why)
        if isinstance(target, Internet) and isinstance(source, Interface) and direct.verdict != "blocked":
            return self._back_in(source, target, direct, ports, why=why)
        if direct.verdict == "must" or not isinstance(target, Interface):
            return direct
        found = [direct]
        for balancer, listener, _, _ in self._leading_to(target.key):
            if listener.ports.isdisjoint(ports):
                continue  # whatever it takes there, it is not this
            if not isinstance(source, Interface) or source.key not in balancer.interfaces:
                found.append(through(self._engine, balancer, source, target, ports, why=why))
        return _any(found)

    def direct(self, source: Interface, target: Interface, ports: PortSet = ALL) -> Reachability:
        """Whether one interface can connect to another itself, not by a load balancer that leads there, too."""
        return self._engine.connect(source, target, ports)

    def _back_in(
        self, source: Interface, target: Internet, out: Reachability, ports: PortSet, *, why: bool
    ) -> Reachability:
        """Out to a public address that an interface in view has: then its own side decides, too."""
        owner = next(
            (
                i
                for i in self.picture.interfaces.values()
                if target.addresses and target.addresses <= i.public_addresses
            ),
            None,
        )
        if owner is None or owner.key == source.key:
            return out
        way_in = self._one(Internet(), owner, ports, why=why)
        if way_in.verdict in ("blocked", "unknown"):
            return way_in
        joined = replace(
            out,
            traffic=out.traffic.on(way_in.ports),
            destinations=out.destinations.on(way_in.ports),
            path=(*out.path, *way_in.path),
        )
        if way_in.verdict == "must" and way_in.traffic.addresses().covers_internet(4):
            return joined
        doubt = f"{owner.key} does not let everybody in, and with which public address this comes is not known"
        return replace(joined, verdict="may" if out.verdict == "must" else out.verdict, doubts=(*out.doubts, doubt))

    def alike(self, interface: Interface) -> tuple[object, ...]:
        """What decides how an interface gets to services and the internet: those that are equal in it get the same
        answers, each for its own address.
        """
        if self._gates is None:
            self._gates = _Gates(self.picture)
        gates, filters = self._gates, self._engine.filters
        return (
            interface.subnet, filters.alike(interface.groups, "egress"), gates.known.intersection(interface.groups),
            interface.groups_doubt, interface.filtered, interface.public, interface.ipv6, interface.clients,
            interface.broken, interface.doubt, interface.accepts, interface.kind, interface.placed,
            gates.cells.of(interface.private) if interface.placed else interface.private,
        )  # fmt: skip

    def _service(self, source: End, service: Service, ports: PortSet, *, why: bool) -> Reachability:
        """A service is reached by its private endpoint if its name leads there, else by its own addresses (R14)."""
        if not isinstance(source, Interface):
            return self._engine.connect(source, service, ports, why=why)
        key = (self.alike(source), service.name, ports)
        if key not in self._served:
            self._served[key] = self._serve(source, service, ports, why=False)
        answer = self._served[key]
        if answer.verdict == "blocked":
            return self._serve(source, service, ports, why=True) if why else answer
        if not source.placed:
            return answer
        first = Hop("interface", source.key, "", source.resource)
        own = Traffic.box(source.private.family(4), answer.traffic.ports())
        return replace(answer, traffic=own, path=(first, *answer.path[1:]))

    def _serve(self, source: Interface, service: Service, ports: PortSet, *, why: bool) -> Reachability:
        place = self.picture.subnets[source.subnet]
        named = [
            e
            for e in self.picture.endpoints.values()
            if e.kind == "Interface" and e.vpc == place.vpc and e.service == service.name and e.private_dns
        ]
        if not named:
            return self._engine.connect(source, service, ports, why=why)
        targets = [self.picture.interfaces[k] for e in named for k in e.interfaces]
        return _any([self._engine.connect(source, t, ports, why=why) for t in targets])

    def through(self, balancer: Resource | str, source: EndLike, target: EndLike, ports: PortSet = ALL) -> Reachability:
        """Whether a source reaches a target by one load balancer; ports are those that the source connects to.
        Raises `LookupError` for a name that means nothing.
        """
        address = balancer if isinstance(balancer, str) else balancer.address
        if address not in self.picture.balancers:
            raise LookupError(f"{address} is no load balancer in view")
        found = self.picture.balancers[address]
        targets = [t for t in self.ends(target) if isinstance(t, Interface)]
        return _any([through(self._engine, found, s, t, ports) for s in self.ends(source) for t in targets])

    def can_reach_service(
        self, resource: Resource | str, service: str, port: int = 443, *, why: bool = True
    ) -> Reachability:
        """Whether every interface of a resource reaches an AWS service: by an interface endpoint with private DNS, a
        gateway endpoint, or the internet.
        """
        return self.reach(resource, Service(service), PortSet.tcp(port), why=why)

    def from_internet(self, interface: Interface, traffic: Traffic) -> Traffic:
        """What of some traffic, as the rules of an interface let it in, the internet surely or possibly gets there:
        directly, and through load balancers.
        """
        ports = traffic.ports()
        found = NO_TRAFFIC
        if interface.public != "no" or interface.ipv6 != "no" or self._sped(interface):
            key = (self._class(interface), ports)
            if key not in self._entered:
                answer = self._engine.connect(Internet(), interface, ports, why=False)
                self._entered[key] = answer.traffic if answer.verdict != "blocked" else NO_TRAFFIC
            found = self._entered[key] & traffic
        for balancer, listener, _, inner in self._leading_to(interface.key):
            taken = inner & ports
            if not taken:
                continue
            led = through(self._engine, balancer, Internet(), interface, listener.ports, why=False)
            if led.verdict != "blocked":
                found |= Traffic.box(led.traffic.addresses(), taken)
        return found

    def _leading_to(self, interface: str) -> Sequence[Lead]:
        if self._leads is None:
            self._leads = leads(self._engine)
        return self._leads.get(interface, ())

    def kept_away(self, interfaces: list[Interface], traffic: Traffic) -> str:
        """Why the internet does not reach some interfaces, in a few words."""
        if all(i.public == "no" and i.ipv6 == "no" for i in interfaces):
            return "no public address"
        ports = traffic.ports()
        blockers, _ = self._engine.why(
            Internet(), interfaces[0], (ports & self._engine.filters.open_ports(interfaces[0])) or ports
        )
        return "; ".join(dict.fromkeys(MEANING.get(b.code, b.change) for b in blockers)) or "there is no path"

    def exposed(self) -> list[Exposure]:
        """Everything that the internet can connect to, surely or possibly, and what stands behind load balancers."""
        if self._exposed is None:
            self._exposed = list(self._exposures())
        return self._exposed

    def _exposures(self) -> Iterator[Exposure]:
        by_class: dict[tuple[object, ...], Reachability] = {}
        fronts: dict[str, Traffic] = {}
        found: dict[str, list[tuple[Interface, Reachability]]] = {}
        for interface in self.picture.interfaces.values():
            if not interface.accepts or (
                interface.public == "no" and interface.ipv6 == "no" and not self._sped(interface)
            ):
                continue
            key = self._class(interface)
            if key not in by_class:
                by_class[key] = self._engine.connect(Internet(), interface, why=False)
            answer = by_class[key]
            if answer.verdict != "blocked" and interface.resource is not None:
                path = answer.path if not answer.path else (*answer.path[:-1], _end_hop(answer.path[-1], interface))
                found.setdefault(interface.resource.address, []).append((interface, replace(answer, path=path)))
        for pairs in found.values():
            exposure = _exposure(pairs)
            fronts[exposure.resource.address] = exposure.traffic
            yield exposure
        yield from self._behind(fronts)
        for front in public_fronts(self.model):
            here = Hop("public-endpoint", front.resource.address, "", front.resource)
            yield Exposure(
                front.resource,
                "may" if front.doubt else "must",
                Traffic.box(front.sources, front.ports),
                (Hop("internet", "internet"), here),
                (),
                doubts=(front.doubt,) if front.doubt else (),
            )

    def _sped(self, interface: Interface) -> bool:
        return interface.resource is not None and interface.resource.address in self.picture.accelerated

    def _class(self, interface: Interface) -> tuple[object, ...]:
        """What decides whether the internet reaches an interface: equal ones have equal answers."""
        place = self.picture.subnets[interface.subnet]
        own = interface.private if self.picture.vpcs[place.vpc].edge_table else None
        reachable_v6 = interface.private.family(6) <= _GLOBAL
        return (
            interface.subnet, self._engine.filters.alike(interface.groups, "ingress"), interface.groups_doubt,
            interface.filtered, interface.public, interface.ipv6, interface.listens, interface.broken, interface.doubt,
            own, self._sped(interface), interface.private.families(), reachable_v6, interface.placed if own else None,
        )  # fmt: skip

    def _behind(self, fronts: dict[str, Traffic]) -> Iterator[Exposure]:
        for balancer in self.picture.balancers.values():
            front = fronts.get(balancer.key)
            if not front:
                continue
            behind: dict[str, list[tuple[Interface, Reachability]]] = {}
            for member in dict.fromkeys(m for m, _ in exposed_behind(self._engine, balancer, front)):
                interface = self.picture.interfaces[member]
                answer = through(self._engine, balancer, Internet(), interface, front.ports(), why=False)
                if answer.verdict != "blocked" and interface.resource is not None:
                    behind.setdefault(interface.resource.address, []).append((interface, answer))
            for pairs in behind.values():
                yield replace(_exposure(pairs), through=balancer.key)


class _Gates:
    """What filters packets on their way to services and the internet, besides where they come from: the groups of
    endpoints and appliances.
    """

    def __init__(self, picture: Picture) -> None:
        groups = {
            key
            for interface in picture.interfaces.values()
            if interface.kind == "endpoint" or not interface.source_dest_check
            for key in interface.groups
            if key in picture.groups
        }
        self.cells = Cells(picture, groups)
        self.known = frozenset(
            name for key in groups for permit in picture.groups[key].ingress for name in permit.groups
        )
        """The groups that their rules refer to."""


def diff(before: Model, after: Model) -> tuple[list[Exposure], list[Exposure]]:
    """What newly becomes reachable from the internet, and what loses that, between two designs."""
    old, new = Network.of(before).exposed(), Network.of(after).exposed()
    return list(_more(old, new)), list(_more(new, old))


def _more(old: list[Exposure], new: list[Exposure]) -> Iterator[Exposure]:
    had: dict[str, Traffic] = {}
    for exposure in old:
        had[exposure.resource.address] = had.get(exposure.resource.address, NO_TRAFFIC) | exposure.traffic
    for exposure in new:
        extra = exposure.traffic - had.get(exposure.resource.address, NO_TRAFFIC)
        if extra:
            yield replace(exposure, traffic=extra)


def _exposure(pairs: list[tuple[Interface, Reachability]]) -> Exposure:
    alternative = all(i.alternative for i, _ in pairs)
    answers = [a for _, a in pairs]
    joined = _any(answers)
    resource = pairs[0][0].resource
    assert resource is not None  # noqa: S101  # only interfaces with one are collected
    verdict = joined.verdict
    if alternative and any(a.verdict != "must" for a in answers):
        verdict = "may"
    certainty: Certainty = "must" if verdict == "must" else "unknown" if verdict == "unknown" else "may"
    return Exposure(
        resource,
        certainty,
        joined.traffic,
        joined.path,
        tuple(i.key for i, _ in pairs),
        doubts=(*joined.doubts, *joined.needs),
    )


def _end_hop(hop: Hop, interface: Interface) -> Hop:
    return Hop(hop.kind, interface.key, hop.text, interface.resource)


def _any(answers: list[Reachability]) -> Reachability:
    """The best of several ways."""
    if not answers:
        return BLOCKED
    for verdict in ("must", "may", "unknown"):
        good = [a for a in answers if a.verdict == verdict]
        if good:
            traffic = Traffic.union_of(a.traffic for a in good)
            destinations = Traffic.union_of(a.destinations for a in good)
            return replace(good[0], traffic=traffic, destinations=destinations)
    with_blockers = [a for a in answers if a.blockers]
    return min(with_blockers, key=lambda a: len(a.blockers)) if with_blockers else answers[0]


def _every(answers: list[Reachability]) -> Reachability:
    """One answer for ways that all must work: where some do and some do not, it may work, and says where not."""
    if not answers:
        return BLOCKED
    verdicts = {a.verdict for a in answers}
    if len(answers) == 1 or verdicts <= {"blocked"}:
        return _any(answers)
    joined = _any([a for a in answers if a.verdict != "blocked"])
    if verdicts == {"must"}:
        return joined
    blockers: tuple[Blocker, ...] = next((a.blockers for a in answers if a.blockers), ())
    doubts = tuple(dict.fromkeys(d for a in answers for d in a.doubts))
    needs = tuple(dict.fromkeys(n for a in answers for n in a.needs))
    if "blocked" in verdicts:
        doubts = ("it works from some of its subnets only", *doubts)
    verdict = "unknown" if verdicts <= {"unknown", "must"} else "may"
    return replace(
        joined, verdict="unknown" if verdict == "unknown" else "may", blockers=blockers, doubts=doubts, needs=needs
    )


def needed(answer: Reachability) -> Reachability:
    """The answer itself; raises `Unknown` if it depends on parts that are not in view. For checks."""
    if answer.verdict == "unknown":
        raise Unknown("; ".join(answer.needs) or "a part of the network that is not in view")
    return answer
