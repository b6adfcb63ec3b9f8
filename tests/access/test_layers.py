"""How layers of policies decide together, one test per numbered rule of the evaluation contract."""

from __future__ import annotations

import pytest

from guardrails.access import PolicySet, Request, Target, caller, evaluate, parse_policy, pass_role
from guardrails.access.evaluation import Decision, Layer, Outcome
from guardrails.access.policy import PolicyKind
from guardrails.access.request import Caller, CallerKind
from guardrails.model import Ref, Symbolic, UnknownValue, Value
from tests.access.requests import (
    BOB,
    FAR,
    KEY,
    OBJECT,
    ROLE,
    SESSION,
    A,
    B,
    Json,
    allow,
    ask,
    deny,
    doc,
    get,
    grant,
    trust,
)

# -- D: layers in one account


@pytest.mark.parametrize("layer", ["identity", "resource", "boundary", "session", "scp", "rcp", "vpc-endpoint"])
def test_d_an_explicit_deny_of_any_layer_denies(layer: str) -> None:
    """D: and the answer names the layer and the statement."""
    everything: dict[str, list[Json]] = {
        "identity": [allow()], "resource": [], "boundary": [allow()], "session": [allow()], "scp": [allow()],
        "rcp": [], "vpc-endpoint": [allow(Principal="*")],
    }  # fmt: skip
    principal = {"Principal": "*"} if layer in ("resource", "rcp", "vpc-endpoint") else {}
    everything[layer] = [*everything[layer], deny("s3:Get*", Sid="Stop", **principal)]
    policies = {name: doc(*statements) for name, statements in everything.items() if statements}

    decision = get(BOB, **policies)

    assert (decision.outcome, decision.layer, decision.explicit) == (Outcome.DENIED, Layer(layer), True)
    assert [(g.layer, g.sid, g.index) for g in decision.grounds] == [(Layer(layer), "Stop", len(everything[layer]) - 1)]


def test_d_without_any_allow_the_missing_layers_are_named() -> None:
    """D: an implicit denial says which layers lacked an Allow."""
    decision = get(BOB, identity=doc(allow("ec2:*")), scp=[doc(allow("ec2:*"))], boundary=doc(allow("ec2:*")))

    assert (decision.outcome, decision.explicit) == (Outcome.DENIED, False)
    assert decision.missing == (Layer.IDENTITY, Layer.BOUNDARY, Layer.SCP)
    assert decision.layer is Layer.SCP


def test_d_each_level_of_scps_must_allow_and_within_one_any_may() -> None:
    """D: union within a level, intersection across levels; roots of member accounts are under them too."""
    full, s3, ec2 = doc(allow()), doc(allow("s3:*")), doc(allow("ec2:*"))

    assert get(BOB, identity=full, scp=[[full], [s3, ec2]]).allowed
    assert get(BOB, identity=full, scp=[[full], [ec2]]).layer is Layer.SCP
    assert get(A, scp=[[ec2]]).denied
    assert get(A, scp=[[full]]).allowed


def test_d_scps_do_not_bind_the_management_account_service_linked_roles_services_and_strangers() -> None:
    """D: Organizations User Guide, orgs_manage_policies_scps.html, "Tasks and entities not restricted by SCPs"."""
    none = [[doc(deny())]]
    linked = f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    public = grant("*")

    assert get(BOB, identity=doc(allow()), scp=none, management_account=A).allowed
    assert get(linked, identity=doc(allow()), scp=none).allowed
    assert get("*", resource=public, scp=none).allowed
    assert get("sns.amazonaws.com", resource=public, scp=none).allowed


