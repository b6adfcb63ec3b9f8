"""What statements say about requests, one test per numbered rule of the evaluation contract."""

from __future__ import annotations

import pytest

from guardrails.access import Request, Target, caller, evaluate
from guardrails.access.evaluation import Layer, Outcome
from guardrails.access.request import Caller, CallerKind
from tests.access.requests import (
    APP,
    BOB,
    OBJECT,
    SESSION,
    A,
    B,
    Json,
    allow,
    ask,
    deny,
    doc,
    get,
    grant,
)

# -- A: requests


def test_a1_a_call_passes_only_if_each_of_its_resources_passes() -> None:
    """A1: RunInstances needs the image and the instance; a key that exists for one does not fail the other."""
    image, instance = "arn:aws:ec2:us-east-1::image/ami-1", f"arn:aws:ec2:us-east-1:{A}:instance/*"
    request = Request(
        caller(BOB),
        "ec2:RunInstances",
        (Target(image, A), Target(instance, A, {"ec2:InstanceType": "m5.large"})),
    )
    like = {"StringLike": {"ec2:InstanceType": "m5.*"}}
    if_exists = {"StringLikeIfExists": {"ec2:InstanceType": "m5.*"}}

    assert evaluate(request, doc(allow("ec2:*", Condition=like))).outcome is Outcome.DENIED
    assert evaluate(request, doc(allow("ec2:*", Condition=if_exists))).outcome is Outcome.ALLOWED
    assert evaluate(request, doc(allow("ec2:*", image))).outcome is Outcome.DENIED


def test_a2_an_action_without_resources_is_granted_on_star_alone() -> None:
    """A2: ec2:DescribeInstances takes no resource, whatever ARN the request is said to be about."""
    arn = f"arn:aws:ec2:us-east-1:{A}:instance/i-1"

    assert ask(BOB, "ec2:DescribeInstances", arn, identity=doc(allow("ec2:*", arn))).denied
    assert ask(BOB, "ec2:DescribeInstances", "*", identity=doc(allow("ec2:*"))).allowed
    without = {"Effect": "Allow", "Action": "ec2:*", "NotResource": arn}
    assert ask(BOB, "ec2:DescribeInstances", "*", identity=doc(without)).allowed


def test_a2_buckets_are_listed_for_all_buckets() -> None:
    """A2: the User Guide's policies grant s3:ListAllMyBuckets on `arn:aws:s3:::*`, and it works."""
    assert ask(BOB, "s3:ListAllMyBuckets", "*", identity=doc(allow("s3:List*", "arn:aws:s3:::*"))).allowed
    assert ask(BOB, "s3:ListAllMyBuckets", "*", identity=doc(allow("s3:List*", "arn:aws:s3:::b"))).denied


# -- B: statements


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("s3:getobject", True), ("S3:GET*", True), ("s3:?etObject", True), ("s*:Get*", True), ("*", True),
        ("s3:Put*", False), ("s3:GetObject,s3:PutObject", False), ("s3:GetObject ", False), (" *", False),
    ],
)  # fmt: skip
def test_b1_actions_ignore_case_and_a_comma_or_space_never_matches(pattern: str, matched: bool) -> None:
    """B1: wildcards anywhere, case ignored; an entry with a comma or outer space matches nothing."""
    assert get(BOB, identity=doc(allow(pattern))).allowed is matched
    without = {"Effect": "Allow", "NotAction": pattern, "Resource": "*"}
    assert get(BOB, identity=doc(without)).allowed is not matched


