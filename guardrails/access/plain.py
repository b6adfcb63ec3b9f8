"""Plain data -> `PolicySet`, so that others can run cases of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from guardrails.access.evaluation import Levels, PolicySet
from guardrails.access.parse import parse_policy
from guardrails.access.policy import Policy, PolicyKind
from guardrails.access.request import Request
from guardrails.model import Value

_NAMES = {
    "identity": "identity",
    "identity_policies": "identity",
    "group": "identity",
    "groups": "identity",
    "managed": "identity",
    "inline": "identity",
    "resource": "resource",
    "resource_policy": "resource",
    "resource_policies": "resource",
    "trust": "trust",
    "trust_policy": "trust",
    "boundary": "boundary",
    "permissions_boundary": "boundary",
    "session": "session",
    "session_policy": "session",
    "scp": "scp",
    "scps": "scp",
    "rcp": "rcp",
    "rcps": "rcp",
    "endpoint": "vpc-endpoint",
    "vpc_endpoint": "vpc-endpoint",
    "vpc-endpoint": "vpc-endpoint",
}


def policy_set_of(plain: object, request: Request) -> PolicySet:
    """A policy set from plain documents: one identity policy, a list of them, or an object of layers.

    Layers: `identity`, `resource`, `trust`, `boundary`, `session`, `scp`, `rcp`, `vpc-endpoint`, each a document or a
    list; `scp` and `rcp` may be lists of levels, each a list; a flat list is one level. `resource` may be an object of
    policies by ARN. `restrict_public_buckets` and `management_account` are as in `PolicySet`. A key or trust policy
    that is not given is not in view. Raises `ValueError` for an unknown layer.
    """
    if isinstance(plain, PolicySet):
        return plain
    if not isinstance(plain, Mapping) or "Statement" in plain:
        plain = {"identity": plain}
    given: dict[str, object] = {}
    for key, value in plain.items():
        if key in ("restrict_public_buckets", "management_account"):
            continue
        layer = _NAMES.get(str(key).lower())
        if layer is None:
            raise ValueError(f'there is no layer "{key}": {", ".join(dict.fromkeys(_NAMES.values()))}')
        if layer in given and layer == "identity":
            value = [*_several(given[layer]), *_several(value)]  # noqa: PLW2901  # the union of the two
        given[layer] = value
    resource: tuple[Policy, ...] | None = ()
    by_resource: dict[str, tuple[Policy, ...] | None] = {}
    attached = given.get("resource")
    if isinstance(attached, Mapping) and "Statement" not in attached:
        by_resource = {str(arn): _policies(doc, PolicyKind.RESOURCE) for arn, doc in attached.items()}
    elif attached is not None:
        resource = _policies(attached, PolicyKind.RESOURCE)
    if given.get("trust") is not None:
        resource = (*(resource or ()), *_policies(given["trust"], PolicyKind.TRUST))
    if "resource" not in given and "trust" not in given and request.service in ("sts", "kms"):
        resource = None
    management = plain.get("management_account", "")
    return PolicySet(
        identity=_policies(given.get("identity"), PolicyKind.IDENTITY),
        resource=resource,
        by_resource=by_resource,
        boundary=_optional(given.get("boundary"), PolicyKind.BOUNDARY),
        session=_optional(given.get("session"), PolicyKind.SESSION),
        scps=_levels(given.get("scp"), PolicyKind.SCP),
        rcps=_levels(given.get("rcp"), PolicyKind.RCP),
        endpoint=_optional(given.get("vpc-endpoint"), PolicyKind.ENDPOINT),
        restrict_public_buckets=plain.get("restrict_public_buckets") is True,
        management_account=management if isinstance(management, str) else "",
    )


def _several(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _policies(value: object, kind: PolicyKind) -> tuple[Policy, ...]:
    found: list[Policy] = []
    for index, each in enumerate(_several(value)):
        if isinstance(each, Policy):
            found.append(each)
        else:
            name = kind.value if index == 0 else f"{kind.value} {index + 1}"
            found.append(parse_policy(cast("Value", each), kind=kind, name=name))
    return tuple(found)


def _optional(value: object, kind: PolicyKind) -> tuple[Policy, ...] | None:
    return None if value is None else _policies(value, kind)


def _levels(value: object, kind: PolicyKind) -> Levels | None:
    if value is None:
        return None
    items: Iterable[object] = _several(value)
    if any(isinstance(item, list | tuple) for item in items):
        return tuple(_policies(item, kind) for item in items)
    return (_policies(list(items), kind),)
