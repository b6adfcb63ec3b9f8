"""ECR: repositories, who may pull from them, and what is cleaned up."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick, when

POLICY = Call("ecr", "GetRepositoryPolicy", absent=("RepositoryPolicyNotFoundException",))
LIFECYCLE = Call("ecr", "GetLifecyclePolicy", absent=("LifecyclePolicyNotFoundException",))


def _repository(aws: Scope, item: Answer) -> Iterator[Record]:
    name, arn = item["repositoryName"], item["repositoryArn"]
    scanning, encryption = item.get("imageScanningConfiguration"), item.get("encryptionConfiguration")
    yield aws.record(
        "aws_ecr_repository",
        name,
        {
            **pick(
                item,
                name="repositoryName",
                registry_id="registryId",
                repository_url="repositoryUri",
                image_tag_mutability="imageTagMutability",
            ),
            "arn": arn,
            "image_scanning_configuration": [pick(scanning, scan_on_push="scanOnPush")] if scanning else [],
            "encryption_configuration": [
                {"encryption_type": encryption.get("encryptionType"), "kms_key": encryption.get("kmsKey", "")}
            ]
            if encryption
            else [],
            "created_at": when(item.get("createdAt")),
            **aws.tags("ecr:repository", arn),
        },
    )
    for type_, call, member in (
        ("aws_ecr_repository_policy", POLICY, "policyText"),
        ("aws_ecr_lifecycle_policy", LIFECYCLE, "lifecyclePolicyText"),
    ):
        answer = aws.read(call, gap=(type_,), repositoryName=name)
        if answer and not isinstance(answer, UnknownValue):
            values = {"repository": name, "registry_id": item.get("registryId"), "policy": answer[member]}
            yield aws.record(type_, name, values, arn=arn)


SERVICE = Service(
    "ecr",
    (
        Part(
            ("aws_ecr_repository", "aws_ecr_repository_policy", "aws_ecr_lifecycle_policy"),
            Call("ecr", "DescribeRepositories", "repositories"),
            _repository,
            (POLICY, LIFECYCLE, TAGS),
            parallel=True,
        ),
    ),
)
