from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Principal, Severity

HOUR = 3_600
ROLE = re.compile(r":(assumed-)?role/|\baws_iam_role\.")


class ChainedRoleSessionCapped(Check[Principal]):
    """A role for long sessions is assumed by roles only, which caps them at an hour.

    ## Why is this bad?
    A session that is made with the credentials of another role (role chaining) lasts one hour at most, whatever
    `max_session_duration` says: a call with a longer `DurationSeconds` fails with `The requested DurationSeconds
    exceeds the 1 hour session limit for roles assumed by role chaining`, and long jobs lose their credentials in the
    middle.
    """

    id = "chained-role-session-capped"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Leave `max_session_duration` at 3600 and renew the session, or let the users' provider assume the role."
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html",
        "https://github.com/umotif-public/terraform-aws-atlantis/issues/300",
    )
    examples = (
        Example(
            bad="""
            data "aws_caller_identity" "current" {}

            resource "aws_iam_role" "deploy" {
              name                 = "deploy"
              max_session_duration = 43200 # finding
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/pipeline" }
                }]
              })
            }
            """,
            fixed="""
            data "aws_caller_identity" "current" {}

            resource "aws_iam_role" "deploy" {
              name                 = "deploy"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/pipeline" }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Principal, /) -> Iterator[Finding]:
        if subject.kind != "role" or subject.outside or subject.trust is None:
            return
        longest = subject.resource.number("max_session_duration", default=HOUR)
        if longest <= HOUR:
            return
        named = [each for s in subject.trust.policy().statements if s.allows for each in s.principals or ()]
        ids = [getattr(each, "id", None) for each in named]
        if ids and all(isinstance(each, str) and ROLE.search(str.__str__(each)) for each in ids):
            yield self.finding(
                subject.resource,
                f"sessions may last {longest / HOUR:g} hours, but only roles assume it: theirs end after one",
                path="max_session_duration",
                fix=self.set_attribute(subject.resource, "max_session_duration", str(HOUR)),
            )
