from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Principal, Severity, related


class BoundaryBlocksPolicy(Check[Principal]):
    """A permissions boundary takes back all that a statement allows.

    ## Why is this bad?
    A principal has what its policies and its boundary both allow. What a policy grants outside of the boundary is
    `AccessDenied` in the first run, and the policy that is read says the opposite.

    An action is reported if nothing of it gets through on any resource that the statement names.
    """

    id = "boundary-blocks-policy"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Allow the actions in the boundary too, or take them out of the policy."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_role" "orders" {
              name = "orders"
              permissions_boundary = aws_iam_policy.limit.arn
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_policy" "limit" {
              name = "limit"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-orders/*"
                }]
              })
            }

            resource "aws_iam_role_policy" "orders" {
              name = "orders"
              role = aws_iam_role.orders.name
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = ["s3:GetObject", "s3:PutObject"]
                  Resource = "arn:aws:s3:::example-orders/*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_role" "orders" {
              name = "orders"
              permissions_boundary = aws_iam_policy.limit.arn
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_policy" "limit" {
              name = "limit"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = ["s3:GetObject", "s3:PutObject"]
                  Resource = "arn:aws:s3:::example-orders/*"
                }]
              })
            }

            resource "aws_iam_role_policy" "orders" {
              name = "orders"
              role = aws_iam_role.orders.name
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = ["s3:GetObject", "s3:PutObject"]
                  Resource = "arn:aws:s3:::example-orders/*"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Principal, /) -> Iterator[Finding]:
        for found in subject.blocked_by_boundary():
            actions = ", ".join(found.actions[:3]) + (" and more" if len(found.actions) > 3 else "")
            how = "denies" if found.explicit else "does not allow"
            yield self.finding(
                found.view.block,
                f"{subject.address} never gets {actions}: {found.by[0].title} {how} it",
                path=found.view.path,
                related=(
                    *found.view.labels(found.index),
                    *related((found.by[0].block.place(*found.by[0].path), "this limits it")),
                ),
            )
