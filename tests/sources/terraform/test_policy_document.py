"""`aws_iam_policy_document` against the provider's own documents, and with parts that are not known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guardrails.model import Ref, Sensitive, Symbolic, UnknownValue, Value, decode_json
from guardrails.sources.terraform.policy_document import document_id, policy_document
from guardrails.sources.terraform.types import EvaluationError

RECORDED = json.loads((Path(__file__).parent / "policy_documents.json").read_text())
BUCKET = Ref("aws_s3_bucket.logs", "arn")


@pytest.mark.parametrize("name", RECORDED)
def test_document_equals_the_providers(name: str) -> None:
    """The JSON, its minified form and the id are the provider's, byte for byte."""
    values = RECORDED[name]

    assert policy_document(values) == values["json"]
    assert policy_document(values, minified=True) == values["minified_json"]
    assert document_id(values["json"]) == values["id"]


def statement(**arguments: Value) -> dict[str, Value]:
    """A statement block."""
    return {"actions": ["s3:GetObject"], "resources": ["*"], **arguments}


def read(config: dict[str, Value]) -> Value:
    """The document, decoded again."""
    text = policy_document(config)
    assert isinstance(text, str)
    return decode_json(text)


def test_attribute_known_after_apply_stays_a_hole_in_its_string() -> None:
    """A bucket's ARN is symbolic, and what is written around it is kept."""
    text = policy_document({"statement": [statement(resources=[Symbolic(BUCKET, "/*")])]}, minified=True)

    assert isinstance(text, Symbolic)
    assert text.parts == (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"',
        BUCKET,
        '/*"}]}',
    )


def test_aws_variables_are_replaced_beside_holes() -> None:
    """`&{...}` becomes `${...}` in the known parts."""
    document = read({"statement": [statement(resources=[Symbolic(BUCKET, "/&{aws:username}")])]})

    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": Symbolic(BUCKET, "/${aws:username}")},
        ],
    }


def test_unknown_attributes_leave_the_others_known() -> None:
    """An unknown set of resources is one unknown value; an unknown element is an unknown string."""
    document = read(
        {
            "statement": [
                statement(resources=UnknownValue("var.arns has no value")),
                statement(actions=["s3:GetObject", UnknownValue("var.action has no value")]),
                statement(actions=["s3:GetObject", UnknownValue("var.actions", many=True)]),
            ]
        }
    )

    assert isinstance(document, dict)
    statements = document["Statement"]
    assert isinstance(statements, list)
    first, second, third = statements
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert isinstance(third, dict)
    assert first["Resource"] == UnknownValue("var.arns has no value")
    actions = second["Action"]
    assert isinstance(actions, list)
    assert actions[0] == "s3:GetObject"
    assert isinstance(actions[1], Symbolic)
    assert actions[1].parts == (UnknownValue("var.action has no value"),)
    assert third["Action"] == ["s3:GetObject", UnknownValue("var.actions", many=True)]


def test_unknown_statements_are_any_number_of_them() -> None:
    """A dynamic statement over an unknown list hides none of the known ones."""
    document = read({"statement": [UnknownValue("var.rules", many=True), statement(sid="Known")]})

    assert isinstance(document, dict)
    assert document["Statement"] == [
        UnknownValue("var.rules", many=True),
        {"Sid": "Known", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    ]


def test_unknown_source_keeps_own_statements() -> None:
    """A source document that is not known adds any number of statements in front of the own ones."""
    document = read({"source_policy_documents": [UnknownValue("var.policy")], "statement": [statement(sid="Known")]})

    assert isinstance(document, dict)
    assert document["Statement"] == [
        UnknownValue("var.policy", many=True),
        {"Sid": "Known", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    ]


def test_unknown_override_may_replace_what_has_a_sid() -> None:
    """Only statements without a Sid are certain beside an unknown override document."""
    override = UnknownValue("var.policy")
    document = read({"override_policy_documents": [override], "statement": [statement(sid="A"), statement()]})

    assert isinstance(document, dict)
    assert document["Statement"] == [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
        UnknownValue("var.policy", many=True),
    ]


def test_source_with_holes_is_merged() -> None:
    """Holes of a source document stay where they are."""
    source = policy_document({"statement": [statement(sid="S", resources=[Symbolic(BUCKET)])]})
    document = read({"source_policy_documents": [source], "statement": [statement()]})

    assert isinstance(document, dict)
    assert document["Statement"] == [
        {"Sid": "S", "Effect": "Allow", "Action": "s3:GetObject", "Resource": Symbolic(BUCKET)},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    ]


def test_condition_variable_may_have_holes() -> None:
    """The usual trust in an OIDC provider that does not exist yet is read."""
    url = Ref("aws_iam_openid_connect_provider.p", "url")
    condition: Value = {"test": "StringEquals", "variable": Symbolic(url, ":sub"), "values": ["me"]}
    text = policy_document({"statement": [statement(condition=[condition])]}, minified=True)

    assert isinstance(text, Symbolic)
    assert text.parts[1:] == (url, ':sub":"me"}}}]}')


def test_sensitive_argument_makes_the_document_sensitive() -> None:
    """A secret in a policy is not printed."""
    text = policy_document({"statement": [statement(resources=[Sensitive("arn:secret")])]}, minified=True)

    assert text == Sensitive(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:secret"}]}'
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"statement": [statement(sid="A"), statement(sid="A")]}, "duplicate Sid"),
        ({"statement": [statement(sid="a-b")]}, "alphanumeric"),
        ({"statement": [statement(effect="allow")]}, "expected effect"),
        ({"statement": [statement(actions="s3:*")]}, "set of string required"),
        ({"version": "2012"}, "expected version"),
        ({"version": "2008-10-17", "statement": [statement(resources=["&{aws:username}"])]}, "not supported"),
        ({"source_policy_documents": ["no json"]}, "merging source document 0"),
        ({"source_policy_documents": ['{"Statement": {}}']}, "cannot unmarshal"),
        ({"source_policy_documents": ['{"Statement": [{"Sid": "A"}]}'] * 2}, "duplicate Sid"),
        ({"override_json": "{}"}, "override_json"),
    ],
)
def test_what_the_provider_refuses_is_an_error(config: dict[str, Value], message: str) -> None:
    """An invalid document is an error with the provider's words."""
    with pytest.raises(EvaluationError, match=message):
        policy_document(config)
