"""Who can still change a resource's policy: nobody, and it has locked itself."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from guardrails.access.conditions import Condition
from guardrails.access.documents import Side
from guardrails.access.evaluation import Decision, PolicySet, evaluate
from guardrails.access.lens import Access
from guardrails.access.matching import may_be_about
from guardrails.access.names import account_of, is_stand_in
from guardrails.access.parse import parse_policy
from guardrails.access.policy import NamedPrincipal, Policy, PolicyKind, PrincipalType, Statement
from guardrails.access.request import Caller, CallerKind, Request, Target, caller
from guardrails.access.symbolic import restrict, space_of
from guardrails.access.view import PolicyView, is_given
from guardrails.model import Unknown, UnknownValue, reveal

_CHANGES = {
    "aws_backup_vault_policy": ("backup:PutBackupVaultAccessPolicy", "backup:DeleteBackupVaultAccessPolicy"),
    "aws_cloudwatch_event_bus_policy": ("events:PutPermission", "events:RemovePermission"),
    "aws_codeartifact_domain_permissions_policy": (
        "codeartifact:PutDomainPermissionsPolicy",
        "codeartifact:DeleteDomainPermissionsPolicy",
    ),
    "aws_dynamodb_resource_policy": ("dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"),
    "aws_ecr_repository_policy": ("ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"),
    "aws_efs_file_system_policy": (
        "elasticfilesystem:PutFileSystemPolicy",
        "elasticfilesystem:DeleteFileSystemPolicy",
    ),
    "aws_glacier_vault": ("glacier:SetVaultAccessPolicy", "glacier:DeleteVaultAccessPolicy"),
    "aws_glue_resource_policy": ("glue:PutResourcePolicy", "glue:DeleteResourcePolicy"),
    "aws_kinesis_resource_policy": ("kinesis:PutResourcePolicy", "kinesis:DeleteResourcePolicy"),
    "aws_kms_external_key": ("kms:PutKeyPolicy",),
    "aws_kms_key": ("kms:PutKeyPolicy",),
    "aws_kms_key_policy": ("kms:PutKeyPolicy",),
    "aws_kms_replica_external_key": ("kms:PutKeyPolicy",),
    "aws_kms_replica_key": ("kms:PutKeyPolicy",),
    "aws_s3_bucket": ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "aws_s3_bucket_policy": ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "aws_secretsmanager_secret": ("secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy"),
    "aws_secretsmanager_secret_policy": ("secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy"),
    "aws_sns_topic": ("sns:SetTopicAttributes",),
    "aws_sns_topic_policy": ("sns:SetTopicAttributes",),
    "aws_sqs_queue": ("sqs:SetQueueAttributes",),
    "aws_sqs_queue_policy": ("sqs:SetQueueAttributes",),
}
"""By the type that carries the policy: what changes it or takes it away."""
_SAMPLES = {"kms": "arn:aws:kms:us-east-1:{account}:key/example", "s3": "arn:aws:s3:::example"}
_ADMIN = "guardrails-administrator"
_EVERYTHING = parse_policy({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Lockout(Struct, frozen=True):
    """A policy that nobody, or not the one who applies it, can change again."""

    view: PolicyView
    actions: tuple[str, ...]
    """What would change it."""
    who: str
    """Who is shut out: the ARN of the role that applies the design; empty for everybody."""
    denying: tuple[int, ...]
    """The Deny statements that do it; none where an Allow is missing."""
    root_can: bool
    """Whether the root user of the account still can."""


def lockout(access: Access, view: PolicyView) -> Lockout | None:
    """Whether a resource policy locks everybody out, or the role that applies the design; None if it does not.

    Everybody is an administrator of the account with any name, and whomever the policy names. A condition that some
    request of theirs can meet leaves them in. Raises `Unknown` where it depends on what is not known.
    """
    actions = _CHANGES.get(view.resource.type)
    if actions is None or view.kind is not PolicyKind.RESOURCE or not view.ours:
        return None
    account = view.names.account(view.target or view.resource)
    arn = _arn(view, actions[0], account)
    found = _everybody(view, actions, arn, account)
    return found or _applying(access, view, actions, arn, account)


def _arn(view: PolicyView, action: str, account: str) -> str:
    if view.target is not None:
        return view.names.arn(view.target)
    for statement in view.bound("most").statements:
        for each in statement.resources or ():
            if isinstance(each, str) and each.startswith("arn:") and not each.endswith("/*"):
                return each.replace("*", "example")
    service = action.partition(":")[0]
    return _SAMPLES.get(service, f"arn:aws:{service}:us-east-1:{{account}}:example").format(account=account)


def _everybody(view: PolicyView, actions: tuple[str, ...], arn: str, account: str) -> Lockout | None:
    candidates = list(dict.fromkeys(_candidates(view, account)))
    wide = _denials(view.bound("most"), actions, arn, candidates)
    if wide is None:
        if view.bounds.doubts and _denials(view.bound("least"), actions, arn, candidates) is not None:
            raise Unknown(f"{view.title}: {view.bounds.doubts[0]}", view.block.place(*view.path))
        return None
    root = caller(account)
    root_can = any(not _asked(view.bound("most"), root, action, arn).denied for action in actions)
    if root_can and not wide and actions != ("kms:PutKeyPolicy",):
        return None
    return Lockout(view, actions, "", wide, root_can)


def _denials(policy: Policy, actions: tuple[str, ...], arn: str, candidates: list[Caller]) -> tuple[int, ...] | None:
    """The statements that deny all of them, None if one of them may change the policy."""
    grounds: dict[int, None] = {}
    for who in candidates:
        for action in actions:
            decision = _asked(policy, who, action, arn)
            if not decision.denied:
                return None
            grounds.update(dict.fromkeys(ground.index for ground in decision.grounds))
    return tuple(grounds)


def _asked(policy: Policy, who: Caller, action: str, arn: str) -> Decision:
    # The owner's own names are in no condition's way: what a request carries is open.
    known = {"aws:securetransport": "true", "aws:principalisawsservice": "false"}
    account = account_of(who.arn) or who.account
    request = Request(who, action, (Target(arn, account),), known, open=True)
    return evaluate(request, PolicySet(identity=(_EVERYTHING,), resource=(policy,)))


def _candidates(view: PolicyView, account: str) -> Iterator[Caller]:
    """An administrator of any name, and whomever the policy speaks of."""
    yield Caller(CallerKind.ROLE, f"arn:aws:iam::{account}:role/{_ADMIN}", account)
    for side in ("most", "least"):
        for statement in view.bound(side).statements:
            for named in (*(statement.principals or ()), *(statement.not_principals or ())):
                if isinstance(named, NamedPrincipal) and named.type is PrincipalType.AWS:
                    yield from _named(named.id, account)
            for condition in statement.conditions:
                if isinstance(condition, Condition):
                    yield from _excepted(condition, account)


def _named(name: object, account: str) -> Iterator[Caller]:
    if not isinstance(name, str) or name == "*":
        return
    text = str.__str__(name)
    if text.startswith("A") and ":" not in text:
        yield Caller(CallerKind.ROLE, f"arn:aws:iam::{account}:role/{_ADMIN}", account, _ADMIN, text)
        return
    try:
        found = caller(text)
    except ValueError:
        return
    if found.account != account and not is_stand_in(account):
        return  # where the own account is not known, the one that is named may be it
    if found.kind is CallerKind.ROOT:
        yield Caller(CallerKind.ROLE, f"arn:aws:iam::{found.account}:role/{_ADMIN}", found.account)
    else:
        yield found


def _excepted(condition: Condition, account: str) -> Iterator[Caller]:
    for value in condition.values:
        if not isinstance(value, str):
            continue
        text = str.__str__(value)
        if condition.key == "aws:principalarn":
            filled = text.replace("::*:", f"::{account}:").replace("*", "example").replace("?", "x")
            if text.strip("*"):
                yield from _named(filled, account)
        elif condition.key == "aws:userid":
            unique, _, session = text.partition(":")
            if unique.startswith("AIDA"):
                yield Caller(CallerKind.USER, f"arn:aws:iam::{account}:user/{_ADMIN}", account, id=unique)
            elif unique.startswith("ARO"):
                name = session.replace("*", "example").replace("?", "x") or _ADMIN
                yield Caller(CallerKind.ROLE, f"arn:aws:iam::{account}:role/{_ADMIN}", account, name, unique)
        elif condition.key == "aws:username":
            name = text.replace("*", "example").replace("?", "x")
            yield Caller(CallerKind.USER, f"arn:aws:iam::{account}:user/{name}", account)


def _applying(access: Access, view: PolicyView, actions: tuple[str, ...], arn: str, account: str) -> Lockout | None:
    """The role that the provider assumes, where the policy shuts it out."""
    role = applying_role(view)
    if role is None or account_of(role) != account:
        return None
    who = Caller(CallerKind.ROLE, role, account)
    grounds: dict[int, None] = {}
    for action in actions:
        decision = _asked(view.bound("most"), who, action, arn)
        if not decision.denied:
            return None
        grounds.update(dict.fromkeys(ground.index for ground in decision.grounds))
    return Lockout(view, actions, access.show(role), tuple(grounds), root_can=True)


def applying_role(view: PolicyView) -> str | None:
    """The ARN of the role that the provider of a policy's resource assumes, None where it is not known."""
    config = reveal(view.resource.provider.config.get("assume_role"))
    if isinstance(config, list) and config:
        config = reveal(config[-1])
    role = config.get("role_arn") if isinstance(config, dict) else None
    text = view.names.text(role) if isinstance(role, str) else ""
    return text if account_of(text) is not None else None


