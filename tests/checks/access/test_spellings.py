"""Access checks on the spellings that their examples do not show: what is the same in other words, and what is not."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from guardrails import engine
from guardrails.catalog import load
from guardrails.model import Resource, Symbolic, UnknownValue, Value
from tests.access.designs import ACCOUNT, allow, arn, deny, doc, model, ref, res, role, service, trust, user

CATALOG = load(installed=False)
OTHER = "444455556666"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
BUCKET = "arn:aws:s3:::b"
BOTH = [BUCKET, f"{BUCKET}/*"]
ROLES = f"arn:aws:iam::{ACCOUNT}:role/"
EXTERNAL = "sts:ExternalId"
UNDECIDED = "undecided"


def said(check: str, *parts: Resource | Sequence[Resource], account: str = ACCOUNT) -> list[str]:
    """The severities of what a check finds, and `undecided` for what it cannot decide."""
    report = engine.run(
        [model(*parts, account=account)], list(CATALOG.checks.values()), engine.Settings(select=(check,))
    )
    assert report.problems == []
    return [*(str(each.severity) for each in report.findings), *([UNDECIDED] if report.undecided else [])]


def policy(*statements: dict[str, object], version: str = "2012-10-17") -> Resource:
    """A customer managed policy that nobody has."""
    return res("aws_iam_policy", "p", name="p", policy=doc(*statements, version=version))


def hole(text: str, reason: str = "var.x has no value") -> Symbolic:
    """A document in which `@` is not known."""
    head, tail = text.split("@")
    return Symbolic(head, UnknownValue(reason), tail)


def key(*statements: dict[str, object] | Symbolic, **more: Value) -> Resource:
    """A KMS key with a policy."""
    text: Value = statements[0] if isinstance(statements[0], Symbolic) else doc(*statements)  # type: ignore[arg-type]  # or documents
    return res("aws_kms_key", "k", policy=text, enable_key_rotation=True, **more)


def kms(effect: str, action: object, principal: object, **more: object) -> dict[str, object]:
    """A statement of a key policy."""
    return {"Effect": effect, "Action": action, "Principal": principal, "Resource": "*", **more}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([kms("Allow", "kms:*", {"AWS": ROOT})], []),
        ([kms("Allow", "kms:*", {"AWS": ACCOUNT})], []),
        ([kms("Allow", "*", {"AWS": "*"}, Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}})], []),
        ([kms("Allow", ["kms:Put*", "kms:Decrypt"], {"AWS": f"{ROLES}ops"})], []),
        (
            [
                kms(
                    "Allow",
                    "kms:PutKeyPolicy",
                    {"AWS": ROOT},
                    Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}},
                )
            ],
            [],
        ),
        ([kms("Allow", "kms:Decrypt", {"AWS": ROOT})], ["high"]),
        ([kms("Allow", "kms:*", {"AWS": f"arn:aws:iam::{OTHER}:root"})], ["high"]),
        ([kms("Allow", "kms:*", {"Service": "logs.eu-west-1.amazonaws.com"})], ["high"]),
        ([kms("Allow", "kms:*", {"AWS": ROOT}), kms("Deny", "kms:*", "*")], ["high"]),
        ([kms("Allow", "kms:*", {"AWS": ROOT}), kms("Deny", "kms:P*", {"AWS": "*"})], ["high"]),
        (
            [
                kms("Allow", "kms:*", {"AWS": ROOT}),
                kms("Deny", "kms:*", "*", Condition={"ArnNotLike": {"aws:PrincipalArn": f"{ROLES}ops-*"}}),
            ],
            [],
        ),
        ([kms("Allow", "kms:*", {"AWS": "AROA1234567890EXAMPLE"})], []),
        ([kms("Allow", "kms:*", {"AWS": ROOT}, Condition={"StringEquals": {"aws:PrincipalTag/team": "ops"}})], []),
    ],
)
def test_key_policies(statements: list[dict[str, object]], found: list[str]) -> None:
    """A key is locked if nobody of its account can change its policy, however that is said."""
    assert said("key-policy-locks-out", key(*statements)) == found


def test_a_key_policy_that_is_not_known() -> None:
    """An administrator that is not known may be one, or not."""
    text = doc(kms("Allow", "kms:*", {"AWS": "arn:aws:iam::@:role/ops"}))

    assert said("key-policy-locks-out", key(hole(text))) == [UNDECIDED]


def bucket(*statements: dict[str, object]) -> list[Resource]:
    """A bucket with a policy."""
    return [
        res("aws_s3_bucket", "b", bucket="b"),
        res("aws_s3_bucket_policy", "b", bucket=ref("aws_s3_bucket.b", "id"), policy=doc(*statements)),
    ]


NOT_ME = {"ArnNotEquals": {"aws:PrincipalArn": f"{ROLES}ops"}}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([deny("s3:*", BOTH, Principal="*")], ["high"]),
        ([deny("*", "*", Principal={"AWS": "*"})], ["high"]),
        ([deny(["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"], BUCKET, Principal="*")], ["high"]),
        ([deny("s3:PutBucketPolicy", BUCKET, Principal="*")], []),
        ([deny("s3:*", f"{BUCKET}/*", Principal="*")], []),
        ([deny("s3:*", BOTH, Principal="*", Condition=NOT_ME)], []),
        ([deny("s3:*", BOTH, Principal="*", Condition={"StringNotLike": {"aws:userId": ["AROAEXAMPLE12345:*"]}})], []),
        ([deny("s3:*", BOTH, Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})], []),
        ([deny("s3:*", BOTH, Principal="*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})], []),
        ([deny("s3:*", BOTH, Principal="*", Condition={"Bool": {"aws:SecureTransport": "true"}})], ["high"]),
        ([deny("s3:*", BOTH, Principal="*", Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})], ["high"]),
        ([deny("s3:*", BOTH, Principal={"AWS": ROOT})], ["high"]),
        ([deny("s3:*", BOTH, NotPrincipal={"AWS": [ROOT, f"{ROLES}ops"]})], ["high"]),
        ([deny("s3:*", BOTH, NotPrincipal={"AWS": [ROOT, f"arn:aws:iam::{ACCOUNT}:user/ops"]})], []),
    ],
)
def test_bucket_policies(statements: list[dict[str, object]], found: list[str]) -> None:
    """A bucket is locked if every role and user of its account is denied to change its policy."""
    assert said("bucket-policy-locks-out", bucket(*statements)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (service("lambda"), []),
        (trust({"AWS": ROOT}), []),
        (trust({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), []),
        (trust({"Service": "lambda.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"), ["high"]),
        (trust({"Federated": "cognito-identity.amazonaws.com"}), ["high"]),
        (trust({"Federated": "cognito-identity.amazonaws.com"}, "sts:*"), []),
        (trust({"AWS": ROOT}, "sts:TagSession"), ["high"]),
        (doc(deny("*", Principal="*")).replace(', "Resource": "*"', ""), ["high"]),
        (
            trust(
                {"AWS": ROOT},
                Condition={"StringEquals": {"sts:ExternalId": "a"}, "StringLike": {"sts:ExternalId": "b*"}},
            ),
            ["high"],
        ),
        (
            trust(
                {"AWS": ROOT},
                Condition={"StringEquals": {"sts:ExternalId": "a"}, "StringLike": {"sts:ExternalId": "a*"}},
            ),
            [],
        ),
        (
            trust(
                {"AWS": ROOT},
                Condition={"NumericLessThan": {"aws:EpochTime": "5"}, "NumericGreaterThan": {"aws:epochtime": 6}},
            ),
            ["high"],
        ),
    ],
)
def test_trust_policies(text: str, found: list[str]) -> None:
    """A role is dead if no principal can meet its trust policy with the action that it takes."""
    assert said("role-nobody-can-assume", role("r", text)) == found


ANY = {"StringLike": {"aws:PrincipalArn": "*"}}
FORGED = allow("iam:PassRole", f"{ROLES}app-*")


@pytest.mark.parametrize(
    ("check", "parts", "found"),
    [
        # everything
        ("policy-allows-everything", [policy(allow("*"))], ["high"]),
        ("policy-allows-everything", [policy(allow(["s3:*", "*:*"], ["arn:aws:s3:::x", "*"]))], ["high"]),
        ("policy-allows-everything", [policy(allow("*", BUCKET))], []),
        ("policy-allows-everything", [policy(allow("*"), deny("*"))], []),
        ("policy-allows-everything", [policy(allow("*"), deny("organizations:*"))], ["high"]),
        (
            "policy-allows-everything",
            [policy(allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))],
            [],
        ),
        ("policy-allows-everything", [policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})], []),
        (
            "policy-allows-everything",
            [policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::x"})],
            ["high"],
        ),
        (
            "policy-allows-everything",
            [user("u", allow("*"), permissions_boundary=arn("policy", "p")), policy(allow("s3:*"))],
            [],
        ),
        (
            "allow-with-not-action",
            [policy({"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"})],
            ["high"],
        ),
        ("allow-with-not-action", [policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": BUCKET})], []),
        ("allow-with-not-action", [policy({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"})], []),
        # passing roles
        ("pass-role-on-everything", [policy(allow("iam:Pass*"))], ["medium"]),
        ("pass-role-on-everything", [policy(allow("IAM:PASSROLE", "arn:aws:iam::*:role/*"))], ["medium"]),
        ("pass-role-on-everything", [policy(allow("iam:*"))], ["medium"]),
        ("pass-role-on-everything", [policy(allow("*"))], []),
        ("pass-role-on-everything", [policy(FORGED)], []),
        ("pass-role-on-everything", [policy(allow("iam:PassRole"), deny("iam:PassRole"))], []),
        (
            "pass-role-on-everything",
            [policy(allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))],
            [],
        ),
        ("pass-role-on-everything", [policy(allow("iam:PassRole", Condition=ANY))], ["medium"]),
        # reading, credentials, permissions, writes
        ("wide-data-read", [policy(allow("s3:Get*", "arn:aws:s3:::*"))], ["medium"]),
        ("wide-data-read", [policy(allow("s3:GetObject", "arn:aws:s3:::logs-*/*"))], []),
        ("wide-data-read", [policy(allow("s3:ListAllMyBuckets"))], []),
        ("wide-data-read", [policy(allow("kms:Decrypt"), deny("kms:*"))], []),
        ("wide-data-read", [policy(allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "s3.x"}}))], []),
        ("wide-data-read", [policy(allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/*"))], ["medium"]),
        ("wide-credential-access", [policy(allow("sts:AssumeRole", "arn:aws:iam::*:role/*"))], ["high"]),
        ("wide-credential-access", [policy(allow("sts:AssumeRole", f"{ROLES}deploy"))], []),
        ("wide-credential-access", [policy(allow("sts:GetCallerIdentity"))], []),
        ("wide-permission-management", [policy(allow("lambda:AddPermission"))], ["medium"]),
        ("wide-permission-management", [policy(allow("lambda:*"))], ["medium"]),
        ("wide-permission-management", [policy(allow("lambda:Get*"))], []),
        ("unlimited-writes", [policy(allow("ec2:DescribeInstances"))], []),
        ("unlimited-writes", [policy(allow(["cloudwatch:PutMetricData", "xray:PutTraceSegments"]))], []),
        ("unlimited-writes", [policy(allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/t*"))], []),
        ("unlimited-writes", [policy(allow("sqs:*"))], ["low"]),
        (
            "unlimited-writes",
            [policy(allow("ec2:TerminateInstances", Condition={"StringEquals": {"aws:ResourceTag/a": "b"}}))],
            [],
        ),
    ],
)
def test_wide_statements(check: str, parts: list[Resource | list[Resource]], found: list[str]) -> None:
    """What counts is what is allowed in the end on what nobody names, not how it is written."""
    assert said(check, *parts) == found


BOUNDARY = arn("policy", "p")


def held(*statements: dict[str, object]) -> list[Resource]:
    """A role within the boundary `p`."""
    return role("r", service("ec2"), *statements, permissions_boundary=BOUNDARY)


@pytest.mark.parametrize(
    ("boundary", "statement", "found"),
    [
        ([allow("s3:*")], allow("s3:GetObject", f"{BUCKET}/*"), []),
        ([allow("s3:*")], allow("ec2:*"), ["medium"]),
        ([allow("s3:*")], allow("*"), []),
        ([allow("*"), deny("iam:*")], allow(["iam:ListRoles", "s3:GetObject"]), ["medium"]),
        ([allow("s3:Get*")], allow("s3:*"), []),
        ([allow("s3:*", "arn:aws:s3:::c/*")], allow("s3:GetObject", f"{BUCKET}/*"), ["medium"]),
        ([allow("s3:*", "arn:aws:s3:::b/logs/*")], allow("s3:GetObject", f"{BUCKET}/*"), []),
        ([allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], allow("s3:GetObject", BUCKET), []),
        (
            [allow("*"), deny("*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})],
            allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"),
            ["medium"],
        ),
        (
            [allow("*"), deny("*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})],
            allow("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"),
            [],
        ),
    ],
)
def test_boundaries(boundary: list[dict[str, object]], statement: dict[str, object], found: list[str]) -> None:
    """An action is reported if nothing of it gets through the boundary, wherever the statement has it."""
    assert said("boundary-blocks-policy", policy(*boundary), held(statement)) == found


def test_a_boundary_of_elsewhere() -> None:
    """A boundary that is not in view may let everything through, or nothing."""
    assert said("boundary-blocks-policy", held(allow("s3:*"))) == [UNDECIDED]


def organisation(*statements: dict[str, object], target: str = "r-ab12") -> list[Resource]:
    """A service control policy and its attachment."""
    return [
        res("aws_organizations_policy", "o", name="o", content=doc(*statements)),
        res(
            "aws_organizations_policy_attachment",
            "o",
            policy_id=ref("aws_organizations_policy.o", "id"),
            target_id=target,
        ),
    ]


REGIONS = {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}}
GLOBAL = [
    "iam:*",
    "organizations:*",
    "route53:*",
    "cloudfront:*",
    "support:*",
    "budgets:*",
    "ce:*",
    "globalaccelerator:*",
]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (deny("*", Condition=REGIONS), ["high"]),
        ({"Effect": "Deny", "NotAction": GLOBAL, "Resource": "*", "Condition": REGIONS}, []),
        ({"Effect": "Deny", "NotAction": GLOBAL[1:], "Resource": "*", "Condition": REGIONS}, ["high"]),
        (deny("ec2:*", Condition=REGIONS), []),
        (deny("*", Condition={"StringEquals": {"aws:RequestedRegion": "ap-east-1"}}), []),
        (deny("*", Condition={"StringNotLike": {"aws:RequestedRegion": ["us-*"]}}), []),
        (deny("*", Condition={"StringNotLike": {"aws:RequestedRegion": ["eu-*"]}}), ["high"]),
        (deny("*", Condition={**REGIONS, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}), []),
        (deny("iam:*"), []),
    ],
)
def test_region_locks(statement: dict[str, object], found: list[str]) -> None:
    """A lock on regions breaks what has one region, unless it leaves that out."""
    assert said("region-deny-breaks-global-services", organisation(statement)) == found


@pytest.mark.parametrize(
    ("statement", "target", "found"),
    [
        (deny("s3:Delete*"), "r-ab12", ["high"]),
        (deny("s3:Delete*"), ACCOUNT, ["high"]),
        (deny("s3:Delete*"), OTHER, []),
        (deny("s3:Delete*", "arn:aws:s3:::c/*"), "r-ab12", []),
        (deny("s3:Delete*", Condition={"StringNotLike": {"aws:PrincipalArn": "*role/r"}}), "r-ab12", []),
        (deny("ec2:*"), "r-ab12", []),
    ],
)
def test_control_policies(statement: dict[str, object], target: str, found: list[str]) -> None:
    """A control policy is in a role's way where it holds for the role and its resources."""
    needs = role("r", service("ec2"), allow("s3:DeleteObject", f"{BUCKET}/*"))

    assert said("control-policy-blocks-role", organisation(statement, target=target), needs) == found


