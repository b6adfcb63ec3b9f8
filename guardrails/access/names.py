"""Names before they exist: the ARN that each resource of a design will have, as far as it is known.

A policy of a configuration speaks of `aws_iam_role.web.arn` or of `arn:aws:s3:::${aws_s3_bucket.logs.id}/*`. Here such
strings become plain text that AWS's own evaluation can work on: what the design decides is filled in, and every
attribute that is known only after apply becomes a *mark*, one character that stands for that attribute wherever it
occurs and that no pattern of a policy can contain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from guardrails.access.arns import ID_IS, TEMPLATES
from guardrails.access.facts import glob
from guardrails.model import (
    LiveLocation,
    Model,
    Part,
    Provider,
    Ref,
    Resource,
    Sensitive,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
    decode_json,
)

HOLE = "\U000dfffd"
"""Stands for a part of which nothing is known, not even which resource it belongs to."""
# Two planes of Unicode in which no character is assigned.
FIRST_MARK, _LAST_MARK = 0x40000, 0x5FFFD
# Twelve digits, so that they are read as accounts; AWS gives out none that are this high.
_UNKNOWN_ACCOUNT = 999_999_990_000
_ACCOUNT = re.compile(r"9999999\d{5}")
_PIECES = re.compile("[\U00040000-\U0005ffff\U000dfffd]|9999999[0-9]{5}")
_ACCOUNT_ID = re.compile(r"\d{12}")
_NAMED = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):(role|user|group|policy)/([\w+=,.@/-]+)")
_DOCUMENTS = (
    ("aws_iam_role", "assume_role_policy"),
    ("aws_iam_role_policy", "policy"),
    ("aws_iam_user_policy", "policy"),
    ("aws_iam_group_policy", "policy"),
    ("aws_iam_policy", "policy"),
    ("aws_kms_key", "policy"),
    ("aws_s3_bucket_policy", "policy"),
)

_NAMED_BY = (
    ("aws_iam_role", "name"),
    ("aws_iam_user", "name"),
    ("aws_iam_group", "name"),
    ("aws_iam_policy", "name"),
    ("aws_iam_instance_profile", "name"),
    ("aws_iam_saml_provider", "name"),
    ("aws_launch_template", "name"),
    ("aws_ecs_task_definition", "family"),
    ("aws_lambda_function", "function_name"),
    ("aws_s3_bucket", "bucket"),
)
"""Attributes that resources name each other by."""
_SERVICE_SUFFIX = {"aws-cn": "amazonaws.com.cn"}
_GLOBAL_REGIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}


class Names:
    """The names of one model's resources. `text` values may hold marks; `show` makes them readable."""

    def __init__(self, model: Model, number: int = 0) -> None:
        """`number` tells models apart whose accounts are not known."""
        self.model = model
        self._number = number
        self._marks: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._arns: dict[str, str] = {}
        self._known_accounts: dict[str, str] = {}
        self._by_config: dict[int, str] = {}
        self._configs: list[object] = []
        self._unknown_names: dict[tuple[object, ...], dict[str, str]] | None = None
        self.kept: dict[str, object] = {}
        """For views of one document that is attached many times: what they computed once, by its ARN."""

    # -- accounts and regions

    def account(self, resource: Resource | None = None) -> str:
        """The id of the account that a resource is in, a stand-in of twelve digits where it is not known."""
        if resource is None:
            return self._account_of_key("")
        where = resource.locate(()).location
        if isinstance(where, LiveLocation) and where.account:
            return where.account
        config = resource.provider.config
        found = self._by_config.get(id(config)) if config else self._account_of_key("")
        if found is None:
            found = self._by_config[id(config)] = self._account_of_config(resource.provider)
            self._configs.append(config)  # keeps its id from being given to another one
        return found

    def _account_of_config(self, provider: Provider) -> str:
        config = provider.config
        role = _inner(config.get("assume_role"), "role_arn")
        allowed = config.get("allowed_account_ids")
        if isinstance(role, str) and (found := _account_of(self.text(role))):
            return found
        if isinstance(allowed, list) and len(allowed) == 1 and isinstance(allowed[0], str):
            return str.__str__(allowed[0])
        return self._account_of_key(_key(provider))

    def _account_of_key(self, key: str) -> str:
        """The account that some credentials are for: what the model says, else what its ARNs say."""
        if key not in self._known_accounts:
            self._known_accounts[key] = ""  # while it is looked for
            self._known_accounts[key] = self._find_account(key)
        return self._known_accounts[key] or self._stand_in(key)

    def _stand_in(self, key: str) -> str:
        if key not in self._accounts:
            self._accounts[key] = str(_UNKNOWN_ACCOUNT + self._number * 100 + len(self._accounts))
        return self._accounts[key]

    def _find_account(self, key: str) -> str:
        if not key and _ACCOUNT_ID.fullmatch(self.model.name):
            return self.model.name
        for data in self.model.all("data.aws_caller_identity"):
            value = data.raw("account_id")
            if _key(data.provider) == key and _is_plain(value) and _ACCOUNT_ID.fullmatch(str.__str__(value)):
                return str.__str__(value)
        if self.model.kind == "configuration":
            return self._deduced(key)  # its resources have no ARNs yet
        for type_ in ("aws_iam_role", "aws_iam_user", "aws_iam_policy", "aws_lambda_function", "aws_kms_key"):
            for resource in self.model.all(type_):
                value = resource.raw("arn")
                if _key(resource.provider) == key and _is_plain(value) and (found := _account_of(str.__str__(value))):
                    return found
        return self._deduced(key)

    def _deduced(self, key: str) -> str:
        """The one account in which the design's own documents name the design's own principals and policies, or let
        IAM be managed.
        """
        own: set[tuple[str, str]] = set()
        for kind in ("role", "user", "group", "policy"):
            for resource in self.model.all(f"aws_iam_{kind}"):
                value = resource.raw("name")
                if _key(resource.provider) == key and _is_plain(value):
                    own.add((kind, str.__str__(value)))
        found: set[str] = set()
        managed: set[str] = set()
        for type_, attribute in _DOCUMENTS:
            for resource in self.model.all(type_):
                value = resource.raw(attribute)
                text = str.__str__(value) if isinstance(value, str) else ""
                for match in _NAMED.finditer(text):
                    if (match[2], match[3].rpartition("/")[2]) in own:
                        found.add(match[1])
                if "iam:" in text and isinstance(value, str) and _key(resource.provider) == key:
                    managed.update(_of_iam_statements(value))
        found = found or managed
        return found.pop() if len(found) == 1 else ""

    def region(self, resource: Resource) -> str:
        """The region of a resource, a mark where it is not known."""
        try:
            return str.__str__(resource.region)
        except Unknown:
            return self._mark("region", "region")

    def partition(self, resource: Resource) -> str:
        """The partition of a resource: `aws` unless its region says otherwise."""
        region = self.region(resource)
        return next((p for lead, p in _GLOBAL_REGIONS.items() if region.startswith(lead)), "aws")

    # -- resources

    def arn(self, resource: Resource) -> str:
        """The ARN that the resource has or will have."""
        found = self._arns.get(resource.address)
        if found is None:
            found = self._arns[resource.address] = self._arn(resource)
        return found

    def _arn(self, resource: Resource) -> str:
        known = _raw(resource, "arn")
        if isinstance(known, str) and not isinstance(known, Symbolic):
            return str.__str__(known)
        where = resource.locate(()).location
        if isinstance(where, LiveLocation) and where.arn.startswith("arn:"):
            return where.arn
        if resource.type == "aws_iam_policy" and resource.mode == "data" and self._named(resource).startswith("AWS"):
            return f"arn:{self.partition(resource)}:iam::aws:policy/{self._named(resource)}"
        template = TEMPLATES.get(resource.type)
        if template is None:
            return self._mark(f"{resource.address}.arn", f"{resource.address}.arn")
        tail = re.sub(r"\{([^}]*)\}", lambda m: self._field(resource, m[1]), template)
        return f"arn:{self.partition(resource)}:{tail}"

    def _named(self, resource: Resource) -> str:
        value = _raw(resource, "name")
        return str.__str__(value) if isinstance(value, str) and not isinstance(value, Symbolic) else ""

    def _field(self, resource: Resource, field: str) -> str:
        match field:
            case "account":
                return self.account(resource)
            case "region":
                return self.region(resource)
            case "+":
                return self._mark(f"{resource.address}.+", "*")
            case "path":
                value = _raw(resource, "path")
                return self.text(value) if isinstance(value, str) and value else "/"
            case "url":
                value = _raw(resource, "url")
                if not isinstance(value, str):
                    return self._attribute(resource, "url")
                return self.text(value).removeprefix("https://").rstrip("/")
            case "cluster":
                return self._attribute(resource, field).rpartition("/")[2]
            case "instance_arn":
                return self._attribute(resource, field).rpartition("/")[2]
            case "name" if resource.type == "aws_ssm_parameter":
                return self._attribute(resource, field).lstrip("/")
            case _:
                return self._attribute(resource, field)

    def _attribute(self, resource: Resource, name: str) -> str:
        """An attribute as text, a mark of its own where the design does not decide it."""
        value = _raw(resource, name)
        match value:
            case Symbolic() if value.ref and value.ref.address == resource.address:
                pass
            case Symbolic():
                text = self.text(value)
                if HOLE not in text:
                    return text
                # The same attribute is the same text wherever it is read.
                return text.replace(HOLE, self._mark(f"{resource.address}.{name}", f"{resource.address}.{name}"))
            case str():
                if value:
                    return str.__str__(value)
            case bool() | None | list() | dict() | UnknownValue():
                pass
            case int() | float():
                return str(value)
        if resource.type == "aws_organizations_account" and name == "id":
            return self._stand_in(resource.address)  # so that a provider that assumes a role in it is in its account
        prefix = _raw(resource, f"{name}_prefix")
        mark = self._mark(f"{resource.address}.{name}", f"{resource.address}.{name}")
        own = isinstance(prefix, Symbolic) and prefix.ref is not None and prefix.ref.address == resource.address
        if isinstance(prefix, str) and prefix and not own:
            return self.text(prefix).replace(HOLE, mark) + mark
        return mark

    def instance_of(self, group: Resource) -> str:
        """The ARN of an instance that an Auto Scaling group launches."""
        mark = self._mark(f"{group.address}.instance", f"instance of {group.address}")
        return f"arn:{self.partition(group)}:ec2:{self.region(group)}:{self.account(group)}:instance/{mark}"

    def reference(self, ref: Ref) -> str:
        """The text of an attribute of another resource."""
        resource = self.model.at(ref.address)
        attribute = ref.attribute
        if resource is None:
            return self._mark(str(ref), str(ref))
        kind = f"data.{resource.type}" if resource.mode == "data" else resource.type
        match kind, attribute:
            case "data.aws_caller_identity", "account_id" | "id":
                return self.account(resource)
            case "data.aws_region", "name" | "id" | "region":
                value = _raw(resource, attribute)
                return str.__str__(value) if _is_plain(value) else self.region(resource)
            case "data.aws_partition", "partition" | "id":
                return self.partition(resource)
            case "data.aws_partition", "dns_suffix":
                return _SERVICE_SUFFIX.get(self.partition(resource), "amazonaws.com")
            case _, "arn":
                return self.arn(resource)
            case "aws_api_gateway_rest_api" | "aws_apigatewayv2_api", "execution_arn":
                account, region = self.account(resource), self.region(resource)
                return (
                    f"arn:{self.partition(resource)}:execute-api:{region}:{account}:{self._attribute(resource, 'id')}"
                )
            case _, "id" if resource.type in ID_IS:
                parts = (self.attribute(resource, part) for part in ID_IS[resource.type].split(","))
                return ",".join(parts)
            case _:
                return self._attribute(resource, attribute)

    def attribute(self, resource: Resource, name: str) -> str:
        """An attribute of a resource as text: its ARN and id too."""
        return self.reference(Ref(resource.address, name))

    # -- text

    def text(self, value: str, of: str = "") -> str:
        """A string of the design as plain text with marks; `HOLE` where nothing is known.

        `of`: the type whose name it is, which tells a role from a profile that is named by the same unknown value.
        """
        if not isinstance(value, Symbolic):
            return str.__str__(value)
        if any(isinstance(part, UnknownValue) for part in value.parts) and (same := self._same(value.parts, of)):
            return same
        return "".join(
            str.__str__(part)
            if isinstance(part, str)
            else self.reference(part)
            if isinstance(part, Ref)
            else self._hole(part)
            for part in value.parts
        )

    def _same(self, parts: tuple[Part, ...], of: str) -> str:
        """The text of the name that is made of the same parts: `app-${var.suffix}` is one name wherever it stands.

        Empty where there is none, or more than one.
        """
        if self._unknown_names is None:
            self._unknown_names = {}  # while names are read
            found: dict[tuple[object, ...], dict[str, str]] = {}
            for type_, attribute in _NAMED_BY:
                for resource in self.model.all(type_):
                    value = _raw(resource, attribute)
                    whole: tuple[Part, ...] = (value,) if isinstance(value, UnknownValue) else ()
                    whole = value.parts if isinstance(value, Symbolic) else whole
                    if any(isinstance(part, UnknownValue) for part in whole):
                        names = found.setdefault(_identity(whole), {})
                        # An element of an unknown list is the same unknown value as the next one.
                        names[type_] = "" if type_ in names else self._attribute(resource, attribute)
            self._unknown_names = found
        names = self._unknown_names.get(_identity(parts), {})
        if of or len(names) != 1:
            return names.get(of, "")
        return next(iter(names.values()))

    def _hole(self, part: UnknownValue) -> str:
        if len(part.refs) == 1 and part.reason.startswith("known after apply") and part.refs[0].attribute:
            return self.reference(part.refs[0])
        return HOLE

    def _mark(self, key: str, label: str) -> str:
        mark = self._marks.get(key)
        if mark is None:
            # Models that are looked at together share the marks' range; the label tells what one stands for.
            at = FIRST_MARK + (self._number * 20_011 + len(self._marks)) % (_LAST_MARK - FIRST_MARK)
            mark = self._marks[key] = chr(at)
            self._labels[mark] = label
        return mark

    def show(self, text: str) -> str:
        """The text for people: `${aws_s3_bucket.logs.id}` for a mark, `${account}` for an account that is not known."""
        return _PIECES.sub(self._shown, text) if _PIECES.search(text) else text

    def _shown(self, piece: re.Match[str]) -> str:
        if piece[0] == HOLE:
            return "${unknown}"
        if len(piece[0]) > 1:
            return "${account}" if int(piece[0]) >= _UNKNOWN_ACCOUNT else piece[0]
        label = self._labels.get(piece[0], "unknown")
        return label if label == "*" else f"${{{label}}}"


