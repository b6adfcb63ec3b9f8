from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

SUMMARY = '{"type": "aws_iam_account_summary", "mode": "data", "name": "111122223333", "values": {'


class RootAccessKey(Check[Resource]):
    """The root user has an access key.

    ## Why is this bad?
    No policy limits the root user. Whoever finds its key in a script, a backup or a laptop can do everything, can
    close the account, and cannot be stopped from inside.
    """

    id = "root-access-key"
    kind = Kind.SECURITY
    severity = Severity.CRITICAL
    hint = "Sign in as the root user and delete its access keys; give whoever uses them a role."
    types = ("data.aws_iam_account_summary", "aws_iam_access_key")
    same_as = ("CKV_AWS_348", "AWS-0141")
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html",)
    compliance = ("CIS-AWS-3.0:1.4", "AWS-FSBP:IAM.4")
    examples = (
        Example(
            bad=f"""
            {SUMMARY} # finding
              "summary_map": {{"AccountAccessKeysPresent": 1, "AccountMFAEnabled": 1}}
            }}}}
            """,
            fixed=f"""
            {SUMMARY}
              "summary_map": {{"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1}}
            }}}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.type == "aws_iam_access_key":
            if subject.text("user") == "root":
                yield self.finding(subject, "an access key is made for a user called root", path="user")
            return
        count = subject.number("summary_map", "AccountAccessKeysPresent")
        if count:
            yield self.finding(subject, f"the root user has {count} access key{'' if count == 1 else 's'}")
