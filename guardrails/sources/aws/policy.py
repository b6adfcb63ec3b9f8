"""The least IAM policy that an audit needs, from what its collectors declare."""

from __future__ import annotations

import json
from collections.abc import Iterable

from guardrails.sources.aws.audit import GET_CALLER, LIST_ACCOUNTS, LIST_REGIONS
from guardrails.sources.aws.collectors import services

INLINE_LIMIT = 10_240
"""Characters without white space that the inline policies of a role may have together; a managed policy: 6,144."""


def needed_actions(names: Iterable[str] = (), *, org: bool = False) -> list[str]:
    """Every IAM action that reading these services can take, in order; of all services where none is named."""
    known = services()
    calls = [GET_CALLER, LIST_REGIONS, *([LIST_ACCOUNTS] if org else [])]
    calls += [call for name in names or known for call in known[name].calls]
    return sorted({action for call in calls for action in call.actions}, key=str.lower)


def policy_document(names: Iterable[str] = (), *, org_role: str = "") -> str:
    """The policy as JSON. With `org_role`, the caller may also assume the role of that name in every account."""
    statements: list[dict[str, object]] = [
        {
            "Sid": "GuardrailsRead",
            "Effect": "Allow",
            "Action": needed_actions(names, org=bool(org_role)),
            "Resource": "*",
        }
    ]
    if org_role:
        statements.append(
            {
                "Sid": "GuardrailsAccounts",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": f"arn:*:iam::*:role/{org_role}",
            }
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
