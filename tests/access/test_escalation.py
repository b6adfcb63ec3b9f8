"""Ways to gain permissions: every technique on a small design, and its safe twins."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from guardrails.access.escalation import Path, paths
from guardrails.access.techniques import Technique, techniques
from guardrails.model import Resource, Value
from tests.access.designs import access, allow, arn, deny, doc, ref, res, role, service, trust, user

ADMIN = allow("*", "*")
REGION = "eu-west-1"


def existing(carrier: str, role_name: str) -> list[Resource]:
    """A resource of a carrier with a role."""
    role_ref: Value = ref(f"aws_iam_role.{role_name}")
    profile: Value = ref("aws_iam_instance_profile.p", "name")
    task = res("aws_ecs_task_definition", "x", family="x", task_role_arn=role_ref, region=REGION)
    match carrier:
        case "apprunner-service":
            config: Value = [{"instance_role_arn": role_ref}]
            return [res("aws_apprunner_service", "x", service_name="x", instance_configuration=config)]
        case "agent-runtime":
            return [res("aws_bedrockagentcore_agent_runtime", "x", agent_runtime_id="x", role_arn=role_ref)]
        case "code-interpreter":
            return [res("aws_bedrockagentcore_code_interpreter", "x", execution_role_arn=role_ref)]
        case "stack":
            return [res("aws_cloudformation_stack", "x", name="x", iam_role_arn=role_ref)]
        case "stack-set":
            return [res("aws_cloudformation_stack_set", "x", name="x", execution_role_name=role_name)]
        case "build-project":
            batch: Value = [{"service_role": role_ref}]
            return [res("aws_codebuild_project", "x", name="x", service_role=role_ref, build_batch_config=batch)]
        case "instance":
            return [res("aws_instance", "x", iam_instance_profile=profile)]
        case "launch-template":
            launched: Value = [{"id": ref("aws_launch_template.x", "id")}]
            return [
                res("aws_launch_template", "x", name="x", iam_instance_profile=[{"name": profile}]),
                res("aws_autoscaling_group", "x", launch_template=launched),
            ]
        case "task-definition":
            return [task]
        case "ecs-service":
            definition: Value = ref("aws_ecs_task_definition.x")
            return [
                task,
                res("aws_ecs_service", "x", name="x", task_definition=definition, enable_execute_command=True),
            ]
        case "dev-endpoint":
            return [res("aws_glue_dev_endpoint", "x", name="x", role_arn=role_ref)]
        case "glue-job":
            return [res("aws_glue_job", "x", name="x", role_arn=role_ref)]
        case "function":
            return [
                res("aws_lambda_function", "x", function_name="x", role=role_ref, region=REGION),
                res("aws_lambda_function_url", "x", function_name="x", authorization_type="AWS_IAM"),
            ]
        case "notebook":
            return [res("aws_sagemaker_notebook_instance", "x", name="x", role_arn=role_ref)]
        case "studio":
            return [res("aws_sagemaker_domain", "x", default_user_settings=[{"execution_role": role_ref}])]
        case "state-machine":
            return [res("aws_sfn_state_machine", "x", name="x", role_arn=role_ref)]
        case _:
            raise AssertionError(carrier)


def lab(
    technique: Technique, needs: Sequence[str], *, trusted: str = "", caller: Sequence[Resource] = ()
) -> list[Resource]:
    """A design in which the user `start` gains administration by one technique, given permissions."""
    statement = allow(list(needs), "*")
    made: list[Resource] = list(caller) or user("start", statement)
    own_carrier = technique.on and not any(need.on == "existing" for need in technique.needs)
    if technique.gives == "free":
        bound = res("aws_iam_policy", "bound", name="bound", policy=doc(statement))
        bounded: Value = ref("aws_iam_policy.bound")
        if technique.target == "user":
            return [*user("start", ADMIN, permissions_boundary=bounded), bound]
        return [*role("start", service("ec2"), ADMIN, permissions_boundary=bounded), bound]
    match technique.target:
        case "user":
            made += user("target", ADMIN)
            if technique.only == "password":
                made.append(res("aws_iam_user_login_profile", "target", user="target"))
            if technique.only == "no-room-for-a-key":
                made += [res("aws_iam_access_key", f"k{i}", user=ref("aws_iam_user.target", "name")) for i in range(2)]
        case "group" if technique.gives == "join":
            made += [res("aws_iam_group", "target", name="target"), group_policy("target", ADMIN)]
        case "group":
            made += [res("aws_iam_group", "target", name="target"), member("start", "target")]
        case "policy":
            made += [
                res("aws_iam_policy", "target", name="target", policy=doc(allow("s3:GetObject", "arn:aws:s3:::b/*"))),
                res("aws_iam_user_policy_attachment", "target", user="start", policy_arn=ref("aws_iam_policy.target")),
            ]
        case "saml":
            made.append(res("aws_iam_saml_provider", "idp", name="idp"))
            federated = trust({"Federated": arn("saml-provider", "idp")}, "sts:AssumeRoleWithSAML")
            made += role("target", federated, ADMIN)
        case "role" if technique.gives == "raise":
            made = [*role("start", service("ec2"), statement)]
        case "role" if technique.gives == "create":
            pass
        case "role":
            host = technique.passes[0].removesuffix(".amazonaws.com") if technique.passes else "ec2"
            text = trusted or (
                trust({"AWS": arn("user", "start")}) if technique.only == "trusts-caller" else service(host)
            )
            if technique.only == "trusted-by-stack-sets":
                text = trust({"AWS": arn("role", "helper")})
                made += role("helper", service("cloudformation"), allow("sts:AssumeRole"))
            made += role("target", text, ADMIN)
            made.append(res("aws_iam_instance_profile", "p", name="p", role="target"))
            if technique.id == "cloudformation-004":
                made += role("helper", service("cloudformation"))
    if technique.gives == "raise" and technique.target == "user":
        made = [*user("start", statement)]
    if technique.on:
        made += role("other", service("ec2")) if not own_carrier else []
        made += existing(technique.on, "target" if own_carrier else "other")
    made += [res(type_, "there", name="there") for type_ in technique.exists[:1]]
    return made


def group_policy(group: str, *statements: dict[str, object]) -> Resource:
    """An inline policy of a group."""
    return res("aws_iam_group_policy", group, name=group, group=group, policy=doc(*statements))


def member(name: str, group: str) -> Resource:
    """Membership of a user in a group."""
    return res("aws_iam_user_group_membership", name, user=name, groups=[group])


def from_start(found: Sequence[Path], technique: str = "") -> list[Path]:
    """The paths of the principal `start`, those that begin with a technique."""
    return [
        path
        for path in found
        if path.start.name == "start"
        and (not technique or path.steps[0].technique == technique or technique in path.steps[0].others)
    ]


ALL = techniques()
IDS = [f"{number}-{technique.id}" for number, technique in enumerate(ALL)]


@pytest.mark.parametrize("technique", ALL, ids=IDS)
def test_each_technique_is_found(technique: Technique) -> None:
    """With its permissions and preconditions, the technique leads to administration; without one, it does not."""
    found = from_start(paths(access(*lab(technique, technique.permissions))), technique.id)

    assert [path.certainty for path in found] == ["may" if technique.may else "must"], technique.id
    step = found[0].steps[0]
    assert step.technique == technique.id or technique.id in step.others
    assert found[0].breaks is not None
    for left_out in technique.permissions:
        needs = [need for need in technique.permissions if need != left_out]
        if technique.only == "trusts-caller" or not needs:
            needs = ["s3:GetObject"]
        lens = access(*lab(technique, needs))
        assert from_start(paths(lens), technique.id) == [] or technique.only == "trusts-caller"


@pytest.mark.parametrize("technique", ALL, ids=IDS)
def test_a_deny_removes_each_technique(technique: Technique) -> None:
    """A Deny on one of its permissions, an identity's own or a boundary's lack of it, removes the path."""
    starts = {each.type for each in lab(technique, technique.permissions) if each.name == "start"}
    kind = "role" if "aws_iam_role" in starts else "user"
    last = technique.permissions[-1]
    bounded = arn("policy", "limit")
    limit = res("aws_iam_policy", "limit", name="limit", policy=doc(allow("*"), deny(last)))
    for more in (
        [res(f"aws_iam_{kind}_policy", "stop", name="stop", **{kind: "start"}, policy=doc(deny(last)))],
        [limit],
    ):
        made = lab(technique, technique.permissions)
        if more == [limit]:
            old = next(r for r in made if r.type == f"aws_iam_{kind}" and r.name == "start")
            made[made.index(old)] = res(f"aws_iam_{kind}", "start", **{**old.values, "permissions_boundary": bounded})

        assert from_start(paths(access(*made, *more)), technique.id) == []


PASSING = [t for t in ALL if t.passes and t.needs[0].name == "iam:PassRole" and t.needs[0].on == "role"]


@pytest.mark.parametrize("technique", PASSING, ids=[t.id for t in PASSING])
def test_a_role_is_passed_only_to_its_service(technique: Technique) -> None:
    """PassedToService of another service, another role, or a role that trusts another service: no path."""
    other = {"StringEquals": {"iam:PassedToService": "none.amazonaws.com"}}
    own = {"StringEquals": {"iam:PassedToService": list(technique.passes)}}
    rest = allow(list(technique.permissions[1:]))
    safe = (
        user("start", rest, allow("iam:PassRole", Condition=other)),
        user("start", rest, allow("iam:PassRole", arn("role", "nobody"))),
        user("start", rest, allow("iam:PassRole"), deny("iam:PassRole", arn("role", "target"))),
    )
    open_ = user("start", rest, allow("iam:PassRole", arn("role", "tar*"), Condition=own))

    assert from_start(paths(access(*lab(technique, [], caller=open_))), technique.id) != []
    for caller in safe:
        assert from_start(paths(access(*lab(technique, [], caller=caller))), technique.id) == []
    if not technique.on:
        mistrusted = lab(technique, technique.permissions, trusted=service("none"))
        assert from_start(paths(access(*mistrusted)), technique.id) == []
