"""What a check says: findings, fixes, undecided results, and the report that holds them."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

from msgspec import Struct, field

from guardrails.model import Label, Origin, Problem

_FOREIGN = re.compile(r"CKV[\w*]*")


def is_foreign(pattern: str) -> bool:
    """Whether an id of a check, or a glob of ids, is that of another tool's rule."""
    return _FOREIGN.fullmatch(pattern) is not None


class Kind(enum.StrEnum):
    """The side that a check stands on."""

    SECURITY = "security"
    PRODUCTIVITY = "productivity"
    COST = "cost"


class Severity(enum.StrEnum):
    """How bad it is, from `info` to `critical`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for `info`, 4 for `critical`."""
        return list(Severity).index(self)


class Safety(enum.StrEnum):
    """Whether a fix can be applied without a person."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    MANUAL = "manual"


class Edit(Struct, frozen=True):
    """One change of a configuration: the attribute at a path of a resource gets a new expression."""

    address: str
    path: tuple[str | int, ...]
    expression: str | None
    """Terraform source, None to remove the attribute or block. A missing attribute is added."""


class Fix(Struct, frozen=True):
    """How to mend a finding."""

    title: str
    safety: Safety = Safety.MANUAL
    terraform: str = ""
    """A patch or block for a person to read."""
    cli: str = ""
    """The command for a live account."""
    edits: tuple[Edit, ...] = ()


class Finding(Struct, frozen=True):
    """One violation, with everything that is needed to explain it."""

    check: str
    kind: Kind
    severity: Severity
    message: str
    """The fact with its value, without advice."""
    resource: str
    """The resource's address, or the model's name for a finding about the whole."""
    type: str
    origin: Origin
    """Where the culprit stands."""
    block: Origin
    """The whole resource that it belongs to."""
    related: tuple[Label, ...] = ()
    hint: str = ""
    fix: Fix | None = None
    engine: str = "guardrails"
    same_as: tuple[str, ...] = ()
    path: str = ""
    """The attribute, such as `ingress[0].cidr_blocks`; part of the fingerprint."""
    details: tuple[str, ...] = ()
    """Further lines for text output, such as the steps of a path."""
    monthly: float | None = None
    """US dollars that it costs a month by list prices; None where it costs nothing or the price is not known."""
    source: str = ""
    """What it was found in: `configuration` and the root module's folder, `plan`, `state`, `account` and its id."""
    fingerprint: str = ""
    """Names the finding across runs, without line numbers; like `source`, set by the engine."""


class Undecided(Struct, frozen=True):
    """A check that could not answer for a resource, and why."""

    check: str
    resource: str
    reason: str
    origin: Origin


class Suppressed(Struct, frozen=True):
    """A finding that somebody decided to live with."""

    finding: Finding
    reason: str
    expires: str = ""
    by: Origin = field(default_factory=lambda: Origin(None))
    """The comment or configuration line that suppresses it."""


class Report(Struct):
    """Everything that a run has to say."""

    findings: list[Finding] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    suppressed: list[Suppressed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    """Fingerprints of the baseline's entries that nothing answers to any more."""
    resources: int = 0
    checks: int = 0
    files: Sequence[str] = ()
