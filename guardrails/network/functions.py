"""What Lambda functions in a VPC must reach: what their environment, their role and their task say."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import Model, Place, Resource, Symbolic, Unknown, Value, decode_json, refs_of, reveal
from guardrails.network.needs import PROXY, Needs, Workload
from guardrails.network.reading import blocks, link, values, written
from guardrails.network.services import services


def function_needs(function: Resource) -> Workload:
    """What a function calls, as far as its configuration tells."""
    needs = Needs("function")
    for rotation in function.model.all("aws_secretsmanager_secret_rotation"):
        if (
            link(function.model, written(rotation, "rotation_lambda_arn"), "aws_lambda_function").key
            == function.address
        ):
            needs.feature("rotation", f"{rotation.address} rotates a secret with it", rotation.place())
    _environment(function, needs)
    _role(function, needs)
    if needs.found:
        needs.doubts.clear()  # what else its code calls is never known
    return needs.of(function, proxy=_has_proxy(reveal(function.raw("environment", "variables"))))


def _environment(function: Resource, needs: Needs) -> None:
    """The resources that variables name: by a reference, or as `TABLE = "orders"` where a table has this name."""
    path = ("environment", "variables")
    variables = reveal(function.raw(*path))
    if not isinstance(variables, dict):
        return
    for name, value in variables.items():
        found = [function.model.at(ref.address) for ref in refs_of(value)] or [_namesake(function.model, name, value)]
        for target in found:
            service = services().resources.get(target.type) if target is not None else None
            if target is not None and service:
                needs.service(service, f"its environment names {target.address}", function.place(*path, name))


def _namesake(model: Model, variable: str, value: Value) -> Resource | None:
    value = reveal(value)
    if not isinstance(value, str) or isinstance(value, Symbolic):
        return None
    for type_ in services().resources:
        if type_.rpartition("_")[2] in variable.lower():
            found = model.resolve(value, type_)
            if found is not None:
                return found
    return None


def _role(function: Resource, needs: Needs) -> None:
    """What the role of a function allows it to call."""
    model = function.model
    role = link(model, written(function, "role"), "aws_iam_role")
    if role.resource is None or role.resource.mode == "data":
        needs.doubt(f"what {function.address} may call: its role is not in view")
        return
    documents: list[tuple[Value, Place | None]] = [
        (block.raw("policy"), block.place("policy")) for block in blocks(role.resource, "inline_policy")
    ]
    arns: list[tuple[Value, Place | None]] = [
        (value, role.resource.place("managed_policy_arns")) for value in values(role.resource, "managed_policy_arns")
    ]
    documents += [
        (each.raw("policy"), each.place("policy"))
        for each in model.all("aws_iam_role_policy")
        if link(model, written(each, "role"), "aws_iam_role").key == role.key
    ]
    for each in model.all("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
        owners = values(each, "role") or values(each, "roles")
        if any(link(model, value, "aws_iam_role").key == role.key for value in owners):
            arns.append((written(each, "policy_arn"), each.place("policy_arn")))
    for value, place in arns:
        policy = link(model, value, "aws_iam_policy").resource
        if policy is not None and policy.mode == "managed":
            documents.append((policy.raw("policy"), policy.place("policy")))
        elif isinstance(value, str) and not isinstance(value, Symbolic) and ":aws:policy/" in value:
            service = services().policies.get(str.__str__(value).rpartition("/")[2])
            if service:
                needs.service(service, f"its role {role.key} may call it", place)
        else:
            needs.doubt(f"what {role.key} may call: a policy of it is not in view")
    for value, place in documents:
        for action in _allowed(value, needs, role.key):
            for service in services().called_by(action):
                needs.service(service, f"its role {role.key} may call {action}", place)


def _allowed(value: Value, needs: Needs, role: str) -> Iterator[str]:
    """The actions that a policy document allows, as they are written."""
    try:
        document = decode_json(value) if isinstance(value, str) else value
    except (Unknown, ValueError):
        document = None
    statements = reveal(document.get("Statement")) if isinstance(document, dict) else None
    if statements is None:
        needs.doubt(f"what {role} may call: a policy of it is not known")
        return
    for statement in map(reveal, statements if isinstance(statements, list) else [statements]):
        if not isinstance(statement, dict) or reveal(statement.get("Effect")) != "Allow":
            continue
        actions = reveal(statement.get("Action"))
        for action in actions if isinstance(actions, list) else [actions]:
            if isinstance(action, str) and not isinstance(action, Symbolic):
                yield str.__str__(action)


def _has_proxy(variables: Value) -> bool:
    return isinstance(variables, dict) and any(PROXY.fullmatch(name) for name in variables)
