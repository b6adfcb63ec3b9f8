from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used, monthly_cost

USERS = ("aws_route53_record", "aws_route53_health_check")


class UnusedHealthCheck(Waste):
    """No record and no alarm uses a health check.

    ## Why is this bad?
    A health check is billed every month, and asks its endpoint all the time for nobody.
    """

    id = "unused-health-check"
    severity = Severity.INFO
    hint = "Delete the health check."
    hazard = "A dashboard may show it."
    types = ("aws_route53_health_check",)
    references = ("https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-deleting.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_route53_record", "aws_cloudwatch_metric_alarm"]}
            {"type": "aws_route53_health_check", "name": "0a1b2c3d-0000", # finding
             "values": {"id": "0a1b2c3d-0000", "type": "HTTPS", "child_healthchecks": []}}
            """,
            fixed="""
            {"complete": ["aws_route53_record", "aws_cloudwatch_metric_alarm"]}
            {"type": "aws_route53_health_check", "name": "0a1b2c3d-0000",
             "values": {"id": "0a1b2c3d-0000", "type": "HTTPS", "child_healthchecks": []}}
            {"type": "aws_route53_record", "name": "web",
             "values": {"name": "web.example.com", "health_check_id": "0a1b2c3d-0000", "alias": [], "records":
             ["203.0.113.1"]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or is_used(subject, *USERS):
            return
        for alarm in subject.model.resources("aws_cloudwatch_metric_alarm"):
            dimensions = alarm.get("dimensions")
            if isinstance(dimensions, dict) and subject.name in dimensions.values():
                return
        yield self.waste(subject, "no record, health check or alarm uses it", monthly_cost("health-check", subject))
