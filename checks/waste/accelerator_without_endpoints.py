from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, monthly_cost, users

LISTENERS = ("aws_globalaccelerator_listener", "aws_globalaccelerator_custom_routing_listener")
GROUPS = ("aws_globalaccelerator_endpoint_group", "aws_globalaccelerator_custom_routing_endpoint_group")


class AcceleratorWithoutEndpoints(Waste):
    """A Global Accelerator leads nowhere.

    ## Why is this bad?
    An accelerator is billed by the hour. Without a listener that has an endpoint group it drops what arrives.
    """

    id = "accelerator-without-endpoints"
    severity = Severity.MEDIUM
    hint = "Add the endpoints that it is for, or disable and delete the accelerator."
    hazard = "Its static addresses do not come back."
    types = ("aws_globalaccelerator_accelerator",)
    references = ("https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoint-groups.html",)
    examples = (
        Example(
            bad="""
            resource "aws_globalaccelerator_accelerator" "web" { # finding
              name = "web"
            }

            resource "aws_globalaccelerator_listener" "web" {
              accelerator_arn = aws_globalaccelerator_accelerator.web.id
              protocol        = "TCP"

              port_range {
                from_port = 443
                to_port   = 443
              }
            }
            """,
            fixed="""
            resource "aws_globalaccelerator_accelerator" "web" {
              name = "web"
            }

            resource "aws_globalaccelerator_listener" "web" {
              accelerator_arn = aws_globalaccelerator_accelerator.web.id
              protocol        = "TCP"

              port_range {
                from_port = 443
                to_port   = 443
              }
            }

            resource "aws_globalaccelerator_endpoint_group" "web" {
              listener_arn = aws_globalaccelerator_listener.web.id

              endpoint_configuration {
                endpoint_id = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b"
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not subject.flag("enabled", default=True):
            return
        for listener in users(subject, *LISTENERS):
            if any(users(listener, *GROUPS)):
                return
        if not is_live(subject) and subject.model.exports(subject):
            return
        yield self.waste(subject, "it has no endpoint to send to", monthly_cost("global-accelerator", subject))
