"""What escalation moves over: principals, policies, and the resources that carry a role, each as a space of targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from msgspec import Struct, field

from guardrails.access.data_access import Data, data_of
from guardrails.access.documents import Side
from guardrails.access.lens import Access
from guardrails.access.names import HOLE, Names
from guardrails.access.permissions import Doc, Permissions, tags_of
from guardrails.access.principals import Principal
from guardrails.access.request import ContextValue
from guardrails.access.targets import Space, bits
from guardrails.access.techniques import carriers
from guardrails.model import Resource, Symbolic, Unknown, UnknownValue, Value, reveal


class PolicyTarget(Struct):
    """A customer managed policy, and the places of the principals that have it, or whose boundary it is."""

    address: str
    carriers: list[int] = field(default_factory=list)
    bounded: list[int] = field(default_factory=list)


class Carrier:
    """The resources of a sort that carry a role."""

    def __init__(self, name: str, terrain: Terrain, found: Sequence[tuple[str, str, Resource, int]]) -> None:
        """`found` are (ARN, account, resource, place of the role or -1), sorted by ARN."""
        self.name = name
        self.terrain = terrain
        self.space = Space((arn, account) for arn, account, _, _ in found)
        self.resources = [resource for _, _, resource, _ in found]
        self.leads = [role for _, _, _, role in found]
        self.sure = sum(1 << i for i, resource in enumerate(self.resources) if not resource.conditional)
        self._only: dict[tuple[str, Side], int] = {}
        self._leading: dict[int, int] = {}

    def leading(self, principals: int) -> int:
        """The resources whose role is one of these principals."""
        found = self._leading.get(principals)
        if found is None:
            found = self._leading[principals] = self._led(principals)
        return found

    def _led(self, principals: int) -> int:
        if not self.resources or not principals:
            return 0
        return sum(1 << i for i, role in enumerate(self.leads) if role >= 0 and principals >> role & 1)

    def keys(self, place: int) -> Mapping[str, ContextValue]:
        """The condition keys that say something about a resource."""
        return _resource_keys(self.resources[place], self.space_account(place))

    def space_account(self, place: int) -> str:
        """The account of a resource."""
        return next((account for account, those in self.space.accounts.items() if those >> place & 1), "")

    def only(self, name: str, side: Side, permissions: Callable[[int], Permissions]) -> int:
        """The resources that meet a further precondition; `permissions` gives those of a role by its place."""
        if not name:
            return self.space.all
        key = (name, side)
        if key not in self._only:
            self._only[key] = sum(1 << i for i in range(len(self.resources)) if self._meets(name, i, side, permissions))
        return self._only[key]

    def _meets(self, name: str, place: int, side: Side, permissions: Callable[[int], Permissions]) -> bool:
        resource = self.resources[place]
        match name:
            case "batch-builds":
                return resource.raw("build_batch_config") not in (None, [])
            case "execute-command":
                return _true(resource.raw("enable_execute_command"))
            case "ssm-agent":
                role = self.leads[place]
                return role >= 0 and any(permissions(role).may(action) for action in Terrain.AGENT)
            case "invoked":
                return side == "most" or self.terrain.invoked(resource)
            case "launched":
                return side == "most" or self.terrain.launched(resource)
            case _:
                return True


class Terrain:
    """The targets of one design. What does not depend on what is known is made once for both sides."""

    AGENT: ClassVar[tuple[str, ...]] = ("ssm:updateinstanceinformation", "ssmmessages:createcontrolchannel")
    """What an instance's role needs one of so that Systems Manager reaches it."""

    def __init__(self, access: Access) -> None:
        self.access = access
        by_arn: dict[str, Principal] = {}
        for principal in access.principals():
            if principal.arn not in by_arn or by_arn[principal.arn].outside:
                by_arn[principal.arn] = principal
        self.principals = [by_arn[arn] for arn in sorted(by_arn)]
        self.space = Space((p.arn, p.account) for p in self.principals)
        self.places = {p.arn: i for i, p in enumerate(self.principals)}
        self.kinds: dict[str, int] = {"user": 0, "role": 0, "group": 0, "permission-set": 0}
        self.members: dict[int, list[int]] = {}
        self._role_names: dict[tuple[str, str], int] = {}
        for place, principal in enumerate(self.principals):
            linked = "/aws-service-role/" in principal.arn or "/aws-reserved/" in principal.arn
            if not linked:  # AWS lets nobody change or pass these
                self.kinds[principal.kind] |= 1 << place
            if principal.kind == "role":
                self._role_names[principal.account, principal.name] = place
            for group in principal.groups:
                self.members.setdefault(self.places[group.arn], []).append(place)
        self._carriers: dict[str, Carrier] = {}
        self._only: dict[str, int] = {}
        self._exists: dict[tuple[tuple[str, ...], Side], bool] = {}
        self._keys: dict[int, Mapping[str, ContextValue]] = {}
        self._invoked: set[str] | None = None
        self._launched: set[str] | None = None
        self.docs: dict[object, Doc] = {}
        """Documents made ready, shared by both sides where nothing is in doubt."""
        self.policies = self._policies()
        self.saml = self._saml()
        self.admin_policies = self._admin_policies()

    # -- policies and providers

    def _policies(self) -> tuple[Space, list[PolicyTarget]]:
        found: dict[str, tuple[str, PolicyTarget]] = {}
        for identities in self.access.identities():
            for arn, resource in identities.policies.items():
                if resource.mode == "managed":
                    found.setdefault(arn, (identities.names.account(resource), PolicyTarget(resource.address)))
        by_resource = {target.address: target for _, target in found.values()}
        for place, principal in enumerate(self.principals):
            for view in principal.policies():
                target = by_resource.get(view.resource.address)
                if target is not None and view.given is None and place not in target.carriers:
                    target.carriers.append(place)
            bound = by_resource.get(principal.boundary.resource.address) if principal.boundary else None
            if bound is not None:
                bound.bounded.append(place)
        arns = sorted(found)
        return Space((arn, found[arn][0]) for arn in arns), [found[arn][1] for arn in arns]

    def _saml(self) -> tuple[Space, list[str]]:
        found: dict[str, tuple[str, str]] = {}
        for names in self.access.names:
            for resource in names.model.all("aws_iam_saml_provider"):
                found[names.arn(resource)] = (names.account(resource), resource.address)
        arns = sorted(found)
        return Space((arn, found[arn][0]) for arn in arns), [found[arn][1] for arn in arns]

    def _admin_policies(self) -> list[str]:
        """The managed policies that make whoever has them an administrator: AWS's own, and the design's."""
        partitions = {p.arn.split(":")[1] for p in self.principals} or {"aws"}
        found = [f"arn:{partition}:iam::aws:policy/AdministratorAccess" for partition in sorted(partitions)]
        for identities in self.access.identities():
            for arn, resource in identities.policies.items():
                text = resource.raw("policy")
                if isinstance(text, str) and not isinstance(text, Symbolic) and _allows_all(str.__str__(text)):
                    found.append(arn)
        return found

    # -- preconditions

    def exists(self, types: tuple[str, ...], side: Side) -> bool:
        """Whether a resource of one of these types is there."""
        key = (types, side)
        if key not in self._exists:
            self._exists[key] = any(
                side == "most" or not resource.conditional
                for names in self.access.names
                for resource in names.model.all(*types)
            )
        return self._exists[key]

    def only(self, name: str, side: Side) -> int:
        """The principals that meet a further precondition."""
        if name not in self._only:
            self._only[name] = sum(1 << i for i, p in enumerate(self.principals) if self._meets(name, p))
        return self._only[name]

    def _meets(self, name: str, principal: Principal) -> bool:
        match name:
            case "":
                return True
            case "instance-profile":
                return bool(principal.profiles)
            case "room-for-a-key" | "no-room-for-a-key":
                full = self._count("aws_iam_access_key", principal) >= 2
                return full == (name == "no-room-for-a-key")
            case "password" | "no-password":
                has = self._count("aws_iam_user_login_profile", principal) > 0
                return has == (name == "password")
            case _:
                return True

    def _count(self, type_: str, principal: Principal) -> int:
        if principal.kind != "user":
            return 0
        counts = self.access.model.cache.setdefault((Terrain, type_), {})
        if not isinstance(counts, dict):
            return 0
        if not counts:
            counts[""] = 0
            for names in self.access.names:
                for resource in names.model.all(type_):
                    user = names.attribute(resource, "user")
                    counts[user] = counts.get(user, 0) + 1
        found: int = counts.get(principal.name, 0)
        return found

    def invoked(self, function: Resource) -> bool:
        """Whether something in view calls a function by itself."""
        if self._invoked is None:
            self._invoked = set()
            for names in self.access.names:
                for type_ in ("aws_lambda_event_source_mapping", "aws_lambda_permission", "aws_lambda_function_url"):
                    for resource in names.model.all(type_):
                        self._invoked.add(_function_name(names, resource.raw("function_name")))
        names = self._names_of(function)
        return names.attribute(function, "function_name") in self._invoked

    def launched(self, template: Resource) -> bool:
        """Whether an Auto Scaling group in view launches instances from a template."""
        if self._launched is None:
            self._launched = set()
            for names in self.access.names:
                for group in names.model.all("aws_autoscaling_group", "aws_eks_node_group"):
                    for ref in (*group.refs("launch_template"), *group.refs("mixed_instances_policy")):
                        self._launched.add(ref.address)
                    for key in ("id", "name"):
                        value = reveal(group.raw("launch_template", key))
                        if isinstance(value, str):
                            self._launched.add(names.text(value))
        names = self._names_of(template)
        own = {template.address, names.attribute(template, "id"), names.attribute(template, "name")}
        return not own.isdisjoint(self._launched)

    def _names_of(self, resource: Resource) -> Names:
        return next(names for names in self.access.names if names.model is resource.model)

    def target_keys(self, place: int) -> Mapping[str, ContextValue]:
        """The condition keys that say something about a principal as a target."""
        found = self._keys.get(place)
        if found is None:
            principal = self.principals[place]
            keys = dict(_resource_keys(principal.resource, principal.account))
            boundary: ContextValue = None
            if principal.boundary is not None:
                value = reveal(principal.resource.raw("permissions_boundary"))
                boundary = principal.names.text(value) if isinstance(value, str) else UnknownValue("boundary")
            keys["iam:permissionsboundary"] = boundary
            found = self._keys[place] = keys
        return found

    # -- carriers

    def carrier(self, name: str) -> Carrier:
        """The resources of a sort that carry a role."""
        found = self._carriers.get(name)
        if found is None:
            items = []
            for names in self.access.names:
                for type_, attribute in carriers()[name].items():
                    for resource in names.model.all(type_):
                        role = self._role(names, resource, attribute)
                        arn = names.arn(resource)
                        if name == "instance" and type_ == "aws_autoscaling_group":
                            if role < 0:
                                continue
                            arn = names.instance_of(resource)
                        items.append((arn, names.account(resource), resource, role))
            items.sort(key=lambda item: (item[0], item[2].address))
            found = self._carriers[name] = Carrier(name, self, items)
        return found

    def _role(self, names: Names, resource: Resource, attribute: str) -> int:
        """The place of the role that a resource carries, -1 if it has none in view."""
        if not attribute:
            return -1
        value = reveal(resource.raw(*attribute.split(".")))
        if resource.type == "aws_autoscaling_group" or (resource.type == "aws_instance" and not value):
            return self._launched_role(names, resource)
        if resource.type == "aws_launch_template":
            value = reveal(resource.raw(attribute, "name") or resource.raw(attribute, "arn"))
        profile = attribute == "iam_instance_profile"
        text = _text(names, value, "aws_iam_instance_profile" if profile else "aws_iam_role")
        if not text or HOLE in text:
            return -1
        if profile:
            return self._profile_role(names, resource, text)
        if attribute == "task_definition":
            return self._task_role(names, text)
        return self._role_place(names, resource, text)

    def _role_place(self, names: Names, resource: Resource, text: str) -> int:
        place = self.places.get(text, -1)
        if place < 0 and ":" not in text:
            place = self._role_names.get((names.account(resource), text.rpartition("/")[2]), -1)
        return place

    def _profile_role(self, names: Names, resource: Resource, text: str) -> int:
        for profile in names.model.all("aws_iam_instance_profile", "data.aws_iam_instance_profile"):
            known = (names.attribute(profile, "name"), names.arn(profile))
            if text in known or text.rpartition("/")[2] == known[0]:
                attribute = "role" if profile.mode == "managed" else "role_name"
                role = _text(names, reveal(profile.raw(attribute)), "aws_iam_role")
                return self._role_place(names, resource, role)
        return -1

    def _launched_role(self, names: Names, resource: Resource) -> int:
        """The role of instances that are launched from a template or launch configuration."""
        specification = ("mixed_instances_policy", "launch_template", "launch_template_specification")
        values = {
            _text(names, reveal(resource.raw(*path, key)), "aws_launch_template")
            for path in (("launch_template",), specification)
            for key in ("id", "name", "launch_template_id", "launch_template_name")
        }
        for template in names.model.all("aws_launch_template"):
            if {names.attribute(template, "id"), names.attribute(template, "name")} & (values - {""}):
                return self._role(names, template, "iam_instance_profile")
        configured = _text(names, reveal(resource.raw("launch_configuration")))
        for configuration in names.model.all("aws_launch_configuration") if configured else ():
            if configured in (names.attribute(configuration, "id"), names.attribute(configuration, "name")):
                return self._role(names, configuration, "iam_instance_profile")
        return -1

    def _task_role(self, names: Names, text: str) -> int:
        for task in names.model.all("aws_ecs_task_definition"):
            family = names.attribute(task, "family")
            if text == names.arn(task) or text.partition(":")[0] == family:
                return self._role(names, task, "task_role_arn")
        return -1

    # -- data

    def data(self, to: str) -> Data:
        """The data that a search leads to. Raises `LookupError` if it is not in view."""
        return data_of(self.access, to)


