from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Resource, Severity, Unknown

FIX = Fix("Give it a second zone", terraform="subnets = [aws_subnet.a.id, aws_subnet.b.id] # of two zones")


class LoadBalancerInOneZone(Check[Resource]):
    """An Application Load Balancer has subnets of fewer than two zones.

    ## Why is this bad?
    AWS refuses to create it: `ValidationError: At least two subnets in two different Availability Zones must be
    specified`. The apply fails after everything before it was made.
    """

    id = "load-balancer-in-one-zone"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give it subnets of at least two availability zones."
    types = ("aws_lb", "aws_alb")
    references = ("https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-subnets.html",)
    examples = (
        Example(
            bad="""
            resource "aws_lb" "web" {
              name     = "web"
              internal = true
              subnets  = ["subnet-0a1b2c3d4e5f60718"] # finding
            }

            output "load_balancer_arn" {
              value = aws_lb.web.arn
            }
            """,
            fixed="""
            resource "aws_lb" "web" {
              name     = "web"
              internal = true
              subnets  = aws_subnet.web[*].id
            }

            resource "aws_subnet" "web" {
              count             = 2
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
              availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
            }

            output "load_balancer_arn" {
              value = aws_lb.web.arn
            }
            """,
        ),
        Example(
            title="Two subnets of the same zone",
            bad="""
            resource "aws_subnet" "web" {
              count             = 2
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
              availability_zone = "eu-west-1a"
            }

            resource "aws_lb" "web" {
              name     = "web"
              internal = true
              subnets  = aws_subnet.web[*].id # finding
            }

            output "load_balancer_arn" {
              value = aws_lb.web.arn
            }
            """,
            fixed="""
            resource "aws_subnet" "web" {
              count             = 2
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
              availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
            }

            resource "aws_lb" "web" {
              name     = "web"
              internal = true
              subnets  = aws_subnet.web[*].id
            }

            output "load_balancer_arn" {
              value = aws_lb.web.arn
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.text("load_balancer_type", default="application") != "application":
            return
        attribute = "subnets" if subject.is_set("subnets") else "subnet_mapping"
        if attribute == "subnets":
            subnets = list(subject.texts("subnets"))
        else:
            subnets = [mapping.text("subnet_id") for mapping in subject.blocks("subnet_mapping")]
        if not subnets:
            return
        if len(subnets) == 1:
            yield self.finding(subject, "it has one subnet, two zones are needed", path=attribute, fix=FIX)
            return
        zones = set()
        unseen = ""
        for subnet_id in subnets:
            subnet = subject.model.resolve(subnet_id, "aws_subnet")
            if subnet is None or not (subnet.is_set("availability_zone") or subnet.is_set("availability_zone_id")):
                unseen = unseen or str.__str__(subnet_id)
                continue
            zone = subnet.text("availability_zone") or subnet.text("availability_zone_id")
            zones.add(str(zone))
        if len(zones) < 2 and unseen:
            raise Unknown(f"{subject.address}: the zone of {unseen} is not in view")
        if len(zones) == 1:
            yield self.finding(
                subject,
                f"its {len(subnets)} subnets are all in {zones.pop()}, two zones are needed",
                path=attribute,
                fix=FIX,
            )
