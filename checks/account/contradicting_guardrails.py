from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import combinations, product

from guardrails import (
    Check,
    Example,
    Finding,
    Kind,
    Model,
    PolicyView,
    Resource,
    Severity,
    Symbolic,
    UnknownValue,
    related,
)

KEY = "aws:requestedregion"
UNIT = """
            resource "aws_organizations_organizational_unit" "workloads" {
              name      = "workloads"
              parent_id = "r-ab12"
            }

            resource "aws_organizations_policy_attachment" "europe" {
              policy_id = aws_organizations_policy.europe.id
              target_id = aws_organizations_organizational_unit.workloads.id
            }

            resource "aws_organizations_policy_attachment" "backup" {
              policy_id = aws_organizations_policy.backup.id
              target_id = aws_organizations_organizational_unit.workloads.id
            }
"""


def _policy(name: str, regions: str, mark: str = "") -> str:
    return f"""
            resource "aws_organizations_policy" "{name}" {{
              name    = "{name}"
              content = jsonencode({{{mark}
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Deny"
                  NotAction = ["iam:*", "globalaccelerator:*", "organizations:*", "sts:*", "support:*"]
                  Resource  = "*"
                  Condition = {{ StringNotEquals = {{ "aws:RequestedRegion" = {regions} }} }}
                }}]
              }})
            }}
"""


class ContradictingGuardrails(Check[Model]):
    """Two control policies of the same target leave no region to work in.

    ## Why is this bad?
    Each policy denies everything outside of its own regions, and a Deny of either counts. Where the two lists have no
    region in common nothing can be made, changed or deleted any more, by nobody below the target, pipelines
    included. The message that people get names none of the two: `explicit deny in a service control policy`.

    Policies that are attached to the same root, unit or account, or to one above the other, are compared.
    """

    id = "contradicting-guardrails"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Put the regions into one policy, or give both policies the regions that are meant."
    references = (
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion",
    )
    examples = (
        Example(
            bad=f"""
            {_policy("europe", '["eu-west-1", "eu-central-1"]')}
            {_policy("backup", '["us-east-1"]', " # finding")}
            {UNIT}
            """,
            fixed=f"""
            {_policy("europe", '["eu-west-1", "eu-central-1", "us-east-1"]')}
            {_policy("backup", '["eu-west-1", "us-east-1"]')}
            {UNIT}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        limits = {
            view.resource.address: (view, found) for view in _control_policies(subject) if (found := _limits(view))
        }
        if len(limits) < 2:
            return
        chains: dict[str, list[list[str]]] = {}
        for attachment in subject.all("aws_organizations_policy_attachment"):
            policy = subject.resolve(attachment.raw("policy_id"), "aws_organizations_policy")
            if policy is not None and policy.address in limits and not attachment.conditional:
                chains.setdefault(policy.address, []).append(_chain(subject, attachment))
        for first, second in combinations(limits, 2):
            if not _meet(chains.get(first, []), chains.get(second, [])):
                continue
            (view, mine), (other, theirs) = limits[second], limits[first]
            for left, right in ((left, right) for left in mine for right in theirs):
                if not _common(left, right):
                    yield self.finding(
                        view.block,
                        f"with {other.resource.address} no region is left: it allows {', '.join(left)}, the other "
                        f"{', '.join(right)}",
                        path=view.path,
                        related=related((other.block.place(*other.path), "the other policy")),
                    )
                    return


def _control_policies(model: Model) -> Iterator[PolicyView]:
    for view in PolicyView.subjects(model):
        if view.resource.type == "aws_organizations_policy" and not view.doubt:
            yield view


def _limits(view: PolicyView) -> list[tuple[str, ...]]:
    """The regions that each statement leaves which denies everything, or everything but some services, elsewhere."""
    found = []
    for statement in view.policy().statements:
        broad = statement.not_actions is not None or "*" in (statement.actions or ())
        whole = statement.resources is None or "*" in statement.resources
        if not (statement.denies and broad and whole) or len(statement.conditions) != 1 or statement.unknown:
            continue
        (condition,) = statement.conditions
        if isinstance(condition, UnknownValue) or condition.key != KEY:
            continue
        if not condition.operator.negated or condition.operator.quantifier:
            continue
        values = tuple(str(value) for value in condition.values if not isinstance(value, Symbolic))
        if len(values) == len(condition.values):
            found.append(values)
    return found


def _common(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether a region can fit both lists, whose names may have wildcards."""
    return any(fnmatchcase(a, b) or fnmatchcase(b, a) or ("*" in a and "*" in b) for a in left for b in right)


def _chain(model: Model, attachment: Resource) -> list[str]:
    """What a policy is attached to, then what stands above that, by id or reference."""
    value, chain = attachment.raw("target_id"), list[str]()
    types = ("aws_organizations_organizational_unit", "aws_organizations_account")
    while isinstance(value, str) and (name := str.__str__(value)) not in chain:
        chain.append(name)
        place = model.resolve(value, *types)
        value = place.raw("parent_id") if place else None
    return chain


def _meet(left: list[list[str]], right: list[list[str]]) -> bool:
    """Whether a target of one policy is a target of the other, or stands above it."""
    pairs = ((mine, theirs) for mine, theirs in product(left, right) if mine and theirs)
    return any(theirs[0] in mine or mine[0] in theirs for mine, theirs in pairs)
