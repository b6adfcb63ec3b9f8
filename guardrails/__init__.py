"""Terraform-plan and account-guardrail linter for AWS.

The names below are the public API: exactly what a check file imports. They are loaded when they are first used,
so that `guardrails --version` does not pay for them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guardrails.access.lens import Access
    from guardrails.access.principals import Principal
    from guardrails.access.view import PolicyView
    from guardrails.account import (
        Environment,
        days_since,
        environment,
        read_at,
        regions_read,
        regions_without,
        usages,
    )
    from guardrails.account.prices import Cost, instance_cost, monthly_cost
    from guardrails.account.usage import Metric, is_live, is_quiet
    from guardrails.check import Check, Example
    from guardrails.finding import Edit, Finding, Fix, Kind, Safety, Severity
    from guardrails.model import (
        Block,
        Label,
        Model,
        Origin,
        Ref,
        Resource,
        Symbolic,
        Unknown,
        UnknownValue,
        Value,
        decode_json,
        related,
    )
    from guardrails.network.addresses import AddressSet
    from guardrails.network.answers import Unanswered
    from guardrails.network.lens import Exposure, Network
    from guardrails.network.network_acl import NetworkAcl
    from guardrails.network.ports import PortSet
    from guardrails.network.reach import Reachability
    from guardrails.network.rule import Rule
    from guardrails.network.security_group import SecurityGroup
    from guardrails.network.shortfall import Shortfall, Useless
    from guardrails.network.standing import Standing, standing
    from guardrails.network.traffic import Traffic
    from guardrails.waste import Waste, is_there, is_used, naming, older, users

__version__ = "0.1.0"

_HOME = {
    "guardrails.access.lens": ("Access",),
    "guardrails.access.principals": ("Principal",),
    "guardrails.access.view": ("PolicyView",),
    "guardrails.account": (
        "Environment",
        "days_since",
        "environment",
        "read_at",
        "regions_read",
        "regions_without",
        "usages",
    ),
    "guardrails.account.prices": ("Cost", "instance_cost", "monthly_cost"),
    "guardrails.account.usage": ("Metric", "is_live", "is_quiet"),
    "guardrails.check": ("Check", "Example"),
    "guardrails.finding": ("Edit", "Finding", "Fix", "Kind", "Safety", "Severity"),
    "guardrails.model": (
        "Block",
        "Label",
        "Model",
        "Origin",
        "Ref",
        "Resource",
        "Symbolic",
        "Unknown",
        "UnknownValue",
        "Value",
        "decode_json",
        "related",
    ),
    "guardrails.network.addresses": ("AddressSet",),
    "guardrails.network.answers": ("Unanswered",),
    "guardrails.network.lens": ("Exposure", "Network"),
    "guardrails.network.network_acl": ("NetworkAcl",),
    "guardrails.network.ports": ("PortSet",),
    "guardrails.network.reach": ("Reachability",),
    "guardrails.network.rule": ("Rule",),
    "guardrails.network.security_group": ("SecurityGroup",),
    "guardrails.network.shortfall": ("Shortfall", "Useless"),
    "guardrails.network.standing": ("Standing", "standing"),
    "guardrails.network.traffic": ("Traffic",),
    "guardrails.waste": ("Waste", "is_there", "is_used", "naming", "older", "users"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Access",
    "AddressSet",
    "Block",
    "Check",
    "Cost",
    "Edit",
    "Environment",
    "Example",
    "Exposure",
    "Finding",
    "Fix",
    "Kind",
    "Label",
    "Metric",
    "Model",
    "Network",
    "NetworkAcl",
    "Origin",
    "PolicyView",
    "PortSet",
    "Principal",
    "Reachability",
    "Ref",
    "Resource",
    "Rule",
    "Safety",
    "SecurityGroup",
    "Severity",
    "Shortfall",
    "Standing",
    "Symbolic",
    "Traffic",
    "Unanswered",
    "Unknown",
    "UnknownValue",
    "Useless",
    "Value",
    "Waste",
    "__version__",
    "days_since",
    "decode_json",
    "environment",
    "instance_cost",
    "is_live",
    "is_quiet",
    "is_there",
    "is_used",
    "monthly_cost",
    "naming",
    "older",
    "read_at",
    "regions_read",
    "regions_without",
    "related",
    "standing",
    "usages",
    "users",
]


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
