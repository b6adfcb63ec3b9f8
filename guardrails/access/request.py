"""What is asked of AWS: who, which action, on what, in which circumstances."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from guardrails.model import UnknownValue, Value

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


@dataclass(frozen=True, slots=True)
class Caller:
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


@dataclass(frozen=True, slots=True)
class Target:
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


@dataclass(frozen=True, slots=True)
class Request:
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


def request_of(plain: Mapping[str, object]) -> Request:
    """A request from plain data: `{"principal", "action", "resource", "context"}`; lists give several resources.

    Raises `ValueError` where something is missing or of the wrong type.
    """
    action = plain.get("action")
    if not isinstance(action, str) or not action:
        raise ValueError('a request has an "action" such as s3:GetObject')
    who = plain.get("principal", "*")
    if isinstance(who, Mapping):
        who = next(iter(who.values()), "*")
    if isinstance(who, list) and len(who) == 1:
        who = who[0]
    if not isinstance(who, str | Caller):
        raise ValueError('the "principal" of a request is one ARN, account id, service or "*"')
    raw = plain.get("resource", plain.get("resources", "*"))
    names = raw if isinstance(raw, list | tuple) else [raw]
    account = plain.get("resource_account", "")
    targets: list[Target] = []
    for each in names or ["*"]:
        if isinstance(each, Target):
            targets.append(each)
        elif isinstance(each, str):
            targets.append(Target(each, account if isinstance(account, str) else ""))
        else:
            raise ValueError('the "resource" of a request is an ARN, "*" or a list of them')
    context = plain.get("context") or {}
    if not isinstance(context, Mapping):
        raise ValueError('the "context" of a request is an object of condition keys')
    return Request(
        who if isinstance(who, Caller) else caller(who),
        action,
        tuple(targets),
        {str(key): context_value(value) for key, value in context.items()},
        plain.get("open") is True,
    )


def context_value(value: Value | tuple[object, ...]) -> ContextValue:
    """A condition key's value from plain data: numbers and booleans as their text, lists as several values."""
    match value:
        case None | str() | UnknownValue():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | tuple():
            made: list[str | UnknownValue] = []
            for item in value:
                one = context_value(item)  # type: ignore[arg-type]  # checked by the match below
                if isinstance(one, str | UnknownValue):
                    made.append(one)
                else:
                    raise ValueError("a condition key has a string or a list of strings")
            return tuple(made)
        case _:
            raise ValueError("a condition key has a string or a list of strings")
