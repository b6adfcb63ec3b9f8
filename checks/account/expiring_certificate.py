from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, days_since

ENDS = {"aws_acm_certificate": "not_after", "aws_iam_server_certificate": "expiration"}


class ExpiringCertificate(Check[Resource]):
    """A certificate that nothing renews ends soon, or has ended.

    ## Why is this bad?
    On that day every client refuses the connection. ACM renews what it issued, as long as the validation record is
    there and the certificate is in use; imported certificates and those of IAM are renewed by nobody but you.

    Reported is what ends within 30 days. A certificate that is in use and eligible for renewal is ACM's business.
    """

    id = "expiring-certificate"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Import its successor, or better let ACM issue one with DNS validation."
    types = tuple(ENDS)
    references = (
        "https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html",
        "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate.html",
    )
    compliance = ("CIS-AWS-3.0:1.19", "AWS-FSBP:ACM.1")
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_acm_certificate", "name": "c-1", "values": { # finding
              "domain_name": "shop.example.com", "type": "IMPORTED", "status": "ISSUED",
              "renewal_eligibility": "INELIGIBLE", "not_after": "2026-02-10T00:00:00Z",
              "in_use_by": ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/1"]
            }}
            """,
            fixed="""
            {"type": "aws_acm_certificate", "name": "c-1", "values": {
              "domain_name": "shop.example.com", "type": "IMPORTED", "status": "ISSUED",
              "renewal_eligibility": "INELIGIBLE", "not_after": "2027-02-10T00:00:00Z",
              "in_use_by": ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/1"]
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        end = ENDS[subject.type]
        since = days_since(subject, end)
        if since is None or since < -self.days:
            return
        if subject.type == "aws_acm_certificate":
            if subject.text("renewal_eligibility", default="") == "ELIGIBLE" and since < 0:
                return
            if not list(subject.items("in_use_by")) and "in_use_by" in subject.values:
                return  # nobody would notice
        name = subject.text("domain_name" if subject.type == "aws_acm_certificate" else "name")
        when = f"ended {int(since)} days ago" if since >= 0 else f"ends in {int(-since)} days"
        yield self.finding(subject, f"the certificate of {name} {when}")
