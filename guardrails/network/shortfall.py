"""What a workload must reach and does not: the path that fails, its cause, and a patch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from guardrails.model import Label, Model, Resource, Symbolic, UnknownValue, related
from guardrails.network.codes import MEANING
from guardrails.network.lens import Network
from guardrails.network.needs import Need, Workload
from guardrails.network.ports import PortSet
from guardrails.network.reach import Internet, Reachability, Service
from guardrails.network.reading import blocks, flag, link, text, written
from guardrails.network.services import INTERNET
from guardrails.network.topology import Endpoint, Interface, Ternary, Vpc
from guardrails.network.vpc import VPCS

_CACHE = "network.shortfalls"
_HTTPS = PortSet.tcp(443)
_DECIDING = frozenset(
    {"aws_vpc_endpoint", "aws_vpc_endpoint_route_table_association", "aws_route", "aws_route_table", "aws_nat_gateway"}
    | {"aws_vpc_endpoint_subnet_association", "aws_vpc_endpoint_security_group_association"}
    | {"aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule", "aws_security_group_rule"}
)
"""Types of which one that is not in view may open a way."""
_AWS_NAMES = ("amazonaws.com", "amazonaws.com.cn", "api.aws", "on.aws")
Cause = Literal["egress", "closed", "name", "dns", "public", "route"]
"""Why a service is not reached: the workload's own groups let nothing out to it (`egress`), the groups of its endpoint
let nothing in (`closed`), the endpoint has no private name (`name`), or none that works because the VPC's DNS is off
(`dns`), the way leads to an internet gateway but the workload has no public address (`public`), or there is no way that
works (`route`).
"""


class Missing(Struct, frozen=True):
    """One service that a workload surely does not reach from some of its interfaces."""

    need: Need
    cause: Cause
    answer: Reachability
    interface: Interface
    """The first of them."""
    everywhere: bool
    """Whether it is all of them."""
    endpoint: Endpoint | None = None
    """For `closed`, `name` and `dns`: the endpoint that is of no use."""


class Shortfall(Struct, frozen=True):
    """Everything that a workload surely misses, and what would have to be in view to say whether it misses more."""

    network: Network
    workload: Workload
    missing: tuple[Missing, ...]
    undecided: str = ""
    """Which piece decides; empty if nothing is open."""

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Shortfall]:
        """That of every workload of a model, also where nothing is missing."""
        found = model.cache.get(_CACHE)
        if not isinstance(found, tuple):
            survey = _Survey(Network.of(model))
            found = model.cache[_CACHE] = tuple(survey.of(each) for each in Workload.subjects(model))
        return found

    @property
    def resource(self) -> Resource:
        """The workload's resource."""
        return self.workload.resource

    @property
    def own(self) -> tuple[Missing, ...]:
        """What is missing for another cause than an endpoint or the VPC's DNS, whose own checks report it."""
        return tuple(each for each in self.missing if each.cause in ("egress", "public", "route"))

    @property
    def layers_only(self) -> bool:
        """Whether of what an image from ECR needs only its layers are missing, which come from S3."""
        found = {each.need.service for each in self.missing if each.need.service in ("ecr.api", "ecr.dkr", "s3")}
        return found == {"s3"} and any(need.service == "ecr.dkr" for need in self.workload.needs)

    def services(self, missing: Sequence[Missing]) -> str:
        """What is missing, as people list it."""
        return listed(each.need.service for each in missing)

    def where(self, missing: Sequence[Missing]) -> str:
        """From where something is missing if it is not everywhere: ` from aws_subnet.b`, else nothing."""
        subnets = [each.interface.subnet for each in missing if not each.everywhere]
        return f" from {listed(subnets)}" if subnets and len(subnets) == len(missing) else ""

    def details(self, missing: Sequence[Missing]) -> tuple[str, ...]:
        """The lines of a finding: why each service is needed, and the path that fails."""
        return details(self, missing)

    def places(self, missing: Sequence[Missing]) -> tuple[Label, ...]:
        """The lines of the design that are involved."""
        return places(self, missing)

    def patch(self, missing: Sequence[Missing]) -> str:
        """Terraform that opens the way."""
        from guardrails.network.patches import patch  # noqa: PLC0415  # written for findings alone

        return patch(self.network, missing)


