from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, related

POLICY = """
            resource "aws_organizations_policy" "regions" {
              name    = "regions"
              content = jsonencode({
                Version   = "2012-10-17"
                Statement = [{
                  Effect    = "Deny"
                  Action    = "ec2:*"
                  Resource  = "*"
                  Condition = { StringNotEquals = { "aws:RequestedRegion" = ["eu-west-1", "eu-central-1"] } }
                }]
              })
            }
"""
ATTACHMENT = """
            resource "aws_organizations_policy_attachment" "regions" {
              policy_id = aws_organizations_policy.regions.id
              target_id = aws_organizations_organization.main.roots[0].id
            }
"""


class PolicyTypeNotEnabled(Check[Resource]):
    """A policy is attached in an organisation that does not have its type switched on.

    ## Why is this bad?
    The apply fails: `PolicyTypeNotEnabledException: This operation can be performed only for enabled policy types`.
    Where the type is switched off afterwards, every policy of it stops to hold without a word.
    """

    id = "policy-type-not-enabled"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Add the type to `enabled_policy_types` of the organisation."
    types = ("aws_organizations_policy_attachment",)
    references = (
        "https://docs.aws.amazon.com/organizations/latest/userguide/enable-policy-type.html",
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/organizations_organization",
    )
    examples = (
        Example(
            bad=f"""
            resource "aws_organizations_organization" "main" {{
              feature_set = "ALL"
            }}
            {POLICY}
            {ATTACHMENT.replace('"regions" {', '"regions" { # finding')}
            """,
            fixed=f"""
            resource "aws_organizations_organization" "main" {{
              feature_set          = "ALL"
              enabled_policy_types = ["SERVICE_CONTROL_POLICY"]
            }}
            {POLICY}
            {ATTACHMENT}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        organisation = next(iter(model.all("aws_organizations_organization")), None)
        if organisation is None or organisation.conditional:
            return
        policy = model.resolve(subject.raw("policy_id"), "aws_organizations_policy")
        if policy is None:
            return
        type_ = policy.text("type", default="SERVICE_CONTROL_POLICY")
        if type_ not in list(organisation.texts("enabled_policy_types")):
            yield self.finding(
                subject,
                f"{type_} is not among the enabled types of {organisation.address}",
                related=related((organisation.place("enabled_policy_types"), "the organisation")),
            )
