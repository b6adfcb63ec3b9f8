from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Resource, Severity, Unknown, related


class PasswordWithoutMfaPolicy(Check[Resource]):
    """A user gets a console password, and nothing asks for a second factor.

    ## Why is this bad?
    A password alone opens the console to whoever has guessed, reused or phished it. Terraform cannot make the device,
    but a policy can leave a session without MFA nothing but the way to enrol one.

    What counts is what the user's policies allow without MFA, taken together with its groups and its boundary:
    enrolling and looking after one's own sign-in is fine.
    """

    id = "password-without-mfa-policy"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Deny everything but enrolling a device under `BoolIfExists` `aws:MultiFactorAuthPresent` `false`."
    types = ("aws_iam_user_login_profile",)
    same_as = ("AWS-0123",)
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_iam_user" "ana" {
              name = "ana"
            }

            resource "aws_iam_user_login_profile" "ana" {
              user = aws_iam_user.ana.name # finding
            }

            resource "aws_iam_group" "staff" {
              name = "staff"
            }

            resource "aws_iam_user_group_membership" "ana" {
              user   = aws_iam_user.ana.name
              groups = [aws_iam_group.staff.name]
            }

            resource "aws_iam_group_policy_attachment" "staff" {
              group      = aws_iam_group.staff.name
              policy_arn = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"
            }
            """,
            fixed="""
            resource "aws_iam_user" "ana" {
              name = "ana"
            }

            resource "aws_iam_user_login_profile" "ana" {
              user = aws_iam_user.ana.name
            }

            resource "aws_iam_group" "staff" {
              name = "staff"
            }

            resource "aws_iam_user_group_membership" "ana" {
              user   = aws_iam_user.ana.name
              groups = [aws_iam_group.staff.name]
            }

            resource "aws_iam_group_policy_attachment" "staff" {
              group      = aws_iam_group.staff.name
              policy_arn = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"
            }

            resource "aws_iam_group_policy" "mfa" {
              name  = "mfa"
              group = aws_iam_group.staff.name
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Deny"
                  NotAction = ["iam:ListMFADevices", "iam:EnableMFADevice", "iam:ResyncMFADevice", "iam:ChangePassword"]
                  Resource  = "*"
                  Condition = { BoolIfExists = { "aws:MultiFactorAuthPresent" = "false" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.model.kind == "account":
            return  # there the credential report says who has a device: `console-without-mfa`
        access = Access.of(subject.model)
        name = access.text(subject, "user")
        user = next((each for each in access.principals("user") if each.name == name), None)
        if user is None or user.outside:
            raise Unknown(f"{subject.address}: the policies of its user are not in view", subject.place("user"))
        without = user.without_mfa()
        if without is None or without:
            what = (
                f"{', '.join(without[:3])} and the like need no MFA"
                if without
                else "no policy of the user asks for MFA"
            )
            yield self.finding(subject, what, path="user", related=related((user.resource.place(), "the user")))
