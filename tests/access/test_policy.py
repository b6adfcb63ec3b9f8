"""Reading policy documents: what is kept, what is refused, where it stands."""

from __future__ import annotations

import copy
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.access.conditions import Quantifier, Test, parse_operator
from guardrails.access.parse import parse_policy
from guardrails.access.policy import NamedPrincipal, Policy, PolicyKind, PolicyProblem, PrincipalType
from guardrails.access.positions import Position, positions_of
from guardrails.access.symbolic import difference_witness, space_of
from guardrails.model import Location, Ref, Sensitive, Symbolic, UnknownValue, Value

LOGS = Ref("aws_s3_bucket.logs", "id")
TEXT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "One", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    {
      "Sid": "Two",
      "Effect": "Deny",
      "NotAction": ["iam:Get*", "iam:List*"],
      "Resource": ["*"],
      "Condition": {"Bool": {"aws:SecureTransport": false}}
    }
  ]
}"""


def statement(**changes: Value) -> dict[str, Value]:
    """A valid statement with some elements changed; None takes one away."""
    made: dict[str, Value] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    made.update(changes)
    return {key: value for key, value in made.items() if value is not None}


def read(*statements: Value, kind: PolicyKind = PolicyKind.IDENTITY, **top: Value) -> Policy:
    """The policy of some statements."""
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements), **top}, kind=kind)


def problems(policy: Policy) -> list[tuple[str, int | None]]:
    """Codes and statements of its problems."""
    return [(problem.code, problem.statement) for problem in policy.problems]


def test_a_text_is_read_with_the_position_of_everything() -> None:
    """Statements, elements and values are found in the text, line and column from 1."""
    policy = parse_policy(TEXT, name="p", place=Location("main.tf", 7))

    assert [s.label for s in policy.statements] == ['"One"', '"Two"']
    assert policy.statements[1].not_actions == ("iam:Get*", "iam:List*")
    condition = policy.statements[1].conditions[0]
    assert not isinstance(condition, UnknownValue)
    assert (condition.key, condition.values) == ("aws:securetransport", ("false",))
    assert policy.position("Statement", 0) == Position(4, 5)
    assert policy.position("Statement", 1, "NotAction", 1) == Position(8, 33)
    assert policy.position("Statement", 1, "Condition", "Bool", "aws:SecureTransport") == Position(10, 30)
    assert policy.position("Statement", 1, "Missing") == Position(5, 5)
    assert policy.statements[0].place == Location("main.tf", 7)
    assert policy.problems == ()
    assert policy.size == len(json.dumps(json.loads(TEXT), separators=(",", ":")))


def test_a_lone_statement_and_a_decoded_document_are_read_alike() -> None:
    """`Statement` may be one object; jsonencode and live answers come decoded."""
    lone = parse_policy('{"Statement":\n{"Effect":"Allow","Action":"*","Resource":"*"}}')
    decoded = parse_policy({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})

    assert lone.statements == decoded.statements
    assert (lone.version, decoded.version) == ("2008-10-17", "2008-10-17")
    assert lone.position("Statement", 0, "Action") == Position(2, 19)
    assert decoded.position("Statement", 0) is None


def test_holes_are_kept() -> None:
    """An attribute known after apply stays in its place, an unknown list element too."""
    text = Symbolic(
        '{"Statement":[{"Effect":"Allow","Action":["s3:Get*",', UnknownValue("var.more"),
        '],\n"Resource":"arn:aws:s3:::',
        LOGS, '/*"}]}',
    )  # fmt: skip
    policy = parse_policy(text)

    assert policy.statements[0].resources == (Symbolic("arn:aws:s3:::", LOGS, "/*"),)
    assert policy.statements[0].actions == ("s3:Get*", UnknownValue("var.more"))
    assert policy.unknown == ("var.more",)
    assert policy.position("Statement", 0, "Resource") == Position(2, 1)
    assert policy.problems == ()


def test_an_attribute_known_after_apply_is_not_unknown() -> None:
    """Only what cannot be reasoned about counts as unknown."""
    assert read(statement(Resource=Symbolic("arn:aws:s3:::", LOGS))).unknown == ()


def test_an_unknown_document_may_say_anything() -> None:
    """It has one statement of unknown effect, with the reason."""
    for value in (UnknownValue("var.policy"), Symbolic(UnknownValue("var.policy"))):
        policy = parse_policy(value)
        assert policy.statements[0].effect == UnknownValue("var.policy")
        assert policy.unknown == ("var.policy",)


def test_a_sensitive_document_is_read() -> None:
    """Its content decides; its text is never shown."""
    policy = parse_policy(Sensitive(TEXT))

    assert len(policy.statements) == 2
    assert "s3" not in str(policy.text)


@pytest.mark.parametrize(
    ("document", "code", "position"),
    [
        ("{", "not-json", Position(1, 2)),
        ('{"Statement":\n[}', "not-json", Position(2, 2)),
        ("[]", "wrong-type", Position(1, 1)),
        ('{"Version":"2012-10-17"}', "missing-element", Position(1, 1)),
        ('{"Statement":\n []}', "missing-element", Position(1, 2)),
        ('{"Statement":7}', "wrong-type", Position(1, 2)),
        ('{"Statement":[\n7]}', "wrong-type", Position(2, 1)),
        ('{"Version":\n"2012-10-18","Statement":[]}', "bad-version", Position(1, 2)),
    ],
)
def test_a_broken_text_is_a_problem_with_its_position(document: str, code: str, position: Position) -> None:
    """Never a crash, and never a policy that allows nothing for sure."""
    policy = parse_policy(document)

    assert (policy.problems[0].code, policy.problems[0].position) == (code, position)


@pytest.mark.parametrize(
    ("changes", "code", "rejected"),
    [
        ({"Effect": None}, "missing-element", True),
        ({"Effect": "allow"}, "bad-effect", True),
        ({"Effect": True}, "bad-effect", True),
        ({"Action": None}, "missing-element", True),
        ({"Resource": None}, "missing-element", True),
        ({"NotAction": "*"}, "conflicting-elements", True),
        ({"NotResource": "*"}, "conflicting-elements", True),
        ({"action": "s3:*"}, "unknown-element", True),
        ({"Actions": "s3:*"}, "unknown-element", True),
        ({"Action": 7}, "wrong-type", True),
        ({"Action": []}, "wrong-type", True),
        ({"Resource": [{}]}, "wrong-type", True),
        ({"Action": "GetObject"}, "bad-action", True),
        ({"Action": "s3:GetObject "}, "bad-action", False),
        ({"Action": "s3:Get,s3:Put"}, "bad-action", False),
        ({"Resource": "bucket"}, "bad-resource", True),
        ({"Resource": "arn:aws:s*:::b"}, "bad-resource", True),
        ({"Principal": "*"}, "element-not-allowed", True),
        ({"Sid": 7}, "wrong-type", True),
        ({"Condition": []}, "wrong-type", True),
        ({"Condition": {"StringEqual": {"a": "b"}}}, "unknown-operator", True),
        ({"Condition": {"NullIfExists": {"a": "true"}}}, "unknown-operator", True),
        ({"Condition": {"StringEquals": "a"}}, "wrong-type", True),
        ({"Condition": {"StringEquals": {"a": {}}}}, "wrong-type", True),
        ({"Condition": {"StringEquals": {"a:b": "x", "A:B": "y"}}}, "duplicate-key", True),
        ({"Condition": {"StringEquals": {"a": []}}}, "empty-condition", False),
        ({"Condition": {"NumericEquals": {"a": "many"}}}, "bad-value", False),
        ({"Condition": {"DateLessThan": {"a": "tomorrow"}}}, "bad-value", False),
        ({"Condition": {"IpAddress": {"a": "10.0.0.0/99"}}}, "bad-value", True),
        ({"Condition": {"Bool": {"a": "yes"}}}, "bad-value", False),
        ({"Condition": {"NumericEquals": {"a": "${aws:username}"}}}, "bad-value", False),
    ],
)
def test_a_fault_in_a_statement_is_named(changes: dict[str, Value], code: str, rejected: bool) -> None:
    """Each fault has its code and statement; what AWS refuses leaves the statement's effect unknown."""
    policy = read(statement(), statement(**changes))

    assert problems(policy) == [(code, 1)]
    assert policy.problems[0].rejected is rejected
    assert isinstance(policy.statements[1].effect, UnknownValue) is rejected


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        (PolicyKind.RESOURCE, {}, "missing-element"),
        (PolicyKind.RESOURCE, {"Principal": "me"}, "bad-principal"),
        (PolicyKind.RESOURCE, {"Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}}, "bad-principal"),
        (PolicyKind.RESOURCE, {"Principal": {"User": "x"}}, "bad-principal"),
        (PolicyKind.RESOURCE, {"Principal": {"AWS": "bob"}}, "bad-principal"),
        (PolicyKind.RESOURCE, {"Principal": {"Service": "lambda"}}, "bad-principal"),
        (PolicyKind.TRUST, {"Principal": "*"}, "element-not-allowed"),
        (PolicyKind.TRUST, {"NotPrincipal": {"AWS": "111122223333"}, "Resource": None}, "element-not-allowed"),
        (PolicyKind.RCP, {"Principal": "*"}, "bad-effect"),
        (PolicyKind.RCP, {"Principal": {"AWS": "111122223333"}, "Effect": "Deny"}, "bad-principal"),
    ],
)
def test_a_kind_of_policy_has_its_own_rules(kind: PolicyKind, changes: dict[str, Value], code: str) -> None:
    """Who must, may and cannot be named depends on where the policy stands."""
    assert problems(read(statement(**changes), kind=kind)) == [(code, 0)]


