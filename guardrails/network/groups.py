"""Security groups of a design as the engine evaluates them."""

from __future__ import annotations

from collections.abc import Sequence

from guardrails.model import Model, Resource, UnknownValue
from guardrails.network.addresses import ANYWHERE, NOWHERE
from guardrails.network.ports import ALL
from guardrails.network.reading import Link, link, written
from guardrails.network.rule import Direction, Rule
from guardrails.network.security_group import SecurityGroup
from guardrails.network.topology import Group, Permit, Picture
from guardrails.network.traffic import ALL_TRAFFIC, Traffic


class Groups:
    """The groups of a picture, made when they are first used."""

    def __init__(self, model: Model, picture: Picture) -> None:
        self.model = model
        self.picture = picture
        self._of_clusters: dict[str, list[Resource]] | None = None

    def key(self, found: Link) -> str:
        """The key of a group that a reference leads to, with its rules in the picture."""
        resource = found.resource
        if found.key.endswith(".default_security_group_id"):
            return self.default(found.key.removesuffix(".default_security_group_id"))
        if found.key.endswith(".vpc_config.0.cluster_security_group_id"):
            cluster = self.model.at(found.key.removesuffix(".vpc_config.0.cluster_security_group_id"))
            if cluster is not None:
                return self.eks(cluster)
        if found.key not in self.picture.groups:
            if resource is not None:
                self.picture.groups[found.key] = Group(found.key)  # rules may refer to the group itself
                self.picture.groups[found.key] = self._group(SecurityGroup.of(resource))
            else:
                doubt = f"the rules of {found.key} are not in view"
                self.picture.groups[found.key] = Group(
                    found.key, ingress_doubt=ALL_TRAFFIC, egress_doubt=ALL_TRAFFIC, doubts=(doubt,)
                )
        return found.key

    def default(self, vpc: str) -> str:
        """The default group of a VPC: the adopted one, else as AWS makes it."""
        for resource in self.model.all("aws_default_security_group"):
            own = link(self.model, written(resource, "vpc_id"), "aws_vpc", "aws_default_vpc")
            if own.key == vpc or (not own and "aws_default_vpc." in vpc):
                return self.key(Link(resource.address, resource=resource))
        key = f"default security group of {vpc}"
        if key not in self.picture.groups:
            place = self.picture.vpcs.get(vpc)
            if place is None or place.resource is None or place.resource.mode == "data":
                doubt = f"the rules of the {key} are not in view"
                self.picture.groups[key] = Group(key, (), (), ALL_TRAFFIC, ALL_TRAFFIC, (doubt,), vpc=vpc)
                return key
            out = Permit(ALL, ANYWHERE)
            self.picture.groups[key] = Group(key, (Permit(ALL, groups=frozenset({key})),), (out,), vpc=vpc)
        return key

    def eks(self, cluster: Resource) -> str:
        """The group that EKS makes for a cluster and its managed nodes: open within, and outward."""
        key = f"cluster security group of {cluster.address}"
        if key not in self.picture.groups:
            rules = self._rules_of(cluster.address)
            own = (Permit(ALL, groups=frozenset({key})),)
            self.picture.groups[key] = Group(key, own, (Permit(ALL, ANYWHERE),))
            if rules:
                view = SecurityGroup.of(rules[0])
                more = [p for r in view.known("ingress") for p in self._permits(r, key)]
                self.picture.groups[key] = Group(key, (*own, *more), (Permit(ALL, ANYWHERE),))
        return key

    def _rules_of(self, cluster: str) -> Sequence[Resource]:
        """The rule resources that refer to a cluster for their group."""
        if self._of_clusters is None:
            self._of_clusters = {}
            for rule in self.model.all("aws_security_group_rule", "aws_vpc_security_group_ingress_rule"):
                for address in {ref.address for ref in rule.refs("security_group_id")}:
                    self._of_clusters.setdefault(address, []).append(rule)
        return self._of_clusters.get(cluster, ())

    def _group(self, view: SecurityGroup) -> Group:
        key = view.resource.address
        permits = {way: tuple(p for rule in view.known(way) for p in self._permits(rule, key)) for way in _WAYS}
        doubts = {way: Traffic.union_of(d.most for d in view.doubts(way)) for way in _WAYS}
        return Group(
            key,
            permits["ingress"],
            permits["egress"],
            doubts["ingress"],
            doubts["egress"],
            tuple(dict.fromkeys(d.reason for way in _WAYS for d in view.doubts(way))),
            view.resource,
        )

    def _permits(self, rule: Rule, own: str) -> list[Permit]:
        groups: set[str] = {own} if rule.itself else set()
        strangers = False
        for ref in rule.groups:
            match ref:
                case Resource():
                    groups.add(ref.address)
                case UnknownValue():
                    strangers = True
                    groups |= {r.address for r in ref.refs}
                case str():
                    groups.add(self._alias(str.__str__(ref).removeprefix("${").removesuffix("}")))
        services = frozenset(p.service for p in rule.prefix_lists if p.service)
        if not rule.addresses and not groups and not services and not strangers:
            return []
        return [
            Permit(
                rule.ports,
                rule.addresses or NOWHERE,
                frozenset(groups),
                services,
                strangers,
                certain=not rule.conditional,
                block=rule.block,
            )
        ]

    def _alias(self, name: str) -> str:
        """The key of a group that is named by an attribute of a VPC or cluster."""
        if name.endswith(".default_security_group_id"):
            return self.default(name.removesuffix(".default_security_group_id"))
        if name.endswith(".cluster_security_group_id"):
            address = name.partition(".vpc_config")[0]
            return f"cluster security group of {address}"
        return name


_WAYS: tuple[Direction, ...] = ("ingress", "egress")
