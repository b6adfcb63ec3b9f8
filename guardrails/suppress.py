"""Suppressions, in comments and in configuration: with this and the baseline, the only places that hide a finding."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct, field

from guardrails.check import Check, Example
from guardrails.finding import Finding, Kind, Severity, Suppressed, Undecided, is_foreign
from guardrails.model import Comment, Location, Model, Origin

SYNTAX = 'guardrails: ignore[CHECK, ...] reason="..." until=YYYY-MM-DD'
_COMMENT = re.compile(r"\s*guardrails:\s*ignore\s*\[(?P<checks>[^\]]*)\]\s*(?P<rest>.*)", re.DOTALL)
_FIELD = re.compile(r'(?P<name>reason|until)\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))\s*')


class Rule(Struct, frozen=True):
    """One suppression."""

    checks: tuple[str, ...]
    """Ids, former ids or globs of ids."""
    reason: str = ""
    until: date | None = None
    """The last day on which it holds."""
    by: Location | None = None
    """The comment or the configuration's line."""
    applies_to: Location | None = None
    """For a comment: the lines that it stands for."""
    address: str = "*"
    path: str = "*"
    folder: str = "."
    """The folder that `path` is relative to, as seen from the working directory."""
    fault: str = ""
    """What is wrong with a comment that cannot be read."""


class Scope(Struct, frozen=True):
    """What a run looks at, so that a suppression outside it is never called unused."""

    folders: tuple[str, ...] = (".",)
    """Scanned with everything below."""
    alone: tuple[str, ...] = ()
    """Scanned without what is below: the folders of files given by name."""

    def covers(self, path: str) -> bool:
        """Whether a run over this scope sees everything that a file has to do with."""
        path = os.path.normpath(path)
        parent = os.path.dirname(path) or "."
        if parent in {os.path.normpath(each) for each in self.alone}:
            return True
        for folder in map(os.path.normpath, self.folders):
            if folder == "." and not path.startswith(os.pardir) and not os.path.isabs(path):
                return True
            if path == folder or path.startswith(folder + os.sep):
                return True
        return False


