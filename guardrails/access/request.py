"""What is asked of AWS: who, which action, on what, in which circumstances."""

from __future__ import annotations

import base64
import datetime
import enum
import re
from collections.abc import Mapping

from msgspec import Struct, field

from guardrails.model import UnknownValue

ContextValue = str | UnknownValue | tuple[str | UnknownValue, ...] | None
"""The value of a condition key: one, several (a multivalued key), or None for a key that is surely absent."""


class CallerKind(enum.StrEnum):
    """What sort of principal calls."""

    ROOT = "root"
    USER = "user"
    ROLE = "role-session"
    FEDERATED = "federated-user"
    """A session of `sts:GetFederationToken`."""
    SERVICE = "service"
    ANONYMOUS = "anonymous"
    WEB_IDENTITY = "web-identity"
    """Somebody with a token of an OIDC provider, before a role is assumed."""
    SAML = "saml"
    """Somebody with an assertion of a SAML provider, before a role is assumed."""
    CANONICAL = "canonical-user"

    @property
    def has_identity(self) -> bool:
        """Whether identity policies of an account stand behind it."""
        return self in (CallerKind.ROOT, CallerKind.USER, CallerKind.ROLE, CallerKind.FEDERATED)


class Caller(Struct, frozen=True):
    """The principal of a request."""

    kind: CallerKind
    arn: str = ""
    """Of the root user, user, federated user or identity provider; of a role session the role's, with its path."""
    account: str = ""
    session: str = ""
    """The name of a role session; empty if it does not matter which."""
    id: str = ""
    """The service (`lambda.amazonaws.com`), the provider without an ARN (`accounts.google.com`), the canonical id, or
    the unique id of the user or role (`AIDA...`, `AROA...`)."""
    user_arn: str = ""
    """Of a federated user: the IAM user who asked for the session."""

    @property
    def session_arn(self) -> str:
        """The ARN of a role session: without the role's path. Empty if its name is not given."""
        if self.kind is not CallerKind.ROLE or not self.session:
            return ""
        head, _, path = self.arn.partition(":role/")
        return f"{head.replace(':iam:', ':sts:')}:assumed-role/{path.rsplit('/', 1)[-1]}/{self.session}"

    @property
    def service_linked(self) -> bool:
        """Whether it is a service-linked role."""
        return self.kind is CallerKind.ROLE and ":role/aws-service-role/" in str.__str__(self.arn)

    def keys(self) -> dict[str, ContextValue]:
        """The condition keys that follow from who calls (User Guide, "AWS global condition context keys")."""
        kind = self.kind
        found: dict[str, ContextValue] = {"aws:username": None}
        if kind.has_identity:
            name = {CallerKind.ROOT: "Account", CallerKind.USER: "User", CallerKind.ROLE: "AssumedRole"}
            found |= {
                "aws:principalarn": self.arn or UnknownValue("the ARN of the caller is not known"),
                "aws:principalaccount": self.account or UnknownValue("the account of the caller is not known"),
                "aws:principaltype": name.get(kind, "FederatedUser"),
                "aws:principalisawsservice": "false",
                "aws:principalservicename": None,
                "aws:principalservicenameslist": None,
                "aws:viaawsservice": "false",
            }
        match kind:
            case CallerKind.USER:
                found["aws:username"] = self.arn.rsplit("/", 1)[-1] if type(self.arn) is str else _name_of(self.arn)
                if self.id:
                    found["aws:userid"] = self.id
            case CallerKind.ROLE:
                if self.id and self.session:
                    found["aws:userid"] = f"{self.id}:{self.session}"
            case CallerKind.ROOT:
                found["aws:userid"] = self.account
            case CallerKind.FEDERATED:
                found["aws:userid"] = f"{self.account}:{self.arn.rsplit('/', 1)[-1]}"
            case CallerKind.SERVICE:
                found |= {
                    "aws:principalisawsservice": "true",
                    "aws:principalservicename": self.id,
                    "aws:principalservicenameslist": (self.id,),
                    "aws:principalarn": None,
                    "aws:principalaccount": None,
                    "aws:principalorgid": None,
                    "aws:principalorgpaths": None,
                    "aws:principaltype": None,
                    "aws:userid": None,
                }
            case _:
                found |= {
                    "aws:principalarn": None,
                    "aws:principalaccount": None,
                    "aws:principalorgid": None,
                    "aws:principalorgpaths": None,
                    "aws:principalisawsservice": None,
                    "aws:principalservicename": None,
                    "aws:principalservicenameslist": None,
                    "aws:tokenissuetime": None,
                    "aws:multifactorauthpresent": None,
                }
                if kind is CallerKind.ANONYMOUS:
                    found |= {"aws:principaltype": "Anonymous", "aws:userid": "anonymous"}
        return found