def test_d_rcps_bind_everybody_on_covered_services_of_member_accounts() -> None:
    """D: Organizations User Guide, orgs_manage_policies_rcps.html: not the management account's resources, not
    service-linked roles, not services that they do not cover; KMS guide, resource-control-policies.html: not
    kms:RetireGrant.
    """
    outside = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}
    rcp = [[doc(deny(Principal="*", Condition=outside))]]
    linked = f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    lambda_arn = f"arn:aws:lambda:us-east-1:{A}:function:f"

    assert get("*", resource=grant("*"), rcp=rcp).layer is Layer.RCP
    assert get("sns.amazonaws.com", resource=grant("*"), rcp=rcp).denied
    assert get("*", resource=grant("*"), rcp=rcp, management_account=A).allowed
    assert get(BOB, {"aws:PrincipalOrgID": "o-1"}, identity=doc(allow()), rcp=rcp).allowed
    assert get(linked, identity=doc(allow()), rcp=rcp).allowed
    assert ask(BOB, "lambda:InvokeFunction", lambda_arn, identity=doc(allow()), rcp=rcp).allowed
    key = grant({"AWS": BOB}, "kms:*")
    assert ask(BOB, "kms:RetireGrant", KEY, resource=key, rcp=rcp).allowed
    assert ask(BOB, "kms:Decrypt", KEY, resource=key, rcp=rcp).denied


NOTHING_ELSE = {"boundary": doc(allow("ec2:*")), "session": doc(allow("ec2:*"))}


@pytest.mark.parametrize(
    ("who", "principal", "limited"),
    [
        (BOB, {"AWS": BOB}, False),
        (SESSION, {"AWS": f"arn:aws:iam::{A}:role/app"}, True),
        (SESSION, {"AWS": SESSION}, False),
        (SESSION, "*", False),
        (f"arn:aws:sts::{A}:federated-user/fed", {"AWS": f"arn:aws:sts::{A}:federated-user/fed"}, False),
    ],
)
def test_d1_direct_grants_pass_by_boundary_and_session(who: str, principal: object, limited: bool) -> None:
    """D1: User Guide, reference_policies_evaluation-logic.html, table of implicit denies."""
    assert get(who, resource=grant(principal)).allowed
    assert get(who, resource=grant(principal), **NOTHING_ELSE).denied is limited


