"""Access checks about single statements and outsiders, on the spellings that their examples do not show."""

from __future__ import annotations

import pytest

from guardrails.model import Resource
from tests.access.designs import ACCOUNT, access, allow, arn, deny, doc, ref, res, role, service, trust, user
from tests.checks.access.test_spellings import BOTH, BUCKET, OTHER, ROLES, UNDECIDED, bucket, policy, said

QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"
TAGS = {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}
INSTANCES = "arn:aws:ec2:*:*:instance/*"
MFA = "aws:MultiFactorAuthPresent"


@pytest.mark.parametrize(
    ("check", "statement", "found"),
    [
        ("unknown-action", allow("s3:GetObjects"), ["low"]),
        ("unknown-action", allow("S3:getobject"), []),
        ("unknown-action", allow(["s3:Get*", "*"]), []),
        ("unknown-action", allow("s3:Fetch*"), ["low"]),
        ("unknown-action", allow("s4:GetObject"), ["low"]),
        ("unknown-action", deny("iam:PassRoles"), ["low"]),
        ("unknown-action", {"Effect": "Allow", "NotAction": "iam:ListUser", "Resource": "*"}, ["low"]),
        ("action-on-wrong-resource", allow("s3:GetObject", BUCKET), ["medium"]),
        ("action-on-wrong-resource", allow("s3:GetObject", f"{BUCKET}*"), []),
        ("action-on-wrong-resource", allow("s3:ListBucket", f"{BUCKET}/*"), ["medium"]),
        ("action-on-wrong-resource", allow(["s3:ListBucket", "s3:GetObject"], BOTH), []),
        ("action-on-wrong-resource", allow("s3:*", BUCKET), []),
        ("action-on-wrong-resource", allow("s3:Get*", f"{BUCKET}/*"), []),
        ("action-on-wrong-resource", allow("s3:ListAllMyBuckets", "arn:aws:s3:::*"), []),
        ("action-on-wrong-resource", allow("s3:ListAllMyBuckets", BUCKET), ["medium"]),
        ("action-on-wrong-resource", allow("ec2:DescribeInstances*", INSTANCES), ["medium"]),
        ("action-on-wrong-resource", allow("ec2:DescribeInstances"), []),
        ("action-on-wrong-resource", allow(["ec2:DescribeInstances", "ec2:StartInstances"], ["*", INSTANCES]), []),
        ("action-on-wrong-resource", allow("lambda:InvokeFunction", f"arn:aws:lambda:*:{ACCOUNT}:function:f:*"), []),
        ("action-on-wrong-resource", allow("logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/a"), ["medium"]),
        ("action-on-wrong-resource", allow("logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/a:*"), []),
        ("action-on-wrong-resource", allow("iam:PassRole", f"{ROLES}${{aws:username}}"), []),
        ("action-on-wrong-resource", allow("iam:GetUser", f"{ROLES}x"), ["medium"]),
        ("action-on-wrong-resource", deny("sqs:SendMessage", "arn:aws:sns:*:*:*"), ["medium"]),
        ("condition-never-true", allow("s3:GetObject", Condition={"StringLike": {"s3:prefix": "a/*"}}), ["medium"]),
        ("condition-never-true", allow("s3:List*", Condition={"StringLike": {"s3:prefix": "a/*"}}), []),
        ("condition-never-true", allow("s3:GetObject", Condition={"StringNotLike": {"s3:prefix": "a/*"}}), []),
        ("condition-never-true", allow("s3:*", Condition={"StringEqualsIfExists": {"s3:prefix": "a"}}), []),
        ("condition-never-true", allow("s3:GetObject", Condition={"Null": {"s3:prefix": "true"}}), []),
        (
            "condition-never-true",
            allow("ec2:DescribeInstances", Condition={"StringEquals": {"aws:ResourceTag/a": "b"}}),
            ["medium"],
        ),
        (
            "condition-never-true",
            allow("ec2:StartInstances", Condition={"StringEquals": {"ec2:ResourceTag/a": "b"}}),
            [],
        ),
        (
            "condition-never-true",
            allow("s3:GetObject", Condition={"StringEquals": {"s3:ExistingObjectTag/team": "a"}}),
            [],
        ),
        ("condition-never-true", allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "s3.x"}}), []),
        (
            "condition-never-true",
            allow(
                "sqs:*",
                Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "NotIpAddress": {"aws:sourceip": "10.0.0.0/7"}},
            ),
            ["medium"],
        ),
        (
            "condition-never-true",
            allow(
                "sqs:*",
                Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "NotIpAddress": {"aws:sourceip": "10.0.0.0/9"}},
            ),
            [],
        ),
        (
            "for-all-values-hole",
            allow("s3:GetObject", Condition={"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o/*"}}),
            ["high"],
        ),
        ("for-all-values-hole", allow("ec2:CreateTags", Condition=TAGS), []),
        ("for-all-values-hole", deny("s3:*", Condition={"ForAllValues:StringEquals": {"aws:CalledVia": "a"}}), []),
        (
            "for-all-values-hole",
            allow(
                "s3:GetObject",
                Condition={"ForAllValues:StringEquals": {"aws:CalledVia": "a"}, "Null": {"aws:CalledVia": "false"}},
            ),
            [],
        ),
        (
            "for-all-values-hole",
            allow(
                "dynamodb:GetItem", Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:userid}"]}}
            ),
            [],
        ),
        (
            "for-all-values-hole",
            allow(
                ["dynamodb:GetItem", "dynamodb:ListTables"],
                Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}},
            ),
            ["high"],
        ),
        ("mfa-condition-hole", deny("*", Condition={"Bool": {MFA: False}}), ["medium"]),
        ("mfa-condition-hole", deny("*", Condition={"BoolIfExists": {MFA: "false"}}), []),
        ("mfa-condition-hole", deny("*", Condition={"StringNotEqualsIgnoreCase": {MFA: "TRUE"}}), []),
        ("mfa-condition-hole", deny("*", Condition={"Null": {MFA: "true"}}), []),
        ("mfa-condition-hole", allow("*", Condition={"StringEqualsIfExists": {MFA: "true"}}), ["medium"]),
        ("mfa-condition-hole", allow("*", Condition={"Bool": {MFA: "true"}}), []),
        ("mfa-condition-hole", allow("*", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}), []),
        ("malformed-policy", {"Effect": "Allow", "Action": "s3:GetObject"}, ["high"]),
        ("malformed-policy", allow("s3:GetObject", Condition={"StringEqual": {"a:b": "c"}}), ["high"]),
        ("malformed-policy", allow("s3:GetObject, s3:PutObject"), ["low"]),
        ("malformed-policy", allow("s3:GetObject", "bucket"), ["high"]),
        ("malformed-policy", allow("s3:GetObject", f"{BUCKET}/${{aws:username}}/*"), []),
    ],
)
def test_statements(check: str, statement: dict[str, object], found: list[str]) -> None:
    """A statement comes to what AWS makes of it."""
    assert said(check, policy(statement)) == found


