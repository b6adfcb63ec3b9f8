"""The tokens of OIDC providers that AWS accounts trust: whose tokens a trust policy takes, and whether any can fit.

Sources: GitHub "About security hardening with OpenID Connect", GitLab "OpenID Connect in AWS", HCP Terraform "Workload
identity tokens", EKS "IAM roles for service accounts", Bitbucket "Integrate Pipelines with resource servers", CircleCI
"Using OpenID Connect tokens in jobs"; IAM User Guide "Available keys for AWS OIDC federation".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from guardrails.access.conditions import Condition, Test
from guardrails.access.documents import Side
from guardrails.access.evaluation import Outcome, PolicySet, evaluate
from guardrails.access.facts import glob
from guardrails.access.names import HOLE, is_whole
from guardrails.access.policy import NamedPrincipal, Policy, PolicyKind, PrincipalType, Statement
from guardrails.access.request import Caller, CallerKind, ContextValue, Request, Target
from guardrails.access.view import PolicyView
from guardrails.model import Unknown

ACTION = "sts:AssumeRoleWithWebIdentity"
_STRANGER = "guardrails-stranger"


class Issuer(Struct, frozen=True):
    """An identity provider that many people, or many workloads of one owner, get tokens of."""

    name: str
    host: str
    """A pattern of the provider's URL without its scheme."""
    subjects: tuple[str, ...]
    """Patterns of every `sub` that it gives out; empty: of any form."""
    strange: tuple[str, ...] = ()
    """Subjects of others: whoever can have a token with one, without belonging to the owner."""
    owner: str = ""
    """The text before the owner's name in a subject; what follows the owner is `ends`."""
    ends: str = ""
    claims: Mapping[str, str] | None = None
    """Further claims that a stranger's token carries."""
    whose: str = ""
    """Who gets in by a stranger's token."""
    ours: tuple[str, ...] = ()
    """Subjects of anything that the owner of the provider has, for providers of one owner."""
    audience: str = ""
    """The audience that its usual client asks for."""


_GITHUB_MORE = (
    "actor", "actor_id", "base_ref", "context", "enterprise", "environment", "event_name", "head_ref",
    "job_workflow_ref", "job_workflow_sha", "ref", "ref_type", "repository", "repository_id", "repository_owner",
    "repository_owner_id", "repository_visibility", "run_id", "runner_environment", "workflow", "workflow_ref",
    "workflow_sha",
)  # fmt: skip
_GITHUB_SUBJECTS = (
    "repo:*/*:ref:refs/heads/*",
    "repo:*/*:ref:refs/tags/*",
    "repo:*/*:ref:refs/pull/*",
    "repo:*/*:pull_request",
    "repo:*/*:environment:*",
    *(f"repo:*/*:{claim}:*" for claim in _GITHUB_MORE if claim not in ("ref", "environment")),
    *(f"{claim}:*" for claim in _GITHUB_MORE),  # templates that an organisation sets itself
)
ISSUERS = (
    Issuer(
        "GitHub",
        "token.actions.githubusercontent.com",
        _GITHUB_SUBJECTS,
        (
            f"repo:{_STRANGER}/x:ref:refs/heads/main",
            f"repo:{_STRANGER}/x:environment:production",
            f"repo:{_STRANGER}/x:pull_request",
        ),
        "repo:",
        "/",
        {"repository_owner": _STRANGER, "repository": f"{_STRANGER}/x", "ref": "refs/heads/main"},
        "every repository on GitHub",
        audience="sts.amazonaws.com",
    ),
    Issuer(
        "GitLab",
        "gitlab.com",
        ("project_path:*/*:ref_type:branch:ref:*", "project_path:*/*:ref_type:tag:ref:*"),
        (f"project_path:{_STRANGER}/x:ref_type:branch:ref:main",),
        "project_path:",
        "/",
        {"namespace_path": _STRANGER, "project_path": f"{_STRANGER}/x", "ref": "main", "ref_type": "branch"},
        "every project on GitLab",
    ),
    Issuer(
        "HCP Terraform",
        "app.terraform.io",
        ("organization:*:project:*:workspace:*:run_phase:*", "organization:*:project:*:stack:*"),
        (f"organization:{_STRANGER}:project:x:workspace:x:run_phase:apply",),
        "organization:",
        ":",
        {"terraform_organization_name": _STRANGER},
        "every organisation on HCP Terraform",
        audience="aws.workload.identity",
    ),
    Issuer(
        "EKS",
        "oidc.eks.*.amazonaws.com*/id/*",
        ("system:serviceaccount:*:*",),
        whose="every service account of the cluster",
        ours=(f"system:serviceaccount:{_STRANGER}:default",),
        audience="sts.amazonaws.com",
    ),
    Issuer(
        "Bitbucket",
        "api.bitbucket.org/2.0/workspaces/*/pipelines-config/identity/oidc",
        (),
        whose="every repository of the workspace",
        ours=("{11111111-2222-3333-4444-555555555555}:{66666666-7777-8888-9999-000000000000}",),
    ),
    Issuer(
        "CircleCI",
        "oidc.circleci.com/org/*",
        ("org/*/project/*/user/*",),
        whose="every project of the organisation",
        ours=("org/00000000-0000-0000-0000-000000000000/project/11111111-2222-3333-4444-555555555555/user/x",),
    ),
    Issuer(
        "Buildkite",
        "agent.buildkite.com",
        ("organization:*:pipeline:*:ref:*",),
        (f"organization:{_STRANGER}:pipeline:x:ref:refs/heads/main:commit:0:step:x",),
        "organization:",
        ":",
        whose="every organisation on Buildkite",
    ),
    Issuer(
        "Google",
        "accounts.google.com",
        (),
        ("100000000000000000001",),
        whose="everybody with a Google account",
    ),
    Issuer(
        "Cognito",
        "cognito-identity.amazonaws.com",
        (),
        ("us-east-1:00000000-0000-0000-0000-000000000000",),
        whose="every identity pool on AWS",
        claims={"amr": "unauthenticated"},
    ),
)


