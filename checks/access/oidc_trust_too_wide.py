from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity

PROVIDER = """
            resource "aws_iam_openid_connect_provider" "github" {
              url            = "https://token.actions.githubusercontent.com"
              client_id_list = ["sts.amazonaws.com"]
            }
"""


class OidcTrustTooWide(Check[PolicyView]):
    """A role takes tokens of an identity provider from others than it is meant for.

    ## Why is this bad?
    GitHub, GitLab, HCP Terraform and others issue tokens to everybody who signs up, under one address. A trust policy
    that does not pin the subject (`sub`) to the owner and the project lets a stranger's pipeline assume the role; one
    that pins the owner alone lets in every repository, workspace or service account that the owner has.

    What counts is whether AWS would take such a token: a Deny or a further condition that it fails keeps it out.
    """

    id = "oidc-trust-too-wide"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Compare the provider's `sub` with the one repository, project, workspace or service account that needs it."
    same_as = ("CKV_AWS_358", "CKV_AWS_393")
    counter_checks = ("oidc-trust-never-matches",)
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html",
        "https://docs.github.com/en/actions/reference/security/oidc",
    )
    examples = (
        Example(
            bad=f"""
{PROVIDER}
            resource "aws_iam_role" "deploy" {{
              name = "deploy"
              assume_role_policy = jsonencode({{ # finding
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRoleWithWebIdentity"
                  Principal = {{ Federated = aws_iam_openid_connect_provider.github.arn }}
                  Condition = {{ StringEquals = {{ "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }} }}
                }}]
              }})
            }}
            """,
            fixed=f"""
{PROVIDER}
            resource "aws_iam_role" "deploy" {{
              name = "deploy"
              assume_role_policy = jsonencode({{
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRoleWithWebIdentity"
                  Principal = {{ Federated = aws_iam_openid_connect_provider.github.arn }}
                  Condition = {{
                    StringEquals = {{
                      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
                      "token.actions.githubusercontent.com:sub" = "repo:acme/shop:ref:refs/heads/main"
                    }}
                  }}
                }}]
              }})
            }}
            """,
        ),
        Example(
            title="An owner whose name only begins so",
            bad=f"""
{PROVIDER}
            resource "aws_iam_role" "deploy" {{
              name = "deploy"
              assume_role_policy = jsonencode({{ # finding
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRoleWithWebIdentity"
                  Principal = {{ Federated = aws_iam_openid_connect_provider.github.arn }}
                  Condition = {{
                    StringEquals = {{ "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }}
                    StringLike   = {{ "token.actions.githubusercontent.com:sub" = "repo:acme*" }}
                  }}
                }}]
              }})
            }}
            """,
            fixed=f"""
{PROVIDER}
            resource "aws_iam_role" "deploy" {{
              name = "deploy"
              assume_role_policy = jsonencode({{
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRoleWithWebIdentity"
                  Principal = {{ Federated = aws_iam_openid_connect_provider.github.arn }}
                  Condition = {{
                    StringEquals = {{ "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }}
                    StringLike   = {{ "token.actions.githubusercontent.com:sub" = "repo:acme/shop:*" }}
                  }}
                }}]
              }})
            }}
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for found in subject.wide_tokens():
            yield self.finding(
                subject.block,
                f"{found.whose} can assume the role: a {found.issuer} token with `sub` `{found.example}` is taken",
                path=subject.path,
                severity=self.severity if found.strangers else Severity.MEDIUM,
                related=subject.labels(found.index),
            )
