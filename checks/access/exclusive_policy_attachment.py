from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, related

ALSO = (
    "aws_iam_policy_attachment",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy_attachment",
    "aws_iam_group_policy_attachment",
)


class ExclusivePolicyAttachment(Check[Resource]):
    """An attachment takes a policy of AWS away from everybody else.

    ## Why is this bad?
    `aws_iam_policy_attachment` owns all attachments of its policy in the account: each apply detaches it from every
    principal that is not listed, those of other stacks and of AWS services included, and nobody is told.
    """

    id = "exclusive-policy-attachment"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Use `aws_iam_role_policy_attachment`, one for each principal."
    types = ("aws_iam_policy_attachment",)
    references = ("https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/iam_policy_attachment",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_role" "worker" {
              name = "worker"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_policy_attachment" "worker" {
              name       = "worker"
              roles      = [aws_iam_role.worker.name]
              policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" # finding
            }
            """,
            fixed="""
            resource "aws_iam_role" "worker" {
              name = "worker"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "worker" {
              role       = aws_iam_role.worker.name
              policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        policy = model.resolve(subject.raw("policy_arn"), "aws_iam_policy")
        if policy is None:
            arn = subject.text("policy_arn")
            if ":iam::aws:policy/" in arn:
                yield self.finding(
                    subject,
                    f"every apply detaches `{arn}` from all principals that are not listed here",
                    path="policy_arn",
                )
            return
        for other in model.all(*ALSO):
            if other is not subject and model.resolve(other.raw("policy_arn"), "aws_iam_policy") is policy:
                yield self.finding(
                    subject,
                    f"it and {other.address} take the policy away from each other",
                    path="policy_arn",
                    related=related((other.place(), "this attaches it too")),
                )
