"""From a design to the picture of its network, once per model."""

from __future__ import annotations

from guardrails.model import Model
from guardrails.network.balancers import BalancerReader
from guardrails.network.endpoints import EndpointReader
from guardrails.network.gateways import GatewayReader
from guardrails.network.groups import Groups
from guardrails.network.reading import blocks, link
from guardrails.network.topology import Picture
from guardrails.network.transit import TransitReader
from guardrails.network.vpc import VpcReader

_CACHE = "network.picture"


def picture_of(model: Model) -> Picture:
    """The network of a design. Never raises: what is not known is said where it matters."""
    cached = model.cache.get(_CACHE)
    if isinstance(cached, Picture):
        return cached
    picture = Picture()
    vpcs = VpcReader(model, picture)
    vpcs.read()
    endpoints = EndpointReader(model, picture, vpcs, Groups(model, picture))
    endpoints.read()
    GatewayReader(model, picture, endpoints).read()
    BalancerReader(model, picture, endpoints).read()
    TransitReader(model, picture, vpcs).read()
    picture.accelerated = frozenset(
        found.key
        for group in model.all("aws_globalaccelerator_endpoint_group")
        for block in blocks(group, "endpoint_configuration")
        if (found := link(model, block.raw("endpoint_id"), "aws_lb", "aws_alb", "aws_instance"))
    )
    picture.gaps = tuple(gap.reason for gap in model.gaps if not gap.types or any(_ours(t) for t in gap.types))
    model.cache[_CACHE] = picture
    return picture


def _ours(type_: str) -> bool:
    words = ("vpc", "subnet", "route", "gateway", "network", "instance", "lb", "security_group", "nat", "eip")
    return any(word in type_ for word in words)