class Ledger(Struct):
    """The suppressions of a run and what came of them."""

    rules: tuple[Rule, ...]
    """From configuration."""
    known: Mapping[str, Check[object]]
    """Every check there is, run or not, by id and former id."""
    ran: Collection[str]
    """Ids of the checks of this run."""
    forbidden: Sequence[str] = ()
    """Ids or globs of checks that cannot be suppressed."""
    today: date = field(default_factory=date.today)
    scope: Scope = field(default_factory=Scope)
    whole_answer: bool = False
    """Whether other engines ran and said all they had to say: else their rules' suppressions cannot be judged."""
    _comments: dict[Location, tuple[Rule, list[Model]]] = field(default_factory=dict)
    _used: set[tuple[Rule, str]] = field(default_factory=set)
    _unjudged: set[Rule] = field(default_factory=set)
    _blocks: dict[int, Mapping[str, Sequence[Location]]] = field(default_factory=dict)

    def apply(
        self,
        model: Model,
        findings: Iterable[Finding],
        undecided: Sequence[Undecided],
        crashed: Collection[str],
        unseen: Iterable[Finding] = (),
    ) -> tuple[list[Finding], list[Suppressed]]:
        """Part the findings of one model into those that stand and those that somebody decided to live with.

        `unseen` findings are in no report anyway; a suppression that means one is used all the same.
        """
        rules = [rule for comment in model.comments if (rule := parse(comment))]
        for rule in rules:
            assert rule.by is not None  # noqa: S101  # a comment has its location
            self._comments.setdefault(rule.by, (rule, []))[1].append(model)
            if model.gaps or crashed:
                self._unjudged.add(rule)  # what it stands for may be what is missing
        by_path: dict[str, list[Rule]] = {}
        for rule in rules:
            if rule.applies_to is not None:
                by_path.setdefault(rule.applies_to.path, []).append(rule)
        kept: list[Finding] = []
        suppressed: list[Suppressed] = []
        for finding in findings:
            by = self._rule_for(by_path, finding)
            if by is None:
                kept.append(finding)
            else:
                expires = by.until.isoformat() if by.until else ""
                suppressed.append(Suppressed(finding, by.reason, expires, Origin(by.by)))
        for each in undecided:
            for _ in self._meant(by_path, each.check, each.resource, (each.origin,)):
                pass  # it may hide a finding yet: used
        for hidden in unseen:
            for _ in self._meant(by_path, hidden.check, hidden.resource, (hidden.origin, hidden.block)):
                pass
        if model.gaps or crashed:
            self._unjudged.update(self.rules)
        return kept, suppressed

    def _rule_for(self, by_path: Mapping[str, list[Rule]], finding: Finding) -> Rule | None:
        chosen: Rule | None = None
        for rule in self._meant(by_path, finding.check, finding.resource, (finding.origin, finding.block)):
            if self._holds(rule) and not self.forbids(finding.check):
                chosen = chosen or rule
        return chosen

    def _meant(
        self, by_path: Mapping[str, list[Rule]], check: str, address: str, origins: tuple[Origin, ...]
    ) -> Iterator[Rule]:
        """The rules that mean a check at a place; marks them as used."""
        places = [place for origin in origins for place in (origin.location, *(call.location for call in origin.calls))]
        files = list(dict.fromkeys(place for place in places if isinstance(place, Location)))
        comments = dict.fromkeys(rule for place in files for rule in by_path.get(place.path, ()))
        for rule in (*comments, *self.rules):
            patterns = [pattern for pattern in rule.checks if self._means(pattern, check)]
            if patterns and _covers(rule, address, files):
                self._used.update((rule, pattern) for pattern in patterns)
                yield rule

    def _holds(self, rule: Rule) -> bool:
        return bool(rule.reason.strip()) and not rule.fault and not self._expired(rule)

    def _expired(self, rule: Rule) -> bool:
        return rule.until is not None and rule.until < self.today

    def forbids(self, check: str) -> bool:
        """Whether findings of a check cannot be suppressed."""
        return any(self._means(pattern, check) for pattern in self.forbidden)

    def _means(self, pattern: str, check: str) -> bool:
        known = self.known.get(pattern)
        return known.id == check if known else matches(pattern, check)

    def faults(self) -> Iterator[Finding]:
        """What is wrong with the suppressions themselves. Ask after the last model."""
        comments = [(rule, models[0].name) for rule, models in self._comments.values()]
        for rule, where in (*comments, *((rule, ".") for rule in self.rules)):
            if rule.fault:
                yield _fault(MalformedSuppression, rule, where, rule.fault)
                continue
            if not rule.reason.strip():
                yield _fault(
                    SuppressionWithoutReason, rule, where, "this suppression has no reason, so it has no effect"
                )
            if self._expired(rule):
                yield _fault(ExpiredSuppression, rule, where, f"this suppression ended on {rule.until}")
            for pattern in rule.checks:
                yield from self._faults_of_pattern(rule, pattern, where)

    def _faults_of_pattern(self, rule: Rule, pattern: str, where: str) -> Iterator[Finding]:
        meant = {check.id for check in self.known.values() if self._means(pattern, check.id)}
        if is_foreign(pattern) and not (meant and self.whole_answer):
            return
        if not meant:
            yield _fault(SuppressionOfUnknownCheck, rule, where, f"there is no check `{pattern}`", pattern)
        elif forbidden := sorted(check for check in meant if self.forbids(check)):
            if (rule, pattern) in self._used:
                text = f"`{forbidden[0]}` cannot be suppressed here, so this has no effect"
                yield _fault(ForbiddenSuppression, rule, where, text, pattern)
        elif (
            (rule, pattern) not in self._used
            and rule not in self._unjudged
            and meant <= set(self.ran)
            and self._in_sight(rule)
        ):
            yield _fault(UnusedSuppression, rule, where, f"nothing here sets off `{pattern}`", pattern)

    def _in_sight(self, rule: Rule) -> bool:
        """Whether a run sees all that a suppression could hide, and there is something for it to hide."""
        if rule.by is None:
            return False
        if rule.applies_to is None:  # a configuration's line speaks for the folder that it is in
            return Scope(self.scope.folders).covers(os.path.dirname(rule.by.path) or ".")
        span = rule.applies_to
        return self.scope.covers(rule.by.path) and any(
            span.covers(each) or each.covers(span)
            for model in self._comments[rule.by][1]
            for each in self._blocks_of(model).get(span.path, ())
        )

    def _blocks_of(self, model: Model) -> Mapping[str, Sequence[Location]]:
        """Where the resources of a model, and the module calls around them, stand: by file."""
        if id(model) not in self._blocks:
            found: dict[str, dict[Location, None]] = {}
            for resource in model.all():
                origin = resource.locate(())
                for each in (origin.location, *(call.location for call in origin.calls)):
                    if isinstance(each, Location):
                        found.setdefault(each.path, {})[each] = None
            self._blocks[id(model)] = {path: list(places) for path, places in found.items()}
        return self._blocks[id(model)]