def test_an_old_version_takes_variables_for_text() -> None:
    """Without the version of 2012 a contradiction by a variable is one of texts."""
    both = {"StringEquals": {"aws:username": "${aws:userid}"}, "StringLike": {"aws:username": "a*"}}

    assert said("condition-never-true", policy(allow("sqs:*", Condition=both), version="2008-10-17")) == ["medium"]


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": "x"}', '{"Version": "2012-10-17", "statement": []}'])
def test_texts_that_are_no_policies(text: str) -> None:
    """What is not JSON, or no policy, is found where it stands."""
    assert "high" in said("malformed-policy", res("aws_iam_policy", "p", name="p", policy=text))


def queue(*statements: dict[str, object], **more: object) -> Resource:
    """A queue policy."""
    return res("aws_sqs_queue_policy", "q", queue_url="https://x", policy=doc(*statements))


SNS = {"Service": "sns.amazonaws.com"}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([allow("sqs:SendMessage", QUEUE, Principal=SNS)], ["medium"]),
        ([allow("sqs:*", QUEUE, Principal=SNS)], ["medium"]),
        (
            [
                allow(
                    "sqs:SendMessage", QUEUE, Principal=SNS, Condition={"StringEquals": {"AWS:SourceAccount": ACCOUNT}}
                )
            ],
            [],
        ),
        (
            [
                allow(
                    "sqs:SendMessage",
                    QUEUE,
                    Principal=SNS,
                    Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{ACCOUNT}:*"}},
                )
            ],
            [],
        ),
        (
            [
                allow(
                    "sqs:SendMessage",
                    QUEUE,
                    Principal=SNS,
                    Condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}},
                )
            ],
            ["medium"],
        ),
        (
            [
                allow(
                    "sqs:SendMessage",
                    QUEUE,
                    Principal=SNS,
                    Condition={"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
                )
            ],
            [],
        ),
        (
            [allow("sqs:SendMessage", QUEUE, Principal=SNS, Condition={"Bool": {"aws:SecureTransport": "true"}})],
            ["medium"],
        ),
        ([allow("sqs:SendMessage", QUEUE, Principal=SNS, Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}})], []),
        (
            [
                allow("sqs:SendMessage", QUEUE, Principal=SNS),
                deny("sqs:*", QUEUE, Principal="*", Condition={"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}),
            ],
            [],
        ),
        ([allow("sqs:SendMessage", QUEUE, Principal={"AWS": ACCOUNT})], []),
    ],
)
def test_deputies(statements: list[dict[str, object]], found: list[str]) -> None:
    """A service is a deputy for strangers where AWS would answer its call for a stranger's account."""
    assert said("confused-deputy", queue(*statements)) == found


