"""IAM: principals, policies, credentials and the account's own settings."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import CallFailedError, Scope
from guardrails.sources.aws.shape import at, document, tags_of, when

LIST_ACCESS_KEYS = Call("iam", "ListAccessKeys", "AccessKeyMetadata")
ACCESS_KEY_LAST_USED = Call("iam", "GetAccessKeyLastUsed")
LOGIN_PROFILE = Call("iam", "GetLoginProfile", absent=("NoSuchEntity",))
OIDC_PROVIDER = Call("iam", "GetOpenIDConnectProvider")
SAML_PROVIDER = Call("iam", "GetSAMLProvider")
GENERATE_REPORT = Call("iam", "GenerateCredentialReport")
REPORT = Call("iam", "GetCredentialReport")

DETAILS_TYPES = (
    "aws_iam_user",
    "aws_iam_group",
    "aws_iam_role",
    "aws_iam_policy",
    "data.aws_iam_policy",
    "aws_iam_instance_profile",
    "aws_iam_user_policy",
    "aws_iam_group_policy",
    "aws_iam_role_policy",
    "aws_iam_user_policy_attachment",
    "aws_iam_group_policy_attachment",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_group_membership",
)


def _details(aws: Scope, page: Answer) -> Iterator[Record]:
    for key in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
        if key not in page:
            raise KeyError(key)
    for member, mapper in (
        ("UserDetailList", _user),
        ("GroupDetailList", _group),
        ("RoleDetailList", _role),
        ("Policies", _policy),
    ):
        for item in page[member]:
            yield from aws.careful(mapper, item, DETAILS)


def _group(aws: Scope, group: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_iam_group",
        group["GroupName"],
        {
            "name": group["GroupName"],
            "path": group["Path"],
            "arn": group["Arn"],
            "unique_id": group["GroupId"],
            "create_date": when(group.get("CreateDate")),
        },
    )
    yield from _policies(aws, "group", group["GroupName"], group)


def _listed_role(aws: Scope, item: Answer) -> Iterator[Record]:
    """Keeps what the details of all roles leave out."""
    aws.memory.setdefault("roles", {})[item["Arn"]] = item
    yield from ()


def _user(aws: Scope, user: Answer) -> Iterator[Record]:
    name = user["UserName"]
    yield aws.record(
        "aws_iam_user",
        name,
        {
            "name": name,
            "path": user["Path"],
            "arn": user["Arn"],
            "unique_id": user["UserId"],
            "create_date": when(user.get("CreateDate")),
            "permissions_boundary": at(user, "PermissionsBoundary", "PermissionsBoundaryArn", default=""),
            **tags_of(user.get("Tags")),
        },
    )
    yield from _policies(aws, "user", name, user)
    if groups := user.get("GroupList"):
        values = {"user": name, "groups": sorted(groups)}
        yield aws.record("aws_iam_user_group_membership", name, values)


def _role(aws: Scope, role: Answer) -> Iterator[Record]:
    name = role["RoleName"]
    last = role.get("RoleLastUsed") or {}
    more = aws.memory.get("roles", {}).get(role["Arn"]) or UnknownValue(f"{name} was not among the roles listed")
    yield aws.record(
        "aws_iam_role",
        name,
        {
            "name": name,
            "path": role["Path"],
            "arn": role["Arn"],
            "unique_id": role["RoleId"],
            "create_date": when(role.get("CreateDate")),
            "description": at(more, "Description", default=""),
            "max_session_duration": at(more, "MaxSessionDuration"),
            "assume_role_policy": document(role["AssumeRolePolicyDocument"]),
            "permissions_boundary": at(role, "PermissionsBoundary", "PermissionsBoundaryArn", default=""),
            "inline_policy": [
                {"name": policy["PolicyName"], "policy": document(policy["PolicyDocument"])}
                for policy in role.get("RolePolicyList", ())
            ],
            "managed_policy_arns": sorted(p["PolicyArn"] for p in role.get("AttachedManagedPolicies", [])),
            "role_last_used": [{"last_used_date": when(last.get("LastUsedDate")), "region": last.get("Region")}]
            if last
            else [],
            **tags_of(role.get("Tags")),
        },
    )
    yield from _policies(aws, "role", name, role)
    for profile in role.get("InstanceProfileList", ()):
        yield aws.record(
            "aws_iam_instance_profile",
            profile["InstanceProfileName"],
            {
                "name": profile["InstanceProfileName"],
                "path": profile["Path"],
                "arn": profile["Arn"],
                "unique_id": profile["InstanceProfileId"],
                "create_date": when(profile.get("CreateDate")),
                "role": name,
                **(tags_of(profile["Tags"]) if "Tags" in profile else {}),
            },
        )


_INLINE = {"user": "UserPolicyList", "group": "GroupPolicyList", "role": "RolePolicyList"}


def _policies(aws: Scope, kind: str, owner: str, detail: Answer) -> Iterator[Record]:
    """The inline policies and the attachments of a principal, as resources of their own."""
    for policy in detail.get(_INLINE[kind], ()):
        values = {kind: owner, "name": policy["PolicyName"], "policy": document(policy["PolicyDocument"])}
        yield aws.record(f"aws_iam_{kind}_policy", f"{owner}:{policy['PolicyName']}", values, arn=detail.get("Arn", ""))
    for attached in detail.get("AttachedManagedPolicies", ()):
        values = {kind: owner, "policy_arn": attached["PolicyArn"]}
        yield aws.record(
            f"aws_iam_{kind}_policy_attachment",
            f"{owner}/{attached['PolicyArn']}",
            values,
            arn=detail.get("Arn", ""),
        )


def _policy(aws: Scope, policy: Answer) -> Iterator[Record]:
    arn = policy["Arn"]
    version = next(v for v in policy["PolicyVersionList"] if v["IsDefaultVersion"])
    ours = arn.split(":")[4] != "aws"
    name = arn.rpartition("/")[2]
    if not ours and not policy.get("AttachmentCount") and not policy.get("PermissionsBoundaryUsageCount"):
        return  # one of AWS's that nobody uses
    yield aws.record(
        "aws_iam_policy",
        name if ours else arn,
        {
            "id": arn,
            "arn": arn,
            "name": name,
            "path": policy["Path"],
            "policy": document(version["Document"]),
            "policy_id": policy.get("PolicyId"),
            "description": policy.get("Description"),
            "attachment_count": policy.get("AttachmentCount"),
            "permissions_boundary_usage_count": policy.get("PermissionsBoundaryUsageCount"),
            "default_version_id": policy.get("DefaultVersionId"),
            "version_count": len(policy["PolicyVersionList"]),
            "create_date": when(policy.get("CreateDate")),
            "update_date": when(policy.get("UpdateDate")),
        },
        mode="managed" if ours else "data",
    )


def _user_credentials(aws: Scope, user: Answer) -> Iterator[Record]:
    """Access keys and the console login of one user: AWS has no list of either."""
    name = user["UserName"]
    arn = user["Arn"]
    for key in aws.every(LIST_ACCESS_KEYS, UserName=name):
        last = aws.read(ACCESS_KEY_LAST_USED, AccessKeyId=key["AccessKeyId"])
        yield aws.record(
            "aws_iam_access_key",
            key["AccessKeyId"],
            {
                "user": name,
                "status": key["Status"],
                "create_date": when(key.get("CreateDate")),
                "last_used_date": _last_used(last),
                "last_used_service": at(last, "AccessKeyLastUsed", "ServiceName"),
            },
            arn=arn,
        )
    profile = aws.read(LOGIN_PROFILE, gap=("aws_iam_user_login_profile",), UserName=name)
    if profile and not isinstance(profile, UnknownValue):
        yield aws.record(
            "aws_iam_user_login_profile",
            name,
            {
                "user": name,
                "password_reset_required": at(profile, "LoginProfile", "PasswordResetRequired", default=False),
                "create_date": when(at(profile, "LoginProfile", "CreateDate")),
                "password_last_used": when(user.get("PasswordLastUsed")),
            },
            arn=arn,
        )


def _last_used(answer: Answer | UnknownValue) -> Value:
    if isinstance(answer, UnknownValue):
        return answer
    return when(at(answer, "AccessKeyLastUsed", "LastUsedDate")) or ""


def _mfa_device(aws: Scope, item: Answer) -> Iterator[Record]:
    serial = item["SerialNumber"]
    yield aws.record(
        "aws_iam_virtual_mfa_device",
        serial.rpartition("/")[2],
        {
            "id": serial,
            "arn": serial,
            "virtual_mfa_device_name": serial.rpartition("/")[2],
            "user_name": at(item, "User", "UserName", default=""),
            "user_arn": at(item, "User", "Arn"),
            "enable_date": when(item.get("EnableDate")),
        },
        arn=serial,
    )


def _oidc_provider(aws: Scope, item: Answer) -> Iterator[Record]:
    arn = item["Arn"]
    answer = aws.read(OIDC_PROVIDER, OpenIDConnectProviderArn=arn)
    yield aws.record(
        "aws_iam_openid_connect_provider",
        arn.partition("oidc-provider/")[2] or arn,
        {
            "id": arn,
            "arn": arn,
            "url": at(answer, "Url"),
            "client_id_list": at(answer, "ClientIDList"),
            "thumbprint_list": at(answer, "ThumbprintList"),
            "create_date": answer if isinstance(answer, UnknownValue) else when(answer.get("CreateDate")),
            **({} if isinstance(answer, UnknownValue) else tags_of(answer.get("Tags"))),
        },
    )


def _saml_provider(aws: Scope, item: Answer) -> Iterator[Record]:
    arn = item["Arn"]
    answer = aws.read(SAML_PROVIDER, SAMLProviderArn=arn)
    yield aws.record(
        "aws_iam_saml_provider",
        arn.rpartition("/")[2],
        {
            "id": arn,
            "arn": arn,
            "name": arn.rpartition("/")[2],
            "saml_metadata_document": at(answer, "SAMLMetadataDocument"),
            "valid_until": when(item.get("ValidUntil")),
            "create_date": when(item.get("CreateDate")),
            **({} if isinstance(answer, UnknownValue) else tags_of(answer.get("Tags"))),
        },
    )


def _server_certificate(aws: Scope, item: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_iam_server_certificate",
        item["ServerCertificateName"],
        {
            "id": item["ServerCertificateId"],
            "arn": item["Arn"],
            "name": item["ServerCertificateName"],
            "path": item["Path"],
            "expiration": when(item.get("Expiration")),
            "upload_date": when(item.get("UploadDate")),
        },
    )


def _password_policy(aws: Scope, answer: Answer) -> Iterator[Record]:
    policy = answer["PasswordPolicy"]
    yield aws.record(
        "aws_iam_account_password_policy",
        "iam-account-password-policy",
        {
            "minimum_password_length": policy.get("MinimumPasswordLength"),
            "require_symbols": policy.get("RequireSymbols"),
            "require_numbers": policy.get("RequireNumbers"),
            "require_uppercase_characters": policy.get("RequireUppercaseCharacters"),
            "require_lowercase_characters": policy.get("RequireLowercaseCharacters"),
            "allow_users_to_change_password": policy.get("AllowUsersToChangePassword"),
            "expire_passwords": policy.get("ExpirePasswords"),
            "max_password_age": policy.get("MaxPasswordAge", 0),
            "password_reuse_prevention": policy.get("PasswordReusePrevention", 0),
            "hard_expiry": policy.get("HardExpiry", False),
        },
        arn=aws.arn("iam", "root", region=""),
    )


def _alias(aws: Scope, alias: Any) -> Iterator[Record]:
    yield aws.record("aws_iam_account_alias", alias, {"account_alias": alias}, arn=aws.arn("iam", "root", region=""))


def _summary(aws: Scope, answer: Answer) -> Iterator[Record]:
    """Counts and quotas of the account, in AWS's own names (`AccountMFAEnabled`, `UsersQuota`)."""
    values = {"account_id": aws.account, "summary_map": dict(answer["SummaryMap"])}
    yield aws.record("aws_iam_account_summary", aws.account, values, arn=aws.arn("iam", "root", region=""), mode="data")


