from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity

PROVIDER = """
            resource "aws_iam_openid_connect_provider" "github" {
              url            = "https://token.actions.githubusercontent.com"
              client_id_list = ["sts.amazonaws.com"]
            }
"""


class OidcTrustNeverMatches(Check[PolicyView]):
    """No token of the identity provider can meet a role's trust policy.

    ## Why is this bad?
    The pipeline fails with `Not authorized to perform sts:AssumeRoleWithWebIdentity`, which names neither the claim nor
    the condition, and hours go by. The usual causes: `StringEquals` with a `*`, a subject without its `ref:`, an
    audience that the provider does not list, a condition key of another provider.

    A subject is taken to be possible if the provider can give out one like it, an own template of GitHub included.
    """

    id = "oidc-trust-never-matches"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Write `sub` as the provider does (GitHub: `repo:OWNER/NAME:ref:refs/heads/BRANCH`); use StringLike for `*`."
    counter_checks = ("oidc-trust-too-wide",)
    references = (
        "https://docs.github.com/en/actions/reference/security/oidc",
        "https://github.com/aws-actions/configure-aws-credentials/issues/1100",
        "https://github.com/aws-actions/configure-aws-credentials/issues/1137",
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
                  Condition = {{
                    StringEquals = {{
                      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
                      "token.actions.githubusercontent.com:sub" = "repo:acme/shop:*"
                    }}
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
        Example(
            title="A subject that GitHub never gives out",
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
                    StringEquals = {{
                      "token.actions.githubusercontent.com:sub" = "repo:acme/shop:refs/heads/main"
                    }}
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
                    StringEquals = {{
                      "token.actions.githubusercontent.com:sub" = "repo:acme/shop:ref:refs/heads/main"
                    }}
                  }}
                }}]
              }})
            }}
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for found in subject.unmet_tokens():
            yield self.finding(
                subject.block,
                f"no {found.issuer} token can assume the role: {found.why}",
                path=subject.path,
                related=subject.labels(found.index),
            )
