"""Who may do what in a design, and who is let in from outside."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from guardrails.access.evaluation import Layer, Outcome
from guardrails.access.lens import Access
from guardrails.access.principals import Principal
from guardrails.access.questions import Answer
from guardrails.access.symbolic import allowed_actions, is_admin
from guardrails.model import Resource, UnknownValue
from tests.access.designs import ACCOUNT, access, allow, arn, deny, doc, ref, res, role, service, trust, user

OTHER = "222222222222"


def said(answer: Answer) -> tuple[str, str | None]:
    """Outcome and layer."""
    return answer.outcome.value, answer.decision.layer.value if answer.decision.layer else None


def test_each_layer_is_named() -> None:
    """Identity, boundary, organisation and resource: the one that decides."""
    deny_all = res("aws_organizations_policy", "p", id="p-1", content=doc(deny("sqs:*")))
    on_root = res("aws_organizations_policy_attachment", "a", policy_id="p-1", target_id="r-1")
    limit = res("aws_iam_policy", "b", name="b", policy=doc(allow("ec2:*")))
    queue = res("aws_sqs_queue", "q", name="q", region="eu-west-1")
    named = {"Effect": "Allow", "Principal": {"AWS": arn("user", "none")}, "Action": "sqs:*", "Resource": "*"}
    policy = res("aws_sqs_queue_policy", "q", queue_url=ref("aws_sqs_queue.q", "url"), policy=doc(named))
    base = [
        *user("u", allow("sqs:*"), deny("sqs:Purge*")),
        *user("none"),
        *user("bound", allow("*"), permissions_boundary=ref("aws_iam_policy.b")),
        limit,
        queue,
        policy,
    ]
    lens, held = access(base), access(base, deny_all, on_root)

    assert said(lens.can("u", "sqs:SendMessage", "aws_sqs_queue.q")) == ("allowed", "identity")
    assert said(lens.can("u", "sqs:PurgeQueue", "aws_sqs_queue.q")) == ("denied", "identity")
    assert said(lens.can("none", "sqs:SendMessage", "aws_sqs_queue.q")) == ("allowed", "resource")
    assert said(lens.can("none", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:x")) == ("denied", "identity")
    assert said(lens.can("bound", "sqs:SendMessage", "aws_sqs_queue.q")) == ("denied", "boundary")
    assert said(held.can("u", "sqs:SendMessage", "aws_sqs_queue.q")) == ("denied", "scp")


def test_statements_are_those_of_the_document() -> None:
    """The deciding statement has the index and place that it has in its document."""
    answer = access(user("u", allow("s3:*"), deny("sqs:*"))).can("u", "sqs:SendMessage")

    ((view, ground),) = answer.statements
    assert (view.title, ground.index, ground.layer, ground.effect) == (
        "aws_iam_user_policy.u",
        1,
        Layer.IDENTITY,
        "Deny",
    )


def test_what_is_not_known_is_named() -> None:
    """An unknown policy, one that may be attached, a caller of elsewhere, a key of elsewhere."""
    hole = UnknownValue("var.x has no value")
    lens = access(
        user("u"),
        user("v", allow("kms:*")),
        res("aws_iam_user_policy", "u", user="u", policy=hole),
        res("aws_iam_user_policy", "who", user=hole, policy=doc(allow("sns:*"))),
        res("aws_s3_bucket", "b", bucket="b"),
        res(
            "aws_s3_bucket_policy",
            "b",
            bucket="b",
            policy=doc(
                {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}
            ),
        ),
    )

    assert lens.can("u", "s3:GetObject", "aws_s3_bucket.b").missing == (
        "aws_iam_user_policy.u: var.x has no value",
        "aws_iam_user_policy.who: it is not known whom it is attached to",
        "aws_s3_bucket.b has no public access block of its own: a new bucket gets a full one",
    )
    assert said(lens.can("v", "sns:Publish"))[0] == "undecided"
    assert said(lens.can("v", "s3:GetObject", "aws_s3_bucket.b"))[0] == "denied"
    assert said(lens.can("v", "kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"))[0] == "undecided"
    elsewhere = lens.can(arn("role", "x", OTHER), "s3:GetObject", "aws_s3_bucket.b")
    assert elsewhere.outcome is Outcome.UNDECIDED
    assert f"the policies of {arn('role', 'x', OTHER)} are not in view" in elsewhere.missing
    with pytest.raises(LookupError):
        lens.can("nobody", "s3:GetObject")
    with pytest.raises(LookupError):
        lens.can("u", "s3:GetObject", "aws_s3_bucket.none")


def test_objects_are_meant_where_the_action_is_about_objects() -> None:
    """A bucket by its address stands for its objects, or for itself."""
    lens = access(
        res("aws_s3_bucket", "b", bucket="b"),
        user("objects", allow("s3:*", "arn:aws:s3:::b/*")),
        user("bucket", allow("s3:*", "arn:aws:s3:::b")),
    )

    def may(name: str, action: str, resource: str) -> bool:
        return lens.can(name, action, resource).outcome is Outcome.ALLOWED

    assert may("objects", "s3:GetObject", "aws_s3_bucket.b")
    assert may("objects", "s3:GetObject", "aws_s3_bucket.b/some/key")
    assert not may("objects", "s3:ListBucket", "aws_s3_bucket.b")
    assert may("bucket", "s3:ListBucket", "aws_s3_bucket.b")
    assert not may("bucket", "s3:GetObject", "aws_s3_bucket.b")


def test_tags_decide() -> None:
    """Tags of the caller and of the resource are known, absent ones too."""
    own = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    lens = access(
        user("u", allow("sqs:*", Condition=own), tags={"Team": "a"}),
        *(res("aws_sqs_queue", n, name=n, region="eu-west-1", tags={"team": n}) for n in "ab"),
        res("aws_sqs_queue", "none", name="none", region="eu-west-1"),
    )

    outcomes = [lens.can("u", "sqs:SendMessage", f"aws_sqs_queue.{n}").outcome.value for n in ("a", "b", "none")]
    assert outcomes == ["allowed", "denied", "denied"]


def test_services_and_strangers_are_callers_too() -> None:
    """What a Lambda permission allows a bucket's notifications, and nobody else."""
    lens = access(
        res("aws_lambda_function", "f", function_name="f", region="eu-west-1"),
        res(
            "aws_lambda_permission",
            "p",
            function_name="f",
            action="lambda:InvokeFunction",
            principal="s3.amazonaws.com",
            source_arn="arn:aws:s3:::b",
        ),
    )

    def invoke(who: str, source: str) -> str:
        answer = lens.can(who, "lambda:InvokeFunction", "aws_lambda_function.f", {"aws:SourceArn": source})
        return answer.outcome.value

    assert invoke("s3.amazonaws.com", "arn:aws:s3:::b") == "allowed"
    assert invoke("s3.amazonaws.com", "arn:aws:s3:::c") == "denied"
    assert invoke("sns.amazonaws.com", "arn:aws:s3:::b") == "denied"
    assert invoke("*", "arn:aws:s3:::b") == "denied"


