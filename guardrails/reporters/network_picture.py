"""A picture of VPCs as SVG: zones side by side, public above private, and in red what the internet reaches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from msgspec import Struct, field

from guardrails.network.lens import Exposure, Network
from guardrails.network.packet import Hop
from guardrails.network.topology import Interface, Picture, Subnet, Vpc
from guardrails.reporters.safe import visible

_STYLE = """
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}
.small{font-size:11px;fill:#59636e}.title{font-weight:600}.zone{font-size:11px;fill:#59636e;letter-spacing:.04em}
.paper{fill:#fff}.vpc{fill:#f6f8fa;stroke:#8250df;stroke-width:1.5}
.public{fill:#e6f6ea;stroke:#4ac26b}.private{fill:#e7f1fd;stroke:#54aeff}.isolated{fill:#eff1f3;stroke:#afb8c1}
.box{fill:#fff;stroke:#8c959f}.open{fill:#ffebe9;stroke:#cf222e}.maybe{fill:#fff8c5;stroke:#bf8700}
.on{stroke:#0550ae;stroke-width:2.5}.badge{fill:#0550ae}.number{font-size:11px;font-weight:600;fill:#fff}
.way{fill:none;stroke:#cf222e;stroke-width:1.6}.idle{fill:none;stroke:#8c959f;stroke-width:1.2}
.led{fill:none;stroke:#8250df;stroke-width:1.6}
.gate{fill:#fff;stroke:#8250df;stroke-width:1.5}.cloud{fill:#ddf4ff;stroke:#54aeff}
"""
_COLUMN, _GUTTER, _PAD = 270, 26, 20
_HEAD, _ROW, _GAP, _TIER_GAP = 62, 40, 6, 36
_MOST = 12
"""Interfaces shown of one subnet; the others are counted."""
_TIERS = ("public", "private", "isolated")
_LETTERS = 36


class _Place(Struct):
    """Where the box of an interface stands."""

    x: float
    y: float
    column: int
    tier: int


class _Page(Struct):
    """What is drawn so far."""

    network: Network
    open: dict[str, Exposure]
    led: dict[str, Exposure]
    steps: dict[str, int]
    """By component: its number on the path that is shown."""
    back: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    front: list[str] = field(default_factory=list)
    places: dict[str, _Place] = field(default_factory=dict)
    width: float = 480


def svg(network: Network, found: Sequence[Exposure], path: Sequence[Hop] = ()) -> str:
    """A picture of each VPC with what stands in it; `path` is numbered step by step if it is given."""
    components = [hop.component for hop in path if hop.component]
    page = _Page(
        network,
        {each.resource.address: each for each in found if not each.through},
        {each.resource.address: each for each in found if each.through},
        {name: number for number, name in enumerate(dict.fromkeys(components), 1)},
    )
    members: dict[str, list[Interface]] = {}
    for interface in network.picture.interfaces.values():
        members.setdefault(interface.subnet, []).append(interface)
    top = 24.0
    for key, vpc in network.picture.vpcs.items():
        own = [each for each in network.picture.subnets.values() if each.vpc == key]
        if any(each.resource is not None for each in own) or any(members.get(each.key) for each in own):
            top = _vpc(page, vpc, own, members, top) + 36
    top = _fronts(page, [each for each in found if not each.interfaces and not each.through], top)
    if path:
        top = _caption(page, path, top)
    height = top + _legend(page, top)
    size = f'width="{page.width:g}" height="{height:g}" viewBox="0 0 {page.width:g} {height:g}"'
    arrow = (
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="network"><style>{_STYLE}</style>{arrow}'
        f'<rect class="paper" width="100%" height="100%"/>{"".join(page.back)}{"".join(page.lines)}'
        f"{''.join(page.front)}</svg>\n"
    )


def tier(picture: Picture, subnet: Subnet) -> str:
    """Whether the routes of a subnet lead to an internet gateway, somewhere else, or nowhere."""
    table = picture.tables.get(subnet.table)
    kinds = {route.kind for route in table.routes if route.state == "active"} if table is not None else set()
    if "internet" in kinds:
        return "public"
    return "private" if kinds - {"local", "gateway-endpoint"} or table is None else "isolated"


def _vpc(page: _Page, vpc: Vpc, subnets: list[Subnet], members: dict[str, list[Interface]], top: float) -> float:
    picture = page.network.picture
    zones = sorted({subnet.zone for subnet in subnets})
    left = 24.0
    width = max(2 * _PAD + len(zones) * (_COLUMN + 2 * _GUTTER), 420)
    page.width = max(page.width, left + width + 24)
    gate = vpc.internet_gateway
    if gate:
        top += 92
    y = top + (58 if gate else 40)
    for column, zone in enumerate(zones):
        page.front.append(_text(_left(column), y + 8, zone or "no zone given", "zone"))
    y += 20
    gaps: list[float] = []
    for level, name in enumerate(_TIERS):
        cells = [[s for s in subnets if s.zone == zone and tier(picture, s) == name] for zone in zones]
        if not any(cells):
            gaps.append(y)
            continue
        bottom = y
        for column, cell in enumerate(cells):
            at = y
            for subnet in sorted(cell, key=lambda s: s.key):
                at = _subnet(page, subnet, name, members.get(subnet.key, []), (_left(column), at, column, level)) + 14
            bottom = max(bottom, at - 14)
        gaps.append(bottom + _TIER_GAP / 2)
        y = bottom + _TIER_GAP
    y = _edges(page, vpc, left + _PAD, y - 8, width - 2 * _PAD)
    page.back.insert(0, _rect("vpc", left, top, width, y - top + 8, 10))
    page.front.append(_text(left + 14, top + 24, f"{vpc.key}  {', '.join(vpc.cidrs.cidrs())}", "title"))
    keys = [i.key for subnet in subnets for i in members.get(subnet.key, ())]
    if gate:
        _gateway(page, gate, left + width / 2, top, keys)
    _through(page, keys, gaps)
    return y + 8


def _left(column: int) -> float:
    return 24 + _PAD + _GUTTER + column * (_COLUMN + 2 * _GUTTER)


def _subnet(
    page: _Page, subnet: Subnet, name: str, inside: list[Interface], at: tuple[float, float, int, int]
) -> float:
    x, y, column, level = at
    order = {"open": 0, "maybe": 1, "box": 2}
    inside = sorted(inside, key=lambda i: (i.key not in page.steps, order[_kind(page, i)], _name(i)))
    shown, more = inside[:_MOST], len(inside) - _MOST
    rows = len(shown) + (more > 0)
    height = _HEAD + rows * (_ROW + _GAP) + (4 if rows else 0)
    page.back.append(_rect(name, x, y, _COLUMN, height))
    page.front.append(_text(x + 12, y + 20, subnet.key, "title"))
    page.front.append(_text(x + 12, y + 36, f"{name} · {', '.join(subnet.cidrs.cidrs())}", "small"))
    page.front.append(_text(x + 12, y + 51, _routes(page.network.picture, subnet), "small"))
    at_y = y + _HEAD
    for interface in shown:
        page.places[interface.key] = _Place(x + 10, at_y, column, level)
        _interface(page, interface, x + 10, at_y)
        at_y += _ROW + _GAP
    if more > 0:
        page.front.append(_text(x + 18, at_y + 24, f"and {more} more", "small"))
    return y + height


def _interface(page: _Page, interface: Interface, x: float, y: float) -> None:
    name = _name(interface)
    step = page.steps.get(interface.key) or page.steps.get(name)
    on = " on" if step else ""
    page.front.append(_rect(f"{_kind(page, interface)}{on}", x, y, _COLUMN - 20, _ROW))
    page.front.append(_text(x + 10, y + 17, name))
    exposure = page.open.get(name) or page.led.get(name)
    told = exposure is not None and interface.key in exposure.interfaces
    words = f"internet: {exposure.ports.describe()}" if exposure and told else _address(interface)
    page.front.append(_text(x + 10, y + 32, words, "small"))
    if step:
        _badge(page, x + _COLUMN - 20, y, step)


def _address(interface: Interface) -> str:
    shown = [*interface.private.cidrs()] if interface.placed else []
    if interface.public == "yes":
        shown.append(", ".join(interface.public_addresses.cidrs()) or "public address")
    return " · ".join(each.removesuffix("/32").removesuffix("/128") for each in shown) or interface.kind


def _name(interface: Interface) -> str:
    return interface.resource.address if interface.resource is not None else interface.key


def _kind(page: _Page, interface: Interface) -> str:
    exposure = page.open.get(_name(interface)) or page.led.get(_name(interface))
    if exposure is None or interface.key not in exposure.interfaces:
        return "box"
    return "open" if exposure.certainty == "must" else "maybe"


def _routes(picture: Picture, subnet: Subnet) -> str:
    table = picture.tables.get(subnet.table)
    if table is None:
        return "its route table is not in view"
    found: dict[str, None] = {}
    for route in table.routes:
        if route.kind == "local":
            continue
        where = ", ".join(route.destinations.cidrs()) or route.service or "?"
        found[f"{where} → {route.target or route.kind}"] = None
    return "; ".join(found) or "no way out"


def _gateway(page: _Page, gate: str, x: float, top: float, keys: Iterable[str]) -> None:
    opened = [key for key in keys if key in page.places and _directly(page, key)]
    kind = "way" if opened else "idle"
    cloud = top - 66
    page.front.append(f'<rect class="cloud" x="{x - 62:g}" y="{cloud - 20:g}" width="124" height="36" rx="18"/>')
    page.front.append(_text(x, cloud + 3, "internet", "title", anchor="middle"))
    page.lines.append(f'<path class="{kind}" d="M{x:g} {cloud + 16:g}V{top - 15:g}"/>')
    page.front.append(_rect(f"gate{' on' if gate in page.steps else ''}", x - 130, top - 15, 260, 30, 15))
    page.front.append(_text(x, top + 5, gate, anchor="middle"))
    if gate in page.steps:
        _badge(page, x + 130, top - 15, page.steps[gate])
    bus = top + 38
    for key in opened:
        place = page.places[key]
        down = place.x - 10 - _GUTTER / 2
        page.lines.append(
            f'<path class="way" marker-end="url(#a)" d="M{x:g} {top + 15:g}V{bus:g}H{down:g}V{place.y + _ROW / 2:g}'
            f'H{place.x:g}"/>'
        )


def _directly(page: _Page, key: str) -> bool:
    interface = page.network.picture.interfaces[key]
    exposure = page.open.get(_name(interface))
    return exposure is not None and key in exposure.interfaces


def _through(page: _Page, keys: Sequence[str], gaps: Sequence[float]) -> None:
    """From load balancers to what the internet reaches through them."""
    for key in keys:
        exposure = page.led.get(_name(page.network.picture.interfaces[key]))
        target = page.places.get(key)
        balancer = page.network.picture.balancers.get(exposure.through) if exposure is not None else None
        if target is None or balancer is None:
            continue
        nodes = [page.places[n] for n in balancer.interfaces if n in page.places and n in keys]
        near = sorted(nodes, key=lambda n: abs(n.column - target.column))
        if not near:
            continue
        node = near[0]
        out, back = (place.x + _COLUMN - 20 + 10 + _GUTTER / 2 for place in (node, target))
        turn = f"V{gaps[node.tier]:g}H{back:g}" if out != back else ""
        page.lines.append(
            f'<path class="led" marker-end="url(#a)" d="M{node.x + _COLUMN - 20:g} {node.y + _ROW / 2:g}H{out:g}{turn}'
            f'V{target.y + _ROW / 2:g}H{target.x + _COLUMN - 20:g}"/>'
        )


def _edges(page: _Page, vpc: Vpc, x: float, y: float, width: float) -> float:
    """The other ways out of a VPC: endpoints, peering, transit, VPN, egress-only gateways."""
    picture = page.network.picture
    found = [e.key for e in picture.endpoints.values() if e.vpc == vpc.key and e.kind == "Gateway"]
    found += sorted(vpc.egress_only_gateways)
    found += [vpc.vpn_gateway] if vpc.vpn_gateway else []
    found += [p.key for p in picture.peerings.values() if vpc.key in (p.requester, p.accepter)]
    found += [a.key for a in picture.attachments.values() if a.vpc == vpc.key]
    at = x
    for key in found:
        label = _short(visible(key))
        wide = 24 + 7.2 * len(label)
        if at > x and at + wide > x + width:
            at, y = x, y + 38
        page.front.append(_rect(f"gate{' on' if key in page.steps else ''}", at, y, wide, 28, 14))
        page.front.append(_text(at + wide / 2, y + 18, key, "small", anchor="middle"))
        if key in page.steps:
            _badge(page, at + wide, y, page.steps[key])
        at += wide + 10
    return y + (40 if found else 0)


def _fronts(page: _Page, found: Sequence[Exposure], top: float) -> float:
    """What answers on the internet without standing in a VPC."""
    if not found:
        return top
    page.front.append(_text(32, top, "on the internet by themselves", "zone"))
    x, y = 32.0, top + 10
    for each in found:
        words = f"{_short(visible(each.resource.address))}  {each.ports.describe()}"
        wide = 24 + 6.6 * len(words)
        if x > 32 and x + wide > page.width - 24:
            x, y = 32.0, y + 36
        page.front.append(_rect("open" if each.certainty == "must" else "maybe", x, y, wide, 28, 14))
        page.front.append(
            _text(x + wide / 2, y + 18, f"{each.resource.address}  {each.ports.describe()}", "small", anchor="middle")
        )
        x += wide + 10
    return y + 58


def _caption(page: _Page, path: Sequence[Hop], top: float) -> float:
    told: set[str] = set()
    for hop in path:
        if not hop.component or hop.component in told:
            continue
        told.add(hop.component)
        _badge(page, 40, top, page.steps[hop.component])
        page.front.append(_text(58, top + 4, f"{hop.kind} {hop.component}"))
        top += 24
    return top + 10


def _legend(page: _Page, top: float) -> float:
    """Draws what the colours mean; gives the height that it takes."""
    x, start = 32.0, top
    for kind, words in (
        ("public", "routed to an internet gateway"),
        ("private", "routed elsewhere"),
        ("isolated", "no way out"),
        ("open", "reached from the internet"),
        ("maybe", "perhaps reached"),
    ):
        if x + 30 + 6.2 * len(words) > page.width:
            x, top = 32.0, top + 22
        page.front.append(_rect(kind, x, top - 10, 14, 14, 3))
        page.front.append(_text(x + 20, top + 1, words, "small"))
        x += 44 + 6.2 * len(words)
    return top - start + 24


def _badge(page: _Page, x: float, y: float, number: int) -> None:
    page.front.append(f'<circle class="badge" cx="{x:g}" cy="{y:g}" r="10"/>')
    page.front.append(_text(x, y + 4, str(number), "number", anchor="middle"))


def _rect(  # noqa: PLR0917  # x, y, width, height is the order that everybody knows
    kind: str, x: float, y: float, width: float, height: float, radius: float = 6
) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>'


def _short(text: str, most: int = _LETTERS) -> str:
    return text if len(text) <= most else f"{text[: most // 2 - 1]}…{text[-(most // 2) :]}"


def _text(x: float, y: float, text: str, kind: str = "", *, anchor: str = "") -> str:
    text = visible(text)
    most = _LETTERS + 5 if kind == "small" else 200 if not kind and not anchor and x == 58 else _LETTERS
    shown = _short(text, most)
    title = f"<title>{escape(text)}</title>" if shown != text else ""
    attributes = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text{attributes} x="{x:g}" y="{y:g}">{title}{escape(shown)}</text>'
