from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, Unknown, usages

# What IAM counts itself, with the quota that it holds it to.
IAM = {
    "Users": "users",
    "Groups": "groups",
    "Roles": "roles",
    "Policies": "policies",
    "InstanceProfiles": "instance profiles",
    "ServerCertificates": "server certificates",
}


class QuotaNearlyUsed(Check[Model]):
    """An account has used up most of a quota.

    ## Why is this bad?
    The next deploy, or the next scale-out in the night, stops with a limit that nobody thought of. Raising a quota
    takes from minutes to days.

    From four fifths of the quota in force on it is reported.
    """

    id = "quota-nearly-used"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Ask for a higher quota now, or remove what is not used."
    references = ("https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html",)
    share: float = 0.8
    examples = (
        Example(
            title="Roles",
            bad="""
            {"type": "aws_iam_account_summary", "mode": "data", "name": "111122223333", "values": { # finding
              "summary_map": {"Roles": 950, "RolesQuota": 1000, "AccountMFAEnabled": 1}
            }}
            """,
            fixed="""
            {"type": "aws_iam_account_summary", "mode": "data", "name": "111122223333", "values": {
              "summary_map": {"Roles": 950, "RolesQuota": 5000, "AccountMFAEnabled": 1}
            }}
            """,
        ),
        Example(
            title="Addresses",
            bad="""
            {"type": "aws_servicequotas_service_quota", "mode": "data", "name": "ec2/L-0263D0A3", "values": { # finding
              "quota_code": "L-0263D0A3", "service_code": "ec2", "value": 2.0
            }}
            {"type": "aws_eip", "name": "eipalloc-1", "values": {
              "association_id": "eipassoc-1", "public_ipv4_pool": ""
            }}
            {"type": "aws_eip", "name": "eipalloc-2", "values": {
              "association_id": "eipassoc-2", "public_ipv4_pool": ""
            }}
            """,
            fixed="""
            {"type": "aws_servicequotas_service_quota", "mode": "data", "name": "ec2/L-0263D0A3", "values": {
              "quota_code": "L-0263D0A3", "service_code": "ec2", "value": 20.0
            }}
            {"type": "aws_eip", "name": "eipalloc-1", "values": {
              "association_id": "eipassoc-1", "public_ipv4_pool": ""
            }}
            {"type": "aws_eip", "name": "eipalloc-2", "values": {
              "association_id": "eipassoc-2", "public_ipv4_pool": ""
            }}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account":
            return
        for summary in subject.all("data.aws_iam_account_summary"):
            for member, name in IAM.items():
                quota = summary.number("summary_map", f"{member}Quota")
                used = summary.number("summary_map", member)
                if quota and used >= self.share * quota:
                    yield self.finding(summary, f"{used} of {quota} {name} are used", path=("summary_map", member))
        doubt = ""
        for usage in usages(subject):
            if usage.limit is None or usage.used < self.share * usage.limit:
                continue
            if not usage.in_force:
                doubt = doubt or f"the quota of {usage.quota.name} in {usage.region} is not known"
                continue
            yield self.finding(
                self._quota(subject, usage.quota.code, usage.region) or usage.resources[0],
                f"{usage.used} of {usage.limit} {usage.quota.name} in {usage.region} are used",
            )
        if doubt:
            raise Unknown(doubt)

    def _quota(self, model: Model, code: str, region: str) -> Resource | None:
        for quota in model.all("data.aws_servicequotas_service_quota"):
            if quota.text("quota_code") == code and region.startswith(quota.region):
                return quota
        return None