def _name_of(arn: str) -> ContextValue:
    text = str.__str__(arn)
    return text.rsplit("/", 1)[-1] if "${" not in text else UnknownValue(f"the name of {text} is not known")


def caller(text: str, *, account: str = "") -> Caller:
    """The principal of a text as people write it: an ARN, an account id, a service, `*` or `anonymous`.

    Raises `ValueError` for anything else.
    """
    if text in ("*", "anonymous", ""):
        return Caller(CallerKind.ANONYMOUS)
    if re.fullmatch(r"\d{12}", text):
        return Caller(CallerKind.ROOT, f"arn:aws:iam::{text}:root", text)
    if text.startswith("arn:"):
        parts = text.split(":", 5)
        if len(parts) == 6:
            made = _by_arn(text, parts[2], parts[4], parts[5])
            if made:
                return made
    elif re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", text) and not text.startswith("cognito-identity."):
        return Caller(CallerKind.SERVICE, id=text, account=account)
    elif re.fullmatch(r"[A-Za-z0-9.-]+\.[a-z]+(/[^ ]*)?", text):
        return Caller(CallerKind.WEB_IDENTITY, id=text)
    elif re.fullmatch(r"[0-9a-f]{64}", text):
        return Caller(CallerKind.CANONICAL, id=text)
    raise ValueError(f'"{text}" is no principal: give an ARN, an account id, a service or "*"')


def _by_arn(text: str, service: str, account: str, rest: str) -> Caller | None:
    kind, _, name = rest.partition("/")
    partition = text.split(":")[1]
    match service, kind:
        case "iam", "root":
            return Caller(CallerKind.ROOT, text, account)
        case "iam", "user" if name:
            return Caller(CallerKind.USER, text, account)
        case "iam", "role" if name:
            return Caller(CallerKind.ROLE, text, account)
        case "iam", "oidc-provider" if name:
            return Caller(CallerKind.WEB_IDENTITY, text, id=name)
        case "iam", "saml-provider" if name:
            return Caller(CallerKind.SAML, text)
        case "sts", "assumed-role" if "/" in name:
            role, session = name.split("/", 1)
            return Caller(CallerKind.ROLE, f"arn:{partition}:iam::{account}:role/{role}", account, session)
        case "sts", "federated-user" if name:
            return Caller(CallerKind.FEDERATED, text, account)
        case _:
            return None


class Target(Struct, frozen=True):
    """A resource that a call is authorized against."""

    arn: str = "*"
    """`*` for a call that is about no resource."""
    account: str = ""
    """Whose it is; empty: that of the ARN, else that of the caller."""
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    """Condition keys that exist for this resource alone (`ec2:InstanceType`), added to those of the request."""

    @property
    def owner(self) -> str:
        """The account as given or as in the ARN, empty if neither says."""
        if self.account:
            return self.account
        parts = str.__str__(self.arn).split(":", 5)
        return parts[4] if len(parts) == 6 and re.fullmatch(r"\d{12}", parts[4]) else ""


class Request(Struct, frozen=True):
    """One call. It passes if it passes for each of its resources (Service Authorization Reference)."""

    caller: Caller
    action: str
    targets: tuple[Target, ...] = (Target(),)
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    """Condition keys, in any case. Those that follow from the caller are added."""
    open: bool = False
    """Whether keys that are not given may be there or not, so that conditions on them are in doubt; else they are
    absent."""

    @property
    def service(self) -> str:
        """The prefix of the action in lower case."""
        return self.action.partition(":")[0].lower()


_PARTS = {
    "principal": "principal",
    "principalarn": "principal",
    "caller": "principal",
    "callerarn": "principal",
    "action": "action",
    "actions": "action",
    "actionname": "action",
    "actionnames": "action",
    "resource": "resource",
    "resources": "resource",
    "resourcearn": "resource",
    "resourcearns": "resource",
    "resourceaccount": "account",
    "resourceaccountid": "account",
    "resourceowner": "account",
    "context": "context",
    "contextkeys": "context",
    "contextvariables": "context",
    "contextentries": "context",
    "conditions": "context",
    "open": "open",
    "id": "",
    "name": "",
    "description": "",
}
"""The parts of a request by their names without case, `_` and `-`; empty: what a case may say for people."""


