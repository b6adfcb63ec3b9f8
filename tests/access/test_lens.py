"""The access lens: principals, policies of resources, and the organisation."""

import json

from guardrails.access.lens import Access
from guardrails.access.names import HOLE, intersects, may_match
from guardrails.access.policy import PolicyKind
from guardrails.access.principals import Principal
from guardrails.access.view import PolicyView
from guardrails.model import Model, Provider, Resource, Resources, Symbolic, UnknownValue
from tests.access.designs import ACCOUNT, access, allow, arn, deny, doc, model, ref, res, role, service, trust, user

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def titles(lens: Access, name: str) -> list[str]:
    """What the policies of a principal are called."""
    principal = lens.principal(name)
    assert principal is not None
    return sorted(view.title for view in principal.policies())


def test_every_way_of_attaching_a_policy_counts() -> None:
    """Attachments of each kind, lists on the role, inline policies and groups give a principal its policies."""
    lens = access(
        res("aws_iam_policy", "p1", name="p1", policy=doc(allow("s3:*"))),
        res("aws_iam_policy", "p2", name="p2", policy=doc(allow("s3:*"))),
        res("aws_iam_policy", "p3", name="p3", policy=doc(allow("s3:*"))),
        res(
            "aws_iam_role",
            "r",
            name="r",
            assume_role_policy=service("ec2"),
            managed_policy_arns=[ref("aws_iam_policy.p1"), ADMIN],
            inline_policy=[{"name": "in", "policy": doc(allow("sqs:*"))}],
        ),
        res("aws_iam_role_policy", "rp", name="rp", role=ref("aws_iam_role.r", "id"), policy=doc(allow("sns:*"))),
        res("aws_iam_role_policy_attachment", "a", role="r", policy_arn=ref("aws_iam_policy.p2")),
        res(
            "aws_iam_policy_attachment",
            "b",
            name="b",
            roles=[ref("aws_iam_role.r", "name")],
            users=["u"],
            groups=["g"],
            policy_arn=ref("aws_iam_policy.p3"),
        ),
        user("u", allow("ec2:*")),
        res("aws_iam_group", "g", name="g"),
        res("aws_iam_group_policy", "gp", group="g", policy=doc(allow("kms:*"))),
        res("aws_iam_group_membership", "m", group="g", users=[ref("aws_iam_user.u", "name")]),
        user("v"),
        res("aws_iam_user_group_membership", "n", user="v", groups=["g"]),
    )

    assert titles(lens, "r") == [
        ADMIN,
        "aws_iam_policy.p1",
        "aws_iam_policy.p2",
        "aws_iam_policy.p3",
        "aws_iam_role.r inline policy in",
        "aws_iam_role_policy.rp",
    ]
    assert titles(lens, "u") == [
        "aws_iam_group_policy.gp",
        "aws_iam_policy.p3",
        "aws_iam_policy.p3",
        "aws_iam_user_policy.u",
    ]
    assert titles(lens, "aws_iam_user.v") == ["aws_iam_group_policy.gp", "aws_iam_policy.p3"]


def test_an_exclusive_list_attaches() -> None:
    """`aws_iam_role_policy_attachments_exclusive` attaches what it lists."""
    lens = access(
        role("r", service("ec2")),
        res("aws_iam_role_policy_attachments_exclusive", "x", role_name="r", policy_arns=[ADMIN]),
    )

    assert titles(lens, "r") == [ADMIN]


def test_a_state_that_repeats_itself_gives_each_policy_once() -> None:
    """What a role's computed lists repeat of attachments and inline policies is there once, at its own resource."""
    lens = access(
        res(
            "aws_iam_role",
            "r",
            name="r",
            assume_role_policy=service("ec2"),
            managed_policy_arns=[ADMIN],
            inline_policy=[{"name": "in", "policy": doc(allow("sqs:*"))}],
        ),
        res("aws_iam_role_policy_attachment", "a", role="r", policy_arn=ADMIN),
        res("aws_iam_role_policy", "in", name="in", role="r", policy=doc(allow("sqs:*"))),
    )

    principal = lens.principal("r")
    assert principal
    assert sorted(view.resource.address for view in principal.policies()) == [
        "aws_iam_role_policy.in",
        "aws_iam_role_policy_attachment.a",
    ]