class Wide(Struct, frozen=True):
    """Whom a statement of a trust policy lets in beyond its owner's own."""

    index: int
    issuer: str
    whose: str
    strangers: bool
    """Whether they need not belong to the owner at all."""
    example: str
    """The subject of a token that is taken."""


class Unmet(Struct, frozen=True):
    """A statement of a trust policy that no token of its provider can meet."""

    index: int
    issuer: str
    why: str


def _provider(named: NamedPrincipal) -> str:
    """The URL of the provider without its scheme, empty if it is none of OIDC."""
    text = str.__str__(named.id) if isinstance(named.id, str) else ""
    if named.type is not PrincipalType.FEDERATED or ":saml-provider/" in text:
        return ""
    return text.partition(":oidc-provider/")[2] or text


def _issuer(host: str) -> Issuer:
    shown = host if is_whole(host) else "oidc provider"
    return next(
        (each for each in ISSUERS if glob(each.host)(host)),
        Issuer(shown, host, (), ("somebody-else",), whose="everybody with a token of the provider"),
    )


def _statements(policy: Policy) -> Iterator[tuple[Statement, NamedPrincipal, str]]:
    for statement in policy.statements:
        for named in statement.principals or () if statement.allows else ():
            if isinstance(named, NamedPrincipal) and (host := _provider(named)) and HOLE not in host:
                yield statement, named, host


def _takes(
    policy: Policy, named: NamedPrincipal, host: str, claims: Mapping[str, ContextValue], *, open_: bool = False
) -> Outcome:
    """Whether a policy lets the bearer of a token in. `open_`: what is not of the token may be as it is demanded."""
    text = str.__str__(named.id) if isinstance(named.id, str) else ""
    who = Caller(CallerKind.WEB_IDENTITY, text if text.startswith("arn:") else "", id=host)
    context: dict[str, ContextValue] = {f"{host}:{claim}": value for claim, value in claims.items()}
    role = Target("arn:aws:iam::111122223333:role/x", "111122223333")
    request = Request(who, ACTION, (role,), {**context, "aws:securetransport": "true"}, open_)
    return evaluate(request, PolicySet(resource=(policy,))).outcome


def _alone(policy: Policy, statement: Statement) -> Policy:
    """The policy with one of its Allow statements: its Denies stay."""
    kept = tuple(each for each in policy.statements if each is statement or not each.allows)
    return replace(policy, statements=kept)


def _conditions(statement: Statement, host: str, claim: str) -> Iterator[Condition]:
    for each in statement.conditions:
        if isinstance(each, Condition) and each.key == f"{host}:{claim}".lower():
            yield each


def _audiences(view: PolicyView, statement: Statement, host: str, issuer: Issuer) -> list[str]:
    """The audiences that tokens of the provider can have, as far as the design says."""
    listed = _client_ids(view, host)
    if listed:
        return listed
    wanted = [str.__str__(v) for c in _conditions(statement, host, "aud") for v in c.values if isinstance(v, str)]
    return [*(value.replace("*", "x") for value in wanted), issuer.audience or "sts.amazonaws.com"]


def _client_ids(view: PolicyView, host: str) -> list[str]:
    """The client ids of the provider in the design, none where it is not in view or not known."""
    for provider in view.names.model.all("aws_iam_openid_connect_provider"):
        url = provider.raw("url")
        text = view.names.text(url).removeprefix("https://").rstrip("/") if isinstance(url, str) else ""
        if text.lower() == host.lower():
            try:
                return [str.__str__(each) for each in provider.texts("client_id_list")]
            except Unknown:
                return []
    return []


