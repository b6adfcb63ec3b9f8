"""What `guardrails network` prints: text, JSON version 1, and markdown with Mermaid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from guardrails.model import LiveLocation, Location, Place
from guardrails.network.addresses import AddressSet, Family
from guardrails.network.lens import Exposure
from guardrails.network.packet import Blocker, Hop
from guardrails.network.ports import ALL, ICMP, ICMPV6, TCP, UDP, PortSet
from guardrails.network.reach import Reachability
from guardrails.network.traffic import Traffic
from guardrails.reporters.safe import visible

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
_EVERY_PROTOCOL = ALL - PortSet.of(ICMP) - PortSet.of(ICMPV6)
_INTERNET: dict[Family, str] = {4: "0.0.0.0/0", 6: "::/0"}
_NAMES = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6"}


def _place(place: Place | None) -> dict[str, Json]:
    match place:
        case Location():
            return {"path": place.path, "line": place.line, "end_line": max(place.line, place.end_line)}
        case LiveLocation():
            return {"arn": place.arn, "account": place.account, "region": place.region}
        case None:
            return {}


def flows(traffic: Traffic) -> list[Json]:
    """Traffic as JSON: for each protocol its port ranges, for ICMP and others none, and the sources."""
    found: list[Json] = []
    for addresses, ports in traffic.boxes():
        sources: list[Json] = [*_sources(addresses)]
        if ports >= _EVERY_PROTOCOL:
            found.append({"protocol": "all", "ports": [[0, 65535]], "sources": sources})
            continue
        for number in ports.protocols():
            ranges: list[Json] = [[a, b] for a, b in ports.ranges(number)] if number in (TCP, UDP) else []
            found.append({"protocol": _NAMES.get(number, str(number)), "ports": ranges, "sources": sources})
    return found


def _sources(addresses: AddressSet) -> Iterator[str]:
    """CIDR blocks; the whole internet as the one block that everybody writes for it."""
    for family, every in _INTERNET.items():
        yield from [every] if addresses.covers_internet(family) else addresses.family(family).cidrs()


def _hop(hop: Hop) -> dict[str, Json]:
    return {"kind": hop.kind, "component": hop.component, "text": hop.text}


def _blocker(blocker: Blocker) -> dict[str, Json]:
    at = blocker.block or blocker.resource
    return {
        "code": blocker.code,
        "resource": blocker.resource.address if blocker.resource else blocker.component,
        "location": _place(at.place() if at else None),
        "change": blocker.change,
    }


# -- reach


def reach_json(source: str, target: str, answer: Reachability) -> Json:
    """The answer to `network reach`."""
    return {
        "version": 1,
        "from": source,
        "to": target,
        "verdict": answer.verdict,
        "flows": flows(answer.traffic),
        "path": [_hop(hop) for hop in answer.path],
        "blockers": [_blocker(each) for each in answer.blockers],
        "doubts": list(answer.doubts),
        "needs": list(answer.needs),
    }


_WORDS = {"must": "reaches", "may": "may reach", "blocked": "cannot reach", "unknown": "reaches or not:"}


def reach_text(source: str, target: str, answer: Reachability) -> str:
    """The same for people."""
    lines = [f"{answer.verdict}: {source} {_WORDS[answer.verdict]} {target}"]
    lines += [f"  {ports.describe()} from {addresses.describe()}" for addresses, ports in answer.traffic.boxes()]
    lines += [f"  depends on: {text}" for text in answer.doubts]
    lines += [f"  unknown: need {text}" for text in answer.needs]
    if answer.blockers:
        lines.append("  to open it:" if len(answer.blockers) == 1 else "  to open it, all of:")
        for each in answer.blockers:
            at = each.block or each.resource
            place = at.place() if at else None
            lines.append(f"    {each.change} [{each.code}]{f' ({place})' if place else ''}")
    if answer.path:
        lines.append("  path:" if answer.verdict != "blocked" else "  path as far as it goes:")
        lines += [f"    {_step(hop)}" for hop in answer.path]
    return _lines(lines)


def reach_markdown(source: str, target: str, answer: Reachability) -> str:
    """The same as markdown, with the path as a Mermaid diagram."""
    mark = {"must": "✅", "may": "❔", "blocked": "⛔", "unknown": "❔"}[answer.verdict]
    lines = [f"{mark} **{_escaped(f'{source} {_WORDS[answer.verdict]} {target}')}** ({answer.verdict})", ""]
    for addresses, ports in answer.traffic.boxes():
        lines.append(f"- {_escaped(f'{ports.describe()} from {addresses.describe()}')}")
    lines += [f"- depends on: {_escaped(text)}" for text in answer.doubts]
    lines += [f"- unknown: need {_escaped(text)}" for text in answer.needs]
    for each in answer.blockers:
        lines.append(f"- to open it: {_escaped(each.change)} (`{each.code}`)")
    return _lines([*lines, *_mermaid([answer.path])])


# -- exposed


def exposed_json(found: Sequence[Exposure]) -> Json:
    """The answer to `network exposed`."""
    return {"version": 1, "exposed": [_exposure(each) for each in found]}


def _exposure(each: Exposure) -> dict[str, Json]:
    return {
        "resource": each.resource.address,
        "flows": flows(each.traffic),
        "certainty": each.certainty,
        "path": [_hop(hop) for hop in each.path],
        "through": each.through or None,
        "doubts": list(each.doubts),
        "location": _place(each.resource.place()),
    }


def exposed_text(found: Sequence[Exposure]) -> str:
    """The same for people."""
    if not found:
        return "Nothing in view is reachable from the internet.\n"
    lines: list[str] = []
    for each in found:
        lines += [*_exposed(each), *(f"    {_step(hop)}" for hop in each.path), ""]
    return _lines([*lines, f"{len(found)} reachable from the internet."])


def _exposed(each: Exposure) -> list[str]:
    place = each.resource.place()
    sure = {"must": "", "may": " (may be)", "unknown": " (not known)"}[each.certainty]
    behind = f" through {each.through}" if each.through else ""
    lines = [f"{each.resource.address}{behind}{sure}{f' ({place})' if place else ''}"]
    lines += [f"  {ports.describe()} from {addresses.describe()}" for addresses, ports in each.traffic.boxes()]
    return lines + [f"  depends on: {text}" for text in each.doubts]


def exposed_markdown(found: Sequence[Exposure]) -> str:
    """The same as markdown."""
    if not found:
        return "Nothing in view is reachable from the internet.\n"
    return _lines([*_table(found), *_mermaid([each.path for each in found])])


def _table(found: Sequence[Exposure]) -> list[str]:
    lines = ["| resource | ports | from | certainty |", "| --- | --- | --- | --- |"]
    for each in found:
        name = each.resource.address + (f" through {each.through}" if each.through else "")
        for addresses, ports in each.traffic.boxes():
            cells = (name, ports.describe(), addresses.describe(), each.certainty)
            lines.append(f"| {' | '.join(_escaped(cell) for cell in cells)} |")
    return lines


# -- diff


def diff_json(opened: Sequence[Exposure], closed: Sequence[Exposure]) -> Json:
    """The answer to `network diff`."""
    return {
        "version": 1,
        "opened": [_exposure(each) for each in opened],
        "closed": [_exposure(each) for each in closed],
    }


def diff_text(opened: Sequence[Exposure], closed: Sequence[Exposure]) -> str:
    """The same for people."""
    lines: list[str] = []
    for title, found in (("Newly reachable from the internet:", opened), ("No longer reachable:", closed)):
        if found:
            lines += [title, *(f"  {line}" for each in found for line in _exposed(each)), ""]
    return _lines(lines) if lines else "What the internet reaches does not change.\n"


def diff_markdown(opened: Sequence[Exposure], closed: Sequence[Exposure]) -> str:
    """The same as markdown."""
    lines: list[str] = []
    for title, found in (("### Newly reachable from the internet", opened), ("### No longer reachable", closed)):
        if found:
            lines += [title, "", *_table(found), ""]
    return _lines(lines) if lines else "What the internet reaches does not change.\n"


# -- parts


def _step(hop: Hop) -> str:
    return f"{hop.kind} {hop.component}{f': {hop.text}' if hop.text else ''}"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{visible(line)}\n" for line in lines)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text)


def _mermaid(paths: Iterable[Sequence[Hop]]) -> list[str]:
    names: dict[str, str] = {}
    edges: dict[str, None] = {}
    for path in paths:
        steps = [(hop.component or hop.kind, hop.kind) for hop in path]
        for component, kind in steps:
            names.setdefault(component, f'n{len(names)}["{_quoted(f"{kind}: {component}")}"]')
        ids = [names[component].partition("[")[0] for component, _ in steps]
        edges.update((f"  {a} --> {b}", None) for a, b in pairwise(ids) if a != b)
    if not names:
        return []
    return ["", "```mermaid", "flowchart LR", *(f"  {name}" for name in names.values()), *edges, "```"]


def _quoted(text: str) -> str:
    return visible(text).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
