"""Policies compared over all requests: differences with their witness, restrictions, strangers, everything."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from guardrails.access import facts
from guardrails.access.parse import parse_policy
from guardrails.access.policy import Policy, PolicyKind
from guardrails.access.request import Caller, caller
from guardrails.access.spaces import EVERYTHING, NOTHING
from guardrails.access.symbolic import (
    Answer,
    Undecided,
    Witness,
    allowed_actions,
    asked_of,
    difference_witness,
    is_admin,
    restrict,
    space_of,
    strangers,
)
from guardrails.access.truth import Doubt
from guardrails.model import Ref, Symbolic, UnknownValue, Value

A, B = "111122223333", "444455556666"
LOGS = Ref("aws_s3_bucket.logs", "arn")
Statement = Mapping[str, object]


def identity(*statements: Statement, version: str = "2012-10-17") -> Policy:
    """An identity policy."""
    return parse_policy(cast("Value", {"Version": version, "Statement": list(statements)}))


def bucket(principal: object, effect: str = "Allow", **more: object) -> Statement:
    """A statement of a bucket policy."""
    return {"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **more}


def resource(*statements: Statement) -> Policy:
    """A resource policy."""
    document = cast("Value", {"Version": "2012-10-17", "Statement": list(statements)})
    return parse_policy(document, kind=PolicyKind.RESOURCE)


def allow(action: object = "*", on: object = "*", /, **condition: object) -> Statement:
    """An Allow; conditions as `StringEquals={...}`."""
    return {"Effect": "Allow", "Action": action, "Resource": on, **({"Condition": condition} if condition else {})}


def deny(action: object = "*", on: object = "*", /, **condition: object) -> Statement:
    """A Deny."""
    return {**allow(action, on, **condition), "Effect": "Deny"}


def seen(answer: Answer) -> tuple[str, str, dict[str, object]]:
    """A witness as action, resource and the keys that are there."""
    assert isinstance(answer, Witness), answer
    return answer.action, answer.resource, {k: v for k, v in answer.request.context.items() if v is not None}


def within(one: Statement | Sequence[Statement], other: Statement | Sequence[Statement]) -> bool:
    """Whether the first policy allows nothing beyond the second."""
    ours = identity(*([one] if isinstance(one, Mapping) else one))
    theirs = identity(*([other] if isinstance(other, Mapping) else other))
    answer = difference_witness(ours, theirs)
    assert not isinstance(answer, Undecided), answer
    return answer is None


# -- actions and resources


def test_a_witness_is_a_request_that_aws_knows() -> None:
    """The action is one of AWS's, on a resource that it takes."""
    answer = difference_witness(identity(allow("s3:*")), identity(allow("s3:[!P]*"), allow("s3:Get*")))

    action, on, _ = seen(answer)
    known = facts.action(action)
    assert known is not None
    assert action.startswith("s3:")
    assert on == "*" or on.startswith("arn:aws:s3:")


def test_actions_to_come_count_unless_only_known_ones_are_asked_for() -> None:
    """`s3:Get*` grants more than the list of all of today's Get actions."""
    wide = identity(allow("s3:Get*"))
    today = identity(allow(list(facts.actions_matching("s3:Get*"))))

    answer = difference_witness(wide, today)

    assert isinstance(answer, Witness)
    assert not answer.known_action
    assert difference_witness(wide, today, known_actions=True) is None


