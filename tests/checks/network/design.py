"""Designs for tests of network checks: written as Terraform, or as a live account."""

from __future__ import annotations

from pathlib import Path

from guardrails import engine
from guardrails.catalog import load
from guardrails.finding import Finding, Report
from guardrails.model import Model
from guardrails.sources import ReadOptions, read

CATALOG = load(installed=False)


def report(models: list[Model], *select: str) -> Report:
    """What the selected checks say, all of them if none is named."""
    return engine.run(models, list(CATALOG.checks.values()), engine.Settings(select=select))


def terraform(folder: Path, text: str, *select: str, files: dict[str, str] | None = None) -> Report:
    """What checks say of a configuration."""
    for name, content in {"main.tf": text, **(files or {})}.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    return report(read([folder], ReadOptions()), *select)


def said(found: list[Finding] | tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    """Findings as (severity, resource, message)."""
    return [(str(each.severity), each.resource, each.message) for each in found]
