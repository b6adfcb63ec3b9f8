"""Data sources whose values follow from the configuration alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guardrails.model import Symbolic, Value

if TYPE_CHECKING:
    from guardrails.sources.terraform.resource import Instance

_PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("", "aws", "amazonaws.com"),
)


def known_data(instance: Instance, name: str) -> Value:
    """The value of a computed attribute of a data source, or None if it is not known here."""
    match instance.type:
        case "aws_region" if name in ("name", "id", "region") and name not in instance.block.body.attributes:
            return _region(instance)
        case "aws_region" if name == "endpoint" and (region := _region(instance)) is not None:
            return f"ec2.{region}.{_partition(region)[2]}"
        case "aws_partition" if (region := _region(instance)) is not None:
            _, partition, suffix = _partition(region)
            match name:
                case "partition" | "id":
                    return partition
                case "dns_suffix":
                    return suffix
                case "reverse_dns_prefix":
                    return ".".join(reversed(suffix.split(".")))
                case _:
                    return None
        case "aws_iam_policy_document" if name in ("json", "minified_json", "id"):
            return _document(instance, name)
        case _:
            return None


def _document(instance: Instance, name: str) -> Value:
    from guardrails.sources.terraform.policy_document import (  # noqa: PLC0415  # only where there is one
        document_id,
        policy_document,
    )

    if name == "id":
        return document_id(instance.value("json"))
    schema = instance.schema
    if schema is None:
        return None
    names = [each for each, attribute in schema.attributes.items() if attribute.optional and each != "id"]
    arguments = {each: instance.value(each) for each in (*names, *schema.blocks)}
    return policy_document(arguments, minified=name == "minified_json")


def _partition(region: str) -> tuple[str, str, str]:
    return next(each for each in _PARTITIONS if region.startswith(each[0]))


def _region(instance: Instance) -> str | None:
    """The region of the provider, if it is known."""
    configuration = instance.module.provider_of(instance).instance
    value = None if configuration is None else configuration.value("region")
    return value if isinstance(value, str) and value and not isinstance(value, Symbolic) else None