def wide(view: PolicyView) -> Iterator[Wide]:
    """Statements of a trust policy that take tokens of strangers, or of everything that the owner has.

    Raises `Unknown` at the end where a subject is not known.
    """
    if view.kind is not PolicyKind.TRUST:
        return
    found: set[int] = set()
    for statement, named, host in _statements(view.bound("least")):
        if statement.index not in found and (each := _wide(view, "least", statement, named, host)):
            found.add(statement.index)
            yield each
    if not view.bounds.doubts:
        return
    for statement, named, host in _statements(view.bound("most")):
        if statement.index not in found and _wide(view, "most", statement, named, host):
            raise Unknown(f"{view.title}: {view.bounds.doubts[0]}", view.block.place(*view.path))


def _wide(view: PolicyView, side: Side, statement: Statement, named: NamedPrincipal, host: str) -> Wide | None:
    issuer = _issuer(host)
    policy = _alone(view.bound(side), statement)
    audiences = tuple(dict.fromkeys(_audiences(view, statement, host, issuer)))
    pool = issuer.name == "Cognito"  # its audience is the identity pool: whose it is decides
    for subject, strangers in (
        *((each, True) for each in issuer.strange),
        *((each, True) for each in _beside(statement, host, issuer)),
        *((each, False) for each in issuer.ours),
        *((each, False) for each in _whole_owner(statement, host, issuer)),
    ):
        claims: dict[str, ContextValue] = dict(issuer.claims or {}) if strangers else {}
        claims["sub"] = subject
        for audience in ("us-east-1:00000000-0000-0000-0000-000000000000",) if pool else audiences:
            claims["aud"] = audience
            if issuer.name == "Google":
                claims["aud"] = claims["oaud"] = "stranger.apps.googleusercontent.com"
            if _takes(policy, named, host, claims) is Outcome.ALLOWED:
                whose = (
                    issuer.whose if strangers or issuer.ours else f"more of {_owner(subject, issuer)} than one project"
                )
                return Wide(statement.index, issuer.name, whose, strangers, subject)
    return None


def _subjects(statement: Statement, host: str) -> Iterator[tuple[str, bool]]:
    """The subjects that a statement demands, and whether they are patterns."""
    for condition in _conditions(statement, host, "sub"):
        if not condition.operator.negated:
            like = condition.operator.test in (Test.STRING_LIKE, Test.ARN_LIKE)
            yield from ((str.__str__(v), like) for v in condition.values if isinstance(v, str))


def _beside(statement: Statement, host: str, issuer: Issuer) -> Iterator[str]:
    """Subjects of strangers whose names begin as the demanded ones do: `repo:acme*` takes `repo:acme-evil/x` too."""
    for subject, like in _subjects(statement, host):
        head = re.split(r"[*?]", subject, maxsplit=1)[0]
        if like and issuer.owner and head != subject and issuer.ends not in head[len(issuer.owner) :]:
            if not head.startswith(issuer.owner):
                head = issuer.owner if issuer.owner.startswith(head) else ""
            for strange in issuer.strange if head else ():
                yield head + strange.removeprefix(issuer.owner)
                # `repo:*/app:*`: the owner alone is free
                yield _filled(subject, _STRANGER)


def _whole_owner(statement: Statement, host: str, issuer: Issuer) -> Iterator[str]:
    """Subjects of something else that the same owner has: `repo:acme/*` takes every repository of acme."""
    for subject, like in _subjects(statement, host):
        head = re.split(r"[*?]", subject, maxsplit=1)[0]
        rest = head[len(issuer.owner) :]
        if like and issuer.owner and head.startswith(issuer.owner) and issuer.ends in rest:
            owner, end, name = rest.partition(issuer.ends)
            for strange in issuer.strange:
                yield issuer.owner + owner + strange.removeprefix(issuer.owner + _STRANGER)
                if ":" not in name:  # else the project is named as a whole
                    after = strange.removeprefix(f"{issuer.owner}{_STRANGER}{end}").partition(":")
                    yield f"{issuer.owner}{owner}{end}{name}-other:{after[2]}"


def _owner(subject: str, issuer: Issuer) -> str:
    return subject.removeprefix(issuer.owner).partition(issuer.ends)[0]


def _filled(pattern: str, fill: str) -> str:
    return pattern.replace("*", fill).replace("?", "x")