@pytest.mark.parametrize(
    ("one", "other", "inside"),
    [
        (allow("s3:GetObject"), allow("S3:get*"), True),
        (allow("s3:*"), allow(["s3:A*", "s3:*"]), True),
        (allow("*", "arn:aws:s3:::b/*"), allow("*", "arn:aws:s3:::*"), True),
        (allow("*", "arn:aws:s3:::*"), allow("*", "arn:aws:s3:::b/*"), False),
        (allow("*", "arn:aws:s3"), allow("*", "arn:aws:s3:*:*:*"), True),
        (allow("*", "arn:*"), allow("*", "arn:*:*:*:*:*"), True),
        (allow("*", "*"), allow("*", "arn:*"), False),
        (allow("*", "arn:aws:s3:::a*b"), allow("*", ["arn:aws:s3:::a*", "arn:aws:s3:::*c"]), True),
        (allow("*", "arn:aws:s3:::?"), allow("*", ["arn:aws:s3:::?*"]), True),
        (allow("*", "arn:aws:s3:::a*"), allow("*", ["arn:aws:s3:::a", "arn:aws:s3:::a?*"]), True),
        (allow("*", "arn:aws:s3:::a*"), allow("*", ["arn:aws:s3:::a", "arn:aws:s3:::a??*"]), False),
        (allow("*", f"arn:aws:iam::{A}:role/*"), allow("*", "arn:aws:iam::*:role/*"), True),
        (allow("*", "arn:aws:lambda:eu:1:function:f:1"), allow("*", "arn:aws:lambda:*:function:f:1"), True),
        ([allow(), deny("iam:*")], {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, [allow(), deny("iam:*")], True),
        ([allow("s3:*"), deny("s3:*", "arn:aws:s3:::b/*")], allow("s3:*", "arn:aws:s3:::c/*"), False),
        ([allow("*", "arn:aws:s3:::*"), deny()], allow("ec2:*"), True),
    ],
)
def test_one_policy_within_another(
    one: Statement | Sequence[Statement], other: Statement | Sequence[Statement], inside: bool
) -> None:
    """Patterns, complements and denials are compared by what they mean."""
    assert within(one, other) is inside


def test_what_is_covered_by_parts_is_covered() -> None:
    """Many statements, each over a part, cover the whole together."""
    actions = [f"s3:{letter}*" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    parts = [allow(actions, f"arn:aws:s3:::b{n}/*") for n in range(12)]

    assert within(allow(actions, [f"arn:aws:s3:::b{n}/*" for n in range(12)]), parts)
    assert not within(allow(actions, [f"arn:aws:s3:::b{n}/*" for n in range(13)]), parts)


# -- conditions


@pytest.mark.parametrize(
    ("one", "other", "inside"),
    [
        ({"StringEquals": {"k": "a"}}, {"StringLike": {"k": "a*"}}, True),
        ({"StringLike": {"k": "a*"}}, {"StringEquals": {"k": "a"}}, False),
        ({"StringEquals": {"k": "A"}}, {"StringEqualsIgnoreCase": {"k": "a"}}, True),
        ({"StringEqualsIgnoreCase": {"k": "ab"}}, {"StringEquals": {"k": ["ab", "aB", "Ab", "AB"]}}, True),
        ({"StringEqualsIgnoreCase": {"k": "ab"}}, {"StringEquals": {"k": ["ab", "aB", "Ab"]}}, False),
        ({"StringEquals": {"k": "a"}}, {"StringNotEquals": {"k": "b"}}, True),
        ({"StringNotEquals": {"k": "b"}}, {"StringNotLike": {"k": "b*"}}, False),
        ({"StringNotLike": {"k": "b*"}}, {"StringNotEquals": {"k": ["b", "bc"]}}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"StringEquals": {"k": "a"}}, False),
        ({"StringEquals": {"k": "a"}}, {"StringEqualsIfExists": {"k": "a"}}, True),
        ({"Null": {"k": "false"}, "StringEqualsIfExists": {"k": "a"}}, {"StringEquals": {"k": "a"}}, True),
        ({"NumericLessThan": {"k": "10"}}, {"NumericLessThanEquals": {"k": "10"}}, True),
        ({"NumericLessThanEquals": {"k": "10"}}, {"NumericLessThan": {"k": "10"}}, False),
        ({"NumericLessThan": {"k": "10"}}, {"NumericLessThanEquals": {"k": "9"}}, False),
        ({"NumericEquals": {"k": "1.50"}}, {"NumericEquals": {"k": "1.5"}}, True),
        ({"DateLessThan": {"k": "2024-01-01"}}, {"DateLessThan": {"k": "1704067200"}}, True),
        ({"DateLessThan": {"k": "2024-01-02"}}, {"DateLessThan": {"k": "2024-01-01T00:00:00Z"}}, False),
        ({"IpAddress": {"k": ["10.0.0.0/9", "10.128.0.0/9"]}}, {"IpAddress": {"k": "10.0.0.0/8"}}, True),
        ({"IpAddress": {"k": "10.0.0.0/8"}}, {"IpAddress": {"k": ["10.0.0.0/9", "10.128.0.0/9"]}}, True),
        ({"IpAddress": {"k": "10.0.0.0/8"}}, {"IpAddress": {"k": ["10.0.0.0/9", "10.128.0.0/10"]}}, False),
        ({"NotIpAddress": {"k": "10.0.0.0/8"}}, {"NotIpAddress": {"k": "10.0.0.0/16"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"Bool": {"aws:SecureTransport": ["true", "false"]}}, True),
        ({"ArnLike": {"k": "arn:aws:sns:*:1:t"}}, {"StringLike": {"k": "arn:*:1:t"}}, True),
        ({"StringLike": {"k": "arn:aws:sns:*:1:t"}}, {"ArnLike": {"k": "arn:aws:sns:*:1:t"}}, False),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"ForAllValues:StringLike": {"k": ["a*"]}}, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"ForAnyValue:StringEquals": {"k": ["a"]}}, False),
        (
            {"ForAllValues:StringEquals": {"k": ["a"]}, "Null": {"k": "false"}},
            {"ForAnyValue:StringEquals": {"k": ["a"]}},
            True,
        ),
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {"ForAnyValue:StringEquals": {"k": ["a", "b"]}}, True),
        ({"ForAnyValue:StringEquals": {"k": ["a", "b"]}}, {"ForAnyValue:StringEquals": {"k": ["a"]}}, False),
    ],
)
def test_conditions_are_compared_by_their_values(
    one: Mapping[str, object], other: Mapping[str, object], inside: bool
) -> None:
    """Strings, numbers, dates, addresses, sets and absent keys."""
    assert within(allow("s3:*", **one), allow("s3:*", **other)) is inside


