"""Plain requests and documents for tests of decisions."""

from __future__ import annotations

from collections.abc import Mapping

from guardrails.access import evaluate
from guardrails.access.evaluation import Decision

A, B = "111122223333", "444455556666"
BOB = f"arn:aws:iam::{A}:user/bob"
APP = f"arn:aws:iam::{A}:role/team/app"
SESSION = f"arn:aws:sts::{A}:assumed-role/app/s1"
FAR = f"arn:aws:iam::{B}:role/far"
KEY = f"arn:aws:kms:us-east-1:{A}:key/1"
ROLE = f"arn:aws:iam::{A}:role/target"
OBJECT = "arn:aws:s3:::b/k"
Json = Mapping[str, object]


def allow(action: object = "*", resource: object = "*", **more: object) -> Json:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object = "*", resource: object = "*", **more: object) -> Json:
    """A Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def doc(*statements: Json, version: str = "2012-10-17") -> Json:
    """A policy document."""
    return {"Version": version, "Statement": list(statements)}


def grant(principal: object, action: object = "s3:GetObject", effect: str = "Allow", **more: object) -> Json:
    """A bucket policy with one statement."""
    return doc({"Effect": effect, "Principal": principal, "Action": action, "Resource": "*", **more})


def trust(principal: object, action: object = "sts:AssumeRole", **more: object) -> Json:
    """A trust policy with one statement."""
    return doc({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def ask(who: str, action: str, resource: object, context: Json | None = None, /, **policies: object) -> Decision:
    """Decide a plain request."""
    request = {"principal": who, "action": action, "resource": resource, "context": context or {}}
    return evaluate(request, policies)


def get(who: str, context: Json | None = None, /, **policies: object) -> Decision:
    """Decide `s3:GetObject` on an object of account A."""
    request = {"principal": who, "action": "s3:GetObject", "resource": OBJECT, "context": context or {}}
    return evaluate({**request, "resource_account": A}, policies)