class Useless(Struct, frozen=True):
    """Endpoints that are of no use to some workloads for one cause at one place: a finding at the endpoint."""

    resource: Resource
    """The first of the endpoints."""
    groups: tuple[str, ...]
    """Its security groups."""
    parts: tuple[tuple[Shortfall, tuple[Missing, ...]], ...]
    """The workloads with what they miss for it."""

    @classmethod
    def of(cls, model: Model, cause: Cause) -> Iterator[Useless]:
        """Those for one cause: `closed` ones by their groups, `name` ones by where they are written."""
        found: dict[object, list[tuple[Resource, tuple[str, ...], Shortfall, Missing]]] = {}
        for shortfall in Shortfall.subjects(model):
            for missing in shortfall.missing:
                endpoint = missing.endpoint
                if missing.cause == cause and endpoint is not None and endpoint.resource is not None:
                    picture = shortfall.network.picture
                    groups = picture.interfaces[endpoint.interfaces[0]].groups if endpoint.interfaces else ()
                    place = endpoint.resource.place() or endpoint.key
                    key = (endpoint.vpc, groups) if cause == "closed" else place
                    found.setdefault(key, []).append((endpoint.resource, groups, shortfall, missing))
        for entries in found.values():
            by_workload: dict[str, tuple[Shortfall, list[Missing]]] = {}
            for _, _, shortfall, missing in entries:
                by_workload.setdefault(shortfall.resource.address, (shortfall, []))[1].append(missing)
            yield cls(entries[0][0], entries[0][1], tuple((s, tuple(m)) for s, m in by_workload.values()))

    @property
    def clients(self) -> str:
        """The workloads, as people list them."""
        return listed(shortfall.resource.address for shortfall, _ in self.parts)

    @property
    def services(self) -> str:
        """What they do not reach for it."""
        return listed(each.need.service for _, missing in self.parts for each in missing)

    def details(self) -> tuple[str, ...]:
        """The lines of a finding."""
        return tuple(dict.fromkeys(line for shortfall, missing in self.parts for line in shortfall.details(missing)))

    def places(self) -> tuple[Label, ...]:
        """The lines of the design that are involved."""
        return tuple(dict.fromkeys(label for shortfall, missing in self.parts for label in shortfall.places(missing)))

    def patch(self) -> str:
        """Terraform that opens it to its first client."""
        shortfall, missing = self.parts[0]
        return shortfall.patch(missing[:1])


