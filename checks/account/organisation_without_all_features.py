from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Safety, Severity


class OrganisationWithoutAllFeatures(Check[Resource]):
    """An organisation shares its bill and nothing else.

    ## Why is this bad?
    With consolidated billing alone there are no service control policies, no central root access, and no trail,
    GuardDuty or Config of the whole organisation: every account guards itself, or does not.
    """

    id = "organisation-without-all-features"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = 'Set `feature_set = "ALL"`; invited accounts have to agree.'
    types = ("aws_organizations_organization", "data.aws_organizations_organization")
    references = (
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_organizations_organization" "main" {
              feature_set = "CONSOLIDATED_BILLING" # finding
            }
            """,
            fixed="""
            resource "aws_organizations_organization" "main" {
              feature_set = "ALL"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.mode == "data" and subject.model.kind != "account":
            return  # what Terraform only reads is somebody else's
        if subject.text("feature_set", default="ALL") == "CONSOLIDATED_BILLING":
            yield self.finding(
                subject,
                "its accounts share the bill alone",
                path="feature_set",
                # It cannot be taken back, and invited accounts have to agree.
                fix=self.set_attribute(
                    subject,
                    "feature_set",
                    '"ALL"',
                    safety=Safety.UNSAFE,
                    cli="aws organizations enable-all-features",
                ),
            )