def test_d1_principal_star_with_the_role_as_condition_passes_by_too() -> None:
    """D1: User Guide, reference_policies_elements_principal.html, "IAM role principals"."""
    by_key = grant("*", Condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/app"}})

    assert get(SESSION, resource=by_key, **NOTHING_ELSE).allowed


def test_d1_federated_sessions_have_the_user_behind_them_and_nothing_without_a_session_policy() -> None:
    """D1: a grant to the user's ARN is limited; without a session policy only direct grants count."""
    fed = Caller(CallerKind.FEDERATED, f"arn:aws:sts::{A}:federated-user/fed", A, user_arn=BOB)
    request = Request(fed, "s3:GetObject", (Target(OBJECT, A),))

    assert evaluate(request, {"resource": grant({"AWS": BOB})}).allowed
    assert evaluate(request, {"resource": grant({"AWS": BOB}), "session": doc(allow("ec2:*"))}).denied
    assert evaluate(request, {"identity": doc(allow())}).denied
    assert evaluate(request, {"identity": doc(allow()), "session": doc(allow("s3:*"))}).allowed


def test_d2_naming_the_account_only_delegates() -> None:
    """D2: in the same account it grants nothing by itself; the root user is the account."""
    to_account = grant({"AWS": A})

    assert get(BOB, resource=to_account).denied
    assert get(BOB, resource=to_account, identity=doc(allow())).allowed
    assert get(A, resource=to_account).allowed


@pytest.mark.parametrize(
    ("principal", "identity", "outcome"),
    [
        ({"AWS": A}, True, Outcome.ALLOWED),
        ({"AWS": A}, False, Outcome.DENIED),
        ({"AWS": BOB}, False, Outcome.ALLOWED),
        ({"AWS": f"arn:aws:iam::{A}:user/eve"}, True, Outcome.DENIED),
    ],
)
def test_d3_keys_and_roles_need_their_own_policy(principal: object, identity: bool, outcome: Outcome) -> None:
    """D3: a key or trust policy must allow: the caller itself, or its account together with an identity policy."""
    policies = {"identity": doc(allow())} if identity else {}

    assert ask(BOB, "kms:Decrypt", KEY, resource=grant(principal, "kms:*"), **policies).outcome is outcome
    assert ask(BOB, "sts:AssumeRole", ROLE, trust=trust(principal), **policies).outcome is outcome


def test_d3_a_key_or_role_without_its_policy_in_view_stays_undecided() -> None:
    """D3: not knowing the key policy is no answer; knowing that there is none is."""
    decision = ask(BOB, "kms:Decrypt", KEY, identity=doc(allow()))

    assert decision.outcome is Outcome.UNDECIDED
    assert decision.reasons == (f"the resource policy of {KEY} is not in view",)
    assert ask(BOB, "kms:Decrypt", KEY, identity=doc(allow()), resource=[]).denied
    assert ask(BOB, "kms:ListKeys", "*", identity=doc(allow())).allowed


def test_d3_a_role_may_assume_itself_only_if_its_trust_says_so() -> None:
    """D3: since 2022 (aws.amazon.com/blogs/security, "Announcing an update to IAM role trust policy behavior")."""
    target = f"arn:aws:iam::{A}:role/app"

    assert ask(SESSION, "sts:AssumeRole", target, identity=doc(allow()), trust=trust({"AWS": BOB})).denied
    assert ask(SESSION, "sts:AssumeRole", target, identity=doc(allow()), trust=trust({"AWS": target})).allowed


def test_d3_web_identities_are_judged_by_the_trust_policy_alone() -> None:
    """D3: the provider must match, and its claims the conditions."""
    provider = f"arn:aws:iam::{A}:oidc-provider/token.actions.githubusercontent.com"
    sub = "token.actions.githubusercontent.com:sub"
    trusted = trust(
        {"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition={"StringLike": {sub: "repo:o/r:*"}}
    )

    def assume(who: str, claim: str) -> Decision:
        return ask(who, "sts:AssumeRoleWithWebIdentity", ROLE, {sub: claim}, trust=trusted)

    assert assume(provider, "repo:o/r:ref:refs/heads/main").allowed
    assert assume(provider, "repo:evil/r:ref:refs/heads/main").denied
    assert assume("accounts.google.com", "repo:o/r:x").denied


def test_d4_get_caller_identity_and_session_tokens_cannot_be_denied() -> None:
    """D4: STS API Reference, GetCallerIdentity; User Guide, id_credentials_temp_control-access_getsessiontoken.html."""
    assert ask(BOB, "sts:GetCallerIdentity", "*", identity=doc(deny())).allowed
    assert ask(BOB, "sts:GetSessionToken", "*", identity=doc(deny())).allowed
    assert ask(SESSION, "sts:GetSessionToken", "*").denied


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("iam:PutRolePolicy", f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/X"),
        ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/Y"),
    ],
)
def test_d4_what_aws_owns_cannot_be_changed(action: str, arn: str) -> None:
    """D4: AWS managed policies, service-linked and reserved roles are not editable by anybody."""
    assert ask(BOB, action, arn, identity=doc(allow())).layer is Layer.SERVICE


def test_d5_a_vpc_endpoint_policy_is_one_more_gate() -> None:
    """D5: it must allow, for anonymous callers as well."""
    other = doc(allow("s3:*", "arn:aws:s3:::other/*", Principal="*"))

    assert get(BOB, identity=doc(allow()), endpoint=other).layer is Layer.ENDPOINT
    assert get("*", resource=grant("*"), endpoint=other).denied
    assert get(BOB, identity=doc(allow()), endpoint=doc(allow(Principal="*"))).allowed


def test_d5_restricting_public_buckets_shuts_out_all_other_accounts() -> None:
    """D5: S3 User Guide, access-control-block-public-access.html: also those that are named, once a part is public."""
    both = doc(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": B}, "Action": "s3:GetObject", "Resource": "*"},
    )
    named = grant({"AWS": B})
    far = {"identity": doc(allow()), "restrict_public_buckets": True}

    assert get("*", resource=both, restrict_public_buckets=True).layer is Layer.PUBLIC_ACCESS_BLOCK
    assert get(FAR, resource=both, **far).denied
    assert get(FAR, resource=named, **far).allowed
    assert get(BOB, resource=both, **far).allowed
    assert get("cloudtrail.amazonaws.com", resource=both, restrict_public_buckets=True).allowed


def test_d5_access_points_need_the_bucket_as_well() -> None:
    """D5: the request is about the access point and the bucket; the bucket may delegate by account."""
    point = f"arn:aws:s3:us-east-1:{A}:accesspoint/p/object/k"
    delegated = grant("*", Condition={"StringEquals": {"s3:DataAccessPointAccount": A}})
    request = {
        "principal": FAR, "action": "s3:GetObject", "resource": [point, OBJECT], "resource_account": A,
        "context": {"s3:DataAccessPointAccount": A},
    }  # fmt: skip

    both = {point: grant({"AWS": B}), OBJECT: delegated}
    assert evaluate(request, {"identity": doc(allow()), "resource": both}).allowed
    assert evaluate(request, {"identity": doc(allow()), "resource": {**both, OBJECT: []}}).denied


# -- E to H


def test_e_across_accounts_both_sides_must_allow() -> None:
    """E: a direct grant does not spare the caller's own account its Allow."""
    named = grant({"AWS": FAR})

    assert get(FAR, resource=named).missing == (Layer.IDENTITY,)
    assert get(FAR, identity=doc(allow())).missing == (Layer.RESOURCE,)
    assert get(FAR, identity=doc(allow()), resource=named).allowed
    assert get(FAR, identity=doc(allow()), resource=grant({"AWS": B})).allowed
    assert get(FAR, identity=doc(allow()), resource=named, boundary=doc(allow("ec2:*"))).denied
    assert get(FAR, identity=doc(allow()), resource=named, scp=[doc(allow("ec2:*"))]).denied


def test_e_assuming_a_role_elsewhere_needs_trust_and_permission() -> None:
    """E: the role's account decides whom it trusts, the caller's whom it lets go."""
    trusted = trust({"AWS": FAR})

    assert ask(FAR, "sts:AssumeRole", ROLE, trust=trusted).denied
    assert ask(FAR, "sts:AssumeRole", ROLE, trust=trusted, identity=doc(allow("sts:AssumeRole", ROLE))).allowed
    assert ask(FAR, "sts:AssumeRole", ROLE, trust=trust({"AWS": BOB}), identity=doc(allow())).denied


def test_f_services_and_anonymous_callers_have_the_resource_policy_alone() -> None:
    """F: identity policies do not speak for them."""
    assert get("*", identity=doc(allow())).denied
    assert get("sns.amazonaws.com", identity=doc(allow())).denied
    assert get("*", resource=grant("*")).layer is Layer.RESOURCE
    source = grant({"Service": "sns.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": A}})
    assert get("sns.amazonaws.com", {"aws:SourceAccount": A}, resource=source).allowed
    assert get("sns.amazonaws.com", {"aws:SourceAccount": B}, resource=source).denied