_ASSUME = {
    PrincipalType.AWS: ("sts:assumerole",),
    PrincipalType.SERVICE: ("sts:assumerole",),
    PrincipalType.FEDERATED: ("sts:assumerolewithwebidentity", "sts:assumerolewithsaml"),
}


def nobody_assumes(view: PolicyView) -> str:
    """Why nobody can assume a role by its trust policy; empty if somebody may.

    Raises `Unknown` where it depends on what is not known.
    """
    if view.bounds.malformed or view.kind is not PolicyKind.TRUST or not is_given(view.block.raw(*view.path)):
        return ""
    reason = _shut(view, "most")
    if not reason and view.bounds.doubts and _shut(view, "least"):
        raise Unknown(f"{view.title}: {view.bounds.doubts[0]}", view.block.place(*view.path))
    return reason


def _shut(view: PolicyView, side: Side) -> str:
    policy = view.bound(side)
    if any(isinstance(statement.effect, UnknownValue) for statement in policy.statements):
        return ""  # malformed: another check's matter
    allows = [statement for statement in policy.statements if statement.allows]
    if not allows:
        return "no statement allows anything"
    wanted = list(dict.fromkeys(action for statement in allows for action in _fitting(statement)))
    if not wanted:
        return "its principals are let in by another action than the one that they assume a role with"
    space = space_of(policy)
    for action in wanted:
        if restrict(space, action=action).empty() is not True:
            return ""
    return "its conditions contradict each other, or a Deny takes everything back"


def _fitting(statement: Statement) -> Iterator[str]:
    """The actions of a statement that its principals assume a role with."""
    for named in statement.principals or ():
        if not isinstance(named, NamedPrincipal):
            yield from (action for actions in _ASSUME.values() for action in actions)
            continue
        actions = ("sts:assumerole", *_ASSUME[PrincipalType.FEDERATED]) if named.everyone else _ASSUME.get(named.type)
        if named.type is PrincipalType.FEDERATED and isinstance(named.id, str):
            saml = ":saml-provider/" in str.__str__(named.id)
            actions = ("sts:assumerolewithsaml",) if saml else ("sts:assumerolewithwebidentity",)
        for action in actions or ():
            if may_be_about(statement, action) is not False:
                yield action
