from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Principal, Severity, related

DEFAULT_QUOTA = 10


class TooManyAttachedPolicies(Check[Principal]):
    """More managed policies are attached to a principal than IAM allows.

    ## Why is this bad?
    IAM takes 10 managed policies for each user, role and group unless the quota was raised (to 25 for a role, 20 for
    the others). The eleventh attachment fails in the middle of the apply with `LimitExceeded: Cannot exceed quota for
    PoliciesPerRole: 10`, and leaves the principal with some of its permissions.

    Attachments of every kind count: resources of their own, lists, and `managed_policy_arns`.
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
        Example(
            title="A list",
            bad="""
            resource "aws_iam_role" "worker" { # finding
              name = "worker"
              managed_policy_arns = [for n in range(11) : "arn:aws:iam::111122223333:policy/part-${n}"]
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_role" "worker" {
              name = "worker"
              managed_policy_arns = [for n in range(10) : "arn:aws:iam::111122223333:policy/part-${n}"]
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Principal, /) -> Iterator[Finding]:
        if subject.outside or subject.kind == "permission-set":
            return
        attached = [view for view in subject.own if view.kind.value == "managed" and not view.doubt]
        if len(attached) > DEFAULT_QUOTA:
            over = attached[DEFAULT_QUOTA]
            yield self.finding(
                subject.resource,
                f"{len(attached)} managed policies are attached, the default quota is {DEFAULT_QUOTA}",
                related=related((over.block.place(*over.path), "this one is over the quota")),
            )
