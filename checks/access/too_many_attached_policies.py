from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, related

TYPES = {
    "aws_iam_role_policy_attachment": ("role", "aws_iam_role"),
    "aws_iam_user_policy_attachment": ("user", "aws_iam_user"),
    "aws_iam_group_policy_attachment": ("group", "aws_iam_group"),
}
DEFAULT_QUOTA = 10


class TooManyAttachedPolicies(Check[Model]):
    """More managed policies are attached to a principal than IAM allows.

    ## Why is this bad?
    IAM takes 10 managed policies for each user, role and group unless the quota was raised (to 20 at most). The
    eleventh attachment fails in the middle of the apply with `LimitExceeded: Cannot exceed quota for
    PoliciesPerRole: 10`, and leaves the principal with some of its permissions.
    """

    id = "too-many-attached-policies"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Merge statements into fewer customer managed policies."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_group" "staff" { # finding
              name = "staff"
            }

            resource "aws_iam_group_policy_attachment" "staff" {
              count      = 11
              group      = aws_iam_group.staff.name
              policy_arn = "arn:aws:iam::111122223333:policy/part-${count.index}"
            }
            """,
            fixed="""
            resource "aws_iam_group" "staff" {
              name = "staff"
            }

            resource "aws_iam_group_policy_attachment" "staff" {
              count      = 10
              group      = aws_iam_group.staff.name
              policy_arn = "arn:aws:iam::111122223333:policy/part-${count.index}"
            }
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        attached: dict[Resource, list[Resource]] = defaultdict(list)
        for kind, (attribute, principal_type) in TYPES.items():
            for attachment in subject.all(kind):
                principal = subject.resolve(attachment.raw(attribute), principal_type)
                if principal is not None and not attachment.conditional:
                    attached[principal].append(attachment)
        for principal, attachments in attached.items():
            if len(attachments) > DEFAULT_QUOTA:
                yield self.finding(
                    principal,
                    f"{len(attachments)} managed policies are attached, the default quota is {DEFAULT_QUOTA}",
                    related=related((attachments[DEFAULT_QUOTA].place(), "this one is over the quota")),
                )
