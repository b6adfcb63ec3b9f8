"""What S3 calls public: the cases of its page, "The meaning of public"."""

from __future__ import annotations

import pytest

from guardrails.access import is_public, parse_policy
from guardrails.access.policy import PolicyKind
from guardrails.access.truth import Doubt, Truth
from guardrails.model import Ref, Symbolic, UnknownValue, Value
from tests.access.designs import access, allow, deny, doc, res

A = "111122223333"


def policy(principal: Value, condition: Value = None, effect: str = "Allow", element: str = "Principal") -> Truth:
    """Whether a bucket policy of one statement is public."""
    statement: dict[str, Value] = {"Effect": effect, element: principal, "Action": "s3:PutObject", "Resource": "*"}
    if condition is not None:
        statement["Condition"] = condition
    return is_public(parse_policy({"Version": "2012-10-17", "Statement": [statement]}, kind=PolicyKind.RESOURCE))


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*", A]}, {"Federated": "graph.facebook.com"}])
def test_everybody_and_identity_providers_are_public(principal: Value) -> None:
    """The first examples of the page."""
    assert policy(principal) is True


@pytest.mark.parametrize(
    "principal", [{"AWS": A}, {"Service": "cloudtrail.amazonaws.com"}, {"CanonicalUser": "f" * 64}]
)
def test_fixed_principals_are_not(principal: Value) -> None:
    """Accounts, services and canonical users."""
    assert policy(principal) is False


def test_not_principal_allows_the_rest_of_the_world() -> None:
    """Allow with NotPrincipal is public, Deny never is."""
    assert policy({"AWS": A}, element="NotPrincipal") is True
    assert policy("*", effect="Deny") is False


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"StringLike": {"aws:SourceVpc": "vpc-*"}}, True),
        ({"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}, False),
        ({"StringLike": {"aws:SourceVpc": "vpc-91237329"}}, False),
        ({"StringEquals": {"aws:SourceVpc": ["vpc-1", "${aws:username}"]}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r-1/"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r-1/"}}, False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{A}:t"}}, True),
        ({"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{A}:t"}}, False),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "11.0.0.0/8"}}, False),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/7"}}, True),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, False),
        ({"IpAddress": {"aws:SourceIp": "2001::/16"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
        ({"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}, True),
        ({"StringEquals": {"aws:userid": "AIDAEXAMPLE"}}, False),
        ({"StringLike": {"s3:DataAccessPointArn": f"arn:aws:s3:us-west-2:{A}:accesspoint/*"}}, False),
        ({"StringLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:*:accesspoint/p"}}, True),
        ({"StringEquals": {"s3:DataAccessPointAccount": A}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringEquals": {"aws:Referer": "https://example.com"}}, True),
    ],
)
def test_conditions_make_it_non_public_by_fixed_values_alone(condition: Value, public: bool) -> None:
    """The keys and values of the page."""
    assert policy("*", condition) is public


def test_what_is_not_known_is_in_doubt() -> None:
    """An unknown value may be fixed or not; an attribute known after apply is fixed."""
    vpc = Symbolic(Ref("aws_vpc.main", "id"))

    assert policy("*", {"StringEquals": {"aws:SourceVpc": vpc}}) is False
    assert policy("*", {"StringEquals": {"aws:SourceVpc": UnknownValue("var.vpc")}}) == Doubt(("var.vpc",))
    assert policy(UnknownValue("var.who")) == Doubt(("var.who",))


def test_a_deny_of_plain_http_keeps_nobody_out() -> None:
    """A bucket that is public but for requests without encryption is public: everybody can encrypt."""
    bucket = "arn:aws:s3:::b"
    both = [bucket, f"{bucket}/*"]
    plain = deny("s3:*", both, Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    lens = access(
        res("aws_s3_bucket", "b", bucket="b"),
        res("aws_s3_bucket_policy", "b", bucket="b", policy=doc(allow("s3:GetObject", both, Principal="*"), plain)),
        res("aws_s3_bucket_public_access_block", "b", bucket="b"),
    )

    assert [(each.index, each.certainty) for each in lens.public()] == [(0, "must")]
