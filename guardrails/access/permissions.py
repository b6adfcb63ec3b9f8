"""What principals may do, for many principals and targets at once: sets of targets as bits of a number.

The evaluation of one request is `evaluate`; here the same statements answer "on which of these ten thousand roles may
he call this action". Both sides of every doubt are kept apart: `least` is certain, `most` is possible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.access import facts
from guardrails.access.conditions import Condition
from guardrails.access.context import Context, Unresolved
from guardrails.access.documents import Bounds, Part, Side
from guardrails.access.names import arns_meet
from guardrails.access.parse import parse_policy
from guardrails.access.principals import Principal
from guardrails.access.request import ContextValue
from guardrails.access.targets import Space, bits
from guardrails.access.truth import Doubt, Truth
from guardrails.access.view import PolicyView
from guardrails.model import Resource, Symbolic, UnknownValue, reveal

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SPECIAL = {"*": "*", "?": "?", "$": "$"}

# Keys that say how somebody calls, which neither the design nor the caller's wish decides.
_CIRCUMSTANCES = frozenset(
    {
        "aws:chatbotsourcearn", "aws:currenttime", "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc",
        "aws:epochtime", "aws:federatedprovider", "aws:multifactorauthage", "aws:multifactorauthpresent",
        "aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths",
        "aws:signinsessionarn", "aws:sourceidentity", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths",
        "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:tokenissuetime", "aws:userid",
        "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:vpcsourceip", "ec2:sourceinstancearn",
        "ec2:roledelivery", "lambda:sourcefunctionarn", "sts:externalid", "aws:assumedroot",
    }
)  # fmt: skip
_ABSENT = (
    "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:sourceaccount", "aws:sourcearn",
    "aws:principalservicename", "aws:principalservicenameslist",
)  # fmt: skip
_CHOSEN = ("aws:requestedregion", "aws:useragent", "aws:referer", "aws:tagkeys", "aws:sourcearn")
_OF_TARGET = (":resourcetag/", "iam:permissionsboundary", "aws:resourceaccount")


@lru_cache(maxsize=65536)
def _covered(pattern: str, known: frozenset[str]) -> frozenset[str]:
    """The actions of a set that a pattern in lower case covers."""
    if "*" not in pattern and "?" not in pattern:
        return frozenset((pattern,)) & known
    service, colon, name = pattern.partition(":")
    if colon and "*" not in service and "?" not in service:
        known = _by_service(known).get(service, frozenset())
        if not known:
            return known
        if name.find("*") == len(name) - 1 and "?" not in name:  # far the most patterns are beginnings
            return frozenset(action for action in known if action.startswith(pattern[:-1]))
    matches = facts.glob(pattern)
    return frozenset(action for action in known if matches(action))


@lru_cache(maxsize=16)
def _by_service(known: frozenset[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for action in known:
        found.setdefault(action.partition(":")[0], set()).add(action)
    return {service: frozenset(actions) for service, actions in found.items()}


class Rule:
    """A statement made ready: the actions that matter here, its resources, and its conditions."""

    __slots__ = (
        "_conditions",
        "actions",
        "deny",
        "has_variables",
        "loose",
        "not_resources",
        "part",
        "per_target",
        "resources",
    )

    def __init__(self, part: Part, version: str, known: frozenset[str]) -> None:
        data = part.data
        self.part = part
        self.deny = data.get("Effect") == "Deny"
        self.loose = part.loose
        if "NotAction" in data:
            excluded = frozenset().union(*(_covered(p.lower(), known) for p in _texts(data["NotAction"])))
            self.actions = known - excluded
        else:
            self.actions = frozenset().union(*(_covered(p.lower(), known) for p in _texts(data.get("Action"))))
        self.resources = tuple(_texts(data["Resource"])) if "Resource" in data else None
        self.not_resources = tuple(_texts(data["NotResource"])) if "NotResource" in data else None
        condition = data.get("Condition")
        self._conditions: tuple[Condition | UnknownValue, ...] | None = None if condition else ()
        text = repr(condition).lower() if condition else ""
        variables = version == "2012-10-17"
        named = self.resources or self.not_resources or ()
        self.has_variables = variables and any("${" in r for r in named)
        self.per_target = any(key in text for key in _OF_TARGET)

    @property
    def conditions(self) -> tuple[Condition | UnknownValue, ...]:
        """Typed, made when they are first needed."""
        if self._conditions is None:
            only = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": self.part.data["Condition"]}
            self._conditions = parse_policy({"Version": "2012-10-17", "Statement": [only]}).statements[0].conditions
        return self._conditions

    @property
    def about_caller(self) -> bool:
        """Whether it depends on who calls, beyond whose policy it is."""
        text = repr(self.part.data.get("Condition", "")).lower()
        return self.has_variables or "${" in text or "aws:principal" in text or "aws:user" in text


class Doc:
    """One bound of a policy document, by action."""

    __slots__ = ("about_caller", "allows", "bounds", "denies", "granted")

    def __init__(self, bounds: Bounds, side: Side, known: frozenset[str]) -> None:
        self.bounds = bounds
        self.allows: list[Rule] = []
        self.denies: list[Rule] = []
        for part in bounds.least if side == "least" else bounds.most:
            rule = Rule(part, bounds.version, known)
            (self.denies if rule.deny else self.allows).append(rule)
        self.granted: frozenset[str] = frozenset().union(*(rule.actions for rule in self.allows))
        self.about_caller = any(rule.about_caller for rule in (*self.allows, *self.denies))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


class Circumstances(Struct, frozen=True):
    """What is known of a call besides who calls."""

    known: Mapping[str, ContextValue] = field(default_factory=dict)
    """By key in lower case."""
    targets: Callable[[int], Mapping[str, ContextValue]] | None = None
    """The keys that say something about a target, by its place in the space."""


NOTHING = Circumstances()


def caller_keys(principal: Principal) -> dict[str, ContextValue]:
    """The condition keys that follow from who calls."""
    user = principal.kind == "user"
    keys: dict[str, ContextValue] = dict.fromkeys(_ABSENT)
    keys |= {
        "aws:principalarn": principal.arn,
        "aws:principalaccount": principal.account,
        "aws:principaltype": "User" if user else "AssumedRole",
        "aws:principalisawsservice": "false",
        "aws:viaawsservice": "false",
        "aws:securetransport": "true",
        "aws:username": principal.name if user else None,
    }
    for key, value in tags_of(principal.resource).items():
        keys[f"aws:principaltag/{key.lower()}"] = value
    keys["aws:principaltag/"] = None  # that all tags are known
    return keys


def tags_of(resource: Resource) -> dict[str, str | UnknownValue]:
    """The tags of a resource as far as they are known."""
    found: dict[str, str | UnknownValue] = {}
    for name in ("tags_all", "tags"):
        value = reveal(resource.raw(name))
        if isinstance(value, dict):
            for key, item in value.items():
                tag = reveal(item)
                if isinstance(tag, Symbolic) or not isinstance(tag, str):
                    found[key] = tag if isinstance(tag, UnknownValue) else UnknownValue(f"tag {key} is not known")
                else:
                    found[key] = str.__str__(tag)
            break
    return found


class Permissions:
    """What a principal may do: its identity policies within its boundary and the control policies of its account."""

    def __init__(
        self,
        principal: Principal,
        identity: Sequence[Doc],
        boundary: Doc | None,
        levels: Sequence[Sequence[Doc]],
        side: Side,
        *,
        everything: bool = False,
    ) -> None:
        """`everything`: as if it had a policy besides that allows all."""
        self.principal = principal
        self.identity = identity
        self.boundary = boundary
        self.levels = levels
        self.side: Side = side
        self.everything = everything
        self.keys = caller_keys(principal)
        found: frozenset[str] | None = None if everything else frozenset().union(*(doc.granted for doc in identity))
        for docs in [*([[boundary]] if boundary is not None else []), *levels]:
            limit: frozenset[str] = frozenset().union(*(doc.granted for doc in docs))
            found = limit if found is None else found & limit
        self.granted = found
        """The actions that may be allowed on something; None: all of them."""
        self._new: dict[tuple[str, tuple[tuple[str, ContextValue], ...]], Mapping[str, Sequence[str]]] = {}

    def may(self, action: str) -> bool:
        """Whether some statement allows an action on something: what it cannot be without."""
        return self.granted is None or action in self.granted

    def rules(self, action: str) -> Iterator[Rule]:
        """The statements of its identity policies that allow an action, those apart that nothing is known of."""
        for doc in self.identity:
            for rule in doc.allows:
                if action in rule.actions and not rule.loose:
                    yield rule

    # -- sets of targets

    def targets(self, action: str, space: Space, circumstances: Circumstances = NOTHING) -> int:
        """The targets of a space that the action is allowed on."""
        found = space.all if self.everything else self._union(self.rules(action), space, circumstances)
        if found and self.boundary is not None:
            found &= self._union(self._limits([self.boundary], action), space, circumstances)
        for level in self.levels:
            if not found:
                break
            found &= self._union(self._limits(level, action), space, circumstances)
        return found & ~self.denied(action, space, circumstances) if found else 0

    def limited(
        self, action: str, space: Space, circumstances: Circumstances = NOTHING, *, boundary: bool = True
    ) -> int:
        """The targets that control policies let through and nothing denies, whatever the identity policies allow.

        `boundary`: within the boundary too, as what a resource grants to a role by its ARN is; what it grants to a
        user, a session or everybody is not (IAM User Guide, "Policy evaluation logic").
        """
        found = space.all
        for level in self.levels:
            found &= self._union(self._limits(level, action), space, circumstances)
        if self.boundary is not None and boundary:
            found &= self._union(self._limits([self.boundary], action), space, circumstances)
        return found & ~self.denied(action, space, circumstances)

    def denied(self, action: str, space: Space, circumstances: Circumstances = NOTHING) -> int:
        """The targets that some Deny forbids."""
        return self._union(self._denies(action), space, circumstances)

    def _limits(self, docs: Iterable[Doc], action: str) -> Iterator[Rule]:
        return (rule for doc in docs for rule in doc.allows if action in rule.actions)

    def _denies(self, action: str) -> Iterator[Rule]:
        docs = [*self.identity, *(doc for level in self.levels for doc in level)]
        if self.boundary is not None:
            docs.append(self.boundary)
        return (rule for doc in docs for rule in doc.denies if action in rule.actions)

    def _union(self, rules: Iterable[Rule], space: Space, circumstances: Circumstances) -> int:
        found = 0
        for rule in rules:
            reached = self.reaches(rule, space)
            if not reached or not reached & ~found:
                continue
            if rule.per_target and circumstances.targets is not None:
                for index in bits(reached & ~found):
                    known = {**circumstances.known, **circumstances.targets(index)}
                    if self.holds(rule, known):
                        found |= 1 << index
            elif self.holds(rule, circumstances.known):
                found |= reached
        return found

    def reaches(self, rule: Rule, space: Space) -> int:
        """The targets that a statement's resources cover, whatever its conditions."""
        # A Deny that may match is one on the side of `least`, an Allow on the side of `most`.
        side: Side = self.side if not rule.deny else "most" if self.side == "least" else "least"
        patterns = self._patterns(rule, rule.not_resources or rule.resources or ())
        if patterns is None:
            return 0
        found = 0
        if rule.not_resources is not None:
            other: Side = "most" if side == "least" else "least"
            for pattern in patterns:
                found |= space.match(pattern, other)
            return space.all & ~found
        for pattern in patterns:
            found |= space.match(pattern, side)
        return found

    def _patterns(self, rule: Rule, patterns: Sequence[str]) -> Sequence[str] | None:
        """The patterns with their variables filled in; None if one has no value: then the statement never matches."""
        if not rule.has_variables:
            return patterns
        try:
            return [_VARIABLE.sub(self._value, pattern) for pattern in patterns]
        except Unresolved:
            return None

    def _value(self, found: re.Match[str]) -> str:
        inner = found[1].strip()
        if inner in _SPECIAL:
            return _SPECIAL[inner]
        key, _, default = inner.partition(",")
        value = self.keys.get(key.strip().lower())
        if isinstance(value, str) and not isinstance(value, Symbolic):
            return value
        if default.strip(" '"):
            return default.strip(" '")
        raise Unresolved(key)

    # -- what the caller names himself

    def new_names(self, action: str, circumstances: Circumstances = NOTHING) -> Mapping[str, Sequence[str]]:
        """What the caller may name for an action: patterns by the kind of resource, which is a pattern too.

        Empty if it is not allowed, on every kind that the call needs. An action that takes no resource has the kind
        `*`.
        """
        key = (action, tuple(sorted(circumstances.known.items(), key=lambda item: item[0])))
        found = self._new.get(key)
        if found is None:
            found = self._new[key] = self._new_names(action, circumstances) if self.may(action) else {}
        return found

    def _new_names(self, action: str, circumstances: Circumstances) -> Mapping[str, Sequence[str]]:
        known = facts.action(action)
        kinds = ["*"]
        needed = True
        if known is not None and not known.wildcard_only:
            required = [t.type for t in known.targets if t.required]
            needed = bool(required)
            account = self.principal.account
            types = required or [t.type for t in known.targets]
            kinds = [_VARIABLE.sub("*", r.arn.replace("${Account}", account)) for r in types]
        found = {kind: names for kind in kinds if (names := self.named(kind, action, circumstances))}
        return {} if needed and len(found) < len(set(kinds)) else found

    def some(self, kind: str, action: str, circumstances: Circumstances = NOTHING) -> bool:
        """Whether some ARN of a kind (a pattern) is allowed."""
        return bool(self.named(kind, action, circumstances))

    def named(self, kind: str, action: str, circumstances: Circumstances = NOTHING) -> list[str]:
        """The patterns of ARNs of a kind that are allowed: exact but for unions of patterns that cover another."""
        candidates = [kind] if self.everything else list(self._open(self.rules(action), kind, circumstances))
        layers = [[self.boundary]] if self.boundary is not None else []
        for docs in (*layers, *self.levels):
            limits = list(self._open(self._limits(docs, action), kind, circumstances))
            candidates = [
                one if facts.glob(limit)(one) else limit if facts.glob(one)(limit) else one
                for one in candidates
                for limit in limits
                if one == limit or kind == "*" or arns_meet(one, limit)
            ][:64]
        denies = [rule for rule in self._denies(action) if self.holds(rule, circumstances.known)]
        return [one for one in candidates if not any(self._covers(rule, one) for rule in denies)]

    def limits_let(self, kind: str, action: str) -> bool:
        """Whether control policies and Denies let something of a kind through that a resource grants directly."""
        layers: list[Sequence[Doc]] = [*self.levels]
        if self.boundary is not None and self.principal.kind != "user":
            layers.append([self.boundary])
        if not all(any(True for _ in self._open(self._limits(docs, action), kind, NOTHING)) for docs in layers):
            return False
        denies = [rule for rule in self._denies(action) if self.holds(rule, {})]
        return not any(self._covers(rule, kind) for rule in denies)

    def _open(self, rules: Iterable[Rule], kind: str, circumstances: Circumstances) -> Iterator[str]:
        for rule in rules:
            if not self.holds(rule, circumstances.known):
                continue
            patterns = self._patterns(rule, rule.not_resources or rule.resources or ()) or ()
            if rule.not_resources is not None:
                if patterns and not self._covers_any(patterns, kind):
                    yield kind
                continue
            for pattern in patterns:
                if kind == "*":
                    if not pattern.strip("*"):
                        yield kind
                elif facts.glob(pattern)(kind):
                    yield kind
                elif arns_meet(pattern, kind):
                    yield pattern

    def _covers(self, rule: Rule, pattern: str) -> bool:
        patterns = self._patterns(rule, rule.not_resources or rule.resources or ())
        if patterns is None:
            return False
        if rule.not_resources is not None:
            return not any(arns_meet(p, pattern) for p in patterns)
        return self._covers_any(patterns, pattern)

    def _covers_any(self, patterns: Iterable[str], kind: str) -> bool:
        return any(facts.glob(pattern)(kind) for pattern in patterns)

    def holds(self, rule: Rule, known: Mapping[str, ContextValue]) -> bool:
        """Whether a statement's conditions hold for this caller."""
        return holds(rule, {**self.keys, **known}, self.side) if rule.conditions else True


