from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, Severity

SHOWN = 3


class DefaultVpcInUse(Check[Network]):
    """Something stands in the default VPC.

    ## Why is this bad?
    The default VPC is made for a quick start: every subnet of it leads to the internet, and everything that is
    launched there gets a public address. Whatever stands there is one open rule away from the whole world, beside
    things of others who did not choose a network either.
    """

    id = "default-vpc-in-use"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Make a VPC with private subnets, and move what stands in the default one there."
    same_as = ("CKV_AWS_148", "AWS-0101")
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html",)
    examples = (
        Example(
            bad="""
            resource "aws_default_vpc" "default" {} # finding

            resource "aws_default_subnet" "default" {
              availability_zone       = "eu-west-1a"
              map_public_ip_on_launch = false
            }

            resource "aws_flow_log" "default" {
              vpc_id               = aws_default_vpc.default.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_instance" "web" {
              ami           = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"
              subnet_id     = aws_default_subnet.default.id

              metadata_options {
                http_tokens = "required"
              }
            }
            """,
            fixed="""
            resource "aws_vpc" "main" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_subnet" "private" {
              vpc_id     = aws_vpc.main.id
              cidr_block = "10.0.0.0/24"
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_instance" "web" {
              ami           = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"
              subnet_id     = aws_subnet.private.id

              metadata_options {
                http_tokens = "required"
              }
            }
            """,
        ),
    )

    def check(self, network: Network, /) -> Iterator[Finding]:
        picture = network.picture
        inside: dict[str, dict[str, None]] = {}
        for interface in picture.interfaces.values():
            vpc = picture.vpcs[picture.subnets[interface.subnet].vpc]
            if vpc.resource is not None and vpc.resource.type == "aws_default_vpc" and interface.resource is not None:
                inside.setdefault(vpc.key, {})[interface.resource.address] = None
        for key, names in inside.items():
            resource = picture.vpcs[key].resource
            if resource is not None:
                shown = ", ".join(list(names)[:SHOWN])
                more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
                yield self.finding(
                    resource, f"{shown}{more} stand in it" if len(names) > 1 else f"{shown} stands in it"
                )
