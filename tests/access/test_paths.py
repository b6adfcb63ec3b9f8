"""Paths over several hops and accounts, what removes them, and what breaks them."""

from __future__ import annotations

import os

import pytest

from guardrails.access.escalation import Path, is_admin, paths
from guardrails.access.lens import Access
from guardrails.model import Model, Provider, Resource, Resources, Symbolic, UnknownValue
from tests.access.designs import ACCOUNT, access, allow, arn, deny, doc, ref, res, role, service, trust, user

ADMIN = allow("*", "*")
OTHER = "222222222222"
LAMBDA = ["lambda:CreateFunction", "lambda:InvokeFunction"]


def way(path: Path) -> list[str]:
    """A path as its principals."""
    gained = (step.gains.name if step.gains else "new" for step in path.steps)
    return [path.start.name, *(name for name in gained)]


def ways(lens: Access, to: str = "admin", certainty: str = "must") -> list[list[str]]:
    """The certain paths of a design as principals."""
    return [way(path) for path in paths(lens, to) if path.certainty == certainty]


def test_a_path_over_several_hops() -> None:
    """A user assumes a role, which passes a role to Lambda, which may rewrite its own policies."""
    lens = access(
        user("u", allow("sts:AssumeRole", arn("role", "a"))),
        role(
            "a", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), allow("iam:PassRole", arn("role", "b")), allow(LAMBDA)
        ),
        role("b", service("lambda"), allow("iam:PutRolePolicy", arn("role", "b"))),
    )

    (found,) = [path for path in paths(lens) if path.start.name == "u"]
    assert way(found) == ["u", "a", "b", "b"]
    assert [step.technique for step in found.steps] == ["sts-001", "lambda-001", "iam-005"]
    assert found.certainty == "must"
    assert ways(lens) == [["a", "b", "b"], ["b", "b"], ["u", "a", "b", "b"]]


def test_a_path_into_another_account() -> None:
    """A role of another account that trusts this one is reached by whoever may assume it, and by nobody else."""
    there = Provider("aws", "there", {"assume_role": [{"role_arn": arn("role", "deploy", OTHER)}]})
    target = [
        Resource("aws_iam_role", "t", {"name": "t", "assume_role_policy": trust({"AWS": ACCOUNT})}, provider=there),
        Resource("aws_iam_role_policy", "t", {"role": "t", "policy": doc(ADMIN)}, provider=there),
    ]
    lens = access(
        target,
        user("may", allow("sts:AssumeRole", arn("role", "t", OTHER))),
        user("not", allow("sts:AssumeRole", arn("role", "t"))),
        user("none", allow("iam:PassRole", "*"), allow(LAMBDA)),
    )

    assert ways(lens) == [["may", "t"]]


def test_accounts_in_several_models() -> None:
    """Designs that are looked at together are one picture."""
    one = Model(ACCOUNT, "account", Resources(user("u", allow("sts:AssumeRole", "*"))))
    two = Model(OTHER, "account", Resources(role("t", trust({"AWS": arn("user", "u")}), ADMIN)))

    assert ways(Access([one, two])) == [["u", "t"]]
    assert ways(Access([one])) == []


def test_a_role_that_names_the_user_needs_no_permission_of_it() -> None:
    """In the same account the role's word is enough, and breaking the path means changing it; a Deny still holds."""
    trusted = role("t", trust({"AWS": arn("user", "u")}), ADMIN)

    (found,) = paths(access(user("u"), trusted))
    assert way(found) == ["u", "t"]
    assert found.breaks
    assert found.breaks.permission == "trust"
    assert found.breaks.change == "do not trust the caller in aws_iam_role.t (statement 1)"
    assert ways(access(user("u", deny("sts:*")), trusted)) == []
    assert ways(access(user("v"), trusted)) == []


def test_trust_in_the_account_delegates_to_its_policies() -> None:
    """A role that trusts the account is for those whom their policies allow it."""
    trusted = role("t", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), ADMIN)

    assert ways(access(user("u"), trusted)) == []
    assert ways(access(user("u", allow("sts:AssumeRole", "*")), trusted)) == [["u", "t"]]


