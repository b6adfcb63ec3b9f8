from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class RegionDenyBreaksGlobalServices(Check[PolicyView]):
    """A region lock of the organisation denies services that have one region only.

    ## Why is this bad?
    IAM, Organizations, Route 53, CloudFront, Support and billing answer in us-east-1, Global Accelerator in us-west-2,
    wherever people work. A Deny on other regions that does not leave them out breaks sign-in, DNS and every apply that
    makes a role, with `AccessDenied ... with an explicit deny in a service control policy`.
    """

    id = "region-deny-breaks-global-services"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "List the global services in the `NotAction` of the Deny, as in AWS's own example."
    references = (
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
        "https://github.com/cloudposse/terraform-aws-service-control-policies/issues/33",
    )
    examples = (
        Example(
            bad="""
            resource "aws_organizations_policy" "regions" {
              name = "regions"
              content = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Deny"
                  NotAction = ["iam:*", "sts:*", "support:*"]
                  Condition = { StringNotEquals = { "aws:RequestedRegion" = ["eu-west-1", "eu-central-1"] } }
                  Resource = "*"
                }]
              })
            }

            resource "aws_organizations_policy_attachment" "regions" {
              policy_id = aws_organizations_policy.regions.id
              target_id = "r-ab12"
            }
            """,
            fixed="""
            resource "aws_organizations_policy" "regions" {
              name = "regions"
              content = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Deny"
                  NotAction = [
                    "budgets:*", "ce:*", "cloudfront:*", "globalaccelerator:*", "health:*", "iam:*", "organizations:*",
                    "route53:*", "route53domains:*", "shield:*", "sts:*", "support:*", "trustedadvisor:*", "waf:*",
                  ]
                  Condition = { StringNotEquals = { "aws:RequestedRegion" = ["eu-west-1", "eu-central-1"] } }
                  Resource = "*"
                }]
              })
            }

            resource "aws_organizations_policy_attachment" "regions" {
              policy_id = aws_organizations_policy.regions.id
              target_id = "r-ab12"
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        services, statements = subject.broken_global_services()
        if services:
            yield self.finding(
                subject.block,
                f"{', '.join(services)} {'is' if len(services) == 1 else 'are'} denied: no region that is left has "
                f"{'it' if len(services) == 1 else 'them'}",
                path=subject.path,
                related=subject.labels(*statements),
            )