def _identity(parts: tuple[Part, ...]) -> tuple[object, ...]:
    """Equal for strings of the same parts: an unknown value is the same only if it is one object, given once."""
    return tuple(id(part) if isinstance(part, UnknownValue) else (type(part), str(part)) for part in parts)


def _raw(resource: Resource, name: str) -> Value:
    """The value, None for a sensitive one: it becomes a mark, which can be shown."""
    value = resource.raw(name)
    return None if isinstance(value, Sensitive) else value


def _inner(value: Value, name: str) -> Value:
    if isinstance(value, list) and value:
        value = value[0]
    return value.get(name) if isinstance(value, dict) else None


def _is_plain(value: Value) -> bool:
    return isinstance(value, str) and not isinstance(value, Symbolic) and bool(value)


def _key(provider: Provider) -> str:
    """What tells the credentials of providers apart; empty for those of the environment."""
    config = provider.config
    if not config:
        return ""
    found = {
        name: value
        for name in (
            "profile",
            "access_key",
            "assume_role",
            "assume_role_with_web_identity",
            "shared_credentials_files",
        )
        if (value := config.get(name)) not in (None, [])
    }
    # Fake credentials, as those for a local emulator, are one account whatever the provider's alias.
    return repr(found) if found else ""


def _of_iam_statements(text: str) -> Iterator[str]:
    """The accounts of what statements about IAM alone name: nobody can manage another account's users and roles."""
    try:
        document = decode_json(text)
    except (ValueError, RecursionError, Unknown):
        return
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, dict) and all(
            _plain_text(a).startswith("iam:") for a in _list(statement.get("Action"))
        ):
            for named in _list(statement.get("Resource")):
                if (account := _account_of(_plain_text(named))) is not None:
                    yield account


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _plain_text(value: Value) -> str:
    return str.__str__(value).lower() if isinstance(value, str) else ""