@pytest.mark.parametrize(
    ("condition", "certainty"),
    [
        ({"StringEquals": {"aws:PrincipalArn": arn("user", "u")}}, "must"),
        ({"StringEquals": {"aws:PrincipalArn": arn("user", "x")}}, None),
        ({"StringEquals": {"aws:PrincipalTag/team": "ops"}}, "must"),
        ({"StringEquals": {"aws:PrincipalTag/team": "dev"}}, None),
        ({"StringEquals": {"aws:PrincipalTag/none": "x"}}, None),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "may"),
        ({"StringEquals": {"sts:ExternalId": "x"}}, "may"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "may"),
        ({"StringLike": {"sts:RoleSessionName": "x*"}}, "must"),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, "must"),
    ],
)
def test_conditions_of_a_trust_policy(condition: dict[str, object], certainty: str | None) -> None:
    """What is known of the caller decides, what the caller chooses does not matter, circumstances make it possible."""
    lens = access(
        user("u", tags={"team": "ops"}),
        role("t", trust({"AWS": arn("user", "u")}, Condition=condition), ADMIN),
    )

    assert [path.certainty for path in paths(lens)] == ([certainty] if certainty else [])


@pytest.mark.parametrize(
    ("condition", "certainty"),
    [
        ({"StringEquals": {"iam:ResourceTag/kind": "app"}}, "must"),
        ({"StringEquals": {"iam:ResourceTag/kind": "db"}}, None),
        ({"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:lambda:*:*:function:x*"}}, "must"),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, "must"),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, None),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "may"),
    ],
)
def test_conditions_on_passing_a_role(condition: dict[str, object], certainty: str | None) -> None:
    """Tags of the role, what the caller chooses, and the region in which IAM is."""
    lens = access(
        user("u", allow("iam:PassRole", Condition=condition), allow(LAMBDA)),
        role("t", service("lambda"), ADMIN, tags={"kind": "app"}),
    )

    assert [path.certainty for path in paths(lens)] == ([certainty] if certainty else [])


def test_a_deny_with_a_condition() -> None:
    """A Deny that the caller can avoid removes nothing; one that depends on circumstances makes the path possible."""
    caller = (allow("iam:PassRole"), allow(LAMBDA))
    target = role("t", service("lambda"), ADMIN)
    mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    region = {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}}
    unless = {"ArnNotLike": {"aws:PrincipalArn": arn("role", "deploy")}}

    assert ways(access(user("u", *caller, deny("lambda:*", Condition=region)), target)) == [["u", "t"]]
    assert ways(access(user("u", *caller, deny("*", Condition=mfa)), target), certainty="may") == [["u", "t"]]
    assert paths(access(user("u", *caller, deny("iam:*", Condition=region)), target)) == []
    assert paths(access(user("u", *caller, deny("iam:PassRole", Condition=unless)), target)) == []


def test_names_in_variables() -> None:
    """`${aws:username}` means each user himself."""
    mine = allow("iam:PutUserPolicy", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}")
    group = res("aws_iam_group_policy", "g", group="g", policy=doc(mine))
    lens = access(
        res("aws_iam_group", "g", name="g"),
        group,
        user("u"),
        user("v"),
        res("aws_iam_group_membership", "m", group="g", users=["u"]),
    )

    assert ways(lens) == [["u", "u"]]


def test_a_boundary_limits_what_one_can_give_oneself() -> None:
    """Writing one's own policy gives no more than the boundary allows."""
    limit = res("aws_iam_policy", "b", name="b", policy=doc(allow(["s3:*", "iam:PutUserPolicy"])))
    mine = allow("iam:PutUserPolicy", arn("user", "u"))
    wide = res("aws_iam_policy", "b", name="b", policy=doc(allow("*")))

    assert paths(access(user("u", mine, permissions_boundary=ref("aws_iam_policy.b")), limit)) == []
    assert ways(access(user("u", mine, permissions_boundary=ref("aws_iam_policy.b")), wide)) == [["u", "u"]]


def test_raised_within_a_boundary_one_goes_on() -> None:
    """A user who writes his own policy within a boundary uses what the boundary leaves to go further."""
    limit = res("aws_iam_policy", "b", name="b", policy=doc(allow(["iam:PassRole", "iam:PutUserPolicy", *LAMBDA])))
    lens = access(
        user("u", allow("iam:PutUserPolicy", arn("user", "u")), permissions_boundary=ref("aws_iam_policy.b")),
        limit,
        role("t", service("lambda"), ADMIN),
    )

    assert ways(lens) == [["u", "u", "t"]]


