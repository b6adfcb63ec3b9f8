"""The account itself: who is asking, its regions, and whom AWS would call."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick

ALTERNATE = Call("account", "GetAlternateContact", absent=("ResourceNotFoundException",))


def _caller(aws: Scope, answer: Answer) -> Iterator[Record]:
    values = pick(answer, account_id="Account", arn="Arn", user_id="UserId")
    yield aws.record("aws_caller_identity", aws.account, values, mode="data")
    for kind in ("SECURITY", "OPERATIONS", "BILLING"):
        contact = aws.read(ALTERNATE, gap=("aws_account_alternate_contact",), AlternateContactType=kind)
        if contact and not isinstance(contact, UnknownValue):
            yield aws.record(
                "aws_account_alternate_contact",
                kind,
                {
                    "account_id": "",  # as the provider writes it for the account that is asked itself
                    **pick(
                        contact["AlternateContact"],
                        alternate_contact_type="AlternateContactType",
                        email_address="EmailAddress",
                        name="Name",
                        phone_number="PhoneNumber",
                        title="Title",
                    ),
                },
            )


def _region(aws: Scope, item: Answer) -> Iterator[Record]:
    values = pick(item, name="RegionName", opt_in_status="OptInStatus", endpoint="Endpoint")
    yield aws.record("aws_region", item["RegionName"], values, mode="data")


SERVICE = Service(
    "account",
    (
        Part(
            ("data.aws_caller_identity", "aws_account_alternate_contact"),
            Call("sts", "GetCallerIdentity"),
            _caller,
            (ALTERNATE,),
        ),
        Part(
            ("data.aws_region",),
            Call("ec2", "DescribeRegions", "Regions", params={"AllRegions": True}),
            _region,
        ),
    ),
    where="global",
)
