from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, Severity, Value, decode_json

STORES = {"s3", "dynamodb"}
WAYS_OUT = {
    "internet",
    "egress-only",
    "nat",
    "transit",
    "peering",
    "vpn",
    "interface",
    "appliance-endpoint",
    "unsupported",
}
NETWORK = """
            resource "aws_vpc" "main" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_route_table" "private" {
              vpc_id = aws_vpc.main.id
            }
"""


class EndpointWithoutPolicy(Check[Network]):
    """The one way out of a closed network leads to everybody's buckets and tables.

    ## Why is this bad?
    The VPC has no route to the internet, so its gateway endpoint for S3 or DynamoDB is the way by which data could
    leave it. Without a policy, or with AWS's default one, the endpoint carries requests of any identity to any
    account's buckets: somebody who gets in brings credentials of his own account and copies the data there. A policy
    that names your own buckets, or your organization (`aws:ResourceOrgID`), ends that.

    Name the buckets of AWS that your services read from, too: the layers of container images are in
    `prod-REGION-starport-layer-bucket`. Where the network has a way to the internet, the policy would close nothing
    and is not asked for.
    """

    id = "endpoint-without-policy"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Give the endpoint a policy that allows your own buckets or organization, and AWS's that you need."
    counter_checks = ("image-layers-forbidden",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
    )
    examples = (
        Example(
            bad=f"""
            {NETWORK}
            resource "aws_vpc_endpoint" "s3" {{ # finding
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]
            }}
            """,
            fixed=f"""
            {NETWORK}
            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]

              policy = jsonencode({{
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:*"
                  Resource  = "*"
                  Condition = {{ StringEquals = {{ "aws:ResourceOrgID" = "o-a1b2c3d4e5" }} }}
                }}]
              }})
            }}
            """,
        ),
    )

    def check(self, network: Network, /) -> Iterator[Finding]:
        picture = network.picture
        for endpoint in picture.endpoints.values():
            resource = endpoint.resource
            if endpoint.kind != "Gateway" or endpoint.service not in STORES or resource is None:
                continue
            if resource.mode != "managed" or _leads_out(network, endpoint.vpc):
                continue
            if not resource.is_set("policy") or _allows_all(decode_json(resource.text("policy"))):
                yield self.finding(
                    resource, f"it carries requests to any account's {endpoint.service} resources", path="policy"
                )


def _leads_out(network: Network, vpc: str) -> bool:
    """Whether some route table of a VPC has another way out, or is not wholly known."""
    picture = network.picture
    for subnet in picture.subnets.values():
        if subnet.vpc == vpc:
            table = picture.tables.get(subnet.table)
            if table is None or subnet.table_doubt or table.doubt:
                return True
            if any(route.kind in WAYS_OUT for route in table.routes):
                return True
    return any(
        route.kind in WAYS_OUT
        for table in picture.tables.values()
        if table.resource is not None and any(ref.address == vpc for ref in table.resource.refs("vpc_id"))
        for route in table.routes
    )


def _allows_all(document: Value) -> bool:
    """Whether a policy is as wide as AWS's default one: everybody, everything, without a condition or a deny."""
    statements = document.get("Statement") if isinstance(document, dict) else None
    found = [s for s in (statements if isinstance(statements, list) else [statements]) if isinstance(s, dict)]
    if any(s.get("Effect") == "Deny" for s in found):
        return False
    return any(
        s.get("Effect") == "Allow"
        and _everything(s.get("Action"))
        and _everything(s.get("Resource"))
        and not s.get("Condition")
        and s.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        for s in found
    )


def _everything(value: Value) -> bool:
    return any(item in ("*", "s3:*", "dynamodb:*") for item in (value if isinstance(value, list) else [value]))