def test_log_delivery_writes_under_the_accounts_id() -> None:
    """A path with the account's id is no stranger's; the look at the bucket's ACL gives nothing away."""
    logs = {"Service": "cloudtrail.amazonaws.com"}
    own = allow("s3:PutObject", f"{BUCKET}/trail/AWSLogs/{ACCOUNT}/*", Principal=logs)
    acl = allow("s3:GetBucketAcl", BUCKET, Principal=logs)

    assert said("confused-deputy", bucket(own, acl)) == []
    assert said("confused-deputy", bucket(allow("s3:PutObject", f"{BUCKET}/*", Principal=logs))) == ["medium"]


def test_a_control_policy_keeps_strangers_services_out() -> None:
    """A resource control policy that demands the organisation of the source does what conditions would."""
    demand = deny(
        "sqs:*",
        Principal="*",
        Condition={
            "StringNotEqualsIfExists": {"aws:SourceOrgID": "o-1"},
            "Bool": {"aws:PrincipalIsAWSService": "true"},
        },
    )
    control = [
        res("aws_organizations_policy", "o", name="o", type="RESOURCE_CONTROL_POLICY", content=doc(demand)),
        res(
            "aws_organizations_policy_attachment",
            "o",
            policy_id=ref("aws_organizations_policy.o", "id"),
            target_id="r-1",
        ),
    ]

    assert said("confused-deputy", queue(allow("sqs:SendMessage", QUEUE, Principal=SNS)), control) == []


FOREIGN = {"AWS": f"arn:aws:iam::{OTHER}:root"}


@pytest.mark.parametrize(
    ("text", "account", "found"),
    [
        (trust(FOREIGN), ACCOUNT, ["medium"]),
        (trust({"AWS": OTHER}), ACCOUNT, ["medium"]),
        (trust(FOREIGN), "", ["low"]),
        (trust({"AWS": f"arn:aws:iam::{OTHER}:role/x"}), ACCOUNT, []),
        (trust({"AWS": ACCOUNT}), ACCOUNT, []),
        (trust(FOREIGN, Condition={"StringEquals": {"sts:ExternalId": "x"}}), ACCOUNT, []),
        (trust(FOREIGN, Condition={"StringEqualsIfExists": {"sts:ExternalId": "x"}}), ACCOUNT, ["medium"]),
        (trust(FOREIGN, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), ACCOUNT, []),
        (trust(FOREIGN, Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/ci-*"}}), ACCOUNT, []),
        (trust(FOREIGN, Condition={"Bool": {MFA: "true"}}), ACCOUNT, []),
        (trust(FOREIGN, Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-2"}}), ACCOUNT, ["medium"]),
    ],
)
def test_trust_in_accounts(text: str, account: str, found: list[str]) -> None:
    """A whole account is let in where any role of it can assume the role by its name alone."""
    assert said("trust-in-whole-account", role("r", text), account=account) == found


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([allow("sqs:SendMessage", QUEUE, Principal=FOREIGN)], ["low"]),
        ([allow("sqs:SendMessage", QUEUE, Principal={"AWS": f"arn:aws:iam::{OTHER}:role/x"})], []),
        ([allow("sqs:SendMessage", QUEUE, Principal={"AWS": ACCOUNT})], []),
        ([allow("sqs:SendMessage", QUEUE, Principal=FOREIGN), deny("sqs:*", QUEUE, Principal=FOREIGN)], []),
        (
            [
                allow(
                    "sqs:SendMessage", QUEUE, Principal=FOREIGN, Condition={"StringEquals": {"aws:PrincipalOrgID": "o"}}
                )
            ],
            [],
        ),
    ],
)
def test_other_accounts(statements: list[dict[str, object]], found: list[str]) -> None:
    """Another account is let in where nothing but its name is asked for."""
    assert said("other-account-let-in", queue(*statements)) == found


def test_an_account_that_may_be_the_own_one() -> None:
    """Where the own account is not known, a named one may be it."""
    statement = allow("sqs:SendMessage", Principal=FOREIGN)

    assert said("other-account-let-in", queue(statement), account="") == [UNDECIDED]


TLS = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([deny("s3:*", BOTH, Principal="*", Condition=TLS)], []),
        ([deny("*", "*", Principal={"AWS": "*"}, Condition={"BoolIfExists": {"AWS:SecureTransport": False}})], []),
        ([deny("s3:*", BOTH, Principal="*", Condition={"Null": {"aws:SecureTransport": "true"}})], ["low"]),
        ([deny("s3:PutObject", BOTH, Principal="*", Condition=TLS)], ["low"]),
        ([deny("s3:*", BUCKET, Principal="*", Condition=TLS)], ["low"]),
        ([deny("s3:*", BOTH, Principal={"AWS": ACCOUNT}, Condition=TLS)], ["low"]),
        (
            [deny("s3:*", BOTH, Principal="*", Condition={**TLS, "StringEquals": {"aws:PrincipalAccount": "1"}})],
            ["low"],
        ),
        (
            [
                allow(
                    "s3:GetObject",
                    BOTH,
                    Principal={"AWS": ACCOUNT},
                    Condition={"Bool": {"aws:SecureTransport": "true"}},
                )
            ],
            ["low"],
        ),
    ],
)
def test_buckets_without_encryption(statements: list[dict[str, object]], found: list[str]) -> None:
    """A bucket's policy demands TLS if it denies every request without, whoever sends it."""
    assert said("bucket-policy-without-tls", bucket(*statements)) == found


