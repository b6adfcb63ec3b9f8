"""What a check is: one class in one file, with its page, its examples and its logic."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Struct

from guardrails.finding import Edit, Finding, Fix, Kind, Safety, Severity
from guardrails.model import Block, Label, Model, Origin, Path, Resource, dotted


class Subject(Protocol):
    """Something that a check can look at besides a bare `Resource` or the `Model`.

    A typed view (`SecurityGroup`) or a lens (`Network`): the engine makes them with `subjects`.
    """

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Subject]:
        """Every one of them in a model; a lens gives itself once. Kept in `model.cache` by those who build much."""
        ...

    @property
    def resource(self) -> Resource | None:
        """The resource that it is a view of, None for a lens."""
        ...


SubjectT_contra = TypeVar("SubjectT_contra", contravariant=True)


class Example(Struct, frozen=True):
    """A design that the check must flag, and its repair: documentation and test in one.

    In `bad`, a line that ends in `# finding` is where a finding starts, `# undecided` where an undecided result is.
    `fixed` gives nothing, from this check and from every other built-in one.

    Both are Terraform, or (where they start with `{`) a part of a live account: one JSON object after the other,
    `{"type": "aws_iam_access_key", "name": "AKIA1", "values": {...}}`, with `region`, `mode` and `arn` where they
    matter, whose mark stands on its first line. An object without a type comes first if it is there:
    `{"account": "111122223333", "collected": "2026-01-31T00:00:00Z", "complete": ["aws_iam_access_key"]}`. `complete`
    names further types of which the account has no others than those given; of all that is neither given nor named
    it is not known whether there is any.
    """

    bad: str
    fixed: str = ""
    title: str = ""
    files: tuple[tuple[str, str], ...] = ()
    """Further files of both, as (path, text)."""


class Check(Generic[SubjectT_contra]):
    """A question asked of every subject of its type. Write one by subclassing `Check[SecurityGroup]`.

    The subject is `Resource` (with `types`), `Model`, a typed view or a lens.

    A class attribute with a type and a default that is no `ClassVar`, such as `days: int = 30`, is an option:
    `[options.<id>] days = 14` in a configuration sets it.
    """

    id: ClassVar[str]
    kind: ClassVar[Kind]
    severity: ClassVar[Severity]
    hint: ClassVar[str]
    """What to do, as one imperative sentence."""
    types: ClassVar[tuple[str, ...]] = ()
    """For `Check[Resource]`: the types it wants, data sources as `data.<type>`."""
    same_as: ClassVar[tuple[str, ...]] = ()
    """Ids of other tools' rules that say the same."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Former ids of this check."""
    counter_checks: ClassVar[tuple[str, ...]] = ()
    """Checks of the other side that the usual fix of this one can set off."""
    references: ClassVar[tuple[str, ...]] = ()
    """Pages that prove it, as https addresses."""
    compliance: ClassVar[tuple[str, ...]] = ()
    """Controls of frameworks, such as `CIS-AWS-3.0:5.2`."""
    examples: ClassVar[Sequence[Example]] = ()

    subject: ClassVar[type]
    """The type argument; set when the class is made."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__dict__.get("__orig_bases__", ()):
            args = get_args(base)
            if args and isinstance(args[0], type):
                cls.subject = args[0]

    @classmethod
    def options(cls) -> dict[str, Any]:
        """What a configuration can set: types by name."""
        hints = get_type_hints(cls)
        return {
            name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar and not name.startswith("_")
        }

    @property
    def title(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(type(self)) or "").partition("\n")[0]

    @property
    def page(self) -> str:
        """The docstring below its first line: Markdown."""
        return (inspect.getdoc(type(self)) or "").partition("\n")[2].strip()

    def check(self, subject: SubjectT_contra, /) -> Iterator[Finding]:
        """Yield a finding for each violation. Reading what is not known raises `Unknown`, which ends the answer."""
        raise NotImplementedError

    def finding(
        self,
        at: Block | Model,
        message: str,
        *,
        path: str | int | Path = (),
        related: Sequence[Label] = (),
        severity: Severity | None = None,
        hint: str = "",
        fix: Fix | None = None,
        details: Sequence[str] = (),
        monthly: float | None = None,
    ) -> Finding:
        """A finding at a resource, a nested block, or one of its attributes (`path`, below the block)."""
        below: Path = path if isinstance(path, tuple) else (path,)
        if isinstance(at, Model):
            where = block = Origin(None)
            address, type_, attribute = at.name, "", dotted(below)
        else:
            where, block = at.origin(*below), at.resource.locate(())
            address, type_ = at.resource.address, at.resource.type
            attribute = dotted((*at.path, *below))
            if at.resource.conditional:
                message = f"{message} (if it exists: {at.resource.conditional})"
        return Finding(
            check=self.id,
            kind=self.kind,
            severity=severity or self.severity,
            message=message,
            resource=address,
            type=type_,
            origin=where,
            block=block,
            related=(*related, *where.related),
            hint=hint or self.hint,
            fix=fix,
            same_as=self.same_as,
            path=attribute,
            details=tuple(details),
            monthly=monthly,
        )

    def set_attribute(
        self, block: Block, path: str | Path, expression: str, *, safety: Safety = Safety.SAFE, cli: str = ""
    ) -> Fix:
        """The fix that gives an attribute a value: `self.set_attribute(db, "publicly_accessible", "false")`."""
        below: Path = path if isinstance(path, tuple) else (path,)
        whole = (*block.path, *below)
        return Fix(
            title=f"Set {dotted(whole)} to {expression}",
            safety=safety,
            terraform=f"{below[-1]} = {expression}",
            cli=cli,
            edits=(Edit(block.resource.address, whole, expression),),
        )
