"""Whose OIDC tokens a trust policy takes, and whether any can meet it."""

from __future__ import annotations

import pytest

from guardrails.access.view import PolicyView
from guardrails.model import Resource, Symbolic, Unknown, UnknownValue
from tests.access.designs import access, arn, doc, res

GITHUB = "token.actions.githubusercontent.com"
CLUSTER = "oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"
BARE = ("accounts.google.com", "cognito-identity.amazonaws.com")
AUD = {f"{GITHUB}:aud": "sts.amazonaws.com"}


def trusting(
    condition: object, host: str = GITHUB, *more: Resource, action: str = "sts:AssumeRoleWithWebIdentity"
) -> PolicyView:
    """The trust policy of a role that takes tokens of a provider under a condition."""
    statement = {
        "Effect": "Allow",
        "Action": action,
        "Principal": {"Federated": host if host in BARE else arn("oidc-provider", host)},
        "Condition": condition,
    }
    lens = access(res("aws_iam_role", "r", name="r", assume_role_policy=doc(statement)), *more)
    return next(view for view in lens.documents() if view.path == ("assume_role_policy",))


def sub(value: object, host: str = GITHUB, operator: str = "StringLike") -> dict[str, object]:
    """A condition on the subject."""
    return {operator: {f"{host}:sub": value}}


