"""ACM: certificates, whether they are used, and when they end."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, pick, when

DESCRIBE = Call("acm", "DescribeCertificate")
# By default AWS lists certificates with 2048-bit RSA keys alone.
KEY_TYPES = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]


def _certificate(aws: Scope, item: Answer) -> Iterator[Record]:
    arn = item["CertificateArn"]
    answer = aws.read(DESCRIBE, CertificateArn=arn)
    found = at(answer, "Certificate", default={})
    options = at(found, "DomainValidationOptions", default=[])
    yield aws.record(
        "aws_acm_certificate",
        arn.rpartition("/")[2],
        {
            "id": arn,
            "arn": arn,
            "domain_name": item.get("DomainName"),
            **pick(
                found,
                status="Status",
                type="Type",
                key_algorithm="KeyAlgorithm",
                renewal_eligibility="RenewalEligibility",
                failure_reason="FailureReason",
                in_use_by="InUseBy",
            ),
            "certificate_authority_arn": at(found, "CertificateAuthorityArn", default=""),
            **{
                name: found if isinstance(found, UnknownValue) else when(at(found, member))
                for name, member in (
                    ("not_before", "NotBefore"),
                    ("not_after", "NotAfter"),
                    ("created_at", "CreatedAt"),
                )
            },
            "subject_alternative_names": found
            if isinstance(found, UnknownValue)
            else sorted(at(found, "SubjectAlternativeNames", default=[])),
            "validation_method": at(options, 0, "ValidationMethod") if isinstance(options, list) else options,
            "domain_validation_options": options
            if isinstance(options, UnknownValue)
            else [
                {
                    "domain_name": one.get("DomainName"),
                    "resource_record_name": at(one, "ResourceRecord", "Name"),
                    "resource_record_type": at(one, "ResourceRecord", "Type"),
                    "resource_record_value": at(one, "ResourceRecord", "Value"),
                    "validation_status": one.get("ValidationStatus"),
                }
                for one in options
                if one.get("ResourceRecord")
            ],
            "options": found
            if isinstance(found, UnknownValue)
            else block(
                {
                    "certificate_transparency_logging_preference": at(
                        found, "Options", "CertificateTransparencyLoggingPreference"
                    )
                }
            ),
            **aws.tags("acm:certificate", arn),
        },
        unique=True,
    )


SERVICE = Service(
    "acm",
    (
        Part(
            ("aws_acm_certificate",),
            Call("acm", "ListCertificates", "CertificateSummaryList", params={"Includes": {"keyTypes": KEY_TYPES}}),
            _certificate,
            (DESCRIBE, TAGS),
            parallel=True,
        ),
    ),
)