def test_aws_own_full_access_rcp_is_no_problem() -> None:
    """RCPFullAWSAccess allows, which no other resource control policy may."""
    assert problems(read(statement(Action="*", Principal="*"), kind=PolicyKind.RCP)) == []


def test_sids_are_unique_and_plain() -> None:
    """The second of two equal Sids is the problem; identity policies take letters and digits alone."""
    policy = read(statement(Sid="A"), statement(Sid="A"), statement(Sid="a b"))

    assert problems(policy) == [("duplicate-sid", 1), ("bad-sid", 2)]


def test_a_key_that_occurs_twice_is_a_problem() -> None:
    """JSON would silently take the last one."""
    text = '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"true"},"Bool":{}}}]}'

    assert [(p.code, p.message[:6]) for p in parse_policy(text).problems] == [("duplicate-key", '"Bool"')]


def test_sizes_over_the_quota_are_problems() -> None:
    """White space does not count; the limit is that of the kind or of the service."""
    long = statement(Resource=[f"arn:aws:s3:::bucket-{n}" for n in range(300)])

    assert problems(read(long, kind=PolicyKind.MANAGED)) == [("too-long", None)]
    assert problems(read(long)) == []
    assert parse_policy({"Statement": [long]}, limit=100).problems[0].message.endswith("100 are allowed")
    assert parse_policy(" " * 7_000 + TEXT, kind=PolicyKind.MANAGED).problems == ()