def test_a_policy_that_is_not_in_view_is_unknown_by_name() -> None:
    """An attached policy of another design may allow anything, and is named."""
    other = arn("policy", "elsewhere")
    lens = access(role("r", service("ec2")), res("aws_iam_role_policy_attachment", "a", role="r", policy_arn=other))

    principal = lens.principal("r")
    assert principal
    (view,) = principal.policies()
    assert view.doubts == (f"{other}: {other} is not in view",)
    assert view.document("least")["Statement"] == [{"Effect": "Deny", "Action": "*", "Resource": "*"}]


def test_policies_attached_to_nobody_known_are_kept_apart() -> None:
    """A role name without a value leaves the policy unplaced."""
    lens = access(
        role("r", service("ec2")),
        res("aws_iam_role_policy", "p", role=UnknownValue("var.role has no value"), policy=doc(allow("*"))),
    )

    assert [view.title for view in lens.identities()[0].unplaced] == ["aws_iam_role_policy.p"]


def test_references_become_the_names_that_resources_will_have() -> None:
    """ARNs of resources that do not exist yet are filled into documents where the design decides them."""
    policy = Symbolic(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"',
        ref("aws_s3_bucket.b").parts[0],
        '/*"}]}',
    )
    lens = access(
        res("aws_s3_bucket", "b", bucket="logs"),
        res("aws_iam_policy", "p", name="p", policy=policy),
    )

    (view,) = list(lens.documents())
    assert view.document()["Statement"] == [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*"}]
    assert view.doubts == ()


def test_a_hole_bounds_the_document_from_both_sides() -> None:
    """An unknown resource is everything in `most` and nothing in `least`; a Deny is the other way round."""
    hole = UnknownValue("var.name has no value")
    lens = access(
        res(
            "aws_iam_policy",
            "p",
            name="p",
            policy=Symbolic(
                '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::',
                hole,
                '","arn:aws:s3:::b"]},{"Effect":"Deny","Action":"s3:Put*","Resource":"arn:aws:s3:::',
                hole,
                '"},{"Effect":"Allow","Action":"sqs:*","NotResource":["a:b:',
                hole,
                '"]}]}',
            ),
        )
    )

    (view,) = list(lens.documents())
    assert view.doubts == ("aws_iam_policy.p: var.name has no value",)
    assert view.document("most")["Statement"] == [
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*", "arn:aws:s3:::b"]},
        {"Effect": "Allow", "Action": ["sqs:*"], "Resource": ["*"]},
    ]
    assert view.document("least")["Statement"] == [
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::b"]},
        {"Effect": "Deny", "Action": ["s3:Put*"], "Resource": ["arn:aws:s3:::*"]},
        {"Effect": "Allow", "Action": ["sqs:*"], "NotResource": ["a:b:*"]},
    ]
    assert [statement.index for statement in view.bound("most").statements] == [0, 2]


def test_unknown_conditions_and_principals_bound_a_statement() -> None:
    """A condition that is not known holds always in `most`, never in `least`; so does a principal."""
    hole = UnknownValue("var.x has no value")
    policy = Symbolic(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"',
        hole,
        '"},"Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"',
        hole,
        '"},"Bool":{"aws:SecureTransport":"true"}}}]}',
    )
    lens = access(res("aws_sqs_queue", "q", name="q"), res("aws_sqs_queue_policy", "p", queue_url="x", policy=policy))

    (view,) = list(lens.resource_policies())
    assert view.document("least")["Statement"] == []
    assert view.document("most")["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["sqs:*"],
            "Resource": ["*"],
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        }
    ]
    assert [part.loose for part in view.bounds.most] == [True]