def _account_of(arn: str) -> str | None:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and _ACCOUNT_ID.fullmatch(parts[4]) else None


def account_of(arn: str) -> str | None:
    """The account id in an ARN, None where it has none."""
    return _account_of(arn)


def is_stand_in(account: str) -> bool:
    """Whether an account id only stands for one that is not known."""
    return _ACCOUNT.fullmatch(account) is not None


def is_whole(text: str) -> bool:
    """Whether nothing in a text stands for something that is not known."""
    return _PIECES.search(text) is None


def may_match(pattern: str, text: str) -> bool:
    """Whether a policy's pattern can match a name once everything that its marks stand for is known.

    A mark of the pattern names one certain attribute, so that it can only match where the name has it too.
    """
    if is_whole(text):
        return glob(pattern)(text)
    loose = _PIECES.sub("*", text)
    own = {mark for mark in _PIECES.findall(pattern) if mark != HOLE}
    if not own <= set(_PIECES.findall(text)):
        return False
    return arns_meet(_PIECES.sub("*", pattern), loose)


@lru_cache(maxsize=65536)
def intersects(one: str, other: str) -> bool:
    """Whether some text matches both patterns of `*` and `?`: quadratic in their lengths."""
    if "*" not in one and "?" not in one:
        return glob(other)(one)
    if "*" not in other and "?" not in other:
        return glob(one)(other)
    one, other = re.sub(r"\*+", "*", one), re.sub(r"\*+", "*", other)
    # row[j]: whether one[:i] and other[:j] can come to the same text.
    row = [True]
    for char in other:
        row.append(row[-1] and char == "*")
    for char in one:
        new = [row[0] and char == "*"]
        for j, theirs in enumerate(other, 1):
            if char == "*":
                new.append(row[j] or new[j - 1])
            elif theirs == "*":
                new.append(new[j - 1] or row[j])
            else:
                new.append(row[j - 1] and ("?" in (char, theirs) or char == theirs))
        row = new
    return row[-1]


@lru_cache(maxsize=65536)
def arns_meet(one: str, other: str) -> bool:
    """Whether some ARN matches both patterns: wildcards stay within a segment, but for the last one."""
    ours, theirs = one.split(":", 5), other.split(":", 5)
    if len(ours) == len(theirs) == 6:
        return all(intersects(a, b) for a, b in zip(ours, theirs, strict=True))
    return intersects(one, other)
