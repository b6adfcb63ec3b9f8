"""What a repository needs to be checked on every commit: a configuration, a hook, a CI job."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from msgspec import Struct, field

import guardrails
from guardrails import workspace

HOOK = ".pre-commit-config.yaml"
WORKFLOW = ".github/workflows/guardrails.yml"
GITLAB = ".gitlab-ci.yml"
GITLAB_PART = ".gitlab/guardrails.yml"
_PLANS = re.compile(r"\b(?:terraform|tofu|terragrunt)\b[^\n]*\bplan\b|setup-terraform|atlantis")
_MOST = 1_000_000
"""Bytes of a file that are looked at."""


class Found(Struct, frozen=True):
    """What a repository is like."""

    root: str
    """Absolute."""
    github: bool = False
    gitlab: bool = False
    git: bool = False
    configured: str = ""
    """The file with our configuration, relative to the root; empty where there is none."""
    shared: frozenset[str] = frozenset()
    """Files of several tools that are there already: those are never written anew."""
    plans_in: tuple[str, ...] = ()
    """CI files that make plans."""
    checkov: bool = False
    """Whether checkov is configured or run here."""


class Proposal(Struct):
    """Files to write, by their path below the root, and what is left for a person to do."""

    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def look(root: str) -> Found:
    """See what a repository is like. Nothing of it is run; links out of it are not followed."""
    remotes = _text(root, ".git/config")
    workflows = [
        f".github/workflows/{name}" for name in _names(root, ".github/workflows") if name.endswith((".yml", ".yaml"))
    ]
    ci = {path: _text(root, path) for path in (*workflows, GITLAB)}
    github = bool(workflows) or _is_there(root, ".github") or "github.com" in remotes
    configured = workspace.FILE if _is_there(root, workspace.FILE) else ""
    if not configured and "[tool.guardrails" in _text(root, workspace.PYPROJECT):
        configured = workspace.PYPROJECT
    return Found(
        root,
        github=github,
        gitlab=_is_there(root, GITLAB) or (not github and "gitlab" in remotes),
        git=_is_there(root, ".git"),
        configured=configured,
        shared=frozenset(path for path in (HOOK, GITLAB) if _is_there(root, path)),
        plans_in=tuple(path for path, text in ci.items() if path != WORKFLOW and _PLANS.search(text)),
        checkov=_is_there(root, ".checkov.yaml")
        or _is_there(root, ".checkov.yml")
        or any("checkov" in text for text in (*ci.values(), _text(root, HOOK))),
    )


def propose(found: Found) -> Proposal:
    """The files that suit a repository."""
    proposal = Proposal()
    if found.configured == workspace.PYPROJECT:
        proposal.notes.append("pyproject.toml holds the configuration already: it is left as it is")
    else:
        proposal.files[workspace.FILE] = _configuration(found)
    if HOOK in found.shared:
        proposal.notes.append(f"add the hook to {HOOK}, below `repos:`:\n\n{_HOOK % guardrails.__version__}")
    elif found.git:
        proposal.files[HOOK] = f"repos:\n{_HOOK % guardrails.__version__}"
        proposal.notes.append("`pre-commit install` makes git run the hook")
    if found.github:
        proposal.files[WORKFLOW] = _WORKFLOW % guardrails.__version__
    if found.gitlab:
        proposal.files[GITLAB_PART] = _GITLAB_JOB % guardrails.__version__
        if GITLAB in found.shared:
            proposal.notes.append(f"add the job to {GITLAB}:\n\n{_INCLUDE}")
        else:
            proposal.files[GITLAB] = _INCLUDE
    if found.plans_in:
        proposal.notes.append(
            f"{', '.join(found.plans_in)} makes plans: a plan knows more than the files do. Check it there, too:\n\n"
            "    terraform show -json plan.bin > plan.json\n    guardrails check plan.json\n"
        )
    return proposal


def _configuration(found: Found) -> str:
    engine = (
        'engines = ["checkov"]\n'
        if found.checkov
        else "# Another tool beside the checks, once `guardrails engines install checkov` has run.\n"
        '# engines = ["checkov"]\n'
    )
    return f"""\
# Few and sure findings: "strict" tells all, "audit" also fails for what nobody can know.
profile = "regular"

# The lowest severity that fails a run.
fail-on = "low"

{engine}
# A part of the tree can be held to more, or to less.
# [[override]]
# path = "modules/legacy"
# ignore = ["vpc-without-flow-logs"]

# A finding to live with for good, with its reason. `guardrails baseline write` takes in all that is there now.
# [[suppress]]
# check = "public-database"
# path = "sandbox"
# reason = "it holds test data only"
"""


_HOOK = """\
  - repo: local
    hooks:
      - id: guardrails
        name: guardrails
        entry: guardrails check --quiet
        language: python
        additional_dependencies: ["guardrails-aws==%s"]
        files: \\.(tf|tofu|tfvars)(\\.json)?$
        pass_filenames: false
"""

# Python is isolated (-I), or `-m pip` would run a `pip.py` of the repository.
_WORKFLOW = """\
name: guardrails
on:
  pull_request:
  push:
    branches: [main, master]
permissions:
  contents: read
jobs:
  guardrails:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          persist-credentials: false
      - uses: actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0
        with:
          python-version: "3.13"
      - run: python -I -m pip install --quiet "guardrails-aws==%s"
      - run: guardrails check --format github --step-summary
"""

_INCLUDE = f"include:\n  - local: {GITLAB_PART}\n"

_GITLAB_JOB = """\
guardrails:
  image: python:3.13-slim@sha256:6771159cd4fa5d9bba1258caf0b82e6b73458c694d178ad97c5e925c2d0e1a91
  script:
    - python -I -m pip install --quiet "guardrails-aws==%s"
    - guardrails check --output gitlab=gl-code-quality-report.json
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
"""


def _is_there(root: str, path: str) -> bool:
    return os.path.lexists(os.path.join(root, path))


def _text(root: str, path: str) -> str:
    """The start of a file of the repository; empty where it cannot be read."""
    whole = os.path.join(root, path)
    if not os.path.isfile(whole) or not workspace.is_inside(whole, root):
        return ""
    try:
        with open(whole, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST)
    except OSError:
        return ""


def _names(root: str, path: str) -> Iterator[str]:
    try:
        yield from sorted(os.listdir(os.path.join(root, path)))
    except OSError:
        return