def test_resource_policies_know_what_they_protect() -> None:
    """By reference, name, URL or ARN."""
    policy = doc({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
    lens = access(
        res("aws_s3_bucket", "b", bucket="logs"),
        res("aws_s3_bucket_policy", "by_ref", bucket=ref("aws_s3_bucket.b", "id"), policy=policy),
        res("aws_s3_bucket_policy", "by_name", bucket="logs", policy=policy),
        res("aws_sns_topic", "t", name="t"),
        res("aws_sns_topic_policy", "t", arn=f"arn:aws:sns:eu-west-1:{ACCOUNT}:t", policy=policy),
        res("aws_secretsmanager_secret", "s", name="s"),
        res("aws_secretsmanager_secret_policy", "s", secret_arn=ref("aws_secretsmanager_secret.s"), policy=policy),
    )

    found = {v.title: v.target.address if v.target else None for v in lens.resource_policies()}
    assert found == {
        "aws_s3_bucket_policy.by_ref": "aws_s3_bucket.b",
        "aws_s3_bucket_policy.by_name": "aws_s3_bucket.b",
        "aws_sns_topic_policy.t": None,
        "aws_secretsmanager_secret_policy.s": "aws_secretsmanager_secret.s",
    }


def test_permissions_grants_and_acls_are_the_statements_that_they_make() -> None:
    """A Lambda permission, a KMS grant, a public ACL and a key without a policy each have a document."""
    lens = access(
        res("aws_lambda_function", "f", function_name="f", region="eu-west-1"),
        res(
            "aws_lambda_permission",
            "p",
            function_name=ref("aws_lambda_function.f", "function_name"),
            action="lambda:InvokeFunction",
            principal="s3.amazonaws.com",
            source_arn="arn:aws:s3:::b",
        ),
        res("aws_kms_key", "k"),
        res("aws_kms_grant", "g", key_id=ref("aws_kms_key.k", "key_id"), grantee_principal="x", operations=["Decrypt"]),
        res("aws_s3_bucket", "b", bucket="b"),
        res("aws_s3_bucket_acl", "a", bucket="b", acl="public-read"),
    )

    found = {view.title: view.document()["Statement"] for view in lens.resource_policies()}
    assert found["aws_lambda_permission.p"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": [
                f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f",
                f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f:*",
            ],
            "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}},
        }
    ]
    assert found["aws_kms_key.k"] == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    assert found["aws_kms_grant.g"] == [
        {"Effect": "Allow", "Principal": {"AWS": "x"}, "Action": ["kms:Decrypt"], "Resource": "*"}
    ]
    assert json.dumps(found["aws_s3_bucket_acl.a"]).count('"s3:ListBucket"') == 1


def test_a_public_access_block_is_read_for_its_bucket_and_account() -> None:
    """A bucket's own block and its account's add up; a new bucket without one is not known to be open."""
    lens = access(
        res("aws_s3_bucket", "a", bucket="a"),
        res("aws_s3_bucket", "b", bucket="b"),
        res("aws_s3_bucket_public_access_block", "a", bucket="a", block_public_policy=False),
        res("aws_s3_account_public_access_block", "all", restrict_public_buckets=True),
    )
    policies = lens.policies_of_resources()[0]
    a, b = lens.model.at("aws_s3_bucket.a"), lens.model.at("aws_s3_bucket.b")
    assert a
    assert b

    assert policies.guard(a).block_policy is False
    assert policies.guard(a).restrict_buckets is True
    assert policies.guard(b).block_policy is None
    assert "no public access block of its own" in policies.guard(b).reason


def test_permission_sets_act_in_the_accounts_that_they_are_assigned_in() -> None:
    """A permission set is one principal for each account, with its policies and boundary."""
    lens = access(
        res("aws_ssoadmin_permission_set", "ops", name="ops", instance_arn="arn:aws:sso:::instance/i"),
        res(
            "aws_ssoadmin_managed_policy_attachment",
            "a",
            permission_set_arn=ref("aws_ssoadmin_permission_set.ops"),
            managed_policy_arn=ADMIN,
        ),
        *(
            res(
                "aws_ssoadmin_account_assignment",
                f"to{account}",
                permission_set_arn=ref("aws_ssoadmin_permission_set.ops"),
                target_id=account,
            )
            for account in ("222222222222", "333333333333")
        ),
    )

    found = {p.account: [v.title for v in p.policies()] for p in lens.principals("permission-set")}
    assert found == {"222222222222": [ADMIN], "333333333333": [ADMIN]}