def parse(comment: Comment) -> Rule | None:
    """The suppression that a comment is, None for one that says something else to guardrails."""
    text = comment.text.strip()
    if not text.startswith("guardrails:"):
        return None
    match = _COMMENT.match(text)
    if match is None:
        return Rule((), by=comment.location, applies_to=comment.applies_to, fault=f"write it as `{SYNTAX}`")
    checks = tuple(part.strip() for part in match["checks"].split(",") if part.strip())
    fault = "" if checks else f"it names no check: write it as `{SYNTAX}`"
    reason, until = "", None
    at, rest = 0, match["rest"].strip()
    while at < len(rest) and (part := _FIELD.match(rest, at)):
        value = part["quoted"] if part["quoted"] is not None else part["bare"]
        if part["name"] == "reason":
            reason = value
        else:
            try:
                until = date.fromisoformat(value)
            except ValueError:
                fault = fault or f"`{value}` is not a date: write `until=2030-12-31`"
        at = part.end()
    if at < len(rest) and not rest.startswith(("#", "//"), at):
        fault = fault or f"`{rest[at:]}` is not understood: write it as `{SYNTAX}`"
    return Rule(checks, reason, until, comment.location, comment.applies_to, fault=fault)


def matches(pattern: str, text: str) -> bool:
    """Whether a glob means a text: `*` stands for any characters, everything else (brackets too) for itself."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    last = rest.pop()
    end = len(text) - len(last)
    if end < len(first) or not text.startswith(first) or not text.endswith(last):
        return False
    at = len(first)
    for piece in rest:  # greedy from the left is exact, and linear where a regular expression may not be
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _covers(rule: Rule, address: str, places: Iterable[Location]) -> bool:
    if rule.applies_to is not None:
        return any(rule.applies_to.covers(place) for place in places)
    bare = re.sub(r"\[[^\[\]]*\]$", "", address)
    if not matches(rule.address, address) and not matches(rule.address, bare):
        return False
    if rule.path == "*":
        return True
    patterns = [rule.path, f"{rule.path.rstrip('/')}/*"]
    paths = {os.path.relpath(place.path, rule.folder).replace(os.sep, "/") for place in places}
    return any(matches(pattern, path) for pattern in patterns for path in paths)


class _OfSuppressions(Check[Model]):
    """A check that the suppressions of a run are held to."""

    kind = Kind.PRODUCTIVITY

    def check(self, subject: Model, /) -> Iterator[Finding]:
        """Nothing: these findings come from the ledger of the run, not from a model."""
        return iter(())


def _fault(check: type[_OfSuppressions], rule: Rule, resource: str, message: str, about: str = "") -> Finding:
    origin = Origin(rule.by)
    return Finding(
        check=check.id,
        kind=check.kind,
        severity=check.severity,
        message=message,
        resource=resource,
        type="",
        origin=origin,
        block=origin,
        hint=check.hint,
        path=f"{rule.by.path if rule.by else ''} {about or ','.join(rule.checks)}",
    )


_OPEN_BUCKET = """
resource "aws_s3_bucket_public_access_block" "site" {
  bucket                  = "example-site"
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true%s
}
"""


class SuppressionWithoutReason(_OfSuppressions):
    """A suppression does not say why.

    ## Why is this bad?
    Nobody can tell later whether it may go. It has no effect until it has a reason.
    """

    id = "suppression-without-reason"
    severity = Severity.MEDIUM
    hint = 'Add `reason="..."`.'
    examples = (
        Example(
            bad=_OPEN_BUCKET % " # guardrails: ignore[bucket-public-access-allowed] # finding",
            fixed=_OPEN_BUCKET % "",
        ),
    )


class ExpiredSuppression(_OfSuppressions):
    """A suppression is past its last day.

    ## Why is this bad?
    Somebody decided to live with the finding until that day. It has no effect any more.
    """

    id = "expired-suppression"
    severity = Severity.MEDIUM
    hint = "Mend the finding, or decide anew and set a later day."
    examples = (
        Example(
            bad=_OPEN_BUCKET
            % ' # guardrails: ignore[bucket-public-access-allowed] reason="migration" until=2020-01-31 # finding',
            fixed=_OPEN_BUCKET % "",
        ),
    )


class UnusedSuppression(_OfSuppressions):
    """A suppression hides nothing.

    ## Why is this bad?
    It would hide the next finding here, which nobody has decided about.
    """

    id = "unused-suppression"
    severity = Severity.LOW
    hint = "Remove it."
    examples = (
        Example(
            bad=_OPEN_BUCKET % ' # guardrails: ignore[bucket-public-access-allowed] reason="a public site" # finding',
            fixed=_OPEN_BUCKET % "",
        ),
    )


class SuppressionOfUnknownCheck(_OfSuppressions):
    """A suppression names a check that there is not.

    ## Why is this bad?
    It is misspelt, or its check has gone: it has no effect.
    """

    id = "suppression-of-unknown-check"
    severity = Severity.MEDIUM
    hint = "Write the id as `guardrails checks` lists it."
    examples = (
        Example(
            bad=_OPEN_BUCKET % ' # guardrails: ignore[bucket-public] reason="a public site" # finding',
            fixed=_OPEN_BUCKET % "",
        ),
    )


class MalformedSuppression(_OfSuppressions):
    """A comment to guardrails cannot be read.

    ## Why is this bad?
    It has no effect, although somebody meant it to have one.
    """

    id = "malformed-suppression"
    severity = Severity.MEDIUM
    hint = f"Write it as `{SYNTAX}`."
    examples = (
        Example(
            bad=_OPEN_BUCKET % " # guardrails: ignore bucket-public-access-allowed # finding",
            fixed=_OPEN_BUCKET % "",
        ),
    )


class ForbiddenSuppression(_OfSuppressions):
    """A suppression is for a check that the configuration does not let anyone suppress.

    ## Why is this bad?
    It has no effect: the check is in the configuration's `unsuppressible` list.
    """

    id = "forbidden-suppression"
    severity = Severity.MEDIUM
    hint = "Mend the finding, and remove the suppression."


class StaleBaselineEntry(_OfSuppressions):
    """The baseline names a finding that is not there any more.

    ## Why is this bad?
    The entry would hide the finding if it came back. It is not bad enough to fail a run: whoever mends something need
    not know of the baseline.
    """

    id = "stale-baseline-entry"
    severity = Severity.INFO
    hint = "Run `guardrails baseline prune`."


def stale_entry(check: str, resource: str, place: Location) -> Finding:
    """The finding that an entry of the baseline knows nothing that is there."""
    message = f"{check} finds nothing at {resource} any more"
    return _fault(StaleBaselineEntry, Rule((check,), by=place), ".", message, f"{check} {resource}")


CHECKS: tuple[_OfSuppressions, ...] = (
    SuppressionWithoutReason(),
    ExpiredSuppression(),
    UnusedSuppression(),
    SuppressionOfUnknownCheck(),
    MalformedSuppression(),
    ForbiddenSuppression(),
    StaleBaselineEntry(),
)
"""What `guardrails checks` and `explain` show of them beside the checks of the catalog."""
