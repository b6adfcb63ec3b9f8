"""Endpoints that services put on the internet themselves."""

from __future__ import annotations

import pytest

from guardrails.model import UnknownValue, Value
from guardrails.network.lens import Network, diff
from tests.network.design import model

PRIVATE: Value = [{"types": ["PRIVATE"]}]
SOMETIMES = UnknownValue("var.public has no value")


@pytest.mark.parametrize(
    ("type_", "values", "expected"),
    [
        ("aws_eks_cluster", {"vpc_config": [{}]}, ("must", "TCP 443 (HTTPS)", True)),
        ("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": False}]}, None),
        (
            "aws_eks_cluster",
            {"vpc_config": [{"public_access_cidrs": ["8.8.8.0/24"]}]},
            ("must", "TCP 443 (HTTPS)", False),
        ),
        ("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": SOMETIMES}]}, ("may", "TCP 443 (HTTPS)", True)),
        ("aws_opensearch_domain", {}, ("must", "TCP 80, 443", True)),
        ("aws_opensearch_domain", {"vpc_options": [{"subnet_ids": ["subnet-1"]}]}, None),
        ("aws_lambda_function_url", {"authorization_type": "NONE"}, ("must", "TCP 443 (HTTPS)", True)),
        ("aws_api_gateway_rest_api", {}, ("must", "TCP 443 (HTTPS)", True)),
        ("aws_api_gateway_rest_api", {"endpoint_configuration": PRIVATE}, None),
        ("aws_apigatewayv2_api", {"disable_execute_api_endpoint": True}, None),
        ("aws_apprunner_service", {}, ("must", "TCP 443 (HTTPS)", True)),
        ("aws_transfer_server", {}, ("must", "TCP 22 (SSH)", True)),
        ("aws_transfer_server", {"endpoint_type": "VPC"}, None),
        ("aws_mwaa_environment", {"webserver_access_mode": "PRIVATE_ONLY"}, None),
        ("aws_cloudfront_distribution", {"enabled": False}, None),
        ("aws_appsync_graphql_api", {"visibility": "GLOBAL"}, ("must", "TCP 443 (HTTPS)", True)),
    ],
)
def test_an_endpoint_of_a_service(type_: str, values: dict[str, Value], expected: tuple[str, str, bool] | None) -> None:
    """It is exposed with its ports and to whom it answers, unless it is private."""
    found = Network.of(model({f"{type_}.x": values})).exposed()

    assert [(e.certainty, e.ports.describe(), e.traffic.addresses().wide) for e in found] == (
        [expected] if expected else []
    )


def test_a_difference_of_endpoints() -> None:
    """A cluster whose API is opened to the world is what a plan opens."""
    before = model({"aws_eks_cluster.x": {"vpc_config": [{"public_access_cidrs": ["8.8.8.0/24"]}]}})
    after = model({"aws_eks_cluster.x": {"vpc_config": [{"public_access_cidrs": ["0.0.0.0/0"]}]}})
    opened, closed = diff(before, after)

    assert [e.resource.address for e in opened] == ["aws_eks_cluster.x"]
    assert "8.8.8.0/24" not in opened[0].traffic.addresses().cidrs()
    assert closed == []