def test_control_policies_hold_along_the_tree() -> None:
    """What hangs on the root, the unit and the account holds for the account, and not for another one."""
    scp = doc(deny("iam:*"))
    lens = access(
        res("aws_organizations_organizational_unit", "dev", id="ou-dev", parent_id="r-root"),
        res("aws_organizations_account", "a", id="222222222222", parent_id="ou-dev"),
        *(res("aws_organizations_policy", n, id=f"p-{n}", content=scp) for n in ("top", "unit", "leaf")),
        *(
            res("aws_organizations_policy_attachment", f"a{i}", policy_id=f"p-{n}", target_id=target)
            for i, (n, target) in enumerate((("top", "r-root"), ("unit", "ou-dev"), ("leaf", "222222222222")))
        ),
    )

    levels, doubts = lens.control_levels("222222222222", PolicyKind.SCP)
    assert [[v.title for v in level.policies] for level in levels] == [
        ["aws_organizations_policy.top"],
        ["aws_organizations_policy.unit"],
        ["aws_organizations_policy.leaf"],
    ]
    assert doubts == []
    levels, doubts = lens.control_levels(ACCOUNT, PolicyKind.SCP)
    assert [[v.title for v in level.policies] for level in levels] == [["aws_organizations_policy.top"]]
    assert doubts == [f"it is not known in which organisational unit account {ACCOUNT} is"]


def test_the_management_account_is_spared() -> None:
    """Who makes the organisation is not held by its control policies."""
    lens = access(
        res("aws_organizations_organization", "o"),
        res("aws_organizations_policy", "p", id="p-1", content=doc(deny("*"))),
        res("aws_organizations_policy_attachment", "a", policy_id="p-1", target_id="r-1"),
    )

    assert lens.control_levels(ACCOUNT, PolicyKind.SCP) == ([], [])


def test_a_provider_that_assumes_a_role_is_in_its_account() -> None:
    """Resources of an aliased provider belong to the account whose role it takes."""
    other = Provider("aws", "b", {"assume_role": [{"role_arn": arn("role", "x", "222222222222")}]})
    made = Resource("aws_iam_role", "r", {"name": "r", "assume_role_policy": service("ec2")}, provider=other)
    lens = access(made)

    assert [p.arn for p in lens.principals()] == [arn("role", "r", "222222222222")]


def test_an_account_that_is_not_known_is_shown_so() -> None:
    """ARNs of a design whose account nobody says read with `${account}`."""
    lens = access(role("r", service("ec2")), account="")

    (principal,) = list(lens.principals())
    assert principal.label == "arn:aws:iam::${account}:role/r"
    assert lens.is_own_account("222222222222") is None


def test_names_that_may_match() -> None:
    """A pattern may match a name whose unknown part could complete it, and only that one's own mark."""
    lens = access(res("aws_iam_role", "r", name_prefix="app-", assume_role_policy=service("ec2")), role("s", "{}"))
    found = {p.address: p.arn for p in lens.principals()}
    name = found["aws_iam_role.r"]

    assert may_match(f"arn:aws:iam::{ACCOUNT}:role/app-x*", name)
    assert not may_match(f"arn:aws:iam::{ACCOUNT}:role/web*", name)
    assert may_match(name, name)
    assert not may_match(name, found["aws_iam_role.s"])
    assert HOLE not in name


def test_intersecting_patterns() -> None:
    """Two patterns intersect if some text matches both."""
    assert intersects("a*c", "*bc")
    assert intersects("a?c", "a*")
    assert not intersects("a*b", "*c")
    assert intersects("*x*", "*y*")
    assert not intersects("ab", "a")


def test_checks_can_take_the_views() -> None:
    """The lens, its principals and its documents are subjects."""
    design = model(user("u", allow("*")), role("r", trust({"AWS": "*"})))

    assert [p.address for p in Principal.subjects(design)] == ["aws_iam_user.u", "aws_iam_role.r"]
    assert sorted(v.title for v in PolicyView.subjects(design)) == ["aws_iam_role.r", "aws_iam_user_policy.u"]
    assert list(Access.subjects(design)) == [Access.of(design)]