def test_the_finding_of_a_data_source_names_its_statement() -> None:
    """Views say where a statement stands, for findings at the attribute."""
    (view,) = access(policy(allow("s3:GetObjects"))).documents()

    assert view.labels(0) == ()


def test_a_session_that_users_open_may_be_long() -> None:
    """Only where nobody but roles assumes a role are its sessions chained."""
    long = 43_200
    by_role, by_both = trust({"AWS": f"{ROLES}ci"}), trust({"AWS": [f"{ROLES}ci", arn("user", "ana")]})

    assert said("chained-role-session-capped", role("r", by_role, max_session_duration=long)) == ["low"]
    assert said("chained-role-session-capped", role("r", by_both, max_session_duration=long)) == []
    assert said("chained-role-session-capped", role("r", service("ec2"), max_session_duration=long)) == []
    assert said("chained-role-session-capped", role("r", by_role, max_session_duration=3600)) == []


def test_quotas_of_inline_policies() -> None:
    """The inline policies of a user are counted together, those of a group apart from them."""
    large = allow("s3:GetObject", [f"arn:aws:s3:::bucket-{number}/*" for number in range(90)])

    assert said("policy-too-long", user("u", large)) == ["high"]
    assert said("policy-too-long", role("r", service("ec2"), large)) == []


def test_attachments_that_own_their_policy() -> None:
    """A policy of AWS is everybody's; a policy of the design is taken away by a second attachment alone."""
    aws = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    own = policy(allow("s3:GetObject", f"{BUCKET}/*"))
    first = res("aws_iam_policy_attachment", "a", name="a", roles=["r"], policy_arn=ref("aws_iam_policy.p"))
    second = res("aws_iam_role_policy_attachment", "b", role="s", policy_arn=ref("aws_iam_policy.p"))
    check = "exclusive-policy-attachment"

    assert said(check, res("aws_iam_policy_attachment", "a", name="a", roles=["r"], policy_arn=aws)) == ["high"]
    assert said(check, own, first) == []
    assert said(check, own, first, second) == ["high"]
    assert said(check, own, second) == []


def test_lists_that_rival_resources() -> None:
    """A role's list rivals what resources of their own attach, unless it has the same."""
    one, two = (f"arn:aws:iam::aws:policy/{name}" for name in ("A", "B"))
    attached = res("aws_iam_role_policy_attachment", "a", role=ref("aws_iam_role.r", "name"), policy_arn=one)
    check = "rival-role-policies"

    assert said(check, role("r", service("ec2"), managed_policy_arns=[two]), attached) == ["high"]
    assert said(check, role("r", service("ec2"), managed_policy_arns=[one, two]), attached) == []
    assert said(check, role("r", service("ec2")), attached) == []
    assert said(check, role("r", service("ec2"), managed_policy_arns=[one])) == []