def _organizations_features(aws: Scope, answer: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_iam_organizations_features",
        answer.get("OrganizationId", "organization"),
        {"enabled_features": sorted(answer.get("EnabledFeatures", []))},
    )


def _credential_report(aws: Scope, answer: Answer) -> Iterator[Record]:
    """One per user and one for the root user (`<root_account>`), with the report's columns as attributes.

    Booleans are booleans; `N/A`, `no_information` and `not_supported` are left out.
    """
    deadline = time.monotonic() + 60
    while answer.get("State") != "COMPLETE":
        if time.monotonic() > deadline:
            raise CallFailedError(f"not ready: {REPORT.name}: AWS took more than a minute to write the report")
        time.sleep(1)
        answer = next(iter(aws.every(GENERATE_REPORT)))
    content = next(iter(aws.every(REPORT)))["Content"]
    for row in csv.DictReader(io.StringIO(content.decode())):
        values = {
            column: {"true": True, "false": False}.get(text, text)
            for column, text in row.items()
            if text not in ("N/A", "no_information", "not_supported", "", None)
        }
        yield aws.record("aws_iam_credential_report", row["user"], values, arn=row["arn"], mode="data")


DETAILS = Part(
    DETAILS_TYPES,
    Call(
        "iam",
        "GetAccountAuthorizationDetails",
        params={"Filter": ["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"]},
    ),
    _details,
)


