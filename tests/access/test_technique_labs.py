"""A Terraform design for every technique, in the ways in which permissions hang on principals, and its safe twins."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from guardrails.access.lens import Access
from guardrails.access.steps import Path as Way
from guardrails.access.techniques import Technique
from guardrails.model import Resource, Symbolic, Value
from guardrails.sources import read
from tests.access.designs import ACCOUNT, deny, doc, ref, res
from tests.access.test_escalation import ADMIN, ALL, lab

STYLES = ("inline", "managed", "exclusive", "group", "arguments")


NAMES = ("target", "start", "other", "helper", "held", "idp", "p", "x")
IN_ARN = re.compile(rf"((?:user|role|group|policy|saml-provider)/(?:{'|'.join(NAMES)}))\b")


def plain(value: Value, suffix: str = "") -> object:
    """A value as Terraform's JSON syntax has it, with an expression behind every name."""
    match value:
        case Symbolic():
            return f"${{{value.parts[0]}}}"
        case str() if value in NAMES:
            return value + suffix
        case str():
            return IN_ARN.sub(lambda found: found[1] + suffix, value.replace("${", "$${"))
        case list():
            return [plain(item, suffix) for item in value]
        case dict():
            return {key: plain(item, suffix) for key, item in value.items()}
        case _:
            return value


def written(folder: Path, resources: Sequence[Resource], account: str, suffix: str = "") -> Access:
    """The lens over these resources as a configuration; `account` is the expression that stands for the account,
    `suffix` one behind every name.
    """
    blocks: dict[str, dict[str, object]] = {}
    for each in resources:
        blocks.setdefault(each.type, {})[each.name] = plain(dict(each.values), suffix)
    design = {
        "provider": {"aws": {"region": "eu-west-1"}},
        "variable": {"account_id": {}, "suffix": {}},
        "data": {"aws_caller_identity": {"current": {}}},
        "resource": blocks,
    }
    folder.joinpath("main.tf.json").write_text(json.dumps(design).replace(ACCOUNT, account), "utf-8")
    return Access(read([folder]))


def hung(resources: Sequence[Resource], style: str) -> list[Resource]:
    """The design with the permissions of `start` attached in another way."""
    made: list[Resource] = []
    for each in resources:
        kind = each.type.removeprefix("aws_iam_").removesuffix("_policy")
        if each.name != "start" or each.type not in ("aws_iam_user_policy", "aws_iam_role_policy"):
            made.append(each)
            continue
        name = ref(f"aws_iam_{kind}.start", "name")
        policy = res("aws_iam_policy", "held", name="held", policy=each.values["policy"])
        arn = ref("aws_iam_policy.held")
        if style == "managed":
            made += [policy, res(f"aws_iam_{kind}_policy_attachment", "held", **{kind: name, "policy_arn": arn})]
        elif style == "exclusive":
            values: dict[str, Value] = {"name": "held", f"{kind}s": [name], "policy_arn": arn}
            made += [policy, res("aws_iam_policy_attachment", "held", **values)]
        elif style == "group" and kind == "user":
            group = ref("aws_iam_group.held", "name")
            made += [
                policy,
                res("aws_iam_group", "held", name="held"),
                res("aws_iam_group_membership", "held", name="held", group=group, users=[name]),
                res("aws_iam_group_policy_attachment", "held", group=group, policy_arn=arn),
            ]
        elif style == "arguments" and kind == "role":
            role = next(r for r in made if r.type == "aws_iam_role" and r.name == "start")
            inline: Value = [{"name": "held", "policy": each.values["policy"]}]
            made[made.index(role)] = res("aws_iam_role", "start", **{**role.values, "inline_policy": inline})
        else:
            made.append(each)
    return made


def weakened(resources: Sequence[Resource]) -> list[Resource]:
    """The design with nobody in it who may do everything."""
    harmless = doc({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
    return [
        res(each.type, each.name, **{**each.values, "policy": harmless})
        if each.values.get("policy") == doc(ADMIN)
        else each
        for each in resources
    ]


def ways(lens: Access, technique: Technique) -> list[Way]:
    """The paths of `start` that begin with a technique."""
    return [
        path
        for path in lens.paths()
        if path.start.address.endswith(".start")
        and (path.steps[0].technique == technique.id or technique.id in path.steps[0].others)
    ]


CASES = [(technique, STYLES[number % len(STYLES)]) for number, technique in enumerate(ALL)]
IDS = [f"{number}-{technique.id}-{style}" for number, (technique, style) in enumerate(CASES)]


@pytest.mark.parametrize(("technique", "style"), CASES, ids=IDS)
def test_the_lab_has_its_path(technique: Technique, style: str, tmp_path: Path) -> None:
    """Start, technique and end are found in the configuration, for certain unless the technique never is."""
    lens = written(
        tmp_path, hung(lab(technique, technique.permissions), style), "${data.aws_caller_identity.current.id}"
    )

    (found,) = ways(lens, technique)
    assert found.certainty == ("may" if technique.may else "must")
    assert lens.undecided() == []
    if technique.gives == "become":
        assert found.end is not None
        assert found.end.address.endswith(".target")


@pytest.mark.parametrize(("technique", "style"), CASES, ids=IDS)
def test_an_account_that_is_not_known_leaves_the_path_possible(
    technique: Technique, style: str, tmp_path: Path
) -> None:
    """The same lab with a variable without a value for the account has the path, possible at least."""
    lens = written(tmp_path, hung(lab(technique, technique.permissions), style), "${var.account_id}")

    assert ways(lens, technique) != []


@pytest.mark.parametrize(("technique", "style"), CASES, ids=IDS)
def test_names_that_are_not_known_are_told_apart(technique: Technique, style: str, tmp_path: Path) -> None:
    """With a variable without a value behind every name the path is found all the same, and its twin safe."""
    unknown = "${var.account_id}", "-${var.suffix}"
    twin = hung(lab(technique, ["s3:GetObject"]), style)

    assert ways(written(tmp_path, hung(lab(technique, technique.permissions), style), *unknown), technique) != []
    if technique.only != "trusts-caller":
        assert ways(written(tmp_path, twin, *unknown), technique) == []


@pytest.mark.parametrize(("technique", "style"), CASES, ids=IDS)
def test_its_twins_are_safe(technique: Technique, style: str, tmp_path: Path) -> None:
    """Without a permission, under a Deny of one, or with nobody worth becoming, there is no such path."""
    whole = hung(lab(technique, technique.permissions), style)
    kind = "role" if any(each.type == "aws_iam_role" and each.name == "start" for each in whole) else "user"
    stop = res(
        f"aws_iam_{kind}_policy", "stop", name="stop", policy=doc(deny(technique.permissions[-1])), **{kind: "start"}
    )
    twins = [[*whole, stop]]
    if technique.gives in ("become", "join"):
        twins.append(weakened(whole))
    for left_out in technique.permissions if technique.only != "trusts-caller" else ():
        needs = [need for need in technique.permissions if need != left_out]
        twins.append(hung(lab(technique, needs or ["s3:GetObject"]), style))
    for twin in twins:
        assert ways(written(tmp_path, twin, "${data.aws_caller_identity.current.id}"), technique) == []
