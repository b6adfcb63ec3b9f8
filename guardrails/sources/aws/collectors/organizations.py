"""AWS Organizations: accounts, units, policies and what they are attached to, as its management account sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Answer, Call, Mapper, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import CallFailedError, Scope
from guardrails.sources.aws.shape import at, pick, when

_NO_ORGANIZATION = ("AWSOrganizationsNotInUseException",)
# Those that limit what accounts can do; the others (tags, backups, chat) permit and deny nothing.
KINDS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "DECLARATIVE_POLICY_EC2")

ROOTS = Call("organizations", "ListRoots", "Roots")
UNITS = Call("organizations", "ListOrganizationalUnitsForParent", "OrganizationalUnits")
ACCOUNTS = Call("organizations", "ListAccountsForParent", "Accounts")
LIST_ACCOUNTS = Call("organizations", "ListAccounts", "Accounts")
DESCRIBE = Call("organizations", "DescribeOrganization", absent=_NO_ORGANIZATION)
POLICIES = {
    kind: Call("organizations", "ListPolicies", "Policies", params={"Filter": kind}, absent=_NO_ORGANIZATION)
    for kind in KINDS
}
DELEGATED = Call("organizations", "ListDelegatedAdministrators", "DelegatedAdministrators", absent=_NO_ORGANIZATION)
SERVICES = Call("organizations", "ListAWSServiceAccessForOrganization", "EnabledServicePrincipals")
POLICY = Call("organizations", "DescribePolicy")
TARGETS = Call("organizations", "ListTargetsForPolicy", "Targets")


def _organization(aws: Scope, answer: Answer) -> Iterator[Record]:
    """The organisation itself, for every account of it; the rest only where this is its management account."""
    item = answer["Organization"]
    management = item["MasterAccountId"] == aws.account
    values: dict[str, Any] = pick(
        item,
        arn="Arn",
        feature_set="FeatureSet",
        master_account_id="MasterAccountId",
        master_account_arn="MasterAccountArn",
        master_account_email="MasterAccountEmail",
    )
    if not management:
        yield aws.record("aws_organizations_organization", item["Id"], values, mode="data")
        return
    roots = aws.items(ROOTS, gap=("aws_organizations_account", "aws_organizations_organizational_unit"))
    known_roots = [root for root in roots if not isinstance(root, UnknownValue)]
    accounts = [
        one
        if isinstance(one, UnknownValue)
        else pick(one, id="Id", arn="Arn", name="Name", email="Email", status="Status")
        for one in aws.items(LIST_ACCOUNTS)
    ]
    services = aws.items(SERVICES)
    yield aws.record(
        "aws_organizations_organization",
        item["Id"],
        {
            **values,
            "roots": [
                one
                if isinstance(one, UnknownValue)
                else {
                    **pick(one, id="Id", arn="Arn", name="Name"),
                    "policy_types": [pick(t, type="Type", status="Status") for t in one.get("PolicyTypes", [])],
                }
                for one in roots
            ],
            "enabled_policy_types": sorted(
                t["Type"] for root in known_roots for t in root.get("PolicyTypes", []) if t["Status"] == "ENABLED"
            ),
            "aws_service_access_principals": [
                one if isinstance(one, UnknownValue) else one["ServicePrincipal"] for one in services
            ],
            "accounts": accounts,
        },
    )
    for root in known_roots:
        yield from _below(aws, root["Id"])


def _below(aws: Scope, parent: str) -> Iterator[Record]:
    """The accounts and units below a root or unit, the whole way down."""
    accounts = ("aws_organizations_account",)
    for account in aws.items(ACCOUNTS, gap=accounts, ParentId=parent):
        if not isinstance(account, UnknownValue):
            yield aws.record(
                "aws_organizations_account",
                account["Id"],
                {
                    **pick(
                        account, arn="Arn", name="Name", email="Email", status="Status", joined_method="JoinedMethod"
                    ),
                    "parent_id": parent,
                    "joined_timestamp": when(account.get("JoinedTimestamp")),
                },
            )
    types = ("aws_organizations_organizational_unit", *accounts)
    for unit in aws.items(UNITS, gap=types, ParentId=parent):
        if not isinstance(unit, UnknownValue):
            values = {**pick(unit, arn="Arn", name="Name"), "parent_id": parent}
            yield aws.record("aws_organizations_organizational_unit", unit["Id"], values)
            yield from _below(aws, unit["Id"])


POLICY_TYPES = ("aws_organizations_policy", "aws_organizations_policy_attachment")
DELEGATED_TYPES = ("aws_organizations_delegated_administrator",)


def _policies(aws: Scope, answer: Answer) -> Iterator[Record]:
    for call in POLICIES.values():
        yield from _of_management(aws, answer, call, _policy, POLICY_TYPES)


def _administrators(aws: Scope, answer: Answer) -> Iterator[Record]:
    yield from _of_management(aws, answer, DELEGATED, _delegated, DELEGATED_TYPES)


def _of_management(aws: Scope, answer: Answer, call: Call, mapper: Mapper, types: tuple[str, ...]) -> Iterator[Record]:
    """What AWS tells the management account, and those that it delegates to; to others no permission helps."""
    management = answer["Organization"]["MasterAccountId"]
    try:
        for item in aws.every(call):
            yield from mapper(aws, item)
    except CallFailedError as error:
        if management == aws.account or not str(error).startswith("AccessDenied"):
            raise
        aws.unseen(f"{error}: {management} sees it, the organisation's management account", types)


def _policy(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["Id"]
    answer = aws.read(POLICY, PolicyId=name)
    yield aws.record(
        "aws_organizations_policy",
        name,
        {
            **pick(item, arn="Arn", name="Name", type="Type", aws_managed="AwsManaged"),
            "description": item.get("Description", ""),
            "content": at(answer, "Policy", "Content"),
        },
    )
    for target in aws.items(TARGETS, gap=("aws_organizations_policy_attachment",), PolicyId=name):
        if not isinstance(target, UnknownValue):
            values = {"id": f"{target['TargetId']}:{name}", "policy_id": name, "target_id": target["TargetId"]}
            yield aws.record("aws_organizations_policy_attachment", values["id"], values, arn=item.get("Arn", ""))


def _delegated(aws: Scope, item: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_organizations_delegated_administrator",
        item["Id"],
        {
            "account_id": item["Id"],
            **pick(item, arn="Arn", name="Name", email="Email", status="Status"),
            "delegation_enabled_date": when(item.get("DelegationEnabledDate")),
        },
    )


SERVICE = Service(
    "organizations",
    (
        Part(
            (
                "aws_organizations_organization",
                "data.aws_organizations_organization",
                "aws_organizations_account",
                "aws_organizations_organizational_unit",
            ),
            DESCRIBE,
            _organization,
            (ROOTS, UNITS, ACCOUNTS, LIST_ACCOUNTS, SERVICES),
            where="global",
        ),
        Part(POLICY_TYPES, DESCRIBE, _policies, (*POLICIES.values(), POLICY, TARGETS)),
        Part(DELEGATED_TYPES, DESCRIBE, _administrators, (DELEGATED,)),
    ),
    where="organization",
    rate=5.0,
)
