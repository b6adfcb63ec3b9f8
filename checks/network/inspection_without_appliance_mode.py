from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, Resource, Severity, related

NETWORK = """
            resource "aws_vpc" "app" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_flow_log" "app" {
              vpc_id               = aws_vpc.app.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "app" {
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }
"""


class InspectionWithoutApplianceMode(Check[Resource]):
    """A firewall behind a transit gateway sees only one half of its connections.

    ## Why is this bad?
    A transit gateway keeps traffic in the zone that it came from. Between two zones, the packets of a connection pass
    the firewall in one and their answers the firewall in the other, which knows nothing of it and drops them: a part
    of all connections across zones hangs. Appliance mode keeps both directions in the same zone.
    """

    id = "inspection-without-appliance-mode"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Set `appliance_mode_support` to `enable` on the attachment of the inspection VPC."
    types = ("aws_ec2_transit_gateway_vpc_attachment",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-appliance-scenario.html",
        "https://docs.aws.amazon.com/network-firewall/latest/developerguide/arch-igw-ngw.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            locals {{
              firewall = one(aws_networkfirewall_firewall.main.firewall_status[0].sync_states)
            }}

            resource "aws_route_table" "app" {{
              vpc_id = aws_vpc.app.id

              route {{
                cidr_block         = "10.0.0.0/8"
                transit_gateway_id = aws_ec2_transit_gateway.main.id
              }}

              route {{
                cidr_block      = "0.0.0.0/0"
                vpc_endpoint_id = local.firewall.attachment[0].endpoint_id
              }}
            }}

            resource "aws_route_table_association" "app" {{
              subnet_id      = aws_subnet.app.id
              route_table_id = aws_route_table.app.id
            }}

            resource "aws_subnet" "b" {{
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.2.0/24"
              availability_zone = "eu-west-1b"
            }}

            resource "aws_ec2_transit_gateway" "main" {{
              description = "main"
            }}

            resource "aws_ec2_transit_gateway_vpc_attachment" "inspection" {{ # finding
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.app.id
              subnet_ids         = [aws_subnet.app.id, aws_subnet.b.id]
            }}

            resource "aws_networkfirewall_firewall" "main" {{
              name                = "main"
              vpc_id              = aws_vpc.app.id
              firewall_policy_arn = "arn:aws:network-firewall:eu-west-1:111122223333:firewall-policy/main"

              subnet_mapping {{
                subnet_id = aws_subnet.app.id
              }}

              subnet_mapping {{
                subnet_id = aws_subnet.b.id
              }}
            }}
            """,
            fixed=f"""
{NETWORK}

            locals {{
              firewall = one(aws_networkfirewall_firewall.main.firewall_status[0].sync_states)
            }}

            resource "aws_route_table" "app" {{
              vpc_id = aws_vpc.app.id

              route {{
                cidr_block         = "10.0.0.0/8"
                transit_gateway_id = aws_ec2_transit_gateway.main.id
              }}

              route {{
                cidr_block      = "0.0.0.0/0"
                vpc_endpoint_id = local.firewall.attachment[0].endpoint_id
              }}
            }}

            resource "aws_route_table_association" "app" {{
              subnet_id      = aws_subnet.app.id
              route_table_id = aws_route_table.app.id
            }}

            resource "aws_subnet" "b" {{
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.2.0/24"
              availability_zone = "eu-west-1b"
            }}

            resource "aws_ec2_transit_gateway" "main" {{
              description = "main"
            }}

            resource "aws_ec2_transit_gateway_vpc_attachment" "inspection" {{
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.app.id
              subnet_ids         = [aws_subnet.app.id, aws_subnet.b.id]

              appliance_mode_support = "enable"
            }}

            resource "aws_networkfirewall_firewall" "main" {{
              name                = "main"
              vpc_id              = aws_vpc.app.id
              firewall_policy_arn = "arn:aws:network-firewall:eu-west-1:111122223333:firewall-policy/main"

              subnet_mapping {{
                subnet_id = aws_subnet.app.id
              }}

              subnet_mapping {{
                subnet_id = aws_subnet.b.id
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        picture = Network.of(subject.model).picture
        attachment = picture.attachments.get(subject.address)
        if attachment is None or len(attachment.subnets) < 2:
            return
        inside = [
            endpoint
            for endpoint in picture.endpoints.values()
            if endpoint.vpc == attachment.vpc and endpoint.kind in ("Firewall", "GatewayLoadBalancer")
        ]
        subnets = {key for endpoint in inside for key in endpoint.subnets}
        zones = {picture.subnets[key].zone for key in subnets if key in picture.subnets}
        if len(subnets) < 2 or len(zones - {""}) == 1:
            return
        if subject.text("appliance_mode_support", default="disable") == "enable":
            return
        yield self.finding(
            subject,
            f"its appliance mode is off, and {inside[0].key} stands in several zones: connections across zones hang",
            path="appliance_mode_support",
            related=related((inside[0].resource.place() if inside[0].resource else None, "the firewall")),
            fix=self.set_attribute(subject, "appliance_mode_support", '"enable"'),
        )
