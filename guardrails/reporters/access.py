"""What `guardrails access` prints: text, JSON version 1, and markdown with Mermaid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from guardrails.access.diff import Change, Diff
from guardrails.access.escalation import Granted, Path
from guardrails.access.evaluation import Outcome
from guardrails.access.lens import Access
from guardrails.access.principals import Principal
from guardrails.access.questions import Answer
from guardrails.access.request import Caller
from guardrails.access.view import PolicyView
from guardrails.model import LiveLocation, Location, Place
from guardrails.reporters.safe import visible

_SHOWN = 6
"""Names of a list that people are shown."""
Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def _place(place: Place | None) -> dict[str, Json]:
    match place:
        case Location():
            return {"path": place.path, "line": place.line, "end_line": max(place.line, place.end_line)}
        case LiveLocation():
            return {"arn": place.arn, "account": place.account, "region": place.region}
        case None:
            return {}


def _statement(view: PolicyView, index: int) -> dict[str, Json]:
    place = view.origin(index).location
    return {"policy": view.title, "sid": view.sid(index), "index": index, "location": _place(place)}


def dump(value: Json) -> str:
    """JSON as it is printed."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _where(view: PolicyView, index: int) -> str:
    place = view.origin(index).location
    sid = view.sid(index)
    name = f'"{sid}"' if sid else str(index + 1)
    return f"{view.title}, statement {name}{f' ({place})' if place else ''}"


# -- can


def can_json(access: Access, who: str, action: str, resource: str, answer: Answer) -> Json:
    """The answer to `access can`."""
    decision = answer.decision
    return {
        "version": 1,
        "principal": access.show(who),
        "action": action,
        "resource": access.show(resource),
        "decision": decision.outcome.value,
        "layer": decision.layer.value if decision.layer else None,
        "explicit": decision.explicit,
        "statements": [
            {**_statement(view, ground.index), "layer": ground.layer.value, "effect": ground.effect}
            for view, ground in answer.statements
        ],
        "missing": [access.show(text) for text in answer.missing],
    }


def can_text(access: Access, who: str, action: str, resource: str, answer: Answer) -> str:
    """The same for people."""
    asked = f"{access.show(who)} {action} on {access.show(resource)}"
    lines = [f"{answer.outcome.value}: {asked}"]
    layer = answer.decision.layer.value if answer.decision.layer else ""
    match answer.outcome:
        case Outcome.ALLOWED:
            lines.append(f"  by: {_layer(layer)}")
        case Outcome.DENIED:
            how = "an explicit Deny in" if answer.decision.explicit else "nothing allows it in"
            lines.append(f"  by: {how} {_layer(layer)}")
        case Outcome.UNDECIDED:
            lines.append(f"  depends on: {_layer(layer)}")
    lines += [f"  {g.effect.lower()} {_where(view, g.index)}" for view, g in answer.statements]
    lines += [f"  not known: {access.show(text)}" for text in answer.missing if answer.outcome is Outcome.UNDECIDED]
    if answer.outcome is Outcome.DENIED and len(answer.missing) > 1:
        lines.append(f"  no allow in: {', '.join(_layer(m) for m in answer.missing)}")
    return _lines(lines)


def can_markdown(access: Access, who: str, action: str, resource: str, answer: Answer) -> str:
    """The same as markdown."""
    mark = {"allowed": "✅", "denied": "⛔", "undecided": "❔"}[answer.outcome.value]
    text = can_text(access, who, action, resource, answer).splitlines()
    return _lines([f"{mark} **{_escaped(text[0])}**", "", *(f"- {_escaped(line.strip())}" for line in text[1:])])


def _layer(layer: str) -> str:
    return {
        "identity": "the principal's policies",
        "resource": "the resource's policy",
        "boundary": "the permissions boundary",
        "session": "the session policy",
        "scp": "a service control policy",
        "rcp": "a resource control policy",
        "vpc-endpoint": "the VPC endpoint's policy",
        "public-access-block": "S3's public access block",
        "service": "the service itself",
    }.get(layer, layer)


# -- who-can


Found = Sequence[tuple[Principal | Caller, Answer]]


def name_of(access: Access, who: Principal | Caller) -> str:
    """What to call somebody: the ARN, the service, or `*`."""
    if isinstance(who, Principal):
        return who.label
    return access.show(who.arn or who.id) or "*"