def _resource_keys(resource: Resource, account: str) -> Mapping[str, ContextValue]:
    keys: dict[str, ContextValue] = {"aws:resourceaccount": account}
    keys["aws:resourcetag/"] = None  # that all tags are known
    keys |= {f"aws:resourcetag/{key.lower()}": value for key, value in tags_of(resource).items()}
    return keys


def _function_name(names: Names, value: Value) -> str:
    text = _text(names, reveal(value))
    return text.split(":function:")[1].split(":")[0] if ":function:" in text else text


def _text(names: Names, value: Value, of: str = "") -> str:
    if isinstance(value, UnknownValue):
        return names.text(Symbolic(value), of)
    return names.text(value, of) if isinstance(value, str) else ""


def _true(value: Value) -> bool:
    value = reveal(value)
    return value is True or (isinstance(value, str) and not isinstance(value, Symbolic) and value == "true")


def _allows_all(text: str) -> bool:
    from guardrails.access.documents import decoded  # noqa: PLC0415  # for customer managed policies alone

    try:
        document = decoded(text)
    except (ValueError, RecursionError, Unknown):
        return False
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow" or statement.get("Condition"):
            continue
        if _has_star(statement.get("Action")) and _has_star(statement.get("Resource")):
            return True
    return False


def _has_star(value: Value) -> bool:
    items: Iterable[Value] = value if isinstance(value, list) else [value]
    return any(item in ("*", "*:*") for item in items if isinstance(item, str) and not isinstance(item, Symbolic))


def places(value: int) -> list[int]:
    """The places of a set as a list."""
    return list(bits(value))
