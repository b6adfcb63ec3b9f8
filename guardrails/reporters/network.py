"""What `guardrails network` prints: text, JSON version 1, markdown with Mermaid, and a picture of the VPCs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

from guardrails.model import LiveLocation, Location, Place
from guardrails.network.lens import Exposure, Network
from guardrails.network.packet import Blocker, Hop
from guardrails.network.ports import ALL, ICMP, ICMPV6, TCP, UDP, PortSet
from guardrails.network.reach import Reachability
from guardrails.network.topology import Interface, Subnet
from guardrails.network.traffic import Traffic
from guardrails.reporters.safe import visible

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
_EVERY_PROTOCOL = ALL - PortSet.of(ICMP) - PortSet.of(ICMPV6)
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
        sources: list[Json] = list(addresses.cidrs())
        if ports >= _EVERY_PROTOCOL:
            found.append({"protocol": "all", "ports": [[0, 65535]], "sources": sources})
            continue
        for number in ports.protocols():
            ranges: list[Json] = [[a, b] for a, b in ports.ranges(number)] if number in (TCP, UDP) else []
            found.append({"protocol": _NAMES.get(number, str(number)), "ports": ranges, "sources": sources})
    return found


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


# -- picture

_STYLE = """
text{font:13px system-ui,sans-serif;fill:#1b1f24} .small{font-size:11px;fill:#57606a} .title{font-weight:600}
.vpc{fill:#f6f8fa;stroke:#8250df;stroke-width:1.5} .subnet{fill:#fff;stroke:#57606a;stroke-dasharray:4 3}
.box{fill:#fff;stroke:#0969da} .open{fill:#ffebe9;stroke:#cf222e} .way{stroke:#cf222e;stroke-width:1.5;fill:none}
.cloud{fill:#ddf4ff;stroke:#0969da}
"""
_WIDTH, _ROW, _PAD = 300, 40, 16


def svg(network: Network, found: Sequence[Exposure]) -> str:
    """A picture of each VPC: subnets with what stands in them, and what the internet reaches in red."""
    open_ = {each.resource.address: each for each in found}
    picture = network.picture
    by_vpc: dict[str, list[tuple[str, Subnet]]] = {key: [] for key in picture.vpcs}
    for key, subnet in picture.subnets.items():
        by_vpc.setdefault(subnet.vpc, []).append((key, subnet))
    members: dict[str, list[Interface]] = {}
    for interface in picture.interfaces.values():
        members.setdefault(interface.subnet, []).append(interface)
    parts: list[str] = []
    top, right = 110, 420
    for vpc, subnets in by_vpc.items():
        if not subnets:
            continue
        x, bottom = _PAD * 2, top + 60
        for key, subnet in sorted(subnets):
            inside = members.get(key, [])
            height = 56 + _ROW * max(len(inside), 1)
            parts.append(_rect("subnet", x, top + 40, _WIDTH, height))
            parts.append(_text(x + 10, top + 60, key, "title"))
            parts.append(_text(x + 10, top + 78, ", ".join(subnet.cidrs.cidrs()), "small"))
            for index, interface in enumerate(inside):
                name = interface.resource.address if interface.resource else interface.key
                exposure = open_.get(name)
                y = top + 88 + index * _ROW
                if exposure and not exposure.through:
                    parts.append(f'<path class="way" d="M {right / 2} 62 L {x + _WIDTH / 2} {y}"/>')
                parts.append(_rect("open" if exposure else "box", x + 10, y, _WIDTH - 20, _ROW - 8))
                parts.append(_text(x + 18, y + 14, name))
                words = exposure.ports.describe() if exposure else interface.key if interface.key != name else ""
                parts.append(_text(x + 18, y + 27, words, "small"))
            bottom = max(bottom, top + 40 + height)
            x += _WIDTH + _PAD
        parts.insert(0, _text(_PAD + 10, top + 22, f"{vpc}  {', '.join(picture.vpcs[vpc].cidrs.cidrs())}", "title"))
        parts.insert(0, _rect("vpc", _PAD, top, x - _PAD, bottom - top + _PAD))
        right, top = max(right, x + _PAD), bottom + _PAD * 3
    cloud = f'<ellipse class="cloud" cx="{right / 2}" cy="38" rx="90" ry="26"/>' + _text(right / 2 - 26, 43, "internet")
    size = f'width="{right}" height="{top}" viewBox="0 0 {right} {top}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="network">'
        f"<style>{_STYLE}</style>{cloud}{''.join(parts)}</svg>\n"
    )


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    text = visible(text)
    shown = text if len(text) <= 42 else f"{text[:20]}…{text[-20:]}"
    return f'<text class="{kind}" x="{x}" y="{y}"><title>{escape(text)}</title>{escape(shown)}</text>'