def holds(rule: Rule, known: Mapping[str, ContextValue], side: Side) -> bool:
    """Whether a statement's conditions hold: one in doubt does for a Deny of `least` and an Allow of `most`."""
    doubt = False
    for condition in rule.conditions:
        truth = True if isinstance(condition, UnknownValue) else _truth(condition, rule, known)
        if truth is False:
            return False
        if isinstance(condition, UnknownValue) or isinstance(truth, Doubt):
            doubt = True
    return not doubt or rule.deny == (side == "least")


def _truth(condition: Condition, rule: Rule, known: Mapping[str, ContextValue]) -> Truth:
    key = condition.key
    if ":resourcetag/" in key:  # services have names of their own for the same tags
        key = f"aws{key[key.index(':') :]}"
    if key not in known:
        lead = key[: key.find("/") + 1]
        if lead not in known:
            if key in _CIRCUMSTANCES or not _chosen(key):
                return Doubt((f"{condition.name} is not known",))
            # The caller chooses it: he makes an Allow match and a Deny miss, if any value does.
            return True if not rule.deny else condition.values == ("*",)
        known = {**known, key: None}  # every key of this kind is known
    if key != condition.key:
        condition = replace(condition, key=key)
    try:
        return Context(known).holds(condition, variables=True)
    except Unresolved:
        return False


def _chosen(key: str) -> bool:
    """Whether the caller decides a condition key by what he asks for."""
    prefix = key.partition(":")[0]
    if prefix == "aws":
        return key in _CHOSEN or key.startswith("aws:requesttag/")
    return prefix.isascii() and "." not in prefix and prefix != "saml"


def view_of(principal: Principal, rule: Rule) -> PolicyView | None:
    """The policy of a principal that a statement comes from."""
    for view in principal.policies():
        for part in (*view.bounds.least, *view.bounds.most):
            if part is rule.part:
                return view
    return None