def test_changing_another_principal_needs_a_way_to_act_as_it() -> None:
    """Putting a policy on a role helps only those whom the role trusts, or who can change whom it trusts."""
    put = allow("iam:PutRolePolicy", arn("role", "t"))
    trusting = role("t", trust({"AWS": arn("user", "u")}))
    closed = role("t", service("ec2"))
    change = allow("iam:UpdateAssumeRolePolicy", arn("role", "t"))

    assert paths(access(user("u", put), closed)) == []
    (found,) = paths(access(user("u", put), trusting))
    assert [step.technique for step in found.steps] == ["iam-005", "sts-001"]
    (found,) = paths(access(user("u", put, change), closed))
    assert [step.technique for step in found.steps] == ["iam-005", "iam-012"]


def test_attaching_is_limited_to_the_policies_that_may_be_attached() -> None:
    """`iam:PolicyARN` that leaves out every policy of an administrator removes the path."""

    def attach(*arns: str) -> Access:
        condition = {"ArnEquals": {"iam:PolicyARN": list(arns)}}
        return access(
            user("u", allow("iam:AttachUserPolicy", arn("user", "u"), Condition=condition)),
            res("aws_iam_policy", "all", name="all", policy=doc(ADMIN)),
        )

    assert ways(attach("arn:aws:iam::aws:policy/ReadOnlyAccess")) == []
    assert ways(attach("arn:aws:iam::aws:policy/AdministratorAccess")) == [["u", "u"]]
    assert ways(attach(arn("policy", "all"))) == [["u", "u"]]


def test_joining_a_group() -> None:
    """Joining a group of administrators makes one, unless one's own Deny or boundary forbids it."""
    group = [res("aws_iam_group", "g", name="g"), res("aws_iam_group_policy", "g", group="g", policy=doc(ADMIN))]
    join = allow("iam:AddUserToGroup", arn("group", "g"))
    limit = res("aws_iam_policy", "b", name="b", policy=doc(allow(["iam:AddUserToGroup", "s3:*"])))

    assert [path.end.name for path in paths(access(user("u", join), group)) if path.end] == ["u"]
    assert paths(access(user("u", join, deny("iam:Put*", "*"), deny("iam:CreateUser")), group)) == []
    assert paths(access(user("u", join, permissions_boundary=ref("aws_iam_policy.b")), group, limit)) == []
    assert paths(access(role("u", service("ec2"), join), group)) == []


def test_a_new_principal_needs_the_boundary_that_is_asked_for() -> None:
    """Creating users only with a boundary makes no administrator."""
    make = ["iam:CreateUser", "iam:PutUserPolicy", "iam:CreateAccessKey"]
    condition = {"StringEquals": {"iam:PermissionsBoundary": arn("policy", "limit")}}

    (found,) = paths(access(user("u", allow(make, arn("user", "app-*")))))
    assert found.end is None
    assert [step.target for step in found.steps] == ["new principal"]
    assert paths(access(user("u", allow(make, arn("user", "app-*"), Condition=condition)))) == []


def test_a_service_control_policy_removes_a_path() -> None:
    """A Deny on the root or the account holds for its users, and not for those of the management account."""
    deny_pass = res("aws_organizations_policy", "p", id="p-1", content=doc(deny("iam:PassRole")))
    lab = [*user("u", allow("iam:PassRole"), allow(LAMBDA)), *role("t", service("lambda"), ADMIN)]

    def attached(target: str) -> Resource:
        return res("aws_organizations_policy_attachment", "a", policy_id="p-1", target_id=target)

    assert ways(access(lab, deny_pass)) == [["u", "t"]]
    assert paths(access(lab, deny_pass, attached("r-root"))) == []
    assert paths(access(lab, deny_pass, attached(ACCOUNT))) == []
    assert ways(access(lab, deny_pass, attached(OTHER))) == [["u", "t"]]
    management = res("aws_organizations_organization", "o")
    assert ways(access(lab, deny_pass, attached("r-root"), management)) == [["u", "t"]]


