"""What services put on the internet by themselves, with no interface in a VPC to get there by."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from guardrails.model import Model, Resource, UnknownValue
from guardrails.network.addresses import PUBLIC, AddressSet
from guardrails.network.ports import PortSet
from guardrails.network.reading import blocks, cidr, flag, text, values, written
from guardrails.network.topology import Ternary

HTTPS, WEB = PortSet.tcp(443), PortSet.tcp(80, 443)


class Front(Struct, frozen=True):
    """An endpoint of a service that answers on the internet."""

    resource: Resource
    ports: PortSet = HTTPS
    sources: AddressSet = PUBLIC
    """The addresses that it answers to."""
    doubt: str = ""
    """Why it may not be there, or answer to fewer."""


def fronts(model: Model) -> Iterator[Front]:
    """Those of a design. Who may do something there is up to policies, which are no matter of the network."""
    for type_, read in _READERS.items():
        for resource in model.all(type_):
            found = read(resource)
            if found is not None:
                doubt = f"{resource.address} may exist: {resource.conditional}" if resource.conditional else found.doubt
                yield Front(resource, found.ports, found.sources, doubt)


def _if(resource: Resource, state: Ternary, what: str, ports: PortSet = HTTPS) -> Front | None:
    if state == "no":
        return None
    return Front(resource, ports, doubt=f"{resource.address}: {what} is not known" if state == "maybe" else "")


def _cluster(resource: Resource) -> Front | None:
    """The API of an EKS cluster: public, and open to everybody, unless it says otherwise."""
    found = _if(
        resource, flag(resource, "vpc_config", "endpoint_public_access", default=True), "endpoint_public_access"
    )
    value = written(resource, "vpc_config", "public_access_cidrs")
    if found is None or value in (None, []):
        return found
    if isinstance(value, UnknownValue):
        return Front(resource, doubt=f"{resource.address}: public_access_cidrs: {value.reason}")
    read = [cidr(each) for each in values(resource, "vpc_config", "public_access_cidrs")]
    doubt = next((reason for _, reason in read if reason), found.doubt)
    allowed = AddressSet.union_of(each for each, _ in read) & PUBLIC
    return Front(resource, HTTPS, allowed, doubt) if allowed or doubt else None


def _search(resource: Resource) -> Front | None:
    options = written(resource, "vpc_options")
    if isinstance(options, UnknownValue):
        return Front(resource, doubt=f"{resource.address}: vpc_options: {options.reason}")
    if any(blocks(resource, "vpc_options")):
        return None
    enforced = flag(resource, "domain_endpoint_options", "enforce_https", default=False) == "yes"
    return Front(resource, HTTPS if enforced else WEB)


def _rest_api(resource: Resource) -> Front | None:
    if flag(resource, "disable_execute_api_endpoint") == "yes":
        return None
    types = written(resource, "endpoint_configuration", "types")
    if isinstance(types, UnknownValue):
        return Front(resource, doubt=f"{resource.address}: endpoint_configuration: {types.reason}")
    private = any(str(each) == "PRIVATE" for each in values(resource, "endpoint_configuration", "types"))
    return None if private else Front(resource)


def _http_api(resource: Resource) -> Front | None:
    return None if flag(resource, "disable_execute_api_endpoint") == "yes" else Front(resource)


def _runner(resource: Resource) -> Front | None:
    path = ("network_configuration", "ingress_configuration", "is_publicly_accessible")
    return _if(resource, flag(resource, *path, default=True), "is_publicly_accessible")


def _transfer(resource: Resource) -> Front | None:
    public = (text(resource, "endpoint_type") or "PUBLIC") == "PUBLIC"
    return Front(resource, PortSet.tcp(22)) if public else None


def _airflow(resource: Resource) -> Front | None:
    return Front(resource) if text(resource, "webserver_access_mode") == "PUBLIC_ONLY" else None


def _distribution(resource: Resource) -> Front | None:
    return _if(resource, flag(resource, "enabled", default=True), "enabled", WEB)


def _graph(resource: Resource) -> Front | None:
    return None if text(resource, "visibility") == "PRIVATE" else Front(resource)


_READERS: dict[str, Callable[[Resource], Front | None]] = {
    "aws_eks_cluster": _cluster,
    "aws_opensearch_domain": _search,
    "aws_elasticsearch_domain": _search,
    "aws_lambda_function_url": Front,
    "aws_api_gateway_rest_api": _rest_api,
    "aws_apigatewayv2_api": _http_api,
    "aws_apprunner_service": _runner,
    "aws_transfer_server": _transfer,
    "aws_mwaa_environment": _airflow,
    "aws_cloudfront_distribution": _distribution,
    "aws_appsync_graphql_api": _graph,
}
