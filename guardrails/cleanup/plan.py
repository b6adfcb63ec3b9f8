"""From what the waste checks found to an ordered plan of removals, and to what is for people to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from guardrails.account.manager import manager
from guardrails.catalog import AnyCheck
from guardrails.cleanup.removals import can_remove, removal
from guardrails.cleanup.steps import Removal
from guardrails.finding import Finding, Report
from guardrails.model import Model, Resource, Symbolic, Unknown, Value, reveal
from guardrails.waste import Waste


class Item(Struct, frozen=True):
    """One thing to remove."""

    number: int
    """From 1, in the order of removal."""
    resource: Resource
    findings: tuple[Finding, ...]
    hazards: tuple[str, ...]
    removal: Removal
    after: tuple[int, ...]
    """The items that have to be gone before: they use this one."""

    @property
    def monthly(self) -> float:
        """US dollars that it saves a month, as far as its price is known."""
        return max((each.monthly or 0.0 for each in self.findings), default=0.0)


class ByHand(Struct, frozen=True):
    """Something that guardrails does not remove, and what to do instead."""

    finding: Finding
    why: str


class Plan(Struct, frozen=True):
    """What to remove of one account, in order."""

    account: str
    items: tuple[Item, ...]
    by_hand: tuple[ByHand, ...] = field(default=())
    undecided: int = 0
    """Questions of the waste checks that have no answer: nothing of these is touched."""

    @property
    def monthly(self) -> float:
        """US dollars that the removals save a month."""
        return sum(item.monthly for item in self.items)


def make(model: Model, report: Report, checks: Mapping[str, AnyCheck]) -> Plan:
    """The plan for an account: removals only of what the checks found to be removable, and of nothing else."""
    by_hand: list[ByHand] = []
    wanted: dict[str, list[Finding]] = {}
    for finding in report.findings:
        check = checks.get(finding.check)
        if not isinstance(check, Waste):
            continue
        resource = model.at(finding.resource)
        why = _for_people(check, resource)
        if why or resource is None:
            by_hand.append(ByHand(finding, why))
        else:
            wanted.setdefault(resource.address, []).append(finding)
    resources = {address: found for address in wanted if (found := model.at(address))}
    ready: dict[str, Removal] = {}
    planned = {resource.name for resource in resources.values()}
    for address, resource in resources.items():
        try:
            ready[address] = removal(resource, planned)
        except Unknown as unknown:
            by_hand += (ByHand(each, unknown.reason) for each in wanted[address])
    items: list[Item] = []
    numbers: dict[str, int] = {}
    for address, users in _ordered({address: resources[address] for address in ready}):
        number = numbers[address] = len(items) + 1
        hazards = {checks[each.check].id: _hazard(checks[each.check]) for each in wanted[address]}
        items.append(
            Item(
                number,
                resources[address],
                tuple(wanted[address]),
                tuple(dict.fromkeys(hazards.values())),
                ready[address],
                tuple(sorted(numbers[each] for each in users if each in numbers)),
            )
        )
    undecided = sum(isinstance(checks.get(each.check), Waste) for each in report.undecided)
    return Plan(model.name, tuple(items), tuple(by_hand), undecided)


def _hazard(check: AnyCheck) -> str:
    return check.hazard if isinstance(check, Waste) else ""


def _for_people(check: Waste, resource: Resource | None) -> str:
    """Why a person has to do it, or nothing."""
    if resource is None:
        return "it is not in view"
    try:
        who = manager(resource)
    except Unknown as unknown:
        return f"it is not known who manages it: {unknown.reason}"
    if who:
        return f"{who.what} manages it. {who.change}."
    if not check.removable:
        return check.hint
    if not can_remove(resource.type):
        return f"resources of the type {resource.type} are not removed by themselves. {check.hint}"
    return ""


def _ordered(resources: Mapping[str, Resource]) -> Iterator[tuple[str, Sequence[str]]]:
    """Each address after those of what uses it, with these.

    What names another uses it: an instance its disks, a subnet its VPC. Things that name each other keep the order of
    their addresses.
    """
    names: dict[str, str] = {}
    for address, resource in resources.items():
        for name in (resource.name, _plain(resource.raw("arn")), _plain(resource.raw("id"))):
            if name:
                names.setdefault(name, address)
    users: dict[str, list[str]] = {address: [] for address in resources}
    for address, resource in resources.items():
        for text in _texts(list(resource.values.values())):
            used = names.get(text)
            if used and used != address and address not in users[used]:
                users[used].append(address)
    done: dict[str, None] = {}

    def visit(address: str, path: tuple[str, ...]) -> None:
        if address in done or address in path:
            return
        for user in sorted(users[address]):
            visit(user, (*path, address))
        done[address] = None

    for address in sorted(users):
        visit(address, ())
    for address in done:
        yield address, users[address]


def _plain(value: Value) -> str:
    value = reveal(value)
    return str.__str__(value) if isinstance(value, str) and not isinstance(value, Symbolic) else ""


def _texts(value: Value) -> Iterator[str]:
    value = reveal(value)
    match value:
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)
        case str():
            yield _plain(value)
        case _:
            return
