"""The policies of resources: every type that has one, and what AWS makes of grants, permissions and ACLs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from guardrails.access.names import HOLE, Names
from guardrails.access.policy import PolicyKind
from guardrails.access.view import PolicyView, is_computed, is_given, may_exist
from guardrails.model import Model, Resource, Symbolic, Unknown, UnknownValue, Value, reveal


class Place(Struct, frozen=True):
    """Where a type carries a policy and what it protects."""

    type: str
    attribute: str
    target: str = ""
    """The attribute that names the protected resource, empty for the resource itself."""
    of: tuple[str, ...] = ()
    """The types that it can name."""
    kind: PolicyKind = PolicyKind.RESOURCE


_BUCKETS = ("aws_s3_bucket", "aws_s3_directory_bucket")
_KEYS = ("aws_kms_key", "aws_kms_external_key", "aws_kms_replica_key")
_APIS = ("aws_api_gateway_rest_api",)
PLACES = (
    Place("aws_acmpca_policy", "policy", "resource_arn", ("aws_acmpca_certificate_authority",)),
    Place("aws_api_gateway_rest_api", "policy"),
    Place("aws_api_gateway_rest_api_policy", "policy", "rest_api_id", _APIS),
    Place("aws_api_gateway_domain_name", "policy"),
    Place("aws_backup_vault_policy", "policy", "backup_vault_name", ("aws_backup_vault",)),
    Place("aws_cloudsearch_domain_service_access_policy", "access_policy", "domain_name", ("aws_cloudsearch_domain",)),
    Place("aws_cloudwatch_event_bus_policy", "policy", "event_bus_name", ("aws_cloudwatch_event_bus",)),
    Place("aws_cloudwatch_log_destination_policy", "access_policy", "destination_name"),
    Place("aws_cloudwatch_log_delivery_destination_policy", "delivery_destination_policy"),
    Place("aws_cloudwatch_log_resource_policy", "policy_document"),
    Place("aws_codeartifact_domain_permissions_policy", "policy_document", "domain", ("aws_codeartifact_domain",)),
    Place(
        "aws_codeartifact_repository_permissions_policy",
        "policy_document",
        "repository",
        ("aws_codeartifact_repository",),
    ),
    Place("aws_codebuild_resource_policy", "policy", "resource_arn", ("aws_codebuild_project",)),
    Place("aws_dynamodb_resource_policy", "policy", "resource_arn", ("aws_dynamodb_table",)),
    Place("aws_ecr_registry_policy", "policy"),
    Place("aws_ecr_repository_policy", "policy", "repository", ("aws_ecr_repository",)),
    Place("aws_ecrpublic_repository_policy", "policy", "repository_name", ("aws_ecrpublic_repository",)),
    Place("aws_efs_file_system_policy", "policy", "file_system_id", ("aws_efs_file_system",)),
    Place("aws_elasticsearch_domain", "access_policies"),
    Place("aws_elasticsearch_domain_policy", "access_policies", "domain_name", ("aws_elasticsearch_domain",)),
    Place("aws_glacier_vault", "access_policy"),
    Place("aws_glacier_vault_lock", "policy", "vault_name", ("aws_glacier_vault",)),
    Place("aws_glue_resource_policy", "policy"),
    Place("aws_kinesis_resource_policy", "policy", "resource_arn", ("aws_kinesis_stream",)),
    Place("aws_kms_external_key", "policy"),
    Place("aws_kms_key", "policy"),
    Place("aws_kms_key_policy", "policy", "key_id", _KEYS),
    Place("aws_kms_replica_external_key", "policy"),
    Place("aws_kms_replica_key", "policy"),
    Place("aws_media_store_container_policy", "policy", "container_name", ("aws_media_store_container",)),
    Place("aws_msk_cluster_policy", "policy", "cluster_arn", ("aws_msk_cluster", "aws_msk_serverless_cluster")),
    Place("aws_networkfirewall_resource_policy", "policy", "resource_arn"),
    Place("aws_oam_sink_policy", "policy", "sink_identifier", ("aws_oam_sink",)),
    Place("aws_opensearch_domain", "access_policies"),
    Place("aws_opensearch_domain_policy", "access_policies", "domain_name", ("aws_opensearch_domain",)),
    Place("aws_redshift_resource_policy", "policy", "resource_arn"),
    Place("aws_redshiftserverless_resource_policy", "policy", "resource_arn"),
    Place("aws_s3_access_point", "policy"),
    Place("aws_s3_bucket", "policy"),
    Place("aws_s3_bucket_policy", "policy", "bucket", _BUCKETS),
    Place("aws_s3control_access_point_policy", "policy", "access_point_arn", ("aws_s3_access_point",)),
    Place("aws_s3control_bucket_policy", "policy", "bucket"),
    Place("aws_s3control_object_lambda_access_point_policy", "policy", "name"),
    Place("aws_s3control_access_grants_instance_resource_policy", "policy"),
    Place("aws_s3tables_table_bucket_policy", "resource_policy", "table_bucket_arn", ("aws_s3tables_table_bucket",)),
    Place("aws_s3tables_table_policy", "resource_policy", "name", ("aws_s3tables_table",)),
    Place("aws_sagemaker_model_package_group_policy", "resource_policy", "model_package_group_name"),
    Place("aws_schemas_registry_policy", "policy", "registry_name", ("aws_schemas_registry",)),
    Place("aws_secretsmanager_secret", "policy"),
    Place("aws_secretsmanager_secret_policy", "policy", "secret_arn", ("aws_secretsmanager_secret",)),
    Place("aws_ses_identity_policy", "policy", "identity", ("aws_ses_domain_identity", "aws_ses_email_identity")),
    Place("aws_sesv2_email_identity_policy", "policy", "email_identity", ("aws_sesv2_email_identity",)),
    Place("aws_sns_topic", "policy"),
    Place("aws_sns_topic_policy", "policy", "arn", ("aws_sns_topic",)),
    Place("aws_sqs_queue", "policy"),
    Place("aws_sqs_queue_policy", "policy", "queue_url", ("aws_sqs_queue",)),
    Place("aws_vpc_endpoint", "policy", kind=PolicyKind.ENDPOINT),
    Place("aws_vpc_endpoint_policy", "policy", "vpc_endpoint_id", ("aws_vpc_endpoint",), PolicyKind.ENDPOINT),
    Place("aws_vpclattice_auth_policy", "policy", "resource_identifier"),
    Place("aws_vpclattice_resource_policy", "policy", "resource_arn"),
    Place("aws_xray_resource_policy", "policy_document"),
)


class Guard(Struct, frozen=True):
    """What S3's public access block of a bucket does, as far as it is known.

    True or False for a setting that is known, None where it is not: `reason` says why.
    """

    block_policy: bool | None
    restrict_buckets: bool | None
    block_acls: bool | None
    ignore_acls: bool | None
    reason: str = ""


class ResourcePolicies:
    """The resource policies of one model."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.model = names.model
        self.views: list[PolicyView] = []
        self._guards: dict[str, Guard] = {}
        for place in PLACES:
            for resource in self.model.all(place.type):
                self._standing(place, resource)
        self._repeated()
        self._default_keys()
        self._grants()
        self._lambda()
        self._event_permissions()
        self._acls()

    def _standing(self, place: Place, resource: Resource) -> None:
        raw = resource.raw(place.attribute)
        if not is_given(raw):
            return
        if not place.target and is_computed(resource, place.attribute):
            return  # the design does not set it: another resource may, or AWS's default holds
        target = self.target(resource, place.target, place.of) if place.target else resource
        self.views.append(
            PolicyView(place.kind, resource, (place.attribute,), self.names, doubt=may_exist(resource), target=target)
        )

    def _repeated(self) -> None:
        """Leave out what a state or an account repeats on a resource of the policy that another one sets."""
        apart = {(v.target.address, v.bounds.key) for v in self.views if v.target and v.target is not v.resource}
        self.views[:] = [
            v for v in self.views if v.target is not v.resource or (v.resource.address, v.bounds.key) not in apart
        ]

    def target(self, resource: Resource, attribute: str, types: tuple[str, ...]) -> Resource | None:
        """The resource that an attribute means: by reference, name, id or ARN; None if it is not in view."""
        value = reveal(resource.raw(attribute))
        try:
            found = self.model.resolve(value, *types)
        except Unknown:
            return None
        if found is not None or not types or not isinstance(value, str | UnknownValue):
            return found
        text = self.names.text(Symbolic(value)) if isinstance(value, UnknownValue) else self.names.text(value)
        if HOLE in text:
            return None
        for type_ in types:
            for candidate in self.model.all(type_):
                if text in (self.names.arn(candidate), self.names.attribute(candidate, "id")):
                    return candidate
        return None

    def _made(
        self, resource: Resource, path: tuple[str | int, ...], statement: Mapping[str, Value], target: Resource | None
    ) -> None:
        document: dict[str, Value] = {"Version": "2012-10-17", "Statement": [dict(statement)]}
        self.views.append(
            PolicyView(
                PolicyKind.RESOURCE,
                resource,
                path,
                self.names,
                doubt=may_exist(resource),
                target=target,
                given=document,
            )
        )

    # -- KMS

    def _default_keys(self) -> None:
        """A key without a policy gets AWS's default one: its account decides.

        Source: KMS Developer Guide, "Default key policy".
        """
        with_policy = {view.target.address for view in self.views if view.target and view.target.type in _KEYS}
        for key in self.model.all(*_KEYS):
            if key.address not in with_policy and self.model.kind != "account":
                root = f"arn:{self.names.partition(key)}:iam::{self.names.account(key)}:root"
                statement: dict[str, Value] = {
                    "Effect": "Allow",
                    "Principal": {"AWS": root},
                    "Action": "kms:*",
                    "Resource": "*",
                }
                self._made(key, (), statement, key)

    def _grants(self) -> None:
        for grant in self.model.all("aws_kms_grant"):
            operations = reveal(grant.raw("operations"))
            actions: list[Value] = []
            if isinstance(operations, list):
                actions = [
                    f"kms:{op}" if isinstance(op, str) and not isinstance(op, Symbolic) else op for op in operations
                ]
            statement: dict[str, Value] = {
                "Effect": "Allow",
                "Principal": {"AWS": grant.raw("grantee_principal")},
                "Action": actions if isinstance(operations, list) else grant.raw("operations"),
                "Resource": "*",
            }
            self._made(grant, ("grantee_principal",), statement, self.target(grant, "key_id", _KEYS))

    # -- Lambda

    def _lambda(self) -> None:
        for permission in self.model.all("aws_lambda_permission"):
            target = self.target(permission, "function_name", ("aws_lambda_function", "aws_lambda_alias"))
            self._made(permission, ("principal",), self._lambda_statement(permission, target), target)
        for permission in self.model.all("aws_lambda_layer_version_permission"):
            statement = _principal_statement(permission, permission.raw("action"))
            if permission.raw("organization_id") is not None:
                statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": permission.raw("organization_id")}}
            self._made(permission, ("principal",), statement, None)
        for url in self.model.all("aws_lambda_function_url"):
            # The provider adds this statement for a URL without authentication.
            kind = url.raw("authorization_type")
            if isinstance(kind, str) and str.__str__(kind) == "NONE":
                target = self.target(url, "function_name", ("aws_lambda_function",))
                statement = {
                    "Sid": "FunctionURLAllowPublicAccess",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "lambda:InvokeFunctionUrl",
                    "Resource": self.names.arn(target) if target else "*",
                    "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
                }
                self._made(url, ("authorization_type",), statement, target)

    def _lambda_statement(self, permission: Resource, target: Resource | None) -> dict[str, Value]:
        statement = _principal_statement(permission, permission.raw("action"))
        if target is not None:
            arn = self.names.arn(target)
            statement["Resource"] = [arn, f"{arn}:*"]
        conditions: dict[str, Value] = {}
        if permission.raw("source_arn") is not None:
            conditions["ArnLike"] = {"AWS:SourceArn": permission.raw("source_arn")}
        equal: dict[str, Value] = {}
        for attribute, key in (
            ("source_account", "AWS:SourceAccount"),
            ("principal_org_id", "aws:PrincipalOrgID"),
            ("event_source_token", "lambda:EventSourceToken"),
            ("function_url_auth_type", "lambda:FunctionUrlAuthType"),
        ):
            if permission.raw(attribute) is not None:
                equal[key] = permission.raw(attribute)
        if equal:
            conditions["StringEquals"] = equal
        if conditions:
            statement["Condition"] = conditions
        return statement

    # -- EventBridge

    def _event_permissions(self) -> None:
        for permission in self.model.all("aws_cloudwatch_event_permission"):
            action = permission.raw("action")
            statement = _principal_statement(permission, "events:PutEvents" if action is None else action)
            key, value = permission.raw("condition", "key"), permission.raw("condition", "value")
            operator = permission.raw("condition", "type")
            if isinstance(key, str) and isinstance(operator, str):
                statement["Condition"] = {operator: {key: value}}
            target = self.target(permission, "event_bus_name", ("aws_cloudwatch_event_bus",))
            self._made(permission, ("principal",), statement, target)

    # -- S3

    _CANNED: Mapping[str, tuple[str, ...]] = {
        "public-read": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
        "public-read-write": (
            "s3:ListBucket",
            "s3:ListBucketVersions",
            "s3:ListBucketMultipartUploads",
            "s3:PutObject",
        ),
    }
    _GRANTED: Mapping[str, tuple[str, ...]] = {
        "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
        "WRITE": ("s3:PutObject",),
        "READ_ACP": ("s3:GetBucketAcl",),
        "WRITE_ACP": ("s3:PutBucketAcl",),
        "FULL_CONTROL": ("s3:ListBucket", "s3:PutObject", "s3:GetBucketAcl", "s3:PutBucketAcl"),
    }

    def _acls(self) -> None:
        """Bucket ACLs as the statements that they amount to (S3 User Guide, "Access control list overview")."""
        for acl in self.model.all("aws_s3_bucket_acl", "aws_s3_bucket"):
            bucket = acl if acl.type == "aws_s3_bucket" else self.target(acl, "bucket", ("aws_s3_bucket",))
            if bucket is not None and self.acls_disabled(bucket):
                continue
            canned = reveal(acl.raw("acl"))
            if isinstance(canned, str) and not isinstance(canned, Symbolic):
                for name, actions in self._CANNED.items():
                    if str.__str__(canned) == name:
                        self._made(acl, ("acl",), self._acl_statement(bucket, actions, "*"), bucket)
                if str.__str__(canned) == "authenticated-read":
                    statement = self._acl_statement(bucket, self._CANNED["public-read"], "*")
                    statement["Condition"] = {"Null": {"aws:PrincipalArn": "false"}}
                    self._made(acl, ("acl",), statement, bucket)
            self._acl_grants(acl, bucket)

    def _acl_grants(self, acl: Resource, bucket: Resource | None) -> None:
        paths = (("access_control_policy", "grant"), ("grant",))
        for path in paths:
            value = reveal(acl.raw(*path))
            for index, grant in enumerate(value if isinstance(value, list) else ()):
                grant = reveal(grant)  # noqa: PLW2901  # the same value without its mark
                if not isinstance(grant, dict):
                    continue
                grantee = grant.get("grantee", grant)
                grantee = grantee[0] if isinstance(grantee, list) and grantee else grantee
                uri = grantee.get("uri") if isinstance(grantee, dict) else None
                raw = grant.get("permission") or grant.get("permissions")
                granted = raw if isinstance(raw, list) else [raw]
                actions = [a for p in granted if isinstance(p, str) for a in self._GRANTED.get(str.__str__(p), ())]
                if not isinstance(uri, str) or isinstance(uri, Symbolic) or not actions:
                    continue
                statement = self._acl_statement(bucket, tuple(dict.fromkeys(actions)), "*")
                if uri.endswith("/AuthenticatedUsers"):
                    statement["Condition"] = {"Null": {"aws:PrincipalArn": "false"}}
                elif not uri.endswith("/AllUsers"):
                    continue
                self._made(acl, (*path, index), statement, bucket)

    def _acl_statement(self, bucket: Resource | None, actions: tuple[str, ...], who: str) -> dict[str, Value]:
        arn = self.names.arn(bucket) if bucket else "arn:aws:s3:::*"
        return {"Effect": "Allow", "Principal": who, "Action": list(actions), "Resource": [arn, f"{arn}/*"]}

    def acls_disabled(self, bucket: Resource) -> bool:
        """Whether ownership controls certainly switch the bucket's ACLs off."""
        for controls in self.model.all("aws_s3_bucket_ownership_controls"):
            if self.target(controls, "bucket", ("aws_s3_bucket",)) is bucket and not controls.conditional:
                value = reveal(controls.raw("rule", "object_ownership"))
                return isinstance(value, str) and not isinstance(value, Symbolic) and value == "BucketOwnerEnforced"
        return False

    def guard(self, bucket: Resource) -> Guard:
        """The public access block that holds for a bucket: its own or its account's, whichever is stricter."""
        found = self._guards.get(bucket.address)
        if found is None:
            found = self._guards[bucket.address] = self._guard(bucket)
        return found

    def _guard(self, bucket: Resource) -> Guard:
        settings: list[Resource] = []
        reasons: list[str] = []
        for block in self.model.all("aws_s3_bucket_public_access_block"):
            target = self.target(block, "bucket", ("aws_s3_bucket",))
            if target is bucket:
                settings.append(block)
            elif target is None and not _is_known(block.raw("bucket")):
                reasons.append(f"{block.address}: it is not known for which bucket it is")
        own = bool(settings)
        settings.extend(
            block
            for block in self.model.all("aws_s3_account_public_access_block")
            if self.names.account(block) == self.names.account(bucket)
        )
        if not own and self.model.kind in ("configuration", "plan") and bucket.action != "update":
            # Since April 2023 a new bucket is blocked unless the block is taken away.
            reasons.append(f"{bucket.address} has no public access block of its own: a new bucket gets a full one")
        blocks = {"aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"}
        reasons.extend(gap.reason for gap in self.model.gaps if not gap.types or gap.types & blocks)

        def setting(name: str) -> bool | None:
            unknown = bool(reasons)
            for block in settings:
                try:
                    if block.flag(name):
                        if not block.conditional:
                            return True
                        unknown = True
                        reasons.append(f"{block.address} may exist: {block.conditional}")
                except Unknown as doubt:
                    reasons.append(doubt.reason)
                    unknown = True
            return None if unknown else False

        return Guard(
            setting("block_public_policy"),
            setting("restrict_public_buckets"),
            setting("block_public_acls"),
            setting("ignore_public_acls"),
            "; ".join(dict.fromkeys(reasons)),
        )


def _principal_statement(permission: Resource, action: Value) -> dict[str, Value]:
    """The statement of a permission whose principal is an account, an ARN, a service or everyone."""
    principal = reveal(permission.raw("principal"))
    element: Value
    if isinstance(principal, str) and not isinstance(principal, Symbolic):
        if principal == "*":
            element = "*"
        elif principal.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            element = {"Service": principal}
        else:
            element = {"AWS": principal}
    else:
        element = {"AWS": permission.raw("principal")}
    statement: dict[str, Value] = {"Effect": "Allow", "Principal": element, "Action": action, "Resource": "*"}
    sid = permission.raw("statement_id")
    if isinstance(sid, str) and not isinstance(sid, Symbolic):
        statement["Sid"] = sid
    return statement


def _is_known(value: Value) -> bool:
    return not isinstance(value, UnknownValue) and not isinstance(value, Symbolic)


def protected(model: Model) -> Iterator[str]:
    """The types that can carry a resource policy and occur in a model."""
    present = set(model.types())
    return (place.type for place in PLACES if place.type in present)
