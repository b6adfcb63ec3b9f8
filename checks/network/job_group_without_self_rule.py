from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Network, PortSet, Resource, Severity, Unknown, related

PATHS = {
    "aws_glue_connection": ("physical_connection_requirements", "security_group_id_list"),
    "aws_mwaa_environment": ("network_configuration", "security_group_ids"),
}
SYMPTOMS = {
    "aws_glue_connection": "jobs fail with `At least one security group must open all ingress ports`",
    "aws_mwaa_environment": "it hangs in `CREATING` until it is `CREATE_FAILED`",
}
RULE = """resource "aws_vpc_security_group_ingress_rule" "self" {{
  security_group_id            = {group}.id
  referenced_security_group_id = {group}.id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}}"""
# A rule of its own beside inline ones is removed by the next apply.
INLINE = """# in {group}
ingress {{
  from_port = 0
  to_port   = 65535
  protocol  = "tcp"
  self      = true
}}"""
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

            resource "aws_subnet" "app" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }
"""


class JobGroupWithoutSelfRule(Check[Resource]):
    """The workers of a managed job may not talk to each other.

    ## Why is this bad?
    Glue and Airflow spread a job over several workers in your subnets, all with the same security group. Unless the
    group lets in itself on every port, Glue refuses the job (`At least one security group must open all ingress
    ports`), and an Airflow environment hangs in `CREATING` until it is `CREATE_FAILED`.
    """

    id = "job-group-without-self-rule"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Add an ingress rule for all TCP ports with the group itself as its source."
    types = ("aws_glue_connection", "aws_mwaa_environment")
    references = (
        "https://docs.aws.amazon.com/glue/latest/dg/setup-vpc-for-glue-access.html",
        "https://docs.aws.amazon.com/mwaa/latest/userguide/vpc-security.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_security_group" "jobs" {{
              name   = "jobs"
              vpc_id = aws_vpc.main.id

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }}
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_vpc.main.main_route_table_id]

              policy = jsonencode({{
                Statement = [{{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:GetObject"
                  Resource  = ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", "arn:aws:s3:::orders/*"]
                }}]
              }})
            }}

            resource "aws_glue_connection" "warehouse" {{
              name            = "warehouse"
              connection_type = "NETWORK"

              physical_connection_requirements {{
                availability_zone      = "eu-west-1a"
                subnet_id              = aws_subnet.app.id
                security_group_id_list = [aws_security_group.jobs.id] # finding
              }}
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_security_group" "jobs" {{
              name   = "jobs"
              vpc_id = aws_vpc.main.id

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }}

              ingress {{
                from_port = 0
                to_port   = 65535
                protocol  = "tcp"
                self      = true
              }}
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_vpc.main.main_route_table_id]

              policy = jsonencode({{
                Statement = [{{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:GetObject"
                  Resource  = ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", "arn:aws:s3:::orders/*"]
                }}]
              }})
            }}

            resource "aws_glue_connection" "warehouse" {{
              name            = "warehouse"
              connection_type = "NETWORK"

              physical_connection_requirements {{
                availability_zone      = "eu-west-1a"
                subnet_id              = aws_subnet.app.id
                security_group_id_list = [aws_security_group.jobs.id]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        interfaces = network.interfaces(subject)
        if not interfaces:
            return
        interface = interfaces[0]
        groups = [network.picture.groups[name] for name in interface.groups if name in network.picture.groups]
        for group in groups:
            every = PortSet()
            for permit in group.ingress:
                if group.key in permit.groups or permit.addresses >= interface.private:
                    every |= permit.ports
            if every >= PortSet.tcp():
                return
        if interface.groups_doubt:
            raise Unknown(f"{subject.address}: {interface.groups_doubt}")
        for group in groups:
            if group.ingress_doubt or group.doubts:
                raise Unknown(f"{subject.address}: {(*group.doubts, f'the rules of {group.key}')[0]}")
        first = groups[0] if groups else None
        inline = first is not None and any(
            p.block is not None and p.block.resource is first.resource for p in first.ingress
        )
        yield self.finding(
            subject,
            f"{' and '.join(interface.groups)} does not let in itself on every port: {SYMPTOMS[subject.type]}",
            path=PATHS[subject.type],
            related=related(*((g.resource.place(), "the security group") for g in groups if g.resource is not None)),
            fix=Fix(
                "Let the group in itself", terraform=(INLINE if inline else RULE).format(group=interface.groups[0])
            ),
        )
