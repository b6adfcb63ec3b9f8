"""Requests and policies as plain data, in the shapes in which people have them."""

from __future__ import annotations

import datetime
import json

import pytest

from guardrails.access import evaluate

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/ana"
OBJECT = "arn:aws:s3:::b/k"
GET = {"principal": USER, "action": "s3:GetObject", "resource": OBJECT}


def statement(effect: str, action: object, **more: object) -> dict[str, object]:
    """A document of one statement."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*", **more}]}


ALL = statement("Allow", "*")
READ = statement("Allow", "s3:Get*")
NO_READ = statement("Deny", "s3:Get*")
OTHER = statement("Allow", "ec2:*")
IN = statement("Allow", "s3:*", Principal="*")


@pytest.mark.parametrize(
    "policies",
    [
        READ,
        [READ],
        (READ,),
        json.dumps(READ),
        [json.dumps(READ), OTHER],
        {"identity": READ},
        {"identity": json.dumps(READ).encode()},
        {"identityPolicies": [{"name": "read", "policy": READ}]},
        {"managed": {"PolicyName": "read", "PolicyDocument": READ}, "inline": [OTHER]},
        {"Identity-Policies": READ, "boundary": None, "session_policies": [], "scp": [], "resource": None},
        {"resource_policy": IN},
        {"resource": {OBJECT: IN}},
        {"identity": READ, "scps": [ALL, OTHER]},
        {"identity": READ, "scps": [[ALL], [READ, OTHER]]},
        {
            "identity": READ,
            "serviceControlPolicies": [{"orgIdentifier": "r", "policies": [{"name": "x", "policy": ALL}]}],
        },
        {"identity": READ, "scp": {"root": [ALL], "account": READ}, "restrictPublicBuckets": False},
        {"identity": READ, "permissionBoundaryPolicies": [{"name": "x", "policy": ALL}], "vpcEndpointPolicies": [IN]},
    ],
)
def test_what_allows(policies: object) -> None:
    """Documents, texts, wrapped documents and layers under any spelling are read for what they are."""
    assert evaluate(GET, policies).outcome == "allowed"


@pytest.mark.parametrize(
    ("policies", "layer"),
    [
        ({"identity": [READ, NO_READ]}, "identity"),
        ({"identity": READ, "scps": [[ALL], [OTHER]]}, "scp"),
        ({"identity": READ, "scps": [[ALL], []]}, "scp"),
        (
            {"identity": READ, "scps": [{"level": "root", "policies": [ALL]}, {"level": "ou", "policies": [OTHER]}]},
            "scp",
        ),
        ({"identity": READ, "rcps": [[statement("Deny", "s3:*", Principal="*")]]}, "rcp"),
        ({"identity": READ, "permissionsBoundary": OTHER}, "boundary"),
        ({"identity": READ, "sessionPolicy": OTHER}, "session"),
        ({"identity": READ, "vpc_endpoint_policy": statement("Allow", "ec2:*", Principal="*")}, "vpc-endpoint"),
    ],
)
def test_what_denies(policies: object, layer: str) -> None:
    """Each layer is under its names, and the decision says which one decided."""
    decision = evaluate(GET, policies)

    assert (decision.outcome, decision.layer) == ("denied", layer)


@pytest.mark.parametrize(
    "request_",
    [
        {"Principal": {"AWS": USER}, "Action": "s3:GetObject", "Resource": OBJECT, "Context": None},
        {"caller_arn": USER, "actionNames": ["s3:GetObject"], "resourceArns": [OBJECT]},
        {**GET, "principal": [USER], "id": "case 1", "description": "read"},
        {**GET, "resource": {"arn": OBJECT, "account": ACCOUNT}},
        {**GET, "resource": {"resource": OBJECT, "accountId": ACCOUNT}, "contextVariables": {}},
    ],
)
def test_requests(request_: dict[str, object]) -> None:
    """The parts of a request are taken under the names that simulators and cases give them."""
    assert evaluate(request_, READ).outcome == "allowed"


@pytest.mark.parametrize("given", ["resource_account", "resourceAccount", "ResourceAccountId"])
def test_the_account_of_the_resource(given: str) -> None:
    """Another account's resource needs its policy too, however the account is spelled."""
    assert evaluate({**GET, given: "444455556666"}, READ).outcome == "denied"


MOMENT = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("context", "condition"),
    [
        ({"AWS:SourceIp": "10.0.0.1"}, {"IpAddress": {"aws:SourceIP": "10.0.0.0/8"}}),
        ({"aws:SourceIp": ["10.0.0.1"]}, {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        ({"aws:SecureTransport": True}, {"Bool": {"aws:SecureTransport": "true"}}),
        ({"s3:max-keys": 10}, {"NumericLessThan": {"s3:max-keys": "11"}}),
        ({"aws:CurrentTime": MOMENT}, {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}),
        ({"aws:TagKeys": {"a", "b"}}, {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}),
        ({"aws:TagKeys": ("a", "b")}, {"ForAnyValue:StringEquals": {"aws:TagKeys": "b"}}),
        (
            [{"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["10.0.0.1"], "ContextKeyType": "ip"}],
            {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        ),
        ({"aws:SourceIp": None}, {"Null": {"aws:SourceIp": "true"}}),
    ],
)
def test_contexts(context: object, condition: object) -> None:
    """Keys are taken in any case, values as text, number, boolean, time, list or entries of AWS's simulator."""
    assert evaluate({**GET, "context": context}, statement("Allow", "s3:*", Condition=condition)).outcome == "allowed"


@pytest.mark.parametrize(
    ("request_", "policies", "said"),
    [
        ({**GET, "colour": "red"}, READ, 'a request has no "colour"'),
        ({"principal": USER, "resource": OBJECT}, READ, 'a request has one "action"'),
        ({**GET, "principal": "ana"}, READ, '"ana" is no principal'),
        ({**GET, "resource": 7}, READ, 'the "resource" of a request'),
        ({**GET, "context": "x"}, READ, 'the "context" of a request'),
        ({**GET, "context": {"a": {"b": "c"}}}, READ, "a condition key has"),
        (GET, {"colour": READ}, 'there is no layer "colour"'),
    ],
)
def test_what_is_not_understood_is_said(request_: dict[str, object], policies: object, said: str) -> None:
    """Nothing that is given is passed over in silence."""
    with pytest.raises(ValueError, match=said):
        evaluate(request_, policies)


def test_a_malformed_policy_leaves_it_undecided() -> None:
    """A document that cannot be read is not one that allows nothing."""
    assert evaluate(GET, {"identity": {"Statement": "x"}}).outcome == "undecided"
    assert evaluate(GET, {"identity": "{"}).outcome == "undecided"