def who_json(access: Access, action: str, resource: str, found: Found) -> Json:
    """The answer to `access who-can`."""
    principals: list[Json] = []
    for who, answer in found:
        principals.append(
            {
                "principal": who.address if isinstance(who, Principal) else name_of(access, who),
                "arn": name_of(access, who),
                "kind": who.kind if isinstance(who, Principal) else who.kind.value,
                "decision": answer.outcome.value,
                "layer": answer.decision.layer.value if answer.decision.layer else None,
                "statements": [_statement(view, ground.index) for view, ground in answer.statements],
                "missing": [access.show(text) for text in answer.missing],
            }
        )
    return {"version": 1, "action": action, "resource": access.show(resource), "principals": principals}


def who_text(access: Access, action: str, resource: str, found: Found) -> str:
    """The same for people."""
    if not found:
        return _lines([f"nobody in view can {action} on {access.show(resource)}"])
    lines = []
    for who, answer in found:
        lines.append(f"{answer.outcome.value:<9} {name_of(access, who)}")
        lines += [f"          {_where(view, ground.index)}" for view, ground in answer.statements[:4]]
        if answer.outcome is Outcome.UNDECIDED:
            lines += [f"          not known: {access.show(text)}" for text in answer.missing[:4]]
    return _lines(lines)


def who_markdown(access: Access, action: str, resource: str, found: Found) -> str:
    """The same as a table."""
    lines = [f"### Who can `{action}` on `{access.show(resource)}`", "", "| who | answer | by |", "| --- | --- | --- |"]
    for who, answer in found:
        by = "; ".join(_where(view, ground.index) for view, ground in answer.statements[:4])
        by = by or "; ".join(access.show(text) for text in answer.missing[:4])
        lines.append(f"| `{name_of(access, who)}` | {answer.outcome.value} | {_escaped(by)} |")
    return _lines(lines)


# -- paths


def paths_json(access: Access, found: Sequence[Path], undecided: Sequence[str]) -> Json:
    """The answer to `access paths`."""
    return {
        "version": 1,
        "paths": [_path(access, path) for path in found],
        "undecided": [access.show(text) for text in undecided],
    }


def _path(access: Access, path: Path) -> Json:
    steps: list[Json] = []
    for step in path.steps:
        place = step.statements[0].view.origin(step.statements[0].index).location if step.statements else None
        steps.append(
            {
                "technique": step.technique,
                "title": step.title,
                "permissions": list(step.permissions),
                "target": step.target,
                "target_arn": access.show(step.target_arn),
                "gains": step.gains.address if step.gains else None,
                "location": _place(place),
                "statements": [{**_statement(g.view, g.index), "permission": g.permission} for g in step.statements],
                "others": list(step.others),
            }
        )
    breaks: dict[str, Json] = {}
    if path.breaks is not None:
        breaks = {
            "step": path.breaks.step,
            "permission": path.breaks.permission,
            "change": access.show(path.breaks.change),
            "statements": [_statement(g.view, g.index) for g in path.breaks.statements],
        }
    return {
        "from": path.start.address,
        "from_arn": path.start.label,
        "to": path.goal,
        "end": path.end.address if path.end else None,
        "end_arn": path.end.label if path.end else None,
        "certainty": path.certainty,
        "steps": steps,
        "breaks": breaks,
        "doubts": [access.show(text) for text in path.doubts],
    }


def paths_text(access: Access, found: Sequence[Path], undecided: Sequence[str]) -> str:
    """The same for people."""
    lines: list[str] = []
    for path in found:
        goal = "administration" if path.goal == "admin" else path.goal
        sure = "" if path.certainty == "must" else " (possible)"
        lines.append(f"{path.start.label} comes to {goal}{sure}")
        for number, step in enumerate(path.steps, 1):
            lines.append(f"  {number}. {step.title}: {step.target} [{step.technique}]")
            lines += [f"       {g.permission}: {_where(g.view, g.index)}" for g in _once(step.statements)]
        lines += [f"  not known: {access.show(doubt)}" for doubt in path.doubts[:4]]
        if path.breaks is not None:
            lines.append(f"  break it: {access.show(path.breaks.change)}")
        lines.append("")
    if not found:
        lines.append("no path found")
    lines += [f"not known: {access.show(text)}" for text in undecided]
    return _lines(lines)


def _once(statements: Sequence[Granted]) -> Iterable[Granted]:
    return {(g.permission, id(g.view), g.index): g for g in statements}.values()