def test_principals_are_typed() -> None:
    """`"*"` is `{"AWS": "*"}`; lists give each entry."""
    policy = read(
        statement(Principal={"AWS": ["111122223333", "*"], "Service": "sns.amazonaws.com"}), kind=PolicyKind.RESOURCE
    )

    assert policy.statements[0].principals == (
        NamedPrincipal(PrincipalType.AWS, "111122223333"),
        NamedPrincipal(PrincipalType.AWS, "*"),
        NamedPrincipal(PrincipalType.SERVICE, "sns.amazonaws.com"),
    )
    assert read(statement(Principal="*"), kind=PolicyKind.RESOURCE).statements[0].principals == (
        NamedPrincipal(PrincipalType.AWS, "*"),
    )


def test_statement_places_are_kept() -> None:
    """A source that knows where each statement stands (`aws_iam_policy_document`) says so."""
    places = (Location("a.tf", 1), Location("a.tf", 9))
    policy = parse_policy(
        {"Statement": [statement(), statement(Effect="no")]}, place=Location("b.tf", 3), statement_places=places
    )

    assert [s.place for s in policy.statements] == list(places)
    assert policy.problems[0].place == places[1]


def test_operator_names_carry_their_modifiers() -> None:
    """Set operator, negation and IfExists are read from the name."""
    operator = parse_operator("ForAnyValue:StringNotLikeIfExists")

    assert operator is not None
    assert (operator.test, operator.negated, operator.if_exists, operator.quantifier) == (
        Test.STRING_LIKE, True, True, Quantifier.ANY,
    )  # fmt: skip
    assert parse_operator("ForEachValue:StringLike") is None


