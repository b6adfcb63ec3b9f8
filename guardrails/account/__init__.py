"""Account-wide settings, quotas and environments."""

from guardrails.account.clock import days_since, read_at
from guardrails.account.environment import Environment, environment
from guardrails.account.quotas import Quota, Usage, usages
from guardrails.account.regions import regions_read, regions_without

__all__ = [
    "Environment",
    "Quota",
    "Usage",
    "days_since",
    "environment",
    "read_at",
    "regions_read",
    "regions_without",
    "usages",
]