def paths_markdown(access: Access, found: Sequence[Path], undecided: Sequence[str]) -> str:
    """The same as markdown, each path drawn."""
    lines: list[str] = []
    for path in found:
        goal = "administration" if path.goal == "admin" else path.goal
        sure = "" if path.certainty == "must" else " (possible)"
        lines += [f"### `{path.start.address}` comes to {_escaped(goal)}{sure}", "", "```mermaid", "graph LR"]
        lines.append(f'  p0["{_node(path.start.label)}"]')
        for number, step in enumerate(path.steps, 1):
            gains = step.gains.label if step.gains else "a new principal"
            arrow = f"{step.title}<br/>{', '.join(step.permissions)}"
            name = step.target if step.technique == "read-data" else gains
            lines.append(f'  p{number - 1} -->|"{_node(arrow)}"| p{number}["{_node(name)}"]')
        lines += ["```", ""]
        for number, step in enumerate(path.steps, 1):
            lines.append(f"{number}. {_escaped(step.title)}: `{step.target}`")
            lines += [f"   - `{g.permission}`: {_escaped(_where(g.view, g.index))}" for g in _once(step.statements)]
        if path.breaks is not None:
            lines += ["", f"Break it: {_escaped(access.show(path.breaks.change))}."]
        lines += [f"Not known: {_escaped(access.show(doubt))}." for doubt in path.doubts[:4]]
        lines.append("")
    if not found:
        lines.append("No path found.")
    lines += [f"- not known: {_escaped(access.show(text))}" for text in undecided]
    return _lines(lines)


# -- diff


def diff_json(found: Diff) -> Json:
    """The answer to `access diff`."""
    return {
        "version": 1,
        "granted": [_change(change) for change in found.granted],
        "removed": [_change(change) for change in found.removed],
    }


def _change(change: Change) -> Json:
    witness: Json = None
    if change.witness is not None:
        request = change.witness.request
        witness = {
            "principal": change.principal if change.address else request.caller.arn or request.caller.id or "*",
            "action": change.witness.action,
            "resource": change.view.names.show(str(change.witness.resource)),
            "context": {
                key: list(map(str, value)) if isinstance(value, tuple) else None if value is None else str(value)
                for key, value in request.context.items()
            },
        }
    return {
        "principal": change.principal,
        "address": change.address,
        "action": change.action,
        "resource": change.resource,
        "witness": witness,
        "public": change.public,
        "admin": change.admin,
        "statement": _statement(change.view, change.index),
        "doubt": change.doubt,
    }


def diff_text(found: Diff) -> str:
    """The same for people."""
    lines: list[str] = []
    for title, changes, sign in (("granted", found.granted, "+"), ("taken away", found.removed, "-")):
        if changes:
            lines.append(f"{title}:")
        for change in changes:
            marks = "".join(f" [{word}]" for word, on in (("public", change.public), ("admin", change.admin)) if on)
            what = f"{_short(change.action)} on {_short(change.resource)}"
            lines.append(f"  {sign} {change.principal}: {what}{marks}")
            if change.witness is not None:
                shown = change.view.names.show(str(change.witness.resource))
                lines.append(f"      such as {change.witness.action} on {shown}")
            lines.append(f"      {_where(change.view, change.index)}")
            if change.doubt:
                lines.append(f"      not decided: {change.doubt}")
    return _lines(lines or ["no permission changes"])


def diff_markdown(found: Diff) -> str:
    """The same as tables."""
    lines: list[str] = []
    for title, changes in (("Granted", found.granted), ("Taken away", found.removed)):
        if not changes:
            continue
        lines += [f"### {title}", "", "| who | action | resource | |", "| --- | --- | --- | --- |"]
        for change in changes:
            marks = " ".join(word for word, on in (("**public**", change.public), ("**admin**", change.admin)) if on)
            cells = (change.principal, _short(change.action), _short(change.resource))
            lines.append(f"| {' | '.join(f'`{_cell(cell)}`' for cell in cells)} | {marks} |")
        lines.append("")
    return _lines(lines or ["No permission changes."])


def _short(text: str) -> str:
    """A list of names without all that come after the first few."""
    names = text.split(", ")
    return text if len(names) <= _SHOWN else f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"


# -- safe text


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(visible(line) for line in lines).rstrip("\n") + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")


def _node(text: str) -> str:
    return text.replace('"', "'").replace("[", "(").replace("]", ")").replace("`", "'")
