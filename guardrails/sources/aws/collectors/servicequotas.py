"""Service Quotas: what the account may have of the things that plans run out of."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.sources.aws.collector import Answer, Call, Part, Service, Where
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick

REGIONAL = (
    "autoscaling",
    "dynamodb",
    "ebs",
    "ec2",
    "ecs",
    "eks",
    "elasticfilesystem",
    "elasticloadbalancing",
    "kms",
    "lambda",
    "rds",
    "vpc",
)
GLOBAL = ("iam", "s3", "organizations")


def _quota(aws: Scope, item: Answer) -> Iterator[Record]:
    code = f"{item['ServiceCode']}/{item['QuotaCode']}"
    yield aws.record(
        "aws_servicequotas_service_quota",
        code,
        pick(
            item,
            arn="QuotaArn",
            quota_code="QuotaCode",
            quota_name="QuotaName",
            service_code="ServiceCode",
            service_name="ServiceName",
            value="Value",
            adjustable="Adjustable",
            global_quota="GlobalQuota",
        ),
        mode="data",
    )


def _part(service: str, where: Where) -> Part:
    # The quotas that are in force; what was never raised has its default here, too.
    call = Call("service-quotas", "ListServiceQuotas", "Quotas", params={"ServiceCode": service})
    return Part(("data.aws_servicequotas_service_quota",), call, _quota, where=where)


SERVICE = Service(
    "servicequotas",
    (*(_part(service, "regional") for service in REGIONAL), *(_part(service, "global") for service in GLOBAL)),
    rate=5.0,
)