def names(lens: Access, action: str, resource: str) -> list[tuple[str, str]]:
    """Who can, by name."""
    return [
        (who.name if isinstance(who, Principal) else who.arn or who.id or who.kind.value, answer.outcome.value)
        for who, answer in lens.who_can(action, resource)
    ]


def test_who_can_lists_principals_and_those_whom_the_policy_names() -> None:
    """Users and roles with the permission, other accounts and services of the resource's policy."""
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sqs:SendMessage", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        },
    ]
    lens = access(
        res("aws_sqs_queue", "q", name="q", region="eu-west-1"),
        res("aws_sqs_queue_policy", "q", queue_url=ref("aws_sqs_queue.q", "url"), policy=doc(*statements)),
        user("u", allow("sqs:Send*")),
        user("v", allow("s3:*")),
        role("r", service("ec2"), {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),
    )

    assert names(lens, "sqs:SendMessage", "aws_sqs_queue.q") == [
        ("u", "allowed"),
        ("r", "allowed"),
        (f"arn:aws:iam::{OTHER}:root", "allowed"),
        ("sns.amazonaws.com", "allowed"),
    ]


def bucket(statement: dict[str, object], *more: Resource) -> Access:
    """A bucket without blocks of its own, with a policy of one statement."""
    return access(
        res("aws_s3_bucket", "b", bucket="b"),
        res("aws_s3_bucket_policy", "b", bucket="b", policy=doc(statement)),
        *more,
    )


def block(**settings: bool) -> Resource:
    """The bucket's public access block."""
    return res("aws_s3_bucket_public_access_block", "b", bucket="b", **settings)


OPEN = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


@pytest.mark.parametrize(
    ("statement", "settings", "certainty"),
    [
        (OPEN, None, "may"),
        (OPEN, {"block_public_policy": False, "restrict_public_buckets": False}, "must"),
        (OPEN, {"block_public_policy": False, "restrict_public_buckets": True}, None),
        (OPEN, {"block_public_policy": True}, None),
        ({**OPEN, "Principal": {"AWS": OTHER}}, {}, None),
        ({**OPEN, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, {}, None),
        ({**OPEN, "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}, {}, None),
        ({**OPEN, "Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}}, {}, "must"),
        ({**OPEN, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, {}, "must"),
    ],
)
def test_public_buckets(statement: dict[str, object], settings: dict[str, bool] | None, certainty: str | None) -> None:
    """Public is what lets strangers in, unless a block, an organisation, an account or a network keeps them out."""
    lens = bucket(statement, *([block(**settings)] if settings is not None else []))

    assert [exposure.certainty for exposure in lens.public()] == ([certainty] if certainty else [])


def test_a_deny_closes_what_is_open() -> None:
    """A Deny for everybody in the same policy takes the exposure away, one for some leaves it possible."""
    shut = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    vpce = {**shut, "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}

    def exposed(more: Mapping[str, object]) -> list[str]:
        lens = access(
            res("aws_s3_bucket", "b", bucket="b"),
            res("aws_s3_bucket_policy", "b", bucket="b", policy=doc(OPEN, more)),
            block(),
        )
        return [exposure.certainty for exposure in lens.public()]

    assert exposed(shut) == []
    assert exposed(vpce) == ["may"]


def test_acls_are_public_unless_ignored_or_disabled() -> None:
    """A canned ACL, a grant to all users; ownership controls and blocks that switch them off."""
    acl = res("aws_s3_bucket_acl", "a", bucket="b", acl="public-read")
    owned = res("aws_s3_bucket_ownership_controls", "o", bucket="b", rule=[{"object_ownership": "BucketOwnerEnforced"}])
    base = res("aws_s3_bucket", "b", bucket="b")

    assert [e.certainty for e in access(base, acl, block()).public()] == ["must"]
    assert [e.certainty for e in access(base, acl, block(ignore_public_acls=True)).public()] == []
    assert [e.certainty for e in access(base, acl, owned, block()).public()] == []


def test_other_accounts_that_are_let_in() -> None:
    """Accounts of resource and trust policies that are not the design's own; unsure where its own is not known."""
    made = [
        *role("r", trust({"AWS": [arn("user", "u"), arn("role", "x", OTHER)]})),
        res(
            "aws_kms_key",
            "k",
            policy=doc({"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "kms:*", "Resource": "*"}),
        ),
    ]

    def found(lens: Access) -> list[tuple[str, str, str]]:
        return [(e.view.title, e.account, e.certainty) for e in lens.external_accounts()]

    assert found(access(made)) == [("aws_kms_key.k", OTHER, "must"), ("aws_iam_role.r", OTHER, "must")]
    assert {certainty for _, _, certainty in found(access(made, account=""))} == {"may"}


def test_effective_permissions_are_a_set() -> None:
    """Policies within boundary and organisation, as a set that can be compared; doubts lie between its sides."""
    lens = access(
        user("admin", allow("*")),
        user(
            "bound",
            allow("*"),
            deny("s3:PutObject"),
            permissions_boundary=ref("aws_iam_policy.b"),
        ),
        res("aws_iam_policy", "b", name="b", policy=doc(allow(["s3:GetObject", "s3:PutObject"]))),
        user("doubt", allow("s3:GetObject")),
        res("aws_iam_user_policy", "x", user="doubt", policy=UnknownValue("var.x has no value")),
    )
    admin, bound, doubt = (lens.principal(name) for name in ("admin", "bound", "doubt"))
    assert admin
    assert bound
    assert doubt

    assert is_admin(admin.effective()) is True
    assert allowed_actions(bound.effective()) == {"s3:GetObject"}
    assert allowed_actions(doubt.effective()) == frozenset()
    assert "s3:GetObject" in allowed_actions(doubt.effective(), may=True)
    assert doubt.effective().reasons == ("aws_iam_user_policy.x: var.x has no value",)