def unmet(view: PolicyView) -> Iterator[Unmet]:
    """Statements of a trust policy that let an OIDC provider in and that no token of it can meet.

    Raises `Unknown` at the end where it depends on what is not known.
    """
    if view.kind is not PolicyKind.TRUST:
        return
    found: set[int] = set()
    for statement, named, host in _statements(view.bound("most")):
        if statement.index not in found and (why := _unmet(view, "most", statement, named, host)):
            found.add(statement.index)
            yield Unmet(statement.index, _issuer(host).name, why)
    if not view.bounds.doubts:
        return
    for statement, named, host in _statements(view.bound("least")):
        if statement.index not in found and _unmet(view, "least", statement, named, host):
            raise Unknown(f"{view.title}: {view.bounds.doubts[0]}", view.block.place(*view.path))


def _unmet(view: PolicyView, side: Side, statement: Statement, named: NamedPrincipal, host: str) -> str:
    issuer = _issuer(host)
    keys = {c.key: c for c in statement.conditions if isinstance(c, Condition)}
    own = f"{host}:".lower()
    foreign = [c.name for key, c in keys.items() if not key.startswith((own, "aws:", "sts:")) and ":" in key]
    demanded = [c for c in keys.values() if c.name in foreign and not c.operator.negated and not c.operator.if_exists]
    demanded = [c for c in demanded if c.operator.quantifier is None and c.operator.test is not Test.NULL]
    if demanded:
        return f"`{demanded[0].name}` is no key of the provider {host}: its keys begin with `{host}:`"
    policy = _alone(view.bound(side), statement)
    audiences = _audiences(view, statement, host, issuer)
    further = _further(statement, host)
    for subject in _possible(policy, statement, host, issuer):
        for audience in audiences:
            claims = {**further, "sub": subject, "aud": audience}
            if _takes(policy, named, host, claims, open_=True) is not Outcome.DENIED:
                return ""
    return _why(view, policy, statement, host, issuer)


def _further(statement: Statement, host: str) -> dict[str, ContextValue]:
    """Other claims with values that are demanded of them."""
    found: dict[str, ContextValue] = {}
    own = f"{host}:".lower()
    for each in statement.conditions:
        if isinstance(each, Condition) and each.key.startswith(own) and not each.operator.negated:
            claim = each.key.removeprefix(own)
            value = next((str.__str__(v) for v in each.values if isinstance(v, str)), "x")
            like = each.operator.test in (Test.STRING_LIKE, Test.ARN_LIKE)
            if each.operator.test is not Test.NULL:
                found.setdefault(claim, _filled(value, "x") if like else value)
    return found


def _possible(policy: Policy, statement: Statement, host: str, issuer: Issuer) -> Iterator[str]:
    """Subjects that the provider can give out, of those that the statement demands or a Deny spares."""
    demanded = list(_subjects(statement, host))
    for deny in policy.statements if not demanded else ():
        if deny.denies:
            for condition in _conditions(deny, host, "sub"):
                like = condition.operator.test in (Test.STRING_LIKE, Test.ARN_LIKE)
                if condition.operator.negated:
                    demanded += [(str.__str__(v), like) for v in condition.values if isinstance(v, str)]
    for subject, like in demanded:
        if not like:
            if not issuer.subjects or ("*" not in subject and any(glob(s)(subject) for s in issuer.subjects)):
                yield subject
            continue
        if not issuer.subjects:
            yield _filled(subject, "x")
        for form in issuer.subjects:
            if (sample := _meet(subject, form)) is not None:
                yield sample
    if not demanded:
        yield from (_filled(form, "x") for form in issuer.subjects or ("x",))


def _meet(one: str, other: str) -> str | None:
    """A text that two patterns have in common, None if there is none."""
    from guardrails.access.language import TooHard, both  # noqa: PLC0415  # the engine of patterns

    try:
        shared = both((one,), (other,))
    except TooHard:
        return _filled(one, "x")
    return _filled(shared[0], "x") if shared else None


def _why(view: PolicyView, policy: Policy, statement: Statement, host: str, issuer: Issuer) -> str:
    for subject, like in _subjects(statement, host):
        if not like and "*" in subject:
            return f"`sub` is compared by StringEquals, for which `*` in `{subject}` is no wildcard"
    listed = _client_ids(view, host)
    for condition in _conditions(statement, host, "aud"):
        values = [str.__str__(v) for v in condition.values if isinstance(v, str)]
        like = condition.operator.test is Test.STRING_LIKE
        fits = [v for v in values if any(glob(v)(each) if like else v == each for each in listed)]
        if listed and not fits and not condition.operator.negated:
            return f"the audience {_list(values)} is none of the provider's client ids: {_list(listed)}"
    subjects = [subject for subject, _ in _subjects(statement, host)]
    if subjects and issuer.subjects and not list(_possible(policy, statement, host, issuer)):
        return f"{issuer.name} gives out no `sub` like {_list(subjects)}: they are like `{issuer.subjects[0]}`"
    return "its conditions contradict each other, or a Deny takes everything back"


def _list(values: Sequence[str]) -> str:
    return ", ".join(f"`{value}`" for value in values[:3])
