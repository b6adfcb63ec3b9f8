"""Sets of targets say what the evaluator says of each request."""

from __future__ import annotations

import os
import random

from guardrails.access.evaluation import Outcome
from guardrails.access.graph import Graph
from guardrails.access.lens import Access
from guardrails.access.names import is_whole
from guardrails.access.permissions import Circumstances
from guardrails.access.questions import can
from guardrails.access.targets import Space, bits
from guardrails.access.terrain import Terrain
from guardrails.model import Resource
from tests.access.designs import ACCOUNT, access, arn, doc, ref, res, trust

OTHER = "222222222222"
NAMES = ("a", "ab", "b", "ba")
ACTIONS = (
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:*",
    "iam:P*",
    "sts:AssumeRole",
    "sts:*",
    "*",
    "s3:GetObject",
    "IAM:PASSROLE",
)
RESOURCES = (
    "*", arn("role", "*"), arn("role", "a*"), arn("role", "?b"), arn("role", "b"), arn("role", "*a"),
    f"arn:aws:iam::*:role/{'ab'}", "arn:*", arn("user", "*"), arn("role", "${aws:username}"),
    arn("role", "${aws:PrincipalTag/kind}*"),
)  # fmt: skip
CONDITIONS: tuple[dict[str, object] | None, ...] = (
    None,
    None,
    None,
    {"StringEquals": {"aws:PrincipalTag/kind": "a"}},
    {"StringEquals": {"iam:ResourceTag/kind": "a"}},
    {"StringNotEquals": {"aws:ResourceTag/kind": "a"}},
    {"ArnLike": {"aws:PrincipalArn": arn("user", "*")}},
    {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
    {"Null": {"aws:PrincipalTag/kind": "true"}},
)


def statement(pick: random.Random, *, of_trust: bool = False) -> dict[str, object]:
    """A statement at random."""
    made: dict[str, object] = {"Effect": pick.choice(("Allow", "Allow", "Allow", "Deny"))}
    if of_trust:
        made["Action"] = pick.choice(("sts:AssumeRole", "sts:*", "sts:AssumeRoleWithSAML"))
        made["Principal"] = pick.choice(
            (
                {"AWS": ACCOUNT},
                {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                {"AWS": arn("user", pick.choice(NAMES))},
                {"AWS": [arn("role", pick.choice(NAMES)), arn("user", pick.choice(NAMES))]},
                {"AWS": "*"},
                {"Service": "ec2.amazonaws.com"},
                {"AWS": OTHER},
            )
        )
    else:
        action = "NotAction" if pick.random() < 0.15 else "Action"
        target = "NotResource" if pick.random() < 0.15 else "Resource"
        made[action] = pick.sample(ACTIONS, pick.randint(1, 2))
        made[target] = pick.sample(RESOURCES, pick.randint(1, 2))
    condition = pick.choice(CONDITIONS)
    if condition is not None and not (of_trust and "iam:ResourceTag" in str(condition)):
        made["Condition"] = condition
    return made


def design(pick: random.Random) -> Access:
    """Users and roles with policies at random, some with a boundary, some tagged."""
    made: list[Resource] = [
        res("aws_iam_policy", "limit", name="limit", policy=doc(*(statement(pick) for _ in range(2)))),
    ]
    for name in NAMES:
        for kind in ("user", "role"):
            values: dict[str, object] = {"name": name}
            if pick.random() < 0.5:
                values["tags"] = {"kind": pick.choice("ab")}
            if pick.random() < 0.3:
                values["permissions_boundary"] = ref("aws_iam_policy.limit")
            if kind == "role":
                values["assume_role_policy"] = doc(*(statement(pick, of_trust=True) for _ in range(pick.randint(1, 2))))
            made.append(res(f"aws_iam_{kind}", name, **values))  # type: ignore[arg-type]  # values of a resource
            policy = doc(*(statement(pick) for _ in range(pick.randint(1, 3))))
            made.append(res(f"aws_iam_{kind}_policy", name, name=name, **{kind: name}, policy=policy))
    made += [
        Resource("aws_iam_role", "x", {"name": "x", "assume_role_policy": trust({"Service": "ec2.amazonaws.com"})})
    ]
    return access(made)


def differences(seed: int) -> list[str]:
    """Requests on which the sets and the evaluator disagree."""
    lens = design(random.Random(seed))  # noqa: S311  # test data
    graph = Graph(Terrain(lens), "least", "admin")
    found: list[str] = []
    for place, caller in enumerate(graph.principals):
        permissions = graph.permissions(place)
        assumed = graph.assumed(place)
        for action in ("iam:PassRole", "iam:PutRolePolicy"):
            circumstances = Circumstances({}, graph.terrain.target_keys)
            allowed = set(bits(permissions.targets(action.lower(), graph.space, circumstances)))
            for target, role in enumerate(graph.principals):
                if role.kind == "role" and role.resource.name in NAMES:
                    answer = can(lens, caller, action, role.resource, open_=False)
                    if (answer.outcome is Outcome.ALLOWED) != (target in allowed):
                        found.append(f"{seed}: {caller} {action} {role}: {answer.outcome} {answer.missing}")
        for target, role in enumerate(graph.principals):
            if role.kind == "role" and role is not caller:
                answer = can(lens, caller, "sts:AssumeRole", role.resource, open_=False)
                said = bool(assumed and assumed.reached >> target & 1)
                if (answer.outcome is Outcome.ALLOWED) != said:
                    found.append(f"{seed}: {caller} assumes {role}: {answer.outcome} {answer.missing}")
    return found


def test_sets_of_targets_agree_with_the_evaluator() -> None:
    """Random users and roles, with boundaries, tags, variables and trust: the same answer for every request."""
    count = 2_000 if os.environ.get("GUARDRAILS_LONG") else 25
    assert [text for seed in range(count) for text in differences(seed)] == []


def test_a_space_finds_what_patterns_cover() -> None:
    """Exact names, beginnings, and patterns with holes in the middle."""
    arns = sorted(("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/ab", "arn:aws:iam::1:user/a", "arn:aws:s3:::b"))
    space = Space((each, "1") for each in arns)

    def found(pattern: str) -> list[str]:
        return [arns[place] for place in bits(space.match(pattern, "least"))]

    assert found("*") == arns
    assert found("arn:aws:iam::1:role/a") == ["arn:aws:iam::1:role/a"]
    assert found("arn:aws:iam::1:role/a*") == ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/ab"]
    assert found("arn:aws:iam::?:*/a") == ["arn:aws:iam::1:role/a", "arn:aws:iam::1:user/a"]
    assert found("arn:aws:iam::1:role/") == []
    assert all(is_whole(each) for each in arns)
