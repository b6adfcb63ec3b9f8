"""How much a run wants to hear: few and sure findings, all of them, or all of them with what nobody knows."""

from __future__ import annotations

import enum

from guardrails.finding import Severity


class Profile(enum.StrEnum):
    """A level of demand. Without one, a run is strict."""

    REGULAR = "regular"
    """Few and sure: checks from medium, other engines' rules from high, and only resources that are sure to exist."""
    STRICT = "strict"
    """Every check."""
    AUDIT = "audit"
    """Every check, no baseline, and what could not be decided makes the run incomplete."""

    def takes(self, severity: Severity, *, foreign: bool) -> bool:
        """Whether a check of this severity is asked; `foreign` is one of another engine."""
        if self is not Profile.REGULAR:
            return True
        return severity.rank >= (Severity.HIGH if foreign else Severity.MEDIUM).rank