SERVICE = Service(
    "iam",
    (
        Part((), Call("iam", "ListRoles", "Roles"), _listed_role),  # no gap: the next part lists them again
        DETAILS,
        Part(
            ("aws_iam_access_key", "aws_iam_user_login_profile"),
            Call("iam", "ListUsers", "Users"),
            _user_credentials,
            (LIST_ACCESS_KEYS, ACCESS_KEY_LAST_USED, LOGIN_PROFILE),
            parallel=True,
        ),
        Part(
            ("aws_iam_virtual_mfa_device",),
            Call("iam", "ListVirtualMFADevices", "VirtualMFADevices", params={"AssignmentStatus": "Any"}),
            _mfa_device,
        ),
        Part(
            ("aws_iam_openid_connect_provider",),
            Call("iam", "ListOpenIDConnectProviders", "OpenIDConnectProviderList"),
            _oidc_provider,
            (OIDC_PROVIDER,),
            parallel=True,
        ),
        Part(
            ("aws_iam_saml_provider",),
            Call("iam", "ListSAMLProviders", "SAMLProviderList"),
            _saml_provider,
            (SAML_PROVIDER,),
            parallel=True,
        ),
        Part(
            ("aws_iam_server_certificate",),
            Call("iam", "ListServerCertificates", "ServerCertificateMetadataList"),
            _server_certificate,
        ),
        Part(
            ("aws_iam_account_password_policy",),
            Call("iam", "GetAccountPasswordPolicy", absent=("NoSuchEntity",)),
            _password_policy,
        ),
        Part(("aws_iam_account_alias",), Call("iam", "ListAccountAliases", "AccountAliases"), _alias),
        Part(("data.aws_iam_account_summary",), Call("iam", "GetAccountSummary"), _summary),
        Part(
            ("aws_iam_organizations_features",),
            Call(
                "iam",
                "ListOrganizationsFeatures",
                absent=("AccountNotManagementOrDelegatedAdministratorException", "OrganizationNotFoundException"),
            ),
            _organizations_features,
        ),
        Part(("data.aws_iam_credential_report",), GENERATE_REPORT, _credential_report, (REPORT,)),
    ),
    where="global",
)