def test_g_passing_a_role_needs_permission_trust_and_the_same_account() -> None:
    """G: iam:PassRole to the service, and the role must trust it."""
    limited = doc(allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))
    policies = PolicySet(identity=(parse_policy(limited),))  # type: ignore[arg-type]  # plain JSON

    def decide(role: str, service: str, trusted: str) -> Outcome:
        policy = parse_policy(trust({"Service": trusted}), kind=PolicyKind.TRUST)  # type: ignore[arg-type]  # as above
        request = Request(caller(BOB), "iam:PassRole", (Target(role),))
        return pass_role(request, policies, (policy,), service).outcome

    ec2, lambda_ = "ec2.amazonaws.com", "lambda.amazonaws.com"
    assert decide(ROLE, ec2, ec2) is Outcome.ALLOWED
    assert decide(ROLE, lambda_, lambda_) is Outcome.DENIED
    assert decide(ROLE, ec2, lambda_) is Outcome.DENIED
    assert decide(ROLE.replace(A, B), ec2, ec2) is Outcome.DENIED


def test_h_a_group_in_the_resource_is_not_its_members() -> None:
    """H: denying actions on a group's ARN does not protect the users in it."""
    group = deny("iam:*", f"arn:aws:iam::{A}:group/admins")
    policies = doc(allow(), group)

    assert ask(BOB, "iam:CreateAccessKey", BOB, identity=policies).allowed
    assert ask(BOB, "iam:AddUserToGroup", f"arn:aws:iam::{A}:group/admins", identity=policies).denied