def test_positions_survive_broken_text() -> None:
    """What comes before an error still has its place."""
    found = positions_of('{"a": [1, {"b": 2}], ]] "c"')

    assert found["a", 1, "b"] == Position(1, 12)


# -- hostile input

JUNK: list[Value] = [
    None, True, 7, 1.5, "", "*", "arn:aws:s3:::b/${aws:username}/*", "${", "${}", "${aws:x, 'd'}", [], {},
    "\ue004\U000f0061\ue005", "Allow",
    "2012-10-17", UnknownValue("u"), UnknownValue("u", many=True), Symbolic("a", LOGS, "*"), Sensitive("s"),
    Sensitive(["s"]),
    Sensitive({"Effect": "Allow"}), [["x"]], {"AWS": None}, {"StringLike": {"k": ["*", None]}}, "\x00\ud800", "9" * 400,
]  # fmt: skip
NAMES = [
    "Version", "Id", "Statement", "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal",
    "NotPrincipal", "Condition", "AWS", "StringEquals", "Bool", "ForAllValues:IpAddress", "Null", "x",
]  # fmt: skip


def junk(rnd: random.Random, depth: int = 0) -> Value:
    """A random value in the shape of policies."""
    match rnd.random():
        case chance if depth > 4 or chance < 0.35:
            return copy.deepcopy(rnd.choice(JUNK))
        case chance if chance < 0.55:
            return [junk(rnd, depth + 1) for _ in range(rnd.randint(0, 3))]
        case _:
            return {rnd.choice(NAMES): junk(rnd, depth + 1) for _ in range(rnd.randint(0, 6))}


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.integers(0, 2**48))
def test_no_document_crashes(seed: int) -> None:
    """Whatever a document is, it is read, and can be compared and evaluated."""
    rnd = random.Random(seed)  # noqa: S311  # test data
    kind = rnd.choice(list(PolicyKind))
    value = junk(rnd)
    if isinstance(value, dict) and rnd.random() < 0.7:
        value["Statement"] = [{**statement(), **made} if isinstance(made := junk(rnd, 1), dict) else made, junk(rnd, 1)]

    policy = parse_policy(value, kind=kind)

    assert all(isinstance(problem, PolicyProblem) for problem in policy.problems)
    difference_witness(policy, read(statement()))
    space_of(policy).find()


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.text(alphabet='{}[]":,\\ \nEfectAlowStamn0123*', max_size=60), st.integers(0, 60))
def test_no_text_crashes(text: str, cut: int) -> None:
    """Neither does any text, nor any beginning of a good one, nor one with holes."""
    for made in (text, TEXT[: cut * 7], Symbolic(TEXT[: cut * 7], LOGS, text), Symbolic(text, UnknownValue("u"), TEXT)):
        policy = parse_policy(made)
        assert policy.statements or policy.problems


def test_a_value_that_repeats_itself_is_bounded() -> None:
    """Shared parts are counted as often as they occur, so that few objects cannot make a huge document."""
    value: Value = "x"
    for _ in range(50):
        value = [value, value]

    assert problems(parse_policy({"Statement": value})) == [("too-long", None)]


@pytest.mark.parametrize(
    "text",
    [
        '{"Statement":' + "[" * 100_000,
        "[" * 3_000 + "]" * 3_000,
        '{"a":' * 3_000 + "1" + "}" * 3_000,
        '{"Statement":"' + "x" * 2_000_000 + '"}',
        '{"Statement":[' + ",".join(["1"] * 50_000) + "]}",
    ],
)
def test_enormous_texts_are_bounded(text: str) -> None:
    """Deep or long ones end in a problem or an unknown policy, soon."""
    policy = parse_policy(text)

    assert policy.problems
    assert policy.unknown
