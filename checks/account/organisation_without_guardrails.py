from __future__ import annotations

import json
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Severity

ORGANISATION = """
            {"type": "aws_organizations_organization", "name": "o-1", "values": {
              "feature_set": "ALL", "enabled_policy_types": ["SERVICE_CONTROL_POLICY"],
              "aws_service_access_principals": []
            }}
            {"type": "aws_organizations_account", "name": "222233334444", "values": {"parent_id": "r-1"}}
"""
CONTENT = json.dumps(
    json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}],
        }
    )
)


class OrganisationWithoutGuardrails(Check[Model]):
    """An organisation has no service control policy of its own.

    ## Why is this bad?
    Whoever administrates an account of it can do everything there: switch the trail off, leave the organisation, work
    in regions that nobody watches. A control policy holds for administrators and root users of member accounts, too.

    Told by the management account alone, and only where there are other accounts for a policy to hold for.
    """

    id = "organisation-without-guardrails"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Attach a policy that denies leaving the organisation, stopping its trail and regions that are not used."
    references = (
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
    )
    examples = (
        Example(
            bad=f"""
            {{"complete": ["aws_organizations_policy", "aws_organizations_policy_attachment"]}} # finding
            {ORGANISATION}
            """,
            fixed=f"""
            {ORGANISATION}
            {{"type": "aws_organizations_policy", "name": "p-1", "values": {{
              "id": "p-1", "type": "SERVICE_CONTROL_POLICY", "aws_managed": false,
              "content": {CONTENT}
            }}}}
            {{"type": "aws_organizations_policy_attachment", "name": "r-1:p-1", "values": {{
              "policy_id": "p-1", "target_id": "r-1"
            }}}}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account":
            return
        # Seen as a resource, the organisation is that of this account, which manages it.
        management = [each for each in subject.resources("aws_organizations_organization") if each.mode == "managed"]
        members = [each for each in subject.all("aws_organizations_account") if each.name != subject.name]
        if not management or not members:
            return
        own = {
            policy.text("id")
            for policy in subject.resources("aws_organizations_policy")
            if policy.text("type") == "SERVICE_CONTROL_POLICY" and not policy.flag("aws_managed")
        }
        attached = (each.text("policy_id") for each in subject.resources("aws_organizations_policy_attachment"))
        if not any(policy in own for policy in attached):
            yield self.finding(subject, f"no control policy holds for its {len(members)} member accounts")