# -- what is not known


def known(value: Value, kind: PolicyKind = PolicyKind.IDENTITY) -> PolicySet:
    """A policy set of one identity policy."""
    return PolicySet(identity=(parse_policy(value, kind=kind, name="p"),))


def object_of(ref: str, tail: str = "/k") -> Symbolic:
    """An object of a bucket that is made by the same design."""
    return Symbolic(Ref(f"aws_s3_bucket.{ref}", "arn"), tail)


def decide(resource: Value, asked: str) -> Decision:
    """Whether s3:GetObject is allowed by a policy on a resource."""
    policies = known({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": resource}]})
    return evaluate(Request(caller(BOB), "s3:GetObject", (Target(asked, A),)), policies)


def test_an_attribute_known_after_apply_is_equal_to_itself() -> None:
    """The same bucket's ARN matches surely, another bucket's may, one of another service cannot."""
    assert decide(object_of("logs", "/*"), object_of("logs")).allowed
    assert decide(object_of("logs", "/*"), object_of("other")).outcome is Outcome.UNDECIDED
    assert decide(object_of("logs", "/*"), "arn:aws:s3:::b/k").reasons == ("known after apply: aws_s3_bucket.logs.arn",)
    assert decide(object_of("logs", "/*"), f"arn:aws:sqs:us-east-1:{A}:q/k").denied
    assert decide("arn:aws:s3:::*", object_of("logs")).outcome is Outcome.UNDECIDED


def test_unknown_parts_leave_the_answer_open_and_are_named() -> None:
    """An unknown resource, effect, condition or document makes it undecided; what is decided without it stays so."""
    unknown = UnknownValue("var.x has no value")
    reasons = ("var.x has no value",)

    assert decide(unknown, OBJECT).reasons == reasons
    assert decide([unknown, "*"], OBJECT).allowed
    assert evaluate(Request(caller(BOB), "s3:GetObject", (Target(OBJECT),)), known(unknown)).reasons == reasons
    maybe: dict[str, Value] = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": unknown}
    policies = known({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, maybe]})
    assert evaluate(Request(caller(BOB), "s3:GetObject", (Target(OBJECT),)), policies).reasons == reasons
    assert evaluate(Request(caller(BOB), "ec2:RunInstances", (Target("*"),)), policies).allowed


def test_keys_that_are_not_given_are_open_where_the_request_says_so() -> None:
    """A question without circumstances is undecided where a condition depends on them, and names the key."""
    policies = doc(allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    plain = {"principal": BOB, "action": "s3:GetObject", "resource": OBJECT}

    assert evaluate({**plain, "open": True}, policies).reasons == ("aws:sourceip is not given",)
    assert evaluate(plain, policies).denied


def test_malformed_documents_are_never_a_pass() -> None:
    """What AWS would refuse leaves the answer undecided."""
    assert get(BOB, identity="{").outcome is Outcome.UNDECIDED
    assert get(BOB, identity={"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("request_", [{}, {"action": ""}, {"action": "s3:Get", "principal": "nobody at all"}])
def test_a_request_that_cannot_be_read_is_an_error(request_: Json) -> None:
    """A missing action or a principal that is none raises ValueError."""
    with pytest.raises(ValueError, match=r"action|principal"):
        evaluate(request_, doc(allow()))


def test_an_unknown_layer_is_an_error() -> None:
    """A layer that does not exist raises ValueError and names those that do."""
    with pytest.raises(ValueError, match="identity, resource, trust"):
        get(BOB, idendity=doc(allow()))
