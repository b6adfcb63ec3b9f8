"""Who may do what, decided as AWS decides it.

`evaluate` takes plain documents and a plain request as well as the typed forms:

    from guardrails.access import evaluate

    decision = evaluate(
        {"principal": "arn:aws:iam::111122223333:role/app", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
         "context": {"aws:SourceIp": "10.0.0.1"}},
        {"identity": [...], "resource": ..., "boundary": ..., "session": ..., "scps": [[...], [...]], "rcps": [[...]]},
    )
    decision.outcome, decision.layer, decision.grounds, decision.missing, decision.reasons

`plain.policy_set_of` and `request.request_of` say what shapes they take. The names below are loaded when they are
first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guardrails.access.evaluation import Decision, Ground, Layer, Outcome, PolicySet, evaluate, pass_role
    from guardrails.access.parse import parse_policy
    from guardrails.access.policy import Policy, PolicyKind, PolicyProblem, Statement
    from guardrails.access.public import is_public
    from guardrails.access.request import Caller, CallerKind, Request, Target, caller
    from guardrails.access.symbolic import (
        Space,
        Undecided,
        Witness,
        allowed_actions,
        difference_witness,
        is_admin,
        restrict,
        space_of,
        strangers,
    )

_HOME = {
    "evaluation": ("Decision", "Ground", "Layer", "Outcome", "PolicySet", "evaluate", "pass_role"),
    "parse": ("parse_policy",),
    "policy": ("Policy", "PolicyKind", "PolicyProblem", "Statement"),
    "public": ("is_public",),
    "request": ("Caller", "CallerKind", "Request", "Target", "caller"),
    "symbolic": (
        "Space",
        "Undecided",
        "Witness",
        "allowed_actions",
        "difference_witness",
        "is_admin",
        "restrict",
        "space_of",
        "strangers",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Caller",
    "CallerKind",
    "Decision",
    "Ground",
    "Layer",
    "Outcome",
    "Policy",
    "PolicyKind",
    "PolicyProblem",
    "PolicySet",
    "Request",
    "Space",
    "Statement",
    "Target",
    "Undecided",
    "Witness",
    "allowed_actions",
    "caller",
    "difference_witness",
    "evaluate",
    "is_admin",
    "is_public",
    "parse_policy",
    "pass_role",
    "restrict",
    "space_of",
    "strangers",
]


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(f"guardrails.access.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
