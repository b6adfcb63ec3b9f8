"""The access lens: who may do what in a design, with all policies that have a say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from guardrails.access.names import HOLE, Names, account_of, is_stand_in
from guardrails.access.organisation import Level, Organisation
from guardrails.access.policy import PolicyKind
from guardrails.access.principals import Identities, Principal
from guardrails.access.resource_policies import ResourcePolicies
from guardrails.access.view import PolicyView
from guardrails.model import Block, Model, Resource, Symbolic, Unknown, UnknownValue, reveal

if TYPE_CHECKING:
    from guardrails.access.exposure import Exposure, External
    from guardrails.access.grants import Grant, Handless
    from guardrails.access.outsiders import Deputy, Outsider
    from guardrails.access.questions import Answer
    from guardrails.access.request import Caller, ContextValue
    from guardrails.access.steps import Path


class Access:
    """Who may do what: a lens over one model, or over several that are looked at together.

    A check takes it as its subject (`Check[Access]`) or makes it with `Access.of(model)`.
    """

    def __init__(self, models: Sequence[Model], *, first: int = 0) -> None:
        """`first` tells apart lenses that are compared: what is not known in one is not what is not in the other."""
        self.models = tuple(models)
        self.names = [Names(model, number) for number, model in enumerate(models, first)]
        self._policies = self._customer_policies()
        self._identities: list[Identities] | None = None
        self._resource_policies: list[ResourcePolicies] | None = None
        self._organisations: list[Organisation] | None = None
        self._by_arn: dict[str, Principal] | None = None
        self._names: dict[bool, Mapping[str, Sequence[Principal]]] = {}
        self._by_resource_arn: dict[str, Resource] | None = None
        self._accounts: frozenset[str] | None = None
        self._paths: dict[tuple[str, Principal | None], Sequence[Path]] = {}

    @classmethod
    def of(cls, model: Model) -> Access:
        """The lens of a model, made once."""
        found = model.cache.get(cls)
        if not isinstance(found, cls):
            found = model.cache[cls] = cls([model])
        return found

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Access]:
        """The one lens of a model."""
        yield cls.of(model)

    @property
    def resource(self) -> Resource | None:
        """None: it is about the design as a whole."""
        return None

    @property
    def model(self) -> Model:
        """The model, the first one of several."""
        return self.models[0]

    def _customer_policies(self) -> dict[str, Resource]:
        found: dict[str, Resource] = {}
        for names in self.names:
            for resource in names.model.all("aws_iam_policy", "data.aws_iam_policy"):
                if resource.mode == "managed" or resource.raw("policy") is not None:
                    found.setdefault(names.arn(resource), resource)
        return found

    # -- questions

    def can(
        self,
        principal: Principal | str,
        action: str,
        resource: Resource | str = "*",
        context: Mapping[str, ContextValue] | None = None,
    ) -> Answer:
        """Whether somebody may call an action on a resource, and why; see `questions.can`."""
        from guardrails.access import questions  # noqa: PLC0415  # the evaluator is loaded where something is asked

        return questions.can(self, principal, action, resource, context)

    def who_can(
        self, action: str, resource: Resource | str = "*", context: Mapping[str, ContextValue] | None = None
    ) -> Iterator[tuple[Principal | Caller, Answer]]:
        """Everybody who may or might call an action on a resource."""
        from guardrails.access import questions  # noqa: PLC0415  # as above

        return questions.who_can(self, action, resource, context)

    def lacks(
        self,
        principal: Principal,
        action: str,
        resource: Resource | str = "*",
        context: Mapping[str, ContextValue] | None = None,
    ) -> bool:
        """Whether somebody surely may not call an action on a resource, whatever else the request says.

        Raises `Unknown` where it depends on policies that are not known.
        """
        answer = self.can(principal, action, resource, context)
        if answer.outcome == "undecided":
            views = [*principal.policies(), *([principal.boundary] if principal.boundary else ())]
            doubts = [doubt for view in views for doubt in view.doubts]
            if principal.outside:
                doubts.append(f"the policies of {principal.label} are not in view")
            if doubts:
                raise Unknown(doubts[0], principal.resource.place())
        if is_stand_in(principal.account) and answer.missing == ("resource",):
            return False  # its account is not known, so that a resource of a named one may be in it
        return answer.outcome == "denied"

    def role_of(self, resource: Block, *path: str) -> Principal:
        """The role that an attribute names by its ARN or name. Raises `Unknown` if its policies are not in view."""
        raw = resource.raw(*path)
        names = next(n for n in self.names if n.model is resource.resource.model)
        value = reveal(raw)
        text = names.text(Symbolic(value) if isinstance(value, UnknownValue) else value) if value else ""  # type: ignore[arg-type]  # an ARN is a string
        found = self.principal(text)
        if found is None or found.outside:
            raise Unknown(
                f"{resource.resource.address}: the policies of {names.show(text)} are not in view",
                resource.place(*path),
            )
        return found

    def granted(self, *wanted: tuple[str, str]) -> Iterator[Grant]:
        """Statements that let somebody call one of some actions on what nobody names; see `grants.grants`."""
        if not self._grants_anything:
            return iter(())
        from guardrails.access import grants  # noqa: PLC0415  # as above

        return grants.grants(self, wanted)

    def unlimited(self, *levels: str) -> Iterator[Grant]:
        """Statements that allow actions of some access levels (`W`, `P`, ...) on everything; see `grants.unlimited`."""
        if not self._grants_anything:
            return iter(())
        from guardrails.access import facts, grants  # noqa: PLC0415  # as above

        return grants.unlimited(self, *(facts.Level(level) for level in levels))

    def allows_everything(self) -> Iterator[Grant]:
        """Statements that let somebody call whatever action there is on whatever there is."""
        if not self._grants_anything:
            return iter(())
        from guardrails.access import grants  # noqa: PLC0415  # as above

        return grants.grants(self, grants.EVERYTHING)

    def without_pass_role(self) -> Iterator[Handless]:
        """Who may make what needs a role, and may hand none over; see `grants.without_pass_role`."""
        if not self._grants_anything:
            return iter(())
        from guardrails.access import grants  # noqa: PLC0415  # as above

        return grants.without_pass_role(self)

    def deputies(self) -> Iterator[Deputy]:
        """Statements by which a service may act for anybody's account; see `outsiders.deputies`."""
        if not self._lets_in:
            return iter(())
        from guardrails.access import outsiders  # noqa: PLC0415  # as above

        return outsiders.deputies(self)

    def outsiders(self, kind: Literal["resource", "trust"]) -> Iterator[Outsider]:
        """Whom resource or trust policies let in from other accounts by their name alone; see `outsiders`."""
        if not self._lets_in:
            return iter(())
        from guardrails.access import outsiders  # noqa: PLC0415  # as above

        return outsiders.outsiders(self, PolicyKind(kind))

    @property
    def _grants_anything(self) -> bool:
        """Whether there is any identity policy: most designs need not load what judges them."""
        return bool(self._policies) or next(self.principals(), None) is not None

    def public(self) -> Iterator[Exposure]:
        """Every statement of a resource or trust policy that lets everybody in."""
        if not self._lets_in:
            return iter(())
        from guardrails.access import exposure  # noqa: PLC0415  # as above

        return exposure.public(self)

    def external_accounts(self) -> Iterator[External]:
        """Every statement of a resource or trust policy that lets another account in."""
        if not self._lets_in:
            return iter(())
        from guardrails.access import exposure  # noqa: PLC0415  # as above

        return exposure.external_accounts(self)

    @property
    def _lets_in(self) -> bool:
        """Whether any policy names principals: most designs need not load what judges them."""
        return next(self.resource_policies(), None) is not None or next(self.trust_policies(), None) is not None

    def paths(self, to: str = "admin", *, start: Principal | None = None) -> Sequence[Path]:
        """The ways to administrate, or to read the data of a resource; see `escalation.paths`."""
        if to == "admin" and next(self.principals(), None) is None:
            return []
        from guardrails.access import escalation  # noqa: PLC0415  # as above

        key = (to, start)
        if key not in self._paths:
            self._paths[key] = escalation.paths(self, to, start=start)
        return self._paths[key]

    def undecided(self) -> list[str]:
        """What is not known about who may do what, so that more may be possible than is shown."""
        found: dict[str, None] = {}
        for identities in self.identities():
            found.update(dict.fromkeys(identities.doubts))
            found.update(
                (f"{view.title}: it is not known whom it is attached to", None) for view in identities.unplaced
            )
            for principal in identities.principals:
                views = [*principal.own, principal.boundary, None if principal.outside else principal.trust]
                found.update((doubt, None) for view in views if view is not None for doubt in view.doubts)
        for names in self.names:
            found.update((gap.reason, None) for gap in names.model.gaps)
        return list(found)

    # -- parts

    def identities(self) -> Sequence[Identities]:
        """The principals by model."""
        if self._identities is None:
            self._identities = [Identities(names, self._policies) for names in self.names]
            self._join()
        return self._identities

    def _join(self) -> None:
        """What one design attaches to a role that another one makes counts there."""
        made: dict[str, Principal] = {}
        for identities in self._identities or ():
            for principal in identities.principals:
                principal.access = self
                if not principal.outside:
                    made.setdefault(principal.arn, principal)
        for identities in self._identities or ():
            for principal in identities.principals:
                real = made.get(principal.arn)
                if real is not None and real is not principal:
                    real.own.extend(view for view in principal.own if view not in real.own)

    def organisations(self) -> Sequence[Organisation]:
        """The control policies by model."""
        if self._organisations is None:
            self._organisations = [Organisation(names) for names in self.names]
        return self._organisations

    def policies_of_resources(self) -> Sequence[ResourcePolicies]:
        """The resource policies by model."""
        if self._resource_policies is None:
            self._resource_policies = [ResourcePolicies(names) for names in self.names]
        return self._resource_policies

    # -- what checks ask for

    def principals(self, *kinds: str) -> Iterator[Principal]:
        """Every user, role, group and permission set, or those of some kinds."""
        for identities in self.identities():
            for principal in identities.principals:
                if not kinds or principal.kind in kinds:
                    yield principal

    def resource_at(self, arn: str) -> Resource | None:
        """The resource that an ARN, or something below it (an object, a stream), belongs to."""
        if self._by_resource_arn is None:
            self._by_resource_arn = {}
            for names in self.names:
                for type_ in names.model.types():
                    for resource in names.model.all(type_) if not type_.startswith("data.") else ():
                        self._by_resource_arn.setdefault(names.arn(resource), resource)
        found = self._by_resource_arn.get(arn)
        at = len(arn)
        while found is None and (at := max(arn.rfind("/", 0, at), arn.rfind(":", 0, at))) > 0:
            found = self._by_resource_arn.get(arn[:at])
        return found

    def principal(self, name: str) -> Principal | None:
        """The principal of an address, an ARN or a name that only one has."""
        if self._by_arn is None:
            self._by_arn = {}
            for principal in self.principals():
                if not principal.outside or principal.arn not in self._by_arn:
                    self._by_arn[principal.arn] = principal
        if found := self._by_arn.get(name):
            return found
        named = self._called().get(name) or self._called(short=True).get(name) or ()
        return named[0] if len(named) == 1 else None

    def _called(self, *, short: bool = False) -> Mapping[str, Sequence[Principal]]:
        """The principals by what people call them: address, label, address without its key; or by the bare name."""
        if short not in self._names:
            found: dict[str, list[Principal]] = {}
            for each in self.principals():
                bare = each.resource.address.removesuffix(each.resource.key)
                for name in {each.name} if short else {each.address, each.label, bare}:
                    found.setdefault(name, []).append(each)
            self._names[short] = found
        return self._names[short]

    def resource_policies(self) -> Iterator[PolicyView]:
        """The policy of every resource that has one, what AWS makes of grants, permissions and ACLs included."""
        for policies in self.policies_of_resources():
            yield from (view for view in policies.views if view.kind is PolicyKind.RESOURCE)

    def endpoint_policies(self) -> Iterator[PolicyView]:
        """The policies of VPC endpoints."""
        for policies in self.policies_of_resources():
            yield from (view for view in policies.views if view.kind is PolicyKind.ENDPOINT)

    def trust_policies(self) -> Iterator[PolicyView]:
        """The trust policy of every role in view."""
        for principal in self.principals("role"):
            if principal.trust is not None and not principal.outside:
                yield principal.trust

    def control_policies(self) -> Iterator[PolicyView]:
        """Every service and resource control policy, attached or not."""
        for organisation in self.organisations():
            yield from organisation.policies

    def documents(self) -> Iterator[PolicyView]:
        """Every document that stands in the design itself, once: what AWS makes is left out."""
        seen: set[tuple[str, object]] = set()
        views: list[PolicyView] = []
        for identities in self.identities():
            views.extend(
                PolicyView(PolicyKind.MANAGED, customer, ("policy",), identities.names)
                for customer in identities.policies.values()
                if customer.model is identities.model and customer.mode == "managed"
            )
            for principal in identities.principals:
                views.extend(principal.own)
                if principal.trust and not principal.outside:
                    views.append(principal.trust)
            views.extend(identities.unplaced)
        for policies in self.policies_of_resources():
            views.extend(policies.views)
        views.extend(self.control_policies())
        for view in views:
            key = (view.resource.address, (*view.block.path, *view.path))
            if view.ours and key not in seen:
                seen.add(key)
                yield view

    def owner(self, arn: str) -> Names | None:
        """The names of the model whose accounts hold an ARN."""
        account = account_of(arn)
        for names in self.names:
            if account == names.account():
                return names
        return None

    def accounts(self) -> frozenset[str]:
        """The accounts of the design's own principals and providers, stand-ins for those that are not known."""
        if self._accounts is None:
            found = {principal.account for principal in self.principals() if not principal.outside}
            for names in self.names:
                found.update(names.account(data) for data in names.model.all("data.aws_caller_identity"))
            self._accounts = frozenset(found or {names.account() for names in self.names})
        return self._accounts

    def is_own_account(self, account: str) -> bool | None:
        """Whether an account is one of the design's; None where the design's own account is not known."""
        own = self.accounts()
        if account in own:
            return True
        return None if any(is_stand_in(each) for each in own) else False

    def control_levels(self, account: str, kind: PolicyKind) -> tuple[Sequence[Level], Sequence[str]]:
        """The control policies that hold for an account by level, and what is in doubt about them."""
        levels: list[Level] = []
        doubts: list[str] = []
        for organisation in self.organisations():
            if organisation.empty:
                continue
            found, doubt = organisation.levels(account, kind)
            levels.extend(found)
            if doubt:
                doubts.append(doubt)
        return levels, doubts

    def arn(self, resource: Resource) -> str:
        """The ARN of a resource in view, as `can` takes it: parts that are not known have placeholders."""
        return next(n for n in self.names if n.model is resource.model).arn(resource)

    def text(self, block: Block, *path: str) -> str:
        """An attribute as text with marks for what is known after apply; empty where the design does not set it.

        Raises `Unknown` where nothing is known of it.
        """
        if not block.is_set(*path):
            return ""
        value = reveal(block.raw(*path))
        names = next(n for n in self.names if n.model is block.resource.model)
        text = names.text(
            Symbolic(value) if isinstance(value, UnknownValue) else value if isinstance(value, str) else str(value)
        )
        if HOLE in text:
            block.text(*path)  # raises with the reason
        return text

    def region(self, resource: Resource) -> str:
        """The region of a resource as text, a mark where it is not known."""
        return next(n for n in self.names if n.model is resource.model).region(resource)

    def show(self, text: str) -> str:
        """A text with marks as people read it."""
        for names in self.names:
            text = names.show(text)
        return text
