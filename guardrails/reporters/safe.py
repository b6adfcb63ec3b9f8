"""Makes text of a scanned design safe to print: nothing that a terminal or a CI runner obeys, and no secret."""

from __future__ import annotations

import re
from typing import TypeVar

from msgspec.structs import replace

from guardrails.finding import Finding, Fix, Report, Suppressed, Undecided
from guardrails.model import Label, LiveLocation, Location, Origin, Place, Problem

BLANK = "(redacted)"

# Control characters (C0, DEL, C1), line separators, marks that reorder or hide text, and lone surrogates.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# GitHub's runner obeys these at the start of a line, which is where wrapping can put a word.
_COMMAND = re.compile(
    r"(?i)(?<!\S)::(?=add-|debug|echo|endgroup|error|group|internal-|notice|remove-|save-|set-|stop-|warning)"
)
# Secrets that show by themselves what they are: https://docs.github.com/en/code-security/reference/secret-security
_SECRET = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b(?:gh[pousr]|github_pat|glpat|xox[abposr]|sk_live|rk_live|npm|pypi)[_-][A-Za-z0-9_-]{16,}"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
    r"|(?<=://)[^\s/:@\"']+:[^\s/@\"']+(?=@)"
    r"|(?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[0-9])"
    r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*"
)
_WORDS = (
    r"passw(?:or)?d|passphrase|pwd|secret|token|private_?key|api_?key|access_?key|credential|auth_?key"
    r"|connection_?string|user_data"
)
_GIVEN = r"(?:\"?\s*=(?!=)|\"\s*:|:(?=\s))\s*"
_NAMED = re.compile(rf"(?i)(?<![\w.-])(?P<name>[\w.-]*(?:{_WORDS})[\w.-]*){_GIVEN}")
# Names that sound secret and whose values are not.
_HARMLESS = re.compile(
    r"(?i)(?:http_tokens|require_.*|minimum_.*|max_.*|.*secrets?_?manager.*"
    r"|.*_(?:arns?|names?|ids?|length|age|days|policy|version|enabled|required|type|ttl|size|status|pay|rotation))"
)
_SECRET_WORD = re.compile(rf"(?i){_WORDS}")
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"?')
_HOLE = re.compile(r"\$\{[^}]*\}")
_REFERENCE = re.compile(
    r"(?:[\"'\[{(<$]|(?:var|local|data|module|each|self|aws_\w+|random_\w+)\.|(?:true|false|null)\b|\w+\(|$)"
)
MAX_LINE = 2000
"""Characters of a source line that are looked at."""


def visible(text: str) -> str:
    """Text of one line that neither a terminal nor a CI runner obeys: control characters are shown as `\\u001b`."""
    text = f"{text}"
    if _CONTROL.search(text):
        text = _CONTROL.sub(_shown, text)
    if "::" in text or "##[" in text:
        text = _COMMAND.sub(": :", text).replace("##[", "# #[")
    return text


def visible_lines(text: str) -> str:
    """As `visible`, but line breaks stay."""
    return "\n".join(visible(line.expandtabs(2)) for line in text.replace("\r\n", "\n").split("\n"))


def _shown(match: re.Match[str]) -> str:
    char = match[0]
    return {"\t": " ", "\n": "\\n", "\r": "\\r"}.get(char, f"\\u{ord(char):04x}")


def without_secrets(text: str) -> str:
    """Text in which what is recognisably a secret is blanked."""
    return _SECRET.sub(BLANK, text)


def sounds_secret(name: str) -> bool:
    """Whether a variable or attribute of this name holds a secret, as far as a name can tell."""
    return bool(_SECRET_WORD.search(name)) and not _HARMLESS.fullmatch(name)


def secret_value(line: str) -> int | None:
    """The column (from 0) at which the value of an attribute that sounds secret starts, None without one."""
    for match in _NAMED.finditer(line[:MAX_LINE]):
        if sounds_secret(match["name"]):
            return match.end()
    return None


def redacted(line: str, *, all_literals: bool = False) -> str:
    """A source line in which secrets are blanked: literals given to an attribute that sounds secret, or all of them."""
    line = line[:MAX_LINE]
    start = 0 if all_literals else secret_value(line)
    if start is not None:
        rest = line[start:]
        if not all_literals and not _REFERENCE.match(rest):
            bare, space, more = rest.partition(" ")  # `export DB_PASSWORD=...` in a script
            rest = BLANK + space + more if bare else rest
        line = line[:start] + _LITERAL.sub(_blank, rest)
    return without_secrets(line)


def _blank(match: re.Match[str]) -> str:
    """A quoted literal without what it says; one that only refers to something else is kept."""
    return match[0] if not _HOLE.sub("", match[0].strip('"')) else f'"{BLANK}"'


def cleaned(report: Report) -> Report:
    """A report whose every string is safe to print."""
    return replace(
        report,
        findings=[_finding(each) for each in report.findings],
        undecided=[
            Undecided(each.check, printable(each.resource), printable(each.reason), _origin(each.origin))
            for each in report.undecided
        ],
        suppressed=[
            Suppressed(_finding(each.finding), printable(each.reason), each.expires, _origin(each.by))
            for each in report.suppressed
        ],
        problems=[
            Problem(each.stage, printable(each.message), _place(each.location) if each.location else None)
            for each in report.problems
        ],
        files=tuple(visible(path) for path in report.files),
    )


def printable(text: str) -> str:
    """One line of text that is safe to print: nothing in it is obeyed, and no secret is shown."""
    return without_secrets(visible(text))


def _finding(finding: Finding) -> Finding:
    return replace(
        finding,
        message=printable(finding.message),
        resource=printable(finding.resource),
        type=printable(finding.type),
        path=printable(finding.path),
        hint=printable(finding.hint),
        details=tuple(printable(each) for each in finding.details),
        origin=_origin(finding.origin),
        block=_origin(finding.block),
        related=_labels(finding.related),
        fix=_fix(finding.fix) if finding.fix else None,
    )


def _fix(fix: Fix) -> Fix:
    return replace(
        fix,
        title=printable(fix.title),
        terraform=without_secrets(visible_lines(fix.terraform)),
        cli=without_secrets(visible_lines(fix.cli)),
    )


def _origin(origin: Origin) -> Origin:
    place = _place(origin.location) if origin.location else None
    return Origin(place, _labels(origin.related), _labels(origin.calls))


def _labels(labels: tuple[Label, ...]) -> tuple[Label, ...]:
    return tuple(Label(_place(each.location), printable(each.text)) for each in labels)


_PlaceT = TypeVar("_PlaceT", bound=Place)


def _place(place: _PlaceT) -> _PlaceT:
    match place:
        case Location():
            return replace(place, path=visible(place.path))
        case LiveLocation():
            return replace(place, arn=visible(place.arn), region=visible(place.region))
    return place