@pytest.mark.parametrize(
    ("pattern", "resource", "matched"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y", True),
        ("arn:aws:s3:::B/k", "arn:aws:s3:::b/k", False),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/kk", False),
        ("arn:aws:s3", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:*", "arn:aws:s3:::b/k", True),
        (f"arn:aws:sqs:*:{A}:q", f"arn:aws:sqs:us-east-1:{A}:q", True),
        (f"arn:aws:sqs:us-*-1:{A}:q", f"arn:aws:sqs:us-east-1:{A}:q", True),
        (f"arn:aws:sqs:*:{A}:q", f"arn:aws:sqs:us-east-1:{B}:q", False),
        ("arn:aws:lambda:*:function:f", f"arn:aws:lambda:us-east-1:{A}:function:f", True),
    ],
)
def test_b2_resources_match_by_segments_and_keep_case(pattern: str, resource: str, matched: bool) -> None:
    """B2: a star crosses slashes, and colons at the end of a segment; missing segments of identity policies are open.

    User Guide, reference_policies_elements_resource.html, "Using wildcards in resource ARNs".
    """
    action = "sqs:SendMessage" if ":sqs:" in resource else "s3:GetObject"
    assert ask(BOB, action, resource, identity=doc(allow("*", pattern))).allowed is matched


def test_b2_resource_policies_do_not_complete_short_arns() -> None:
    """B2: what an identity policy may leave out, a resource policy may not."""
    short = doc({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3"})

    assert get("*", resource=short).denied


def test_b3_not_action_with_allow_grants_what_is_still_to_come() -> None:
    """B3: Allow with NotAction covers actions that nobody knows yet; Deny with it leaves its list alone."""
    most = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    lock = {
        "Effect": "Deny",
        "NotAction": ["iam:*", "sts:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
    }
    far = {"aws:RequestedRegion": "us-east-1"}

    assert ask(BOB, "newservice:Anything", "*", identity=doc(most)).allowed
    assert ask(BOB, "iam:GetUser", BOB, identity=doc(most)).denied
    assert ask(BOB, "iam:GetUser", BOB, far, identity=doc(allow()), scp=[doc(allow(), lock)]).allowed
    assert ask(BOB, "s3:GetObject", OBJECT, far, identity=doc(allow()), scp=[doc(allow(), lock)]).layer is Layer.SCP


def test_b4_a_role_arn_means_its_sessions_and_a_session_arn_itself() -> None:
    """B4: a session's ARN has the role's name without its path; another session is not meant."""
    other = SESSION.replace("s1", "s2")
    request = Request(Caller(CallerKind.ROLE, APP, A, "s1"), "s3:GetObject", (Target(OBJECT, A),))

    assert evaluate(request, {"resource": grant({"AWS": APP})}).allowed
    assert evaluate(request, {"resource": grant({"AWS": SESSION})}).allowed
    assert evaluate(request, {"resource": grant({"AWS": other})}).denied
    assert get(APP, resource=grant({"AWS": SESSION})).outcome is Outcome.UNDECIDED


def test_b4_types_of_principals_do_not_mix() -> None:
    """B4: a service, a federated and a canonical principal each mean their own sort alone."""
    assert get("sns.amazonaws.com", resource=grant({"Service": "sns.amazonaws.com"})).allowed
    assert get("sqs.amazonaws.com", resource=grant({"Service": "sns.amazonaws.com"})).denied
    assert get(BOB, resource=grant({"Federated": "accounts.google.com"})).denied
    assert get("f" * 64, resource=grant({"CanonicalUser": "f" * 64})).allowed


def test_b4_a_unique_id_names_nobody_but_a_principal_known_to_have_it() -> None:
    """B4: `AIDA...` stands for a user that was deleted; a new one of that name is another."""
    dead = grant({"AWS": "AIDAQ7EXAMPLEEXAMPLE"})

    assert get(BOB, resource=dead).denied
    request = Request(Caller(CallerKind.USER, BOB, A, id="AIDAQ7EXAMPLEEXAMPLE"), "s3:GetObject", (Target(OBJECT, A),))
    assert evaluate(request, {"resource": dead}).allowed


def test_b4_a_resource_statement_without_principal_never_matches() -> None:
    """B4: it does not grant, and being refused by AWS it leaves nothing certain."""
    assert not get("*", resource=doc(allow("s3:GetObject"))).allowed


@pytest.mark.parametrize(
    ("listed", "denied"),
    [
        ([BOB, f"arn:aws:iam::{A}:root"], False),
        ([BOB, A], False),
        ([BOB], True),
        ([f"arn:aws:iam::{A}:root"], True),
        ([f"arn:aws:iam::{A}:user/alice", A], True),
    ],
)
def test_b5_deny_with_not_principal_spares_only_those_listed_with_their_account(
    listed: list[str], denied: bool
) -> None:
    """B5: User Guide, reference_policies_elements_notprincipal.html: list the user and its account."""
    blocked = doc({"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "s3:*", "Resource": "*"})

    assert get(BOB, identity=doc(allow()), resource=blocked).denied is denied


def test_b5_deny_with_not_principal_hits_a_principal_with_a_boundary_always() -> None:
    """B5: User Guide, access_policies_boundaries.html, on resource policies with NotPrincipal."""
    blocked = doc({"Effect": "Deny", "NotPrincipal": {"AWS": [BOB, A]}, "Action": "s3:*", "Resource": "*"})

    assert get(BOB, identity=doc(allow()), resource=blocked, boundary=doc(allow())).denied


def test_b5_allow_with_not_principal_lets_anonymous_callers_in() -> None:
    """B5: everybody but the one who is named."""
    policy = doc({"Effect": "Allow", "NotPrincipal": {"AWS": BOB}, "Action": "s3:GetObject", "Resource": "*"})

    assert get("*", resource=policy).allowed
    assert get(BOB, resource=policy).denied


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_b6_variables_are_text_before_2012(version: str | None) -> None:
    """B6: only 2012-10-17 knows variables."""
    old: dict[str, object] = {"Statement": [allow("s3:*", "arn:aws:s3:::${aws:username}/*")]}
    if version:
        old["Version"] = version

    assert ask(BOB, "s3:GetObject", "arn:aws:s3:::bob/k", identity=old).denied
    assert ask(BOB, "s3:GetObject", "arn:aws:s3:::${aws:username}/k", identity=old).allowed


def test_b7_variables_take_the_value_of_the_request() -> None:
    """B7: in resources and in string conditions; what a value holds is never a wildcard."""
    home = doc(allow("s3:*", "arn:aws:s3:::b/${aws:username}/*"))
    star = f"arn:aws:iam::{A}:user/*"

    assert ask(BOB, "s3:GetObject", "arn:aws:s3:::b/bob/k", identity=home).allowed
    assert ask(BOB, "s3:GetObject", "arn:aws:s3:::b/eve/k", identity=home).denied
    assert ask(star, "s3:GetObject", "arn:aws:s3:::b/eve/k", identity=home).denied
    assert ask(star, "s3:GetObject", "arn:aws:s3:::b/*/k", identity=home).allowed


def test_b7_an_unresolved_variable_makes_the_statement_invalid() -> None:
    """B7: also under a negated operator; a default or IfExists on an absent key helps."""

    def who_is_not(operator: str, value: str) -> Json:
        return doc(allow("s3:*", Condition={operator: {"aws:PrincipalTag/team": value}}))

    assert get(APP, identity=who_is_not("StringNotEquals", "${aws:username}")).denied
    assert get(BOB, identity=who_is_not("StringNotEquals", "${aws:username}")).allowed
    assert get(APP, identity=who_is_not("StringNotEquals", "${aws:username, 'none'}")).allowed
    assert get(APP, identity=who_is_not("StringNotEqualsIfExists", "${aws:username}")).allowed
    assert get(APP, identity=doc(allow("s3:*", "arn:aws:s3:::b/${aws:username}*"))).denied


def test_b7_special_variables_are_the_characters() -> None:
    """B7: `${*}`, `${?}` and `${$}` stand for themselves."""
    literal = doc(allow("s3:*", "arn:aws:s3:::b/${*}${?}${$}"))

    assert ask(BOB, "s3:GetObject", "arn:aws:s3:::b/*?$", identity=literal).allowed
    assert ask(BOB, "s3:GetObject", "arn:aws:s3:::b/ab$", identity=literal).denied


def test_b7_a_key_with_several_values_is_no_variable_and_numbers_take_none() -> None:
    """B7: multivalued keys cannot stand in a variable; Numeric, Date, IP and Null take none."""
    tagged = doc(allow("s3:*", "arn:aws:s3:::b/${aws:TagKeys}"))
    number = doc(allow("s3:*", Condition={"NumericEquals": {"s3:max-keys": "${aws:PrincipalTag/n}"}}))

    assert ask(BOB, "s3:GetObject", "arn:aws:s3:::b/k", {"aws:TagKeys": ["k", "l"]}, identity=tagged).denied
    assert get(BOB, {"s3:max-keys": "5", "aws:PrincipalTag/n": "5"}, identity=number).denied


# -- C: conditions (the truth table is in test_against_reference)


def test_c1_deny_with_a_negated_operator_hits_a_missing_key() -> None:
    """C1: StringNotEquals and StringNotEqualsIfExists deny when the key is absent; Null tells it apart."""
    for operator in ("StringNotEquals", "StringNotEqualsIfExists"):
        blocked = deny("s3:*", Condition={operator: {"aws:SourceVpc": "vpc-1"}})
        assert get(BOB, identity=doc(allow(), blocked)).denied
        assert get(BOB, {"aws:SourceVpc": "vpc-1"}, identity=doc(allow(), blocked)).allowed
    absent = deny("s3:*", Condition={"Null": {"aws:SourceVpc": "true"}})
    assert get(BOB, identity=doc(allow(), absent)).denied


def test_c2_allow_with_for_all_values_is_a_hole_when_the_key_is_missing() -> None:
    """C2: ForAllValues is true without values, ForAnyValue is false."""
    every = doc(allow("s3:*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}))
    some = doc(allow("s3:*", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}))

    assert get(BOB, identity=every).allowed
    assert get(BOB, identity=some).denied
    assert get(BOB, {"aws:TagKeys": ["a", "b"]}, identity=every).denied
    assert get(BOB, {"aws:TagKeys": ["a", "b"]}, identity=some).allowed


def test_c4_key_names_ignore_case_and_json_values_are_text() -> None:
    """C4: `AWS:securetransport` is `aws:SecureTransport`; true and 10 are "true" and "10"."""
    policy = doc(allow("s3:*", Condition={"Bool": {"AWS:securetransport": True}, "NumericEquals": {"S3:max-keys": 10}}))

    assert get(BOB, {"aws:SecureTransport": True, "s3:Max-Keys": 10}, identity=policy).allowed


def test_c5_keys_that_follow_from_the_caller() -> None:
    """C5: a session's principal ARN is its role's, a role has no user name, a service no organisation."""
    role_arn = doc(allow("s3:*", Condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/app"}}))
    named = doc(allow("s3:*", Condition={"Null": {"aws:username": "false"}}))
    org = grant("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})

    assert get(SESSION, identity=role_arn).allowed
    assert get(BOB, identity=named).allowed
    assert get(SESSION, identity=named).denied
    assert get("*", resource=org).denied
    assert get(BOB, {"aws:PrincipalOrgID": "o-1"}, resource=org).allowed


def test_c5_the_source_address_is_absent_through_a_vpc_endpoint() -> None:
    """C5: with aws:SourceVpce there is no aws:SourceIp, and the other way round."""
    request = Request(caller(BOB), "s3:GetObject", (Target(OBJECT, A),), {"aws:SourceVpce": "vpce-1"}, open=True)
    by_ip = doc(allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}))

    assert evaluate(request, by_ip).denied


def test_c5_bool_false_does_not_see_a_missing_mfa_key() -> None:
    """C5: Deny with Bool false is a hole for long-term keys, BoolIfExists is not."""
    hole = deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    tight = deny(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})

    assert get(BOB, identity=doc(allow(), hole)).allowed
    assert get(BOB, identity=doc(allow(), tight)).denied