def test_the_hole_of_for_all_values_has_a_witness_without_the_key() -> None:
    """The witness is the request that lacks the key."""
    answer = difference_witness(
        identity(allow("s3:*", **{"ForAllValues:StringEquals": {"aws:TagKeys": "a"}})),
        identity(allow("s3:*", **{"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}})),
    )

    assert seen(answer)[2] == {}


def test_a_deny_on_bool_false_leaves_the_missing_key() -> None:
    """Deny with Bool false is within BoolIfExists, not the other way round."""
    hole = [allow(), deny(Bool={"aws:MultiFactorAuthPresent": "false"})]
    tight = [allow(), deny(BoolIfExists={"aws:MultiFactorAuthPresent": "false"})]

    assert within(tight, hole)
    assert not within(hole, tight)


# -- variables and holes


@pytest.mark.parametrize(
    ("one", "other", "inside"),
    [
        ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/*", True),
        ("arn:aws:s3:::home/*", "arn:aws:s3:::home/${aws:username}/*", False),
        ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/bob/*", False),
        ("arn:aws:s3:::home/${aws:username}/a*", "arn:aws:s3:::home/${aws:username}/*", True),
        ("arn:aws:s3:::home/${aws:username}", "arn:aws:s3:::home/${aws:userid}", False),
        ("arn:aws:s3:::home/${aws:username, 'me'}", ["arn:aws:s3:::home/${aws:username, 'me'}"], True),
        ("arn:aws:s3:::home/me", "arn:aws:s3:::home/${aws:username, 'me'}", False),
        ("arn:aws:s3:::home/${*}", "arn:aws:s3:::home/?", True),
    ],
)
def test_variables_are_whoever_asks(one: object, other: object, inside: bool) -> None:
    """A variable equals itself and nothing else for sure."""
    assert within(allow("s3:*", one), allow("s3:*", other)) is inside


def test_a_condition_that_fixes_a_variable_is_used() -> None:
    """With the user name known, the home is."""
    bob = {"aws:username": "bob"}

    assert within(
        allow("s3:*", "arn:aws:s3:::home/${aws:username}/*", StringEquals=bob), allow("s3:*", "arn:aws:s3:::home/bob/*")
    )
    assert within(
        allow("s3:*", "arn:aws:s3:::home/bob/*", StringEquals=bob), allow("s3:*", "arn:aws:s3:::home/${aws:username}/*")
    )


def test_tags_that_must_agree() -> None:
    """Equality of two keys is not equality with a literal."""
    same = {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}

    assert within(
        allow("ec2:*", StringEquals={**same, "aws:PrincipalTag/team": "red"}),
        allow("ec2:*", StringEquals={"aws:ResourceTag/team": "red"}),
    )
    assert not within(allow("ec2:*", StringEquals=same), allow("ec2:*", StringEquals={"aws:ResourceTag/team": "red"}))


def test_variables_are_text_in_old_policies() -> None:
    """Without Version 2012-10-17 a variable is its own name."""
    old = identity(allow("s3:*", "arn:aws:s3:::${aws:username}"), version="2008-10-17")
    literal = identity(allow("s3:*", "arn:aws:s3:::${$}{aws:username}"))

    assert difference_witness(old, literal) is None
    assert difference_witness(literal, old) is None


def test_attributes_known_after_apply_are_themselves() -> None:
    """A bucket's objects are within the bucket's objects; against a literal pattern nothing is certain."""
    ours = Symbolic(LOGS, "/a/*")

    assert within(allow("s3:*", ours), allow("s3:*", Symbolic(LOGS, "/*")))
    assert not within(allow("s3:*", Symbolic(LOGS, "/*")), [allow("s3:*", ours), deny("s3:*", Symbolic(LOGS, "/b"))])
    answer = difference_witness(identity(allow("s3:*", ours)), identity(allow("s3:*", "arn:aws:s3:::c/*")))
    assert answer == Undecided("known after apply: aws_s3_bucket.logs.arn")


def test_a_witness_names_the_attribute() -> None:
    """The witness's resource still says what it is."""
    answer = difference_witness(identity(allow("s3:GetObject", Symbolic(LOGS, "/*"))), NOTHING)

    assert seen(answer)[1].partition("/")[0] == "${aws_s3_bucket.logs.arn}"


def test_unknown_parts_end_in_undecided_where_they_matter() -> None:
    """What is sure without them stays sure."""
    unknown = identity(allow(["s3:*", UnknownValue("var.actions")]))

    assert isinstance(difference_witness(unknown, NOTHING), Witness)
    assert difference_witness(unknown, identity(allow("s3:*"))) == Undecided("var.actions")
    assert difference_witness(identity(allow("s3:*")), unknown) is None
    assert isinstance(difference_witness(identity(allow("ec2:*")), unknown), Undecided)
    blocked = identity(allow(), {"Effect": "Deny", "Action": "*", "Resource": UnknownValue("var.r")})
    assert difference_witness(blocked, identity(allow())) is None
    assert difference_witness(identity(allow()), blocked) == Undecided("var.r")


# -- principals


@pytest.mark.parametrize(
    ("one", "other", "inside"),
    [
        (bucket({"AWS": A}), bucket("*"), True),
        (bucket("*"), bucket({"AWS": A}), False),
        (bucket({"AWS": f"arn:aws:iam::{A}:role/x"}), bucket({"AWS": A}), True),
        (bucket({"AWS": A}), bucket({"AWS": f"arn:aws:iam::{A}:root"}), True),
        (bucket({"AWS": A}), bucket({"AWS": [f"arn:aws:iam::{A}:role/x", f"arn:aws:iam::{A}:user/y"]}), False),
        (bucket({"Service": "sns.amazonaws.com"}), bucket({"Service": ["sqs.amazonaws.com"]}), False),
        (bucket("*", Condition={"StringEquals": {"aws:PrincipalAccount": A}}), bucket({"AWS": A}), True),
        (bucket({"AWS": A}), bucket("*", Condition={"StringEquals": {"aws:PrincipalAccount": A}}), True),
        (
            bucket("*", Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/admin-*"}}),
            bucket({"AWS": A}),
            True,
        ),
        (bucket("*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}), bucket({"AWS": A}), False),
        (
            bucket({"AWS": f"arn:aws:iam::{A}:role/x"}),
            bucket("*", Condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/x"}}),
            True,
        ),
        (bucket("*", Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}}), bucket("*"), True),
    ],
)
def test_principals_are_compared_with_the_keys_that_follow_from_them(
    one: Statement, other: Statement, inside: bool
) -> None:
    """Accounts, roles, services and conditions on who calls."""
    answer = difference_witness(resource(one), resource(other))

    assert not isinstance(answer, Undecided)
    assert (answer is None) is inside


def test_a_public_grant_has_an_anonymous_witness() -> None:
    """Everybody less an account: somebody without any."""
    answer = difference_witness(resource(bucket("*")), resource(bucket({"AWS": A})))

    assert isinstance(answer, Witness)
    assert answer.request.caller == caller("*")


# -- algebra and questions


def test_sets_are_combined() -> None:
    """Union, intersection and difference agree with the direct evaluator."""
    s3, read, mine = (
        space_of(identity(allow("s3:*"))),
        space_of(identity(allow("*:Get*"), deny("s3:GetBucket*"))),
        space_of(identity(allow("*", "arn:aws:s3:::mine/*"))),
    )
    whole = (s3 & read) | mine

    assert difference_witness(whole, s3 | mine) is None
    assert difference_witness(s3 & read, read) is None
    assert (s3 - s3).empty() is True
    assert ((s3 & read) - s3).empty() is True
    witness = (whole - mine).find()
    assert isinstance(witness, Witness)
    assert s3.permits(asked_of(witness.request)) is True
    assert mine.permits(asked_of(witness.request)) is False
    assert (EVERYTHING - whole).empty() is False
    assert (whole - EVERYTHING).empty() is True


def test_effective_permissions_are_an_intersection_of_layers() -> None:
    """Identity, boundary and each level of organisation policies."""
    identity_ = space_of(identity(allow()))
    boundary = space_of(identity(allow(["s3:*", "ec2:*"])))
    levels = [space_of(identity(allow())), space_of(identity(allow(), deny("s3:Delete*")))]
    effective = identity_ & boundary & levels[0] & levels[1]

    assert allowed_actions(restrict(effective, action="s3:DeleteBucket")) == frozenset()
    assert "s3:GetObject" in allowed_actions(effective)
    assert "iam:CreateUser" not in allowed_actions(effective)


def test_admin_by_any_spelling() -> None:
    """Everything is everything however it is written; one missing action makes the difference."""
    every = [f"{prefix}:*" for prefix in facts.prefixes()]

    assert is_admin(space_of(identity(allow()))) is True
    assert is_admin(space_of(identity(allow(["*:*"])))) is True
    assert is_admin(space_of(identity(allow(every)))) is True
    but_one = {"Effect": "Allow", "NotAction": "nothing:AtAll", "Resource": "*"}
    assert is_admin(space_of(identity(but_one))) is True
    assert is_admin(space_of(identity(but_one)), known_actions=False) is False
    assert is_admin(space_of(identity({**but_one, "NotAction": "sts:*"}, allow(["sts:*", "iam:*"])))) is True
    assert is_admin(space_of(identity(allow(), deny("s3:DeleteBucket")))) is False
    assert is_admin(space_of(identity(allow(Bool={"aws:MultiFactorAuthPresent": "true"})))) is False
    assert is_admin(space_of(identity(allow(), deny(UnknownValue("var.a"))))) == Doubt(("var.a",))


def test_allowed_actions_are_known_ones_less_what_is_denied() -> None:
    """A Deny on everything takes an action away, a Deny on a part does not; actions without resources need `*`."""
    space = space_of(
        identity(
            allow(["s3:GetObject", "s3:PutObject", "S3:listallmybuckets"]),
            allow("ec2:DescribeInstances", f"arn:aws:ec2:us-east-1:{A}:instance/*"),
            deny("s3:PutObject"),
            deny("s3:GetObject", "arn:aws:s3:::secret/*"),
        )
    )

    assert allowed_actions(space) == {"s3:GetObject", "s3:ListAllMyBuckets"}


def test_restriction_by_action_resource_and_context() -> None:
    """What is left is asked of the direct evaluator too."""
    space = space_of(identity(allow("s3:*", "arn:aws:s3:::b/*", StringEquals={"aws:username": "bob"})))

    assert restrict(space, action="s3:Get*", resource="arn:aws:s3:::b/k").empty() is False
    assert restrict(space, action="ec2:*").empty() is True
    assert restrict(space, resource="arn:aws:s3:::c/*").empty() is True
    assert restrict(space, context={"aws:username": "eve"}).empty() is True
    assert restrict(space, context={"aws:username": None}).empty() is True


def test_restriction_by_caller() -> None:
    """What one principal may do with a resource policy."""
    space = space_of(resource(bucket({"AWS": f"arn:aws:iam::{A}:role/x"}), bucket({"AWS": B}, "Deny")))
    role: Caller = caller(f"arn:aws:sts::{A}:assumed-role/x/s")

    assert restrict(space, principal=role).empty() is False
    assert restrict(space, principal=caller(f"arn:aws:iam::{A}:user/x")).empty() is True
    assert restrict(space, outside=[A]).empty() is True


@pytest.mark.parametrize(
    ("statements", "open_"),
    [
        ([bucket("*")], True),
        ([bucket({"AWS": A})], False),
        ([bucket({"AWS": B})], True),
        ([bucket({"Service": "sns.amazonaws.com"})], False),
        ([bucket("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})], False),
        ([bucket("*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}})], True),
        ([bucket("*", Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})], True),
        ([bucket("*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})], False),
        ([bucket("*", Condition={"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})], True),
        ([bucket("*", Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})], True),
        ([bucket("*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})], False),
        ([bucket("*", Condition={"StringLike": {"aws:SourceVpce": "vpce-*"}})], True),
        ([bucket("*", Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{A}:*"}})], False),
        ([bucket("*", Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{B}:*"}})], True),
        ([bucket("*"), bucket("*", "Deny", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})], False),
        ([bucket("*"), bucket("*", "Deny", Condition={"StringNotEquals": {"aws:PrincipalAccount": A}})], False),
        ([bucket("*"), bucket("*", "Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})], True),
    ],
)
def test_strangers_cannot_meet_conditions_that_name_what_is_ours(statements: list[Statement], open_: bool) -> None:
    """Whether anybody outside of account A gets in, services apart."""
    assert strangers(space_of(resource(*statements)), [A]).empty() is not open_


# -- budget and speed


def test_beyond_the_budget_is_undecided() -> None:
    """Never a guess: too little work allowed is said so."""
    parts = [allow(["s3:A*", "s3:B*"], f"arn:aws:s3:::b{n}/*") for n in range(12)]
    whole = allow(["s3:A*", "s3:B*"], [f"arn:aws:s3:::b{n}/*" for n in range(12)])

    answer = difference_witness(identity(whole), identity(*parts), steps=2)

    assert answer == Undecided("the policies overlap in too many ways")


@pytest.mark.parametrize("pattern", ["*a" * 400, "?*" * 300 + "x", "a*b?" * 200])
def test_hostile_patterns_are_bounded(pattern: str) -> None:
    """Many wildcards take no exponential time."""
    start = time.process_time()
    one = identity(allow("s3:*", [f"arn:aws:s3:::{pattern}", f"arn:aws:s3:::z{pattern}*"]))
    other = identity(allow("s3:*", [f"arn:aws:s3:::{pattern[1:]}*", f"arn:aws:s3:::*{pattern[::-1]}"]))
    difference_witness(one, other)
    space_of(one).__and__(space_of(other)).find()

    assert time.process_time() - start < 5


def test_managed_policies_are_within_themselves() -> None:
    """AWS's own policies, read twice and shuffled: never a difference, never undecided."""
    rnd = random.Random(1)  # noqa: S311  # test data
    for name in facts.managed_policies()[::6]:
        document = facts.managed_policy(name)
        assert document is not None
        raw = document["Statement"]
        statements = list(raw) if isinstance(raw, list) else [raw]
        one = parse_policy(cast("Value", dict(document)), kind=PolicyKind.MANAGED, name=name)
        rnd.shuffle(statements)
        other = parse_policy(cast("Value", {**document, "Statement": statements}), kind=PolicyKind.MANAGED)
        assert (name, difference_witness(one, other)) == (name, None)