def test_a_control_policy_of_a_unit_that_may_hold() -> None:
    """Where it is not known in which unit the account is, the path is possible and not certain."""
    lens = access(
        user("u", allow("iam:PassRole"), allow(LAMBDA)),
        role("t", service("lambda"), ADMIN),
        res("aws_organizations_organizational_unit", "x", id="ou-x", parent_id="r-root"),
        res("aws_organizations_policy", "p", id="p-1", content=doc(deny("iam:PassRole"))),
        res("aws_organizations_policy_attachment", "a", policy_id="p-1", target_id="ou-x"),
    )

    assert ways(lens) == []
    assert ways(lens, certainty="may") == [["u", "t"]]


def test_unknown_policies_give_no_certainty() -> None:
    """A hole in the resource makes the path possible, and says why; a policy that nothing is known of gives none."""
    hole = UnknownValue("var.role has no value")
    text = Symbolic('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}')
    partly = Symbolic(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":"', hole, '"},'
        '{"Effect":"Allow","Action":["lambda:CreateFunction","lambda:InvokeFunction"],"Resource":"*"}]}',
    )  # fmt: skip
    target = role("t", service("lambda"), ADMIN)

    (found,) = paths(access(user("u"), res("aws_iam_user_policy", "p", user="u", policy=partly), target))
    assert (found.certainty, found.doubts) == ("may", ("aws_iam_user_policy.p: var.role has no value",))
    unknown = UnknownValue("var.policy has no value")
    assert paths(access(user("u"), res("aws_iam_user_policy", "p", user="u", policy=unknown), target)) == []
    assert ways(access(user("u"), res("aws_iam_user_policy", "p", user="u", policy=text), target)) == []


def test_a_resource_that_may_not_exist_gives_no_certainty() -> None:
    """A function of which it is not known whether it will exist."""
    function = Resource(
        "aws_lambda_function",
        "f",
        {"function_name": "f", "role": arn("role", "t"), "region": "eu-west-1"},
        conditional="count is not known",
    )
    can = allow(["lambda:UpdateFunctionCode", "lambda:InvokeFunction"])

    assert ways(access(user("u", can), role("t", service("lambda"), ADMIN), function), certainty="may") == [["u", "t"]]


def test_names_that_are_not_known_may_match() -> None:
    """A role with a prefix alone may be one that a pattern names."""
    made = res("aws_iam_role", "t", name_prefix="app-", assume_role_policy=service("lambda"))
    policy = res("aws_iam_role_policy", "t", role=ref("aws_iam_role.t", "name"), policy=doc(ADMIN))

    def passing(pattern: str) -> Access:
        return access(user("u", allow("iam:PassRole", arn("role", pattern)), allow(LAMBDA)), made, policy)

    assert [p.certainty for p in paths(passing("app-*"))] == ["must"]
    assert [p.certainty for p in paths(passing("app-1*"))] == ["may"]
    assert paths(passing("web-*")) == []


def test_paths_to_data() -> None:
    """Who reads a bucket: directly, over a role, by the bucket's policy; a Deny of the bucket keeps all out."""
    bucket = res("aws_s3_bucket", "b", bucket="secrets")
    lens = access(
        bucket,
        user("direct", allow("s3:GetObject", "arn:aws:s3:::secrets/public/*")),
        user("other", allow("s3:GetObject", "arn:aws:s3:::elsewhere/*")),
        user("via", allow("sts:AssumeRole", arn("role", "reader"))),
        role("reader", trust({"AWS": ACCOUNT}), allow("s3:Get*", "arn:aws:s3:::secrets*")),
        user("named"),
        res(
            "aws_s3_bucket_policy",
            "b",
            bucket="secrets",
            policy=doc(
                {"Effect": "Allow", "Principal": {"AWS": arn("user", "named")}, "Action": "s3:*", "Resource": "*"}
            ),
        ),
    )

    found = paths(lens, "aws_s3_bucket.b")
    assert [(path.start.name, [step.technique for step in path.steps]) for path in found] == [
        ("reader", ["read-data"]),
        ("direct", ["read-data"]),
        ("named", ["read-data"]),
        ("via", ["sts-001", "read-data"]),
    ]
    assert {path.certainty for path in found} == {"must"}
    assert ways(lens, "arn:aws:s3:::secrets") == ways(lens, "aws_s3_bucket.b")
    closed = res(
        "aws_s3_bucket_policy",
        "b",
        bucket="secrets",
        policy=doc({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}),
    )
    assert paths(access(bucket, user("direct", allow("s3:*")), closed), "aws_s3_bucket.b") == []
    with pytest.raises(LookupError):
        paths(lens, "aws_s3_bucket.none")


