from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, Symbolic, related

HOUR, LONGEST = 3600, 12 * 3600
UNITS = {"h": HOUR, "m": 60, "s": 1}
PROVIDER = """
            provider "aws" {
              region = "eu-west-1"

              assume_role {
                role_arn = "arn:aws:iam::111122223333:role/deploy"
                duration = "4h"
              }
            }
"""


def _role(duration: int, mark: str = "") -> str:
    return f"""
            resource "aws_iam_role" "deploy" {{
              name                 = "deploy"
              max_session_duration = {duration}{mark}
              assume_role_policy = jsonencode({{
                Version   = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = {{ AWS = "arn:aws:iam::111122223333:user/pipeline" }}
                }}]
              }})
            }}
"""


class SessionTooShort(Check[Model]):
    """A pipeline asks for a longer session than its role gives.

    ## Why is this bad?
    Every run fails before it begins: `The requested DurationSeconds exceeds the MaxSessionDuration set for this role`.
    A role that is assumed by way of another one gives an hour at most, whatever its own limit says; a longer wish
    fails just so.
    """

    id = "session-too-short"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = (
        "Raise the role's `max_session_duration`, or ask for no more than it gives; for a chain, no more than an hour."
    )
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining",
    )
    examples = (
        Example(
            bad=f"""
            {PROVIDER}
            {_role(HOUR, " # finding")}
            """,
            fixed=f"""
            {PROVIDER}
            {_role(4 * HOUR)}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        users: dict[int, Resource] = {}  # by provider: comparing two would evaluate all of both
        for resource in subject.all():
            users.setdefault(id(resource.provider), resource)
        for user in users.values():
            for name in ("assume_role", "assume_role_with_web_identity"):
                blocks = user.provider.config.get(name)
                chain = [each for each in blocks if isinstance(each, Mapping)] if isinstance(blocks, list) else []
                for number, block in enumerate(chain):
                    asked, arn = _seconds(block.get("duration")), block.get("role_arn")
                    if asked is None or not isinstance(arn, str):
                        continue
                    if number and asked > HOUR:
                        yield self.finding(user, f"its provider asks for {asked} s of {arn}, a chain gives {HOUR}")
                    elif (role := _role_of(subject, arn)) and role.number("max_session_duration", default=HOUR) < asked:
                        given = role.number("max_session_duration", default=HOUR)
                        yield self.finding(
                            role,
                            f"sessions last {given} s, the provider of {user.address} asks for {asked}",
                            path="max_session_duration",
                            related=related((user.place(), "made through the provider that asks")),
                            fix=self.set_attribute(role, "max_session_duration", str(min(asked, LONGEST))),
                        )


def _role_of(model: Model, arn: str) -> Resource | None:
    """The role of an ARN, by its name where the design does not know its own ARN."""
    if found := model.resolve(arn, "aws_iam_role"):
        return found
    if isinstance(arn, Symbolic):
        return None
    name = arn.rpartition("/")[2]
    same = [role for role in model.all("aws_iam_role") if role.raw("name") is not None and _is(role.raw("name"), name)]
    return same[0] if len(same) == 1 and isinstance(same[0].raw("arn"), Symbolic) else None


def _is(value: object, name: str) -> bool:
    return isinstance(value, str) and not isinstance(value, Symbolic) and value == name


def _seconds(duration: object) -> int | None:
    """Go's notation of a duration: `1h30m`. None for what is absent or not known."""
    if not isinstance(duration, str) or isinstance(duration, Symbolic) or not duration:
        return None
    parts = re.findall(r"(\d+)([hms])", duration)
    return sum(int(count) * UNITS[unit] for count, unit in parts) if parts else None
