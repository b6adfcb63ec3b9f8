from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, regions_read

REGION = """
            {"type": "aws_region", "mode": "data", "name": "eu-west-1", "values": {
              "name": "eu-west-1", "opt_in_status": "opt-in-not-required"
            }}
            {"type": "aws_availability_zone", "mode": "data", "name": "eu-west-1a", "values": {"name": "eu-west-1a"}}
"""


class AccountWithoutTrail(Check[Model]):
    """No trail records what happens in an account.

    ## Why is this bad?
    After an incident nobody can say who did what. CloudTrail's own history forgets after 90 days, shows one region at
    a time, and can be read by whoever took the account over.

    A trail of the organisation counts, one that is switched off or keeps to its own region does not.
    """

    id = "account-without-trail"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Make an `aws_cloudtrail` with `is_multi_region_trail = true` that writes to another account's bucket."
    same_as = ("AWS-0014",)
    references = (
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-a-trail.html",
    )
    compliance = ("CIS-AWS-3.0:3.1", "AWS-FSBP:CloudTrail.1")
    examples = (
        Example(
            bad=f"""
            {{"complete": ["aws_cloudtrail"]}} # finding
            {REGION}
            """,
            fixed=f"""
            {REGION}
            {{"type": "aws_cloudtrail", "name": "main", "values": {{
              "name": "main", "is_multi_region_trail": true, "enable_logging": true,
              "include_global_service_events": true, "enable_log_file_validation": true,
              "kms_key_id": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555",
              "cloud_watch_logs_group_arn": "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
            }}}}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account":
            return
        trails = list(subject.resources("aws_cloudtrail"))
        if any(_records(trail) for trail in trails):
            return
        for _ in regions_read(subject, "aws_cloudtrail"):
            pass  # a trail stands in one region: all of them must have been asked
        yield self.finding(
            subject, f"{len(trails) or 'no'} trail{'' if len(trails) == 1 else 's'}, none of all regions"
        )


def _records(trail: Resource) -> bool:
    return trail.flag("is_multi_region_trail") and trail.flag("enable_logging", default=True)