def test_a_secret_is_read_over_lambda() -> None:
    """Whoever replaces the code of a function reads what its role may read."""
    lens = access(
        res("aws_secretsmanager_secret", "s", name="s", region="eu-west-1"),
        role(
            "f",
            service("lambda"),
            allow("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:s-*"),
        ),
        res("aws_lambda_function", "f", function_name="f", role=ref("aws_iam_role.f"), region="eu-west-1"),
        user("u", allow(["lambda:UpdateFunctionCode", "lambda:InvokeFunction"])),
    )

    assert ways(lens, "aws_secretsmanager_secret.s") == [["f", "f"], ["u", "f", "f"]]


def test_each_step_says_where_its_statements_stand() -> None:
    """A step names policy, statement and permission; the break names the permission that one statement gives."""
    lens = access(
        user("u", allow("s3:ListBucket"), allow("iam:PassRole", arn("role", "t")), allow(LAMBDA)),
        role("t", service("lambda"), ADMIN),
    )

    (found,) = paths(lens)
    (step,) = found.steps
    assert [(s.view.title, s.index, s.permission) for s in step.statements] == [
        ("aws_iam_user_policy.u", 1, "iam:PassRole"),
        ("aws_iam_user_policy.u", 2, "lambda:CreateFunction"),
        ("aws_iam_user_policy.u", 2, "lambda:InvokeFunction"),
    ]
    assert found.breaks
    assert found.breaks.change == "take iam:PassRole on aws_iam_role.t out of aws_iam_user_policy.u (statement 2)"


def test_administrators_by_any_spelling() -> None:
    """Everything on everything in one statement or in many is administration; power users and readers are not it."""
    spelled = [allow(f"{letter}*") for letter in "abcdefghijklmnopqrstuvwxyz"]
    lens = access(
        user("star", ADMIN),
        user("colon", allow("*:*")),
        user("not", {"Effect": "Allow", "NotAction": "support:x", "Resource": "*"}),
        user("spelled", *spelled),
        user("arns", allow("*", ["arn:*", "*"])),
        user("mostly", ADMIN, deny("organizations:LeaveOrganization")),
        user("power", ADMIN, deny("iam:*")),
        user("read", allow(["*:Get*", "*:List*"])),
        user("part", allow("*", "arn:aws:s3:::*")),
        user("mfa", allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
    )

    found = {p.name for p in lens.principals() if is_admin(lens, p)}
    assert found == {"star", "colon", "not", "spelled", "arns", "mostly"}
    assert {p.name for p in lens.principals() if is_admin(lens, p, "most")} == found | {"mfa"}


def test_managed_policies_count_by_content() -> None:
    """AdministratorAccess makes an administrator, PowerUserAccess does not, IAMFullAccess leads to one."""
    managed = "arn:aws:iam::aws:policy/"
    lens = access(
        *(
            [*user(name), res("aws_iam_user_policy_attachment", name, user=name, policy_arn=f"{managed}{name}")]
            for name in ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "ReadOnlyAccess")
        )
    )

    assert [p.name for p in lens.principals() if is_admin(lens, p)] == ["AdministratorAccess"]
    assert {path.start.name for path in paths(lens)} == {"IAMFullAccess"}


def test_permission_sets_start_paths() -> None:
    """Who signs in through Identity Center acts with the permission set's policies in the account."""
    lens = access(
        res("aws_ssoadmin_permission_set", "dev", name="dev", instance_arn="arn:aws:sso:::instance/i"),
        res(
            "aws_ssoadmin_permission_set_inline_policy",
            "dev",
            permission_set_arn=ref("aws_ssoadmin_permission_set.dev"),
            inline_policy=doc(allow("iam:PassRole"), allow(LAMBDA)),
        ),
        role("t", service("lambda"), ADMIN),
    )

    assert ways(lens) == [["dev", "t"]]