@pytest.mark.parametrize(
    ("condition", "host", "strangers"),
    [
        ({"StringEquals": AUD}, GITHUB, True),
        ({}, GITHUB, True),
        (sub("*"), GITHUB, True),
        (sub("repo:*"), GITHUB, True),
        (sub("repo:acme*"), GITHUB, True),
        (sub("repo:*/shop:*"), GITHUB, True),
        (sub("repo:?cme/*"), GITHUB, True),
        (sub("*:ref:refs/heads/main"), GITHUB, True),
        (sub(["repo:acme/shop:*", "repo:*:environment:production"]), GITHUB, True),
        (sub("repo:acme/shop:*", operator="ForAllValues:StringLike"), GITHUB, None),
        (sub("repo:acme/shop:*", operator="StringLikeIfExists"), GITHUB, None),
        (sub("repo:acme/shop:*", operator="StringNotLike"), GITHUB, True),
        (sub("repo:acme/*"), GITHUB, False),
        (sub("repo:acme/shop*"), GITHUB, False),
        (sub("repo:acme/shop:*"), GITHUB, None),
        (sub("repo:acme/shop:ref:refs/heads/main", operator="StringEquals"), GITHUB, None),
        ({"StringEquals": {**AUD, f"{GITHUB}:repository": "acme/shop"}}, GITHUB, None),
        ({"StringEquals": {**AUD, f"{GITHUB}:repository_owner": "acme"}}, GITHUB, None),
        (sub("project_path:*", "gitlab.com"), "gitlab.com", True),
        (sub("project_path:acme/*", "gitlab.com"), "gitlab.com", False),
        (sub("project_path:acme/shop:ref_type:branch:ref:main", "gitlab.com"), "gitlab.com", None),
        (sub("organization:*:project:x:*", "app.terraform.io"), "app.terraform.io", True),
        (sub("organization:acme:project:*", "app.terraform.io"), "app.terraform.io", False),
        (sub("organization:acme:project:p:workspace:w:*", "app.terraform.io"), "app.terraform.io", None),
        (sub("system:serviceaccount:*:*", CLUSTER), CLUSTER, False),
        (sub("system:serviceaccount:shop:*", CLUSTER), CLUSTER, None),
        ({"StringEquals": {f"{CLUSTER}:aud": "sts.amazonaws.com"}}, CLUSTER, False),
        ({"StringEquals": {"accounts.google.com:aud": "1234"}}, "accounts.google.com", None),
        ({}, "accounts.google.com", True),
        (
            {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:1"}},
            "cognito-identity.amazonaws.com",
            None,
        ),
        (
            {"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "*"}},
            "cognito-identity.amazonaws.com",
            True,
        ),
    ],
)
def test_who_else_gets_in(condition: object, host: str, strangers: bool | None) -> None:
    """Strangers, everything of the owner, or nobody beside whom it is meant for."""
    found = [each.strangers for each in trusting(condition, host).wide_tokens()]

    assert found == ([] if strangers is None else [strangers])


def test_a_deny_keeps_strangers_out() -> None:
    """What another statement denies is not taken."""
    allow = {"Effect": "Allow", "Action": "sts:*", "Principal": {"Federated": arn("oidc-provider", GITHUB)}}
    deny = {
        "Effect": "Deny",
        "Action": "*",
        "Principal": "*",
        "Condition": {"StringNotLike": {f"{GITHUB}:sub": "repo:acme/shop:*"}},
    }
    lens = access(res("aws_iam_role", "r", name="r", assume_role_policy=doc(allow, deny)))
    (view,) = lens.documents()

    assert list(view.wide_tokens()) == []
    assert list(view.unmet_tokens()) == []


def test_an_unknown_subject_is_undecided() -> None:
    """A subject that is not known may be that of anybody."""
    text = doc({"Effect": "Allow", "Action": "sts:*", "Principal": {"Federated": arn("oidc-provider", GITHUB)},
                "Condition": {"StringLike": {f"{GITHUB}:sub": "@"}}})  # fmt: skip
    head, tail = text.split("@")
    policy = Symbolic(head, UnknownValue("var.subject has no value"), tail)
    (view,) = access(res("aws_iam_role", "r", name="r", assume_role_policy=policy)).documents()

    with pytest.raises(Unknown, match=r"var\.subject has no value"):
        list(view.wide_tokens())


PROVIDER = res(
    "aws_iam_openid_connect_provider", "p", url=f"https://{GITHUB}", client_id_list=["https://github.com/acme"]
)


@pytest.mark.parametrize(
    ("condition", "more", "why"),
    [
        (sub("repo:acme/shop:*", operator="StringEquals"), (), "is no wildcard"),
        (sub("repo:acme/shop:refs/heads/main", operator="StringEquals"), (), "gives out no `sub`"),
        (sub("acme/shop:*"), (), "gives out no `sub`"),
        (sub("repo:https://github.com/acme/shop:*"), (), ""),
        (sub("repo:acme/shop:environment:live", operator="StringEquals"), (), ""),
        (sub("repo:acme/shop:pull_request", operator="StringEquals"), (), ""),
        (sub("repo:acme/shop:job_workflow_ref:acme/x/.github/workflows/y.yml@refs/heads/main"), (), ""),
        (sub("repository_owner:acme:*"), (), ""),
        (sub("repo:acme/shop:ref:refs/heads/*"), (), ""),
        ({"StringEquals": AUD}, (PROVIDER,), "none of the provider's client ids"),
        ({"StringEquals": {f"{GITHUB}:aud": "https://github.com/acme"}}, (PROVIDER,), ""),
        ({"StringEquals": {"gitlab.com:sub": "x"}}, (), "is no key of the provider"),
        ({"StringEquals": {f"https://{GITHUB}:sub": "repo:acme/shop:*"}}, (), "is no key of the provider"),
        ({"StringEquals": {**AUD, f"{GITHUB}:ref": "refs/heads/main"}}, (), ""),
        ({"StringLike": {"sts:RoleSessionName": "ci-*"}, "IpAddress": {"aws:SourceIp": "1.2.3.4/32"}}, (), ""),
        ({"StringEquals": {f"{GITHUB}:aud": "a"}, "StringNotEquals": {f"{GITHUB.upper()}:aud": "a"}}, (), "contradict"),
    ],
)
def test_what_no_token_meets(condition: object, more: tuple[Resource, ...], why: str) -> None:
    """A condition that the provider's tokens cannot meet is said, with the reason."""
    found = [each.why for each in trusting(condition, GITHUB, *more).unmet_tokens()]

    assert len(found) == (1 if why else 0)
    assert why in "".join(found)
