from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

SUMMARY = '{"type": "aws_iam_account_summary", "mode": "data", "name": "111122223333", "values": {'


class RootWithoutMfa(Check[Resource]):
    """The root user signs in with a password alone.

    ## Why is this bad?
    A password that leaks, or a mailbox that can reset it, is the whole account.

    A member account whose root credentials were removed by central root access has none to protect, and is not
    reported.
    """

    id = "root-without-mfa"
    kind = Kind.SECURITY
    severity = Severity.CRITICAL
    hint = "Add a passkey or a hardware key to the root user, or remove its credentials by central root access."
    types = ("data.aws_iam_account_summary",)
    same_as = ("AWS-0142", "AWS-0165")
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-mfa-for-root.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html",
    )
    compliance = ("CIS-AWS-3.0:1.5",)
    examples = (
        Example(
            bad=f"""
            {SUMMARY} # finding
              "summary_map": {{"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 0, "AccountPasswordPresent": 1}}
            }}}}
            """,
            fixed=f"""
            {SUMMARY}
              "summary_map": {{"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1, "AccountPasswordPresent": 1}}
            }}}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        # A summary that does not say whether there is a password comes from before AWS told: there was one always.
        password = subject.number("summary_map", "AccountPasswordPresent", default=1)
        if password and not subject.number("summary_map", "AccountMFAEnabled"):
            yield self.finding(subject, "the root user has a password and no second factor")