CREATE = allow("lambda:CreateFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:*")


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([CREATE], ["medium"]),
        ([CREATE, FORGED], []),
        ([CREATE, allow("iam:*")], []),
        (
            [CREATE, allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})],
            ["medium"],
        ),
        ([CREATE, allow("iam:PassRole"), deny("iam:PassRole")], ["medium"]),
        ([CREATE, deny("lambda:*")], []),
        ([allow("lambda:*")], []),
        ([allow("lambda:UpdateFunctionCode")], []),
    ],
)
def test_roles_that_cannot_be_handed_over(statements: list[dict[str, object]], found: list[str]) -> None:
    """Who may make a function by name needs a role to give it."""
    assert said("pass-role-missing", role("r", service("ec2"), *statements)) == found


def function(*statements: dict[str, object], vpc: Value = None, role_arn: Value = None) -> list[Resource]:
    """A function with its role."""
    return [
        *role("r", service("lambda"), *statements),
        res(
            "aws_lambda_function",
            "f",
            function_name="f",
            region="eu-west-1",
            role=role_arn or ref("aws_iam_role.r"),
            vpc_config=vpc or [],
        ),
    ]


VPC: Value = [{"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}]
ENI = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"]
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]


@pytest.mark.parametrize(
    ("check", "parts", "found"),
    [
        ("vpc-function-without-interface-rights", function(vpc=VPC), ["high"]),
        ("vpc-function-without-interface-rights", function(), []),
        ("vpc-function-without-interface-rights", function(allow(ENI), vpc=VPC), []),
        ("vpc-function-without-interface-rights", function(allow(ENI[:2]), vpc=VPC), ["high"]),
        ("vpc-function-without-interface-rights", function(allow("ec2:*"), deny(ENI[0]), vpc=VPC), ["high"]),
        (
            "vpc-function-without-interface-rights",
            function(allow(ENI, Condition={"ArnEquals": {"ec2:Vpc": "x"}}), vpc=VPC),
            [],
        ),
        ("vpc-function-without-interface-rights", function(vpc=VPC, role_arn=f"{ROLES}other"), [UNDECIDED]),
        ("function-without-log-rights", function(allow(LOGS)), []),
        ("function-without-log-rights", function(allow(LOGS, "arn:aws:logs:*:*:*")), []),
        ("function-without-log-rights", function(allow(LOGS, "arn:aws:logs:*:*:log-group:/aws/lambda/f:*")), []),
        (
            "function-without-log-rights",
            function(allow(LOGS, "arn:aws:logs:*:*:log-group:/aws/lambda/g:*")),
            ["medium"],
        ),
        ("function-without-log-rights", function(allow(LOGS, "arn:aws:logs:*:*:log-group:/aws/lambda/f")), ["medium"]),
        ("function-without-log-rights", function(allow(LOGS[:1])), ["medium"]),
    ],
)
def test_functions(check: str, parts: list[Resource], found: list[str]) -> None:
    """A function's role needs what Lambda does with it."""
    assert said(check, parts) == found


ADMIN_ARN = "arn:aws:iam::aws:policy/AdministratorAccess"


def test_administrator_access_within_limits() -> None:
    """What a boundary leaves of AdministratorAccess is what counts, however it is attached."""
    attached = res("aws_iam_role_policy_attachment", "a", role="r", policy_arn=ADMIN_ARN)
    listed = role("r", service("ec2"), managed_policy_arns=[ADMIN_ARN])

    assert said("admin-policy-attached", role("r", service("ec2")), attached) == ["high"]
    assert said("admin-policy-attached", attached) == ["high"]
    assert said("admin-policy-attached", listed) == ["high"]
    assert said("admin-policy-attached", held(), attached, policy(allow("s3:*"))) == []
    assert said("admin-policy-attached", held(), attached, policy(allow("*"))) == ["high"]


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([], ["medium"]),
        ([allow("s3:*")], ["medium"]),
        ([allow("s3:*"), deny("*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})], []),
        ([allow("s3:*"), deny("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})], []),
        ([allow("s3:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], []),
        ([allow("s3:*", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})], []),
        ([allow(["iam:EnableMFADevice", "iam:CreateVirtualMFADevice", "iam:ListUsers"])], []),
        ([allow(["iam:*MFA*", "iam:CreateAccessKey"])], ["medium"]),
    ],
)
def test_passwords(statements: list[dict[str, object]], found: list[str]) -> None:
    """A console session without MFA may enrol a device, and nothing else."""
    profile = res("aws_iam_user_login_profile", "u", user=ref("aws_iam_user.u", "name"))

    assert said("password-without-mfa-policy", user("u", *statements), profile) == found


def test_passwords_of_users_elsewhere() -> None:
    """What a user of elsewhere may do is not in view."""
    assert said("password-without-mfa-policy", res("aws_iam_user_login_profile", "u", user="ana")) == [UNDECIDED]


def task(
    *statements: dict[str, object], image: str = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/a:1", **more: object
) -> list[Resource]:
    """A task definition with an execution role."""
    containers = json.dumps([{"name": "a", "image": image, **more}])
    arn_ = ref("aws_iam_role.r")
    made = res("aws_ecs_task_definition", "t", family="t", execution_role_arn=arn_, container_definitions=containers)
    return [*role("r", service("ecs-tasks"), *statements), made]


PULL = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PARAMETER = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/a"


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (task(), ["high"]),
        (task(allow(PULL)), []),
        (task(allow(PULL[1:])), ["high"]),
        (task(image="public.ecr.aws/nginx/nginx:1"), []),
        (task(allow(PULL[:1]), image=f"{OTHER}.dkr.ecr.eu-west-1.amazonaws.com/a:1"), []),
        (task(image="nginx", secrets=[{"name": "A", "valueFrom": PARAMETER}]), ["high"]),
        (
            task(allow("ssm:GetParameters", PARAMETER), image="nginx", secrets=[{"name": "A", "valueFrom": PARAMETER}]),
            [],
        ),
        (
            task(
                image="nginx",
                logConfiguration={
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "g", "awslogs-region": "eu-west-1"},
                },
            ),
            ["high"],
        ),
        (task(image="nginx", logConfiguration={"logDriver": "splunk", "options": {}}), []),
    ],
)
def test_tasks(parts: list[Resource], found: list[str]) -> None:
    """An execution role needs what its task names: an image of ECR, secrets, parameters, a log stream."""
    assert said("task-execution-role-lacks-rights", parts) == found


def test_attachments_of_every_kind_count() -> None:
    """The quota counts lists, single attachments and those of several principals together."""
    listed = role("r", service("ec2"), managed_policy_arns=[arn("policy", f"l{n}") for n in range(6)])
    single = [
        res("aws_iam_role_policy_attachment", f"s{n}", role="r", policy_arn=arn("policy", f"s{n}")) for n in range(3)
    ]
    shared = [
        res("aws_iam_policy_attachment", f"x{n}", roles=["r"], policy_arn=arn("policy", f"x{n}")) for n in range(2)
    ]

    assert said("too-many-attached-policies", listed, single, shared) == ["high"]
    assert said("too-many-attached-policies", listed, single, shared[:1]) == []
