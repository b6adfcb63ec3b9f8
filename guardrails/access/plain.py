"""Plain data -> `PolicySet`, so that others can run cases of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from guardrails.access.evaluation import Levels, PolicySet
from guardrails.access.parse import parse_policy
from guardrails.access.policy import Policy, PolicyKind
from guardrails.access.request import Request
from guardrails.model import Value

_NAMES = {
    "identity": "identity",
    "user": "identity",
    "role": "identity",
    "group": "identity",
    "groups": "identity",
    "managed": "identity",
    "inline": "identity",
    "attached": "identity",
    "policyinputlist": "identity",
    "resource": "resource",
    "resourcebased": "resource",
    "bucket": "resource",
    "key": "resource",
    "trust": "trust",
    "assumerole": "trust",
    "assumeroledocument": "trust",
    "boundary": "boundary",
    "permissionsboundary": "boundary",
    "permissionboundary": "boundary",
    "boundaries": "boundary",
    "permissionsboundaryinputlist": "boundary",
    "session": "session",
    "sessions": "session",
    "scp": "scp",
    "scps": "scp",
    "servicecontrol": "scp",
    "rcp": "rcp",
    "rcps": "rcp",
    "resourcecontrol": "rcp",
    "endpoint": "vpc-endpoint",
    "vpcendpoint": "vpc-endpoint",
    "vpce": "vpc-endpoint",
}
"""The layers by their names without case, `_`, `-` and a "policy" or "policies" in it."""
_SETTINGS = {"restrictpublicbuckets": "restrict_public_buckets", "managementaccount": "management_account"}
_DOCUMENT_KEYS = ("policydocument", "document", "policy", "content", "assumerolepolicydocument")
_LEVEL_KEYS = ("policies", "scps", "rcps", "policy")


def squeezed(name: object) -> str:
    """A name without what spellings differ in: case, `_`, `-` and spaces."""
    return re.sub(r"[_\- ]", "", str(name)).lower()


def _layer(name: object) -> str | None:
    text = squeezed(name)
    return _NAMES.get(text) or _NAMES.get(text.replace("policies", "").replace("policy", ""))


def policy_set_of(plain: object, request: Request) -> PolicySet:
    """The policies of plain data: an object of layers, or identity policies alone.

    A policy is a document (an object, or its JSON text), a `Policy`, or an object that carries its document as
    `policy`, `document`, `PolicyDocument`, with its name as `name`, `PolicyName`. A layer has one policy or a list.
    Layers are `identity` (and `group`, `managed`, `inline`), `resource`, `trust`, `boundary`, `session`, `scp`, `rcp`
    and `vpc_endpoint`, in any case and with or without "policies" (`identityPolicies`, `permissions_boundary`). `scp`
    and `rcp` may be lists of levels, each a list of policies or an object of `policies`, or an object of levels by
    name; a flat list is one level. `resource` may be an object of policies by ARN. None, or an empty list, is as if the
    layer were not given; an empty list for a level of control policies allows nothing. `restrict_public_buckets` and
    `management_account` are as in `PolicySet`. A key or trust policy that is not given is not in view. Raises
    `ValueError` for an unknown layer.
    """
    if isinstance(plain, PolicySet):
        return plain
    if not isinstance(plain, Mapping) or _is_document(plain):
        plain = {"identity": plain}
    given: dict[str, object] = {}
    setting: dict[str, object] = {}
    for key, value in plain.items():
        if (named := _SETTINGS.get(squeezed(key))) is not None:
            setting[named] = value
            continue
        layer = _layer(key)
        if layer is None:
            raise ValueError(f'there is no layer "{key}": {", ".join(dict.fromkeys(_NAMES.values()))}')
        if layer in given and layer == "identity":
            value = [*_several(given[layer]), *_several(value)]  # noqa: PLW2901  # the union of the two
        given[layer] = value
    resource: tuple[Policy, ...] | None = ()
    by_resource: dict[str, tuple[Policy, ...] | None] = {}
    attached = given.get("resource")
    if isinstance(attached, Mapping) and not _is_document(attached):
        by_resource = {str(arn): _policies(doc, PolicyKind.RESOURCE) for arn, doc in attached.items()}
    elif attached is not None:
        resource = _policies(attached, PolicyKind.RESOURCE)
    if given.get("trust") is not None:
        resource = (*(resource or ()), *_policies(given["trust"], PolicyKind.TRUST))
    if attached is None and given.get("trust") is None and request.service in ("sts", "kms"):
        resource = None
    management = setting.get("management_account", "")
    return PolicySet(
        identity=_policies(given.get("identity"), PolicyKind.IDENTITY),
        resource=resource,
        by_resource=by_resource,
        boundary=_optional(given.get("boundary"), PolicyKind.BOUNDARY),
        session=_optional(given.get("session"), PolicyKind.SESSION),
        scps=_levels(given.get("scp"), PolicyKind.SCP),
        rcps=_levels(given.get("rcp"), PolicyKind.RCP),
        endpoint=_optional(given.get("vpc-endpoint"), PolicyKind.ENDPOINT),
        restrict_public_buckets=setting.get("restrict_public_buckets") is True,
        management_account=management if isinstance(management, str) else "",
    )


def _is_document(value: Mapping[object, object]) -> bool:
    """Whether an object is a policy, or carries one, and not an object of several."""
    names = {squeezed(key) for key in value}
    return "statement" in names or ("version" in names and len(names) <= 2) or _carried(value) is not None


def _carried(value: Mapping[object, object]) -> object:
    """The document that an object carries beside its name, None if it carries none."""
    for key, inner in value.items():
        if squeezed(key) in _DOCUMENT_KEYS and isinstance(inner, str | bytes | Mapping):
            return inner
    return None


def _several(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _policies(value: object, kind: PolicyKind) -> tuple[Policy, ...]:
    found: list[Policy] = []
    for index, each in enumerate(_several(value)):
        if isinstance(each, Policy):
            found.append(each)
            continue
        name = kind.value if index == 0 else f"{kind.value} {index + 1}"
        document = each
        if isinstance(each, Mapping) and "Statement" not in each and (inner := _carried(each)) is not None:
            names = (item for key, item in each.items() if squeezed(key) in ("name", "policyname", "arn", "policyarn"))
            name, document = str(next(names, name)), inner
        if isinstance(document, bytes):
            document = document.decode()
        found.append(parse_policy(cast("Value", document), kind=kind, name=name))
    return tuple(found)


def _optional(value: object, kind: PolicyKind) -> tuple[Policy, ...] | None:
    return _policies(value, kind) or None


def _levels(value: object, kind: PolicyKind) -> Levels | None:
    if value is None or value in ([], ()):
        return None
    if isinstance(value, Mapping) and not _is_document(value) and _of_level(value) is None:
        value = list(value.values())  # levels by name, from the root
        value = [each if isinstance(each, list | tuple) else [each] for each in value]
    items: list[object] = [
        inner if isinstance(each, Mapping) and (inner := _of_level(each)) is not None else each
        for each in _several(value)
    ]
    if any(isinstance(item, list | tuple) for item in items):
        return tuple(_policies(item, kind) for item in items)
    return (_policies(items, kind),)


def _of_level(value: Mapping[object, object]) -> list[object] | None:
    """The policies of an object that stands for a level, None if it is none."""
    for key, inner in value.items():
        if squeezed(key) in _LEVEL_KEYS and isinstance(inner, list | tuple):
            return list(inner)
    return None
