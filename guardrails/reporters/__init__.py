"""Output formats, one file each: a module named like the format with a function `render(report, context) -> str`."""

from __future__ import annotations

import enum
import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.check import Check
from guardrails.finding import Report
from guardrails.overview import Overview
from guardrails.reporters.safe import cleaned, printable
from guardrails.reporters.source import Sources


class Format(enum.StrEnum):
    """The formats that there are."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"
    SUMMARY = "summary"
    HTML = "html"
    CSV = "csv"
    GITLAB = "gitlab"
    COMPLIANCE = "compliance"


class Context(Struct, frozen=True):
    """What a reporter knows besides the report."""

    checks: Mapping[str, Check[Any]] = field(default_factory=dict)
    """Every check, by id: for titles and pages."""
    sources: Sources = field(default_factory=Sources)
    """The lines of the files that were scanned, with secrets blanked."""
    color: bool = False
    width: int = 100
    """Columns of the terminal, for text."""
    root: str = "."
    """The repository's root, which formats for code hosts name files from."""
    page: Callable[[Check[Any]], str] = lambda check: check.page
    """The whole page of a check in Markdown."""
    quiet: bool = False
    """Whether to leave out what is not a finding or a problem."""
    ran: frozenset[str] = frozenset()
    """Ids of the checks of this run."""
    overview: Callable[[], Overview] = Overview
    """What the design opens and grants, computed when a format asks for it."""

    def from_root(self, path: str) -> str:
        """A path as seen from the repository's root; an absolute one where it is outside."""
        whole = os.path.abspath(path)
        inside = os.path.relpath(whole, self.root)
        return (whole if inside.startswith(os.pardir) else inside).replace(os.sep, "/")


class Reporter(Protocol):
    """What a format's module offers."""

    def render(self, report: Report, context: Context) -> str:
        """The report as text that ends in a newline, or an empty one. Its strings are free of control characters."""
        ...


def plural(number: int, noun: str) -> str:
    """A count in words: `1 finding`, `2 findings`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def render(format_: Format, report: Report, context: Context) -> str:
    """A report in a format. Control characters and secrets are neutralised here, for every format alike."""
    module = importlib.import_module(f"guardrails.reporters.{format_.value}")
    safe = replace(context, overview=lambda: context.overview().mapped(printable))
    return cast("Reporter", module).render(cleaned(report), safe)