def large(count: int) -> Model:
    """An account in which three in ten principals hold dangerous permissions on everything, and three on some."""
    escalations = [
        ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
        ["iam:PutRolePolicy", "sts:AssumeRole"],
        ["iam:CreateAccessKey"],
        ["iam:UpdateAssumeRolePolicy"],
        ["lambda:UpdateFunctionCode", "lambda:InvokeFunction"],
    ]
    services = ["lambda", "ec2", "ecs-tasks", "glue", "codebuild"]
    made: list[Resource] = []
    for i in range(count):
        some = escalations[i % 5]
        statements = [allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::bucket{i}/*")]
        if i % 1000 == 1:
            statements = [ADMIN]
        elif i % 10 < 3:
            statements.append(allow(some))
        elif i % 10 < 6:
            statements.append(
                allow(some, [arn("role", f"r{i % 97}*"), f"arn:aws:lambda:*:{ACCOUNT}:function:f{i % 89}*"])
            )
        if i % 3:
            to = trust({"AWS": ACCOUNT}) if i % 7 == 0 else service(services[i % 5])
            made += role(f"r{i}", to, *statements)
        else:
            made += user(f"u{i}", *statements)
        if i % 4 == 1 and i % 3:
            made.append(
                res(
                    "aws_lambda_function", f"f{i}", function_name=f"f{i}", role=arn("role", f"r{i}"), region="eu-west-1"
                )
            )
    return Model(ACCOUNT, "account", Resources(made))


@pytest.mark.parametrize("count", [1000] + ([10_000] if os.environ.get("GUARDRAILS_LONG") else []))
def test_large_accounts_are_searched_as_a_whole(count: int) -> None:
    """In a large account every start is found, and nothing public where nothing is."""
    lens = Access([large(count)])

    assert len({path.start for path in lens.paths()}) > count // 4
    assert list(lens.public()) == []


def test_instances_of_a_scaling_group_carry_the_templates_role() -> None:
    """A session on an instance of an Auto Scaling group acts with the role of its launch template."""
    lens = access(
        user("u", allow("ssm:StartSession")),
        role("t", service("ec2"), ADMIN),
        res("aws_iam_instance_profile", "p", name="p", role="t"),
        res("aws_launch_template", "x", name="x", iam_instance_profile=[{"name": "p"}]),
        res("aws_autoscaling_group", "g", name="g", launch_template=[{"id": ref("aws_launch_template.x", "id")}]),
    )

    (found,) = paths(lens)
    assert (found.steps[0].technique, found.steps[0].target) == ("ssm-001", "aws_autoscaling_group.g")


def test_a_role_that_another_design_makes_has_what_this_one_attaches() -> None:
    """Alone, what is attached to a role of elsewhere makes a path possible; with its design, certain."""
    made = Model(
        ACCOUNT, "account", Resources([*user("u", allow("sts:AssumeRole")), *role("r", trust({"AWS": ACCOUNT}))])
    )
    attached = Model(
        "x",
        "configuration",
        Resources(
            [
                res("data.aws_caller_identity", "c", account_id=ACCOUNT),
                res("data.aws_iam_role", "r", name="r"),
                res("aws_iam_role_policy", "r", role="r", policy=doc(allow(["iam:PassRole", *LAMBDA]))),
                *role("t", service("lambda"), ADMIN),
            ]
        ),
    )

    assert [(way(path), path.certainty) for path in paths(Access([attached]))] == [(["r", "t"], "may")]
    assert ways(Access([made, attached])) == [["r", "t"], ["u", "r", "t"]]


def test_all_permissions_of_a_new_thing_are_for_one_name() -> None:
    """A function that may be created but not invoked, and the other way round, is no way."""
    target = role("t", service("lambda"), ADMIN)

    def caller(create: str, invoke: str) -> Access:
        made = f"arn:aws:lambda:*:{ACCOUNT}:function:"
        return access(
            user(
                "u",
                allow("iam:PassRole"),
                allow("lambda:CreateFunction", f"{made}{create}"),
                allow("lambda:InvokeFunction", f"{made}{invoke}"),
            ),
            target,
        )

    assert ways(caller("dev-*", "*-dev")) == [["u", "t"]]
    assert ways(caller("dev-*", "prod-*")) == []


ELSEWHERE = "123456789012"


@pytest.mark.parametrize(
    ("statements", "target", "found"),
    [
        # Nobody manages the users and roles of another account, so that the account is the design's own.
        ([allow("iam:PassRole", f"arn:aws:iam::{ELSEWHERE}:role/*"), allow(LAMBDA)], service("lambda"), ["must"]),
        ([allow("iam:CreateAccessKey", f"arn:aws:iam::{ELSEWHERE}:user/*")], service("lambda"), []),
        # A role that trusts an account may trust the design's own.
        ([allow("sts:AssumeRole")], trust({"AWS": ELSEWHERE}), ["may"]),
        ([allow("s3:GetObject")], trust({"AWS": ELSEWHERE}), []),
        ([allow("sts:AssumeRole")], trust({"AWS": arn("role", "x", ELSEWHERE)}), []),
    ],
)
def test_an_account_that_is_not_known(statements: list[dict[str, object]], target: str, found: list[str]) -> None:
    """Where the design's account is not known, what its documents name tells, or leaves the path possible."""
    lens = access(user("u", *statements), role("t", target, ADMIN), account="")

    assert [path.certainty for path in paths(lens)] == found


def bound(*statements: dict[str, object]) -> Resource:
    """A policy that is somebody's boundary."""
    return res("aws_iam_policy", "bound", name="bound", policy=doc(*statements))


BOUND = {"permissions_boundary": arn("policy", "bound")}


def test_a_boundary_that_its_holder_takes_away() -> None:
    """Without its boundary a principal has all that its own policies say, an assumed role included."""
    loose = bound(allow(["iam:DeleteRolePermissionsBoundary", "s3:*"], "*"))
    target = role("t", trust({"AWS": ACCOUNT}), ADMIN)

    assert ways(access(role("r", service("ec2"), ADMIN, **BOUND), loose)) == [["r", "r"]]
    assert ways(access(role("r", service("ec2"), allow(["iam:Delete*", "sts:*"]), **BOUND), loose, target)) == [
        ["r", "r", "t"]
    ]
    assert ways(access(role("r", service("ec2"), allow(["iam:Delete*", "s3:*"]), **BOUND), loose, target)) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (allow("iam:DeleteUserPermissionsBoundary", arn("user", "other")), []),
        (allow("iam:DeleteRolePermissionsBoundary"), []),
        (
            allow(
                "iam:PutUserPermissionsBoundary",
                Condition={"StringEquals": {"iam:PermissionsBoundary": BOUND["permissions_boundary"]}},
            ),
            [],
        ),
        (allow("iam:PutUserPermissionsBoundary"), [["u", "u"]]),
        (allow("iam:CreatePolicyVersion", arn("policy", "bound")), [["u", "u"]]),
        (allow("iam:CreatePolicyVersion", arn("policy", "other")), []),
    ],
)
def test_a_boundary_that_its_holder_may_not_touch(statement: dict[str, object], found: list[list[str]]) -> None:
    """A boundary holds unless its holder may take it away, replace it by any other, or rewrite it."""
    assert ways(access(user("u", ADMIN, **BOUND), bound(allow("s3:*"), statement))) == found


def test_a_name_that_is_known_in_part_is_no_other_name() -> None:
    """Where account and end of a name are not known, what is known of it still tells roles apart."""
    unknown = UnknownValue("var.suffix has no value")

    def design(name: str) -> Access:
        text = doc(allow("iam:PassRole", "arn:aws:iam::@:role/@"), allow(LAMBDA))
        head, middle, tail = text.split("@")
        policy = Symbolic(head, UnknownValue("var.account has no value"), middle, name, unknown, tail)
        return access(
            user("u"),
            res("aws_iam_user_policy", "u", user="u", policy=policy),
            res("aws_iam_role", "t", name=Symbolic("admin-", unknown), assume_role_policy=service("lambda")),
            res("aws_iam_role_policy", "t", role=Symbolic("admin-", unknown), policy=doc(ADMIN)),
        )

    assert len(ways(design("admin-"), certainty="may")) == 1
    assert ways(design("other-"), certainty="may") == []
