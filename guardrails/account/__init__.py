"""Account-wide settings, quotas and environments."""

from guardrails.account.environment import Environment, environment

__all__ = ["Environment", "environment"]