def request_of(plain: Mapping[str, object]) -> Request:
    """A request from plain data: `{"principal", "action", "resource", "context"}`, and `resource_account`, `open`.

    Names are taken in any case, with or without `_` (`resourceAccount`). The principal is an ARN, an account id, a
    service, `*`, or an object such as `{"Service": ...}`. Resources are ARNs, or objects of `arn` and `account`; a list
    gives several, each of which must be allowed. The context is an object of condition keys in any case, whose values
    are text, numbers, booleans, times or lists of them, or a list of `{"ContextKeyName", "ContextKeyValues"}`.

    Raises `ValueError` where something is missing, unknown or of the wrong type.
    """
    parts: dict[str, object] = {}
    for key, value in plain.items():
        part = _PARTS.get(re.sub(r"[_\- ]", "", str(key)).lower())
        if part is None:
            raise ValueError(f'a request has no "{key}", but a principal, an action, a resource and a context')
        if value is not None:
            parts[part] = value
    action = parts.get("action")
    if isinstance(action, list | tuple) and len(action) == 1:
        action = action[0]
    if not isinstance(action, str) or not action:
        raise ValueError('a request has one "action" such as s3:GetObject')
    account = parts.get("account", "")
    raw = parts.get("resource", "*")
    names = raw if isinstance(raw, list | tuple) else [raw]
    return Request(
        _who_of(parts.get("principal", "*")),
        action,
        tuple(_target_of(each, str(account)) for each in names or ["*"]),
        _context_of(parts.get("context")),
        parts.get("open") is True,
    )


def _who_of(who: object) -> Caller:
    if isinstance(who, Mapping):
        who = next(iter(who.values()), "*")
    if isinstance(who, list | tuple) and len(who) == 1:
        who = who[0]
    if isinstance(who, Caller):
        return who
    if not isinstance(who, str):
        raise ValueError('the "principal" of a request is one ARN, account id, service or "*"')
    return caller(who)


def _target_of(each: object, account: str) -> Target:
    if isinstance(each, Target):
        return each
    if isinstance(each, str):
        return Target(each, account)
    if isinstance(each, Mapping):
        named = {str(key).lower().removeprefix("resource"): value for key, value in each.items()}
        arn, owner = named.get("arn", named.get("")), named.get("account", named.get("accountid", account))
        if isinstance(arn, str):
            return Target(arn, str(owner), _context_of(named.get("context")))
    raise ValueError('the "resource" of a request is an ARN, "*", an object of "arn" and "account", or a list of them')


def _context_of(context: object) -> dict[str, ContextValue]:
    if context is None:
        return {}
    if isinstance(context, list | tuple):
        entries: dict[str, object] = {}
        for entry in context:
            if not isinstance(entry, Mapping) or "ContextKeyName" not in entry:
                raise ValueError('an entry of a "context" is an object of "ContextKeyName" and "ContextKeyValues"')
            values = entry.get("ContextKeyValues")
            many = str(entry.get("ContextKeyType", "")).endswith("List")
            single = isinstance(values, list) and len(values) == 1 and not many
            entries[str(entry["ContextKeyName"])] = values[0] if single and isinstance(values, list) else values
        context = entries
    if not isinstance(context, Mapping):
        raise ValueError('the "context" of a request is an object of condition keys')
    return {str(key): context_value(value) for key, value in context.items()}


def context_value(value: object) -> ContextValue:
    """A condition key's value from plain data: numbers, booleans and times as their text, lists as several values."""
    match value:
        case None | str() | UnknownValue():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case datetime.datetime() | datetime.date():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case list() | tuple() | set() | frozenset():
            made: list[str | UnknownValue] = []
            for item in sorted(value, key=str) if isinstance(value, set | frozenset) else value:
                one = context_value(item)
                if isinstance(one, str | UnknownValue):
                    made.append(one)
                else:
                    raise ValueError("a condition key has a string or a list of strings")
            return tuple(made)
        case _:
            raise ValueError("a condition key has a string or a list of strings")
