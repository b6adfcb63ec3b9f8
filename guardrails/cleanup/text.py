"""A plan as text, and as a script of shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime

from guardrails import __version__
from guardrails.account.prices import dated
from guardrails.cleanup.plan import Item, Plan
from guardrails.cleanup.steps import Ask, Do, command, wait_command
from guardrails.reporters.safe import visible


def plan_text(plan: Plan, read: datetime) -> str:
    """What would be removed, in order, with cost, calls, hazard and undo, and what is for people to do."""
    return "\n".join(visible(line) for line in _lines(plan, read)) + "\n"


def things(plan: Plan) -> str:
    """How many a plan removes: `2 things`."""
    return f"{len(plan.items)} thing{'' if len(plan.items) == 1 else 's'}"


def _lines(plan: Plan, read: datetime) -> Iterator[str]:
    cost = f"{plan.monthly:,.2f} USD a month"
    yield f"{plan.account}, read at {read:%Y-%m-%d %H:%M} UTC: {things(plan)} to remove, {cost}."
    for item in plan.items:
        yield ""
        yield f"{item.number}. {item.resource.address} in {item.removal.region}"
        for finding in item.findings:
            yield f"   why:    {finding.message} [{finding.check}]"
        if item.after:
            yield f"   after:  {', '.join(map(str, item.after))}"
        for step in item.removal.steps:
            match step:
                case Ask():
                    continue
                case Do():
                    yield f"   call:   {command(step, item.removal.region)}"
        if item.removal.takes:
            yield f"   takes:  {', '.join(item.removal.takes)}"
        for hazard in item.hazards:
            yield f"   hazard: {hazard}"
        yield f"   undo:   {item.removal.undo}"
    if plan.by_hand:
        yield ""
        yield "By hand:"
        for each in plan.by_hand:
            yield f"-  {each.finding.resource}: {each.finding.message} [{each.finding.check}]"
            yield f"   {each.why}"
    yield ""
    if plan.undecided:
        yield f"{plan.undecided} questions have no answer: what they ask about is left alone."
    if any(isinstance(step, Do) and step.keep for item in plan.items for step in item.removal.steps):
        yield "Snapshots and images that are made first are billed themselves until you delete them."
    yield f"Costs are list prices of {dated()}."


def script(plan: Plan, read: datetime) -> str:
    """The plan as a script for `sh` and AWS's command line. It asks every precondition again before each change."""
    return "\n".join(_script(plan, read)) + "\n"


def _script(plan: Plan, read: datetime) -> Iterator[str]:
    yield "#!/bin/sh"
    yield from _comments(
        f"Written by guardrails {__version__} for the account {plan.account}, read at {read:%Y-%m-%d %H:%M} UTC.",
        f"Removes {things(plan)}: {plan.monthly:,.2f} USD a month by list prices of {dated()}.",
        "Review it before you run it. What no longer is as it was then is left alone, with what depends on it.",
    )
    yield "set -u"
    yield "TZ=UTC; export TZ"
    yield "AWS_PAGER=; export AWS_PAGER"
    yield "account=$(aws sts get-caller-identity --query Account --output text) || exit 1"
    yield f'if [ "$account" != {plan.account} ]; then'
    yield f'  echo "these are credentials of $account, not of {plan.account}" >&2'
    yield "  exit 1"
    yield "fi"
    yield "failed=0"
    yield 'holds() { [ "$("$@")" = true ]; }'
    # A waiter of AWS's gives up after ten minutes, which a snapshot can outlast.
    yield 'waits() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do "$@" && return 0; done; return 1; }'
    yield "left() {"
    yield '  echo "$1. left alone: $2" >&2'
    yield "  failed=1"
    yield "}"
    for item in plan.items:
        yield ""
        yield from _function(item)
    yield ""
    yield 'exit "$failed"'


def _function(item: Item) -> Iterator[str]:
    region, number = item.removal.region, item.number
    yield from _comments(f"{number}. {item.resource.address} in {region}")
    for finding in item.findings:
        yield from _comments(f"why:    {finding.message} [{finding.check}]")
    for hazard in item.hazards:
        yield from _comments(f"hazard: {hazard}")
    yield from _comments(f"undo:   {item.removal.undo}")
    yield f"gone_{number}=no"
    yield f"remove_{number}() {{"
    for other in item.after:
        yield f'  [ "$gone_{other}" = yes ] || {{ left {number} "item {other} uses it and is still there"; return; }}'
    for step in item.removal.steps:
        match step:
            case Ask():
                yield f"  holds {command(step, region)} \\"
                yield f"    || {{ left {number} {shlex.quote(visible(step.otherwise))}; return; }}"
            case Do():
                call = command(step, region)
                call = f"{step.keep}=$({call})" if step.keep else call
                yield f'  {call} \\\n    || {{ left {number} "the call failed"; return; }}'
                if step.wait:
                    yield f"  waits {wait_command(step, region)} \\"
                    yield f'    || {{ left {number} "it does not end"; return; }}'
    yield f"  gone_{number}=yes"
    yield f'  echo "{number}. removed"'
    yield "}"
    yield f"remove_{number}"


def _comments(*lines: str) -> Iterator[str]:
    # A name with a line break must not end the comment that it stands in.
    yield from (f"# {visible(line)}" for line in lines)