def test_statements_stand_at_their_blocks() -> None:
    """A statement made by a document data source stands at its `statement` block, another one at the attribute."""
    text = doc(allow("s3:*"), allow("sqs:*"))
    data = res("data.aws_iam_policy_document", "d", json=text, statement=[{}, {}])
    lens = access(data, res("aws_iam_policy", "p", policy=text), res("aws_iam_policy", "q", policy=doc(allow("a:b"))))

    p, q = list(lens.documents())
    assert str(p.origin(1).location) == "data.aws_iam_policy_document.d:3"
    assert str(q.origin(0).location) == "aws_iam_policy.q:2"
    assert [s.place for s in p.bound("most").statements] == [p.origin(0).location, p.origin(1).location]


def test_an_empty_model_has_nobody() -> None:
    """Nothing in, nothing out."""
    lens = Access.of(Model("x", "configuration", Resources([])))

    assert list(lens.principals()) == []
    assert list(lens.documents()) == []
    assert list(lens.resource_policies()) == []


def test_providers_with_other_credentials_are_other_accounts() -> None:
    """Profiles tell accounts apart; regions of one do not."""
    dev, prod, far = (
        Provider("aws", alias, {"profile": profile, "region": region})
        for alias, profile, region in (("", "dev", "eu-west-1"), ("p", "prod", "eu-west-1"), ("f", "dev", "us-east-1"))
    )
    made = [
        Resource("aws_iam_user", name, {"name": name}, provider=provider)
        for name, provider in (("a", dev), ("b", prod), ("c", far))
    ]
    lens = access(made, account="")

    a, b, c = (lens.principal(name) for name in "abc")
    assert a
    assert b
    assert c
    assert a.account == c.account != b.account


def test_the_account_follows_from_arns_of_the_design() -> None:
    """Documents that name the design's own role in one account say which it is, and so do those that let IAM be
    managed; two accounts, or a role to assume elsewhere, do not.
    """
    one = user("u", allow("iam:PassRole", arn("role", "app", "222222222222")))
    two = user("v", allow("iam:PassRole", arn("role", "app", "333333333333")))
    app = role("app", service("lambda"))

    assert access(app, one, account="").accounts() == {"222222222222"}
    assert access(app, one, two, account="").is_own_account("222222222222") is None
    assert access(role("web", service("lambda")), one, account="").accounts() == {"222222222222"}
    other = user("w", allow("sts:AssumeRole", arn("role", "app", "222222222222")))
    assert access(role("web", service("lambda")), other, account="").is_own_account("222222222222") is None


def test_a_provider_is_not_everybody() -> None:
    """A role for a web identity provider is not public; one that trusts `*` is."""
    github = {"Federated": arn("oidc-provider", "token.actions.githubusercontent.com")}
    like = {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:org/*"}}
    lens = access(
        role("ci", trust(github, "sts:AssumeRoleWithWebIdentity", Condition=like)),
        role("open", trust({"AWS": "*"})),
        role("org", trust({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
    )

    assert [exposure.target.address for exposure in lens.public()] == ["aws_iam_role.open"]


def test_what_a_state_repeats_on_a_resource_is_one_policy() -> None:
    """The policy that a state shows on the bucket is the one that the policy's own resource sets."""
    text = doc(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal={"AWS": ACCOUNT}))
    own = doc(allow("s3:PutObject", "arn:aws:s3:::c/*", Principal={"AWS": ACCOUNT}))
    lens = access(
        res("aws_s3_bucket", "b", bucket="b", policy=text),
        res("aws_s3_bucket_policy", "b", bucket="b", policy=text),
        res("aws_s3_bucket", "c", bucket="c", policy=own),
    )

    assert [view.resource.address for view in lens.resource_policies()] == ["aws_s3_bucket.c", "aws_s3_bucket_policy.b"]


def test_policies_of_aws_in_an_account_are_not_the_designs() -> None:
    """A live account holds the text of AWS's policies: they count for what they allow, and are not to be changed."""
    lens = access(
        res("data.aws_iam_policy", "all", arn="arn:aws:iam::aws:policy/All", name="All", policy=doc(allow("*"))),
        *user("u"),
        res("aws_iam_user_policy_attachment", "u", user="u", policy_arn="arn:aws:iam::aws:policy/All"),
    )

    assert lens.can("u", "s3:GetObject", "arn:aws:s3:::b/k").outcome == "allowed"
    assert list(lens.documents()) == []
    assert list(lens.allows_everything()) == []
