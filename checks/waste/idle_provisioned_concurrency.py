from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, monthly_cost


class IdleProvisionedConcurrency(Waste):
    """Nobody has used a function's provisioned concurrency for two weeks.

    ## Why is this bad?
    Provisioned concurrency is billed by the second for all of its memory, whether it is called or not. Days without
    data count as unknown, not as idle.
    """

    id = "idle-provisioned-concurrency"
    severity = Severity.MEDIUM
    hint = "Remove the provisioned concurrency: the function starts on demand."
    hazard = "The first calls after a pause take longer."
    types = ("aws_lambda_provisioned_concurrency_config",)
    references = ("https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",)
    days: int = 14
    examples = (
        Example(
            bad="""
            {"type": "aws_lambda_provisioned_concurrency_config", "name": "api:live", # finding
             "values": {"function_name": "api", "qualifier": "live", "provisioned_concurrent_executions": 10}}
            {"type": "aws_lambda_function", "name": "api",
             "values": {"function_name": "api", "memory_size": 1024, "vpc_config": []}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/Lambda/ProvisionedConcurrencyUtilization",
             "values": {"namespace": "AWS/Lambda", "metric_name": "ProvisionedConcurrencyUtilization", "window_days":
             90, "dimensions": {"FunctionName": "api", "Resource": "api:live"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_lambda_provisioned_concurrency_config", "name": "api:live",
             "values": {"function_name": "api", "qualifier": "live", "provisioned_concurrent_executions": 10}}
            {"type": "aws_lambda_function", "name": "api",
             "values": {"function_name": "api", "memory_size": 1024, "vpc_config": []}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/Lambda/ProvisionedConcurrencyUtilization",
             "values": {"namespace": "AWS/Lambda", "metric_name": "ProvisionedConcurrencyUtilization", "window_days":
             90, "dimensions": {"FunctionName": "api", "Resource": "api:live"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject):
            return
        name, qualifier = subject.text("function_name"), subject.text("qualifier")
        used = Metric(
            "AWS/Lambda",
            "ProvisionedConcurrencyUtilization",
            {"FunctionName": name, "Resource": f"{name}:{qualifier}"},
        )
        if not is_quiet(subject, used, days=self.days):
            return
        function = next(
            each
            for each in subject.model.resources("aws_lambda_function")
            if each.text("function_name") == name and each.region == subject.region
        )
        gigabytes = function.number("memory_size") / 1024
        count = subject.number("provisioned_concurrent_executions")
        yield self.waste(
            subject,
            f"its {count} environments were not used for {self.days} days",
            monthly_cost("lambda-provisioned-gb-second", subject, gigabytes * count),
        )
