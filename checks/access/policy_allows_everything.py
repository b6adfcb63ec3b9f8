from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity


class PolicyAllowsEverything(Check[Access]):
    """A policy allows every action on every resource.

    ## Why is this bad?
    Whoever holds the credentials can do everything in the account, the removal of its guardrails included, and the
    next service that AWS starts comes with it.

    What counts is what AWS would answer with all policies together: `*` under a boundary, a control policy or a Deny
    that leaves little of it is not reported, and `*:*` or two statements that come to the same are.
    """

    id = "policy-allows-everything"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "List the actions that this principal uses."
    same_as = ("CKV_AWS_1", "CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_49", "CKV2_AWS_40", "AWS-0057")
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",)
    compliance = ("CIS-AWS-3.0:1.16", "AWS-FSBP:IAM.1")
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "pipeline" {
              name = "pipeline"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "*:*"
                  Resource = "*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "pipeline" {
              name = "pipeline"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["s3:GetObject", "s3:PutObject"]
                  Resource = "arn:aws:s3:::example-artifacts/*"
                }]
              })
            }
            """,
        ),
        Example(
            title="Within a boundary",
            bad="""
            data "aws_iam_policy_document" "all" {
              statement {
                actions   = ["*"]
                resources = ["*"]
              }
            }

            resource "aws_iam_group" "operators" {
              name = "operators"
            }

            resource "aws_iam_group_policy" "operators" {
              name   = "all"
              group  = aws_iam_group.operators.name
              policy = data.aws_iam_policy_document.all.json # finding
            }
            """,
            fixed="""
            data "aws_iam_policy_document" "all" {
              statement {
                actions   = ["*"]
                resources = ["*"]
              }
            }

            resource "aws_iam_policy" "limit" {
              name = "limit"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = ["s3:GetObject", "s3:ListBucket"]
                  Resource = "*"
                  Condition = { StringEquals = { "aws:ResourceAccount" = "111122223333" } }
                }]
              })
            }

            resource "aws_iam_role" "operators" {
              name                 = "operators"
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

            resource "aws_iam_role_policy" "operators" {
              name   = "all"
              role   = aws_iam_role.operators.name
              policy = data.aws_iam_policy_document.all.json
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for grant in subject.allows_everything():
            if not grant.by_exclusion:
                yield self.finding(
                    grant.view.block,
                    f"{grant.who} may call every action on every resource",
                    path=grant.view.path,
                    related=grant.view.labels(grant.index),
                )