class _Survey:
    """Asks about every need of every workload, once for all that are alike."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.picture = network.picture
        self._answers: dict[tuple[object, ...], tuple[Reachability, Interface]] = {}
        self._unseen_of: dict[str, str] = {}

    def of(self, workload: Workload) -> Shortfall:
        missing: list[Missing] = []
        open_: list[str] = []
        interfaces = self.network.interfaces(workload.resource)
        if workload.kind in ("session", "container-instance") and workload.resource.type == "aws_instance":
            interfaces = interfaces[:1]  # the others are for others
        if not interfaces and (workload.needs or workload.doubts):
            open_.append("whether it reaches what it needs: its network interfaces are not in view")
        for need in workload.needs if interfaces else ():
            found, doubt = self._need(workload, interfaces, need)
            missing += [found] if found else []
            open_ += [doubt] if doubt else []
        if workload.doubts and not missing and not open_:
            # What else it needs is not known: that matters only where it does not reach everything.
            for interface in interfaces:
                answer, _ = self.ask(interface, INTERNET)
                if answer.verdict != "must":
                    open_.append(workload.doubts[0])
                    break
        return Shortfall(self.network, workload, tuple(missing), open_[0] if open_ else "")

    def ask(self, interface: Interface, service: str) -> tuple[Reachability, Interface]:
        """The answer for an interface or one that is alike, and which of them was asked."""
        key = (
            interface.subnet, interface.groups, interface.groups_doubt, interface.filtered, interface.public,
            interface.ipv6, interface.clients, interface.broken, interface.doubt, interface.accepts,
            interface.private if interface.placed else None, service,
        )  # fmt: skip
        if key not in self._answers:
            target = Internet() if service == INTERNET else Service(service)
            self._answers[key] = self.network.reach(interface, target, _HTTPS), interface
        return self._answers[key]

    def _need(self, workload: Workload, interfaces: Sequence[Interface], need: Need) -> tuple[Missing | None, str]:
        answers = [self.ask(each, need.service) for each in interfaces]
        blocked = [(answer, asked) for answer, asked in answers if answer.verdict == "blocked"]
        if blocked:
            answer, asked = blocked[0]
            vpc = self.picture.vpcs[self.picture.subnets[asked.subnet].vpc]
            doubt = self._unseen(workload, vpc, need.service)
            if not asked.private.v4 or (asked.ipv6 != "no" and self.ask(asked, INTERNET)[0].destinations.rows(6)):
                doubt = "it has a way out by IPv6, where some services have addresses, too"
            if doubt:
                return None, f"whether it reaches {need.service}: {doubt}"
            cause, endpoint = self._cause(vpc, asked, need.service, answer)
            return Missing(need, cause, answer, asked, len(blocked) == len(answers), endpoint), ""
        for answer, _ in answers:
            if answer.verdict != "must":
                reason = "; ".join(answer.needs or answer.doubts) or "a part of the network that is not in view"
                return None, f"whether it reaches {need.service}: {reason}"
        return None, ""

    def _cause(
        self, vpc: Vpc, interface: Interface, service: str, answer: Reachability
    ) -> tuple[Cause, Endpoint | None]:
        ingress = {b.component for b in answer.blockers if b.detail == "ingress"}
        own = [e for e in self.picture.endpoints.values() if e.kind == "Interface" and e.vpc == vpc.key]
        for endpoint in (e for e in own if e.service == service and e.resource is not None):
            if endpoint.private_dns:
                if not ingress.isdisjoint(endpoint.interfaces):
                    return "closed", endpoint
            elif _named(endpoint) == "no":
                return "name", endpoint
            elif not vpc.dns:
                return "dns", endpoint
        if any(b.component == interface.key and b.detail == "egress" for b in answer.blockers):
            return "egress", None
        if any(b.component == interface.key and b.detail == "public" for b in answer.blockers[:1]):
            return "public", None
        return "route", None

    # What is not in view

    def _unseen(self, workload: Workload, vpc: Vpc, service: str) -> str:
        """Which piece that is not in view might open a way."""
        if workload.proxy:
            return "its environment names a proxy"
        if vpc.resource is None or vpc.resource.mode == "data":
            return f"the endpoints of {vpc.key} are not in view"
        if vpc.key not in self._unseen_of:
            self._unseen_of[vpc.key] = next(self._unseen_in(vpc), "")
        if self._unseen_of[vpc.key]:
            return self._unseen_of[vpc.key]
        for endpoint in self.picture.endpoints.values():
            if endpoint.kind == "Interface" and endpoint.service == service and endpoint.resource is not None:
                same = endpoint.vpc in (vpc.key, "")
                if same and not endpoint.private_dns and _named(endpoint) == "maybe":
                    return f"whether {endpoint.key} has private names"
        return ""

    def _unseen_in(self, vpc: Vpc) -> Iterator[str]:
        model = self.network.model
        for gap in model.gaps:
            if not gap.types or not gap.types.isdisjoint(_DECIDING):
                yield gap.reason
        for endpoint in self.picture.endpoints.values():
            if not endpoint.vpc:
                yield f"the VPC of {endpoint.key}"
            if endpoint.vpc == vpc.key and not endpoint.service:
                yield f"the service of {endpoint.key}"
            kind = written(endpoint.resource, "vpc_endpoint_type") if endpoint.resource is not None else None
            if isinstance(kind, UnknownValue | Symbolic):
                yield f"the type of {endpoint.key}"
        for zone in model.all("aws_route53_zone"):
            inside = any(link(model, written(b, "vpc_id"), *VPCS).key == vpc.key for b in blocks(zone, "vpc"))
            if inside and text(zone, "name").rstrip(".").endswith(_AWS_NAMES):
                yield f"where {zone.address} leads"
        for type_, attribute, what in (
            ("aws_route53_zone_association", "vpc_id", "the private zone of"),
            ("aws_route53_resolver_rule_association", "vpc_id", "the resolver rule of"),
            ("aws_route53profiles_association", "resource_id", "the Route 53 profile of"),
        ):
            for each in model.all(type_):
                if link(model, written(each, attribute), *VPCS).key == vpc.key:
                    yield f"where {what} {each.address} leads"


def _named(endpoint: Endpoint) -> Ternary:
    return flag(endpoint.resource, "private_dns_enabled") if endpoint.resource is not None else "maybe"


# What a finding says


def listed(names: Iterable[str]) -> str:
    """Names as people list them: `ecr.api, ecr.dkr and s3`."""
    found = list(dict.fromkeys("the internet" if name == INTERNET else name for name in names))
    return " and ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found)


def details(shortfall: Shortfall, missing: Sequence[Missing]) -> tuple[str, ...]:
    """The lines of a finding: why each service is needed, and the path that fails."""
    lines: dict[str, None] = {}
    reasons: dict[str, list[str]] = {}
    for each in missing:
        reasons.setdefault(each.need.why, []).append(each.need.service)
    for why, names in reasons.items():
        lines[f"{listed(names)}: {why}"] = None
    ways: dict[str, list[str]] = {}
    for each in missing:
        ways.setdefault(_way(shortfall.network, each), []).append(each.need.service)
    for way, names in ways.items():
        lines[f"{way} [{listed(names)}]"] = None
    return tuple(lines)


def _way(network: Network, missing: Missing) -> str:
    place = network.picture.subnets[missing.interface.subnet]
    steps = [place.key]
    if missing.cause == "egress":
        steps = [listed(missing.interface.groups), place.key]
    elif missing.endpoint is not None:
        steps.append(missing.endpoint.key)
    elif place.table:
        steps.append(place.table)
    blocker = missing.answer.blockers[0] if missing.answer.blockers else None
    said = f": {MEANING[blocker.code]} ({blocker.code})" if blocker else ""
    if missing.cause == "name":
        said = ": its private DNS is off, so the name leads to the internet"
    return " → ".join(steps) + said


def places(shortfall: Shortfall, missing: Sequence[Missing]) -> tuple[Label, ...]:
    """The lines of the design that are involved: what is needed, subnets, route tables, groups, endpoints."""
    picture = shortfall.network.picture
    found: dict[Label, None] = {}
    for each in missing:
        place = picture.subnets[each.interface.subnet]
        table = picture.tables.get(place.table)
        pairs = [
            (each.need.place, each.need.why),
            (place.resource.place() if place.resource else None, "its subnet"),
        ]
        if each.cause == "egress":
            for key in each.interface.groups:
                group = picture.groups.get(key)
                pairs.append((group.resource.place() if group and group.resource else None, "its security group"))
        elif each.endpoint is not None and each.endpoint.resource is not None:
            pairs.append((each.endpoint.resource.place(), "the endpoint"))
        elif table is not None and table.resource is not None:
            pairs.append((table.resource.place(), "the route table of its subnet"))
        found.update(dict.fromkeys(related(*pairs)))
    return tuple(found)
