"""IAM Identity Center: permission sets, to whom they are assigned, and who these are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, pick, tags_of, when

SETS = Call("sso-admin", "ListPermissionSets", "PermissionSets")
SET = Call("sso-admin", "DescribePermissionSet")
INLINE = Call("sso-admin", "GetInlinePolicyForPermissionSet")
BOUNDARY = Call("sso-admin", "GetPermissionsBoundaryForPermissionSet", absent=("ResourceNotFoundException",))
SET_TAGS = Call("sso-admin", "ListTagsForResource", "Tags")
MANAGED = Call("sso-admin", "ListManagedPoliciesInPermissionSet", "AttachedManagedPolicies")
CUSTOMER = Call("sso-admin", "ListCustomerManagedPolicyReferencesInPermissionSet", "CustomerManagedPolicyReferences")
ACCOUNTS = Call("sso-admin", "ListAccountsForProvisionedPermissionSet", "AccountIds")
ASSIGNMENTS = Call("sso-admin", "ListAccountAssignments", "AccountAssignments")
USERS = Call("identitystore", "ListUsers", "Users")
GROUPS = Call("identitystore", "ListGroups", "Groups")
MEMBERS = Call("identitystore", "ListGroupMemberships", "GroupMemberships")

SET_TYPES = (
    "aws_ssoadmin_permission_set",
    "aws_ssoadmin_permission_set_inline_policy",
    "aws_ssoadmin_managed_policy_attachment",
    "aws_ssoadmin_customer_managed_policy_attachment",
    "aws_ssoadmin_permissions_boundary_attachment",
    "aws_ssoadmin_account_assignment",
)
STORE_TYPES = ("aws_identitystore_user", "aws_identitystore_group", "aws_identitystore_group_membership")


def _instance(aws: Scope, item: Answer) -> Iterator[Record]:
    instance, store = item["InstanceArn"], item["IdentityStoreId"]
    values = {"arn": instance, "identity_store_id": store, "owner_account_id": item.get("OwnerAccountId")}
    yield aws.record("aws_ssoadmin_instance", instance.rpartition("/")[2], values, mode="data")
    for arn in aws.items(SETS, gap=SET_TYPES, InstanceArn=instance):
        if not isinstance(arn, UnknownValue):
            yield from _permission_set(aws, instance, arn)
    yield from _people(aws, store)


def _permission_set(aws: Scope, instance: str, arn: str) -> Iterator[Record]:
    both: dict[str, Any] = {"InstanceArn": instance, "PermissionSetArn": arn}
    short = arn.rpartition("/")[2]
    of: dict[str, Any] = {"instance_arn": instance, "permission_set_arn": arn}
    found = at(aws.read(SET, **both), "PermissionSet", default={})
    yield aws.record(
        "aws_ssoadmin_permission_set",
        short,
        {
            "id": f"{arn},{instance}",
            "arn": arn,
            "instance_arn": instance,
            **pick(found, name="Name", description="Description", session_duration="SessionDuration"),
            **_tags(aws, instance, arn),
            "relay_state": at(found, "RelayState", default=""),
            "created_date": found if isinstance(found, UnknownValue) else when(found.get("CreatedDate")),
        },
    )
    inline = aws.read(INLINE, gap=("aws_ssoadmin_permission_set_inline_policy",), **both)
    if text := at(inline, "InlinePolicy"):
        values = {"id": f"{arn},{instance}", **of, "inline_policy": text}
        yield aws.record("aws_ssoadmin_permission_set_inline_policy", short, values, arn=arn)
    for policy in aws.items(MANAGED, gap=("aws_ssoadmin_managed_policy_attachment",), **both):
        if not isinstance(policy, UnknownValue):
            values = {
                "id": f"{policy['Arn']},{arn},{instance}",
                **of,
                "managed_policy_arn": policy["Arn"],
                "managed_policy_name": policy.get("Name"),
            }
            name = f"{short}/{policy['Arn']}"
            yield aws.record("aws_ssoadmin_managed_policy_attachment", name, values, arn=arn)
    for policy in aws.items(CUSTOMER, gap=("aws_ssoadmin_customer_managed_policy_attachment",), **both):
        if not isinstance(policy, UnknownValue):
            path = policy.get("Path", "/")
            reference = block({"name": policy["Name"], "path": path})
            values = {
                "id": f"{policy['Name']},{path},{arn},{instance}",
                **of,
                "customer_managed_policy_reference": reference,
            }
            name = f"{short}/{path}{policy['Name']}"
            yield aws.record("aws_ssoadmin_customer_managed_policy_attachment", name, values, arn=arn)
    boundary = aws.read(BOUNDARY, gap=("aws_ssoadmin_permissions_boundary_attachment",), **both)
    if (limit := at(boundary, "PermissionsBoundary")) and not isinstance(limit, UnknownValue):
        customer = limit.get("CustomerManagedPolicyReference")
        values = {
            "id": f"{arn},{instance}",
            **of,
            "permissions_boundary": [
                {
                    "managed_policy_arn": limit.get("ManagedPolicyArn", ""),
                    "customer_managed_policy_reference": [pick(customer, name="Name", path="Path")] if customer else [],
                }
            ],
        }
        yield aws.record("aws_ssoadmin_permissions_boundary_attachment", short, values, arn=arn)
    yield from _assignments(aws, instance, arn)


def _tags(aws: Scope, instance: str, arn: str) -> dict[str, Any]:
    given = aws.items(SET_TAGS, InstanceArn=instance, ResourceArn=arn)
    unknown = next((one for one in given if isinstance(one, UnknownValue)), None)
    return tags_of(given) if unknown is None else {"tags": unknown, "tags_all": unknown}


def _assignments(aws: Scope, instance: str, arn: str) -> Iterator[Record]:
    gap = ("aws_ssoadmin_account_assignment",)
    for account in aws.items(ACCOUNTS, gap=gap, InstanceArn=instance, PermissionSetArn=arn):
        if isinstance(account, UnknownValue):
            continue
        given = aws.items(ASSIGNMENTS, gap=gap, InstanceArn=instance, AccountId=account, PermissionSetArn=arn)
        for one in given:
            if isinstance(one, UnknownValue):
                continue
            parts = (one["PrincipalId"], one["PrincipalType"], account, "AWS_ACCOUNT", arn, instance)
            yield aws.record(
                "aws_ssoadmin_account_assignment",
                f"{one['PrincipalId']}/{account}/{arn.rpartition('/')[2]}",
                {
                    "id": ",".join(parts),
                    "instance_arn": instance,
                    "permission_set_arn": arn,
                    "principal_id": one["PrincipalId"],
                    "principal_type": one["PrincipalType"],
                    "target_id": account,
                    "target_type": "AWS_ACCOUNT",
                },
                arn=arn,
            )


def _people(aws: Scope, store: str) -> Iterator[Record]:
    """Names and memberships alone: addresses, telephones and the like are nobody's business here."""
    arn = f"arn:{aws.partition}:identitystore::{aws.account}:identitystore/{store}"
    for user in aws.items(USERS, gap=("aws_identitystore_user",), IdentityStoreId=store):
        if not isinstance(user, UnknownValue):
            values = {
                "id": f"{store}/{user['UserId']}",
                "identity_store_id": store,
                **pick(user, user_id="UserId", user_name="UserName", display_name="DisplayName"),
            }
            yield aws.record("aws_identitystore_user", user["UserId"], values, arn=arn)
    gap = ("aws_identitystore_group", "aws_identitystore_group_membership")
    for group in aws.items(GROUPS, gap=gap, IdentityStoreId=store):
        if isinstance(group, UnknownValue):
            continue
        name = group["GroupId"]
        values = {
            "id": f"{store}/{name}",
            "identity_store_id": store,
            **pick(group, group_id="GroupId", display_name="DisplayName", description="Description"),
        }
        yield aws.record("aws_identitystore_group", name, values, arn=arn)
        for member in aws.items(MEMBERS, gap=gap[1:], IdentityStoreId=store, GroupId=name):
            if not isinstance(member, UnknownValue):
                identifier = member["MembershipId"]
                membership = {
                    "id": f"{store}/{identifier}",
                    "identity_store_id": store,
                    "membership_id": identifier,
                    "group_id": name,
                    "member_id": at(member, "MemberId", "UserId"),
                }
                yield aws.record("aws_identitystore_group_membership", identifier, membership, arn=arn)


SERVICE = Service(
    "identitycenter",
    (
        Part(
            ("data.aws_ssoadmin_instance", *SET_TYPES, *STORE_TYPES),
            Call("sso-admin", "ListInstances", "Instances"),
            _instance,
            (SETS, SET, SET_TAGS, INLINE, BOUNDARY, MANAGED, CUSTOMER, ACCOUNTS, ASSIGNMENTS, USERS, GROUPS, MEMBERS),
        ),
    ),
    rate=10.0,
)
