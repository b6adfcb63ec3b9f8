from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Safety, Severity, related


class CertificateWaitsInPrivateZone(Check[Resource]):
    """A certificate is to be validated by a record that nobody outside can see.

    ## Why is this bad?
    Certificate Manager looks the validation record up in the public DNS. In a private hosted zone it never finds it:
    the apply waits at `aws_acm_certificate_validation: Still creating...` for 75 minutes and then fails, and so does
    everything that waits for the certificate.
    """

    id = "certificate-waits-in-private-zone"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Put the validation record into the public zone of the domain."
    types = ("aws_acm_certificate_validation",)
    references = (
        "https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html",
        "https://github.com/hashicorp/terraform-provider-aws/issues/9338",
    )
    examples = (
        Example(
            bad="""
            resource "aws_route53_zone" "internal" {
              name = "example.com"

              vpc {
                vpc_id = "vpc-0a1b2c3d4e5f60718"
              }
            }

            resource "aws_acm_certificate" "web" {
              domain_name       = "web.example.com"
              validation_method = "DNS"
            }

            resource "aws_route53_record" "validation" {
              for_each = {
                for option in aws_acm_certificate.web.domain_validation_options : option.domain_name => option
              }

              zone_id = aws_route53_zone.internal.zone_id
              name    = each.value.resource_record_name
              type    = each.value.resource_record_type
              records = [each.value.resource_record_value]
              ttl     = 60
            }

            resource "aws_acm_certificate_validation" "web" { # finding
              certificate_arn         = aws_acm_certificate.web.arn
              validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
            }
            """,
            fixed="""
            resource "aws_route53_zone" "internal" {
              name = "example.com"
            }

            resource "aws_acm_certificate" "web" {
              domain_name       = "web.example.com"
              validation_method = "DNS"
            }

            resource "aws_route53_record" "validation" {
              for_each = {
                for option in aws_acm_certificate.web.domain_validation_options : option.domain_name => option
              }

              zone_id = aws_route53_zone.internal.zone_id
              name    = each.value.resource_record_name
              type    = each.value.resource_record_type
              records = [each.value.resource_record_value]
              ttl     = 60
            }

            resource "aws_acm_certificate_validation" "web" {
              certificate_arn         = aws_acm_certificate.web.arn
              validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        for ref in (*subject.refs("validation_record_fqdns"), *subject.refs("certificate_arn")):
            for record in _records(model, ref.address):
                zone = model.resolve(record.raw("zone_id"), "aws_route53_zone")
                if zone is None:
                    continue
                private = zone.flag("private_zone") if zone.mode == "data" else zone.block("vpc") is not None
                if private:
                    yield self.finding(
                        subject,
                        f"{record.address} is in the private zone {zone.address}, where ACM never finds it: "
                        "the apply waits for 75 minutes and fails",
                        related=related((record.place("zone_id"), "the record"), (zone.place(), "the private zone")),
                        fix=self.set_attribute(
                            record, "zone_id", "data.aws_route53_zone.public.zone_id", safety=Safety.MANUAL
                        ),
                    )
                    return


def _records(model: Model, address: str) -> Iterator[Resource]:
    """The record of an address, or those that validate the certificate of an address."""
    for record in model.all("aws_route53_record"):
        refs = (*record.refs("name"), *record.refs("records"))
        if record.address == address or any(ref.address == address for ref in refs):
            yield record
