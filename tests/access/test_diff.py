"""What a change grants and takes away."""

from __future__ import annotations

from collections.abc import Sequence

from guardrails.access.diff import Change, compare, diff_of_plan
from guardrails.access.lens import Access
from guardrails.model import Model, Resource, Resources
from tests.access.designs import ACCOUNT, access, allow, arn, deny, doc, model, res, role, trust, user


def said(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    """Who, what, on what."""
    return [(change.principal.rpartition("/")[2], change.action, change.resource) for change in changes]


def test_a_new_permission_is_shown_with_a_request() -> None:
    """Only the action and resource that are new are listed, each with a request that only the new side allows."""
    before = access(user("u", allow("s3:GetObject", "arn:aws:s3:::a/*")))
    after = access(user("u", allow(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])))

    found = compare(before, after)
    assert said(found.granted) == [
        ("u", "s3:GetObject", "arn:aws:s3:::b/*"),
        ("u", "s3:PutObject", "arn:aws:s3:::a/*"),
        ("u", "s3:PutObject", "arn:aws:s3:::b/*"),
    ]
    assert found.removed == ()
    for change in found.granted:
        assert change.witness
        assert change.witness.action == change.action
        assert change.witness.resource.startswith(change.resource[:-1])


def test_what_is_taken_away_is_shown_too() -> None:
    """A new Deny takes away; the other direction of the same comparison."""
    before = access(user("u", allow("s3:*")))
    after = access(user("u", allow("s3:*"), deny("s3:DeleteBucket")))

    found = compare(before, after)
    assert found.granted == ()
    assert said(found.removed) == [("u", "s3:*", "*")]
    assert found.removed[0].witness
    assert found.removed[0].witness.action == "s3:DeleteBucket"


def test_another_spelling_is_no_change() -> None:
    """The same permissions in other words are the same."""
    before = access(user("u", allow(["s3:GetObject", "s3:GetObjectAcl"]), allow("sqs:*")))
    after = access(user("u", allow("sqs:*"), allow("s3:GetObjectAcl"), allow("s3:GetObject")))

    found = compare(before, after)
    assert (found.granted, found.removed) == ((), ())


def test_a_new_administrator_is_marked() -> None:
    """Who becomes an administrator, and nobody who was one."""
    before = access(user("old", allow("*")), user("u"))
    after = access(user("old", allow("*"), allow("s3:*")), user("u", allow("*")))

    found = compare(before, after)
    assert [(change.principal.rpartition("/")[2], change.admin) for change in found.granted] == [("u", True)]


def test_a_newly_public_resource_is_marked() -> None:
    """A queue that is opened to everybody is public; one for another account is not."""

    def queue(principal: object) -> Access:
        policy = doc({"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": "*"})
        return access(
            res("aws_sqs_queue", "q", name="q", region="eu-west-1"),
            res("aws_sqs_queue_policy", "q", queue_url="q", policy=policy),
        )

    own, other = queue({"AWS": ACCOUNT}), queue({"AWS": "222222222222"})
    (change,) = compare(own, queue("*")).granted
    assert (change.principal, change.action, change.public) == ("*", "sqs:SendMessage", True)
    (change,) = compare(own, other).granted
    assert (change.principal, change.public) == ("222222222222", False)


def test_a_role_that_trusts_more() -> None:
    """Trust is permission: who may newly assume a role."""
    before = access(role("r", trust({"AWS": arn("user", "u")})))
    after = access(role("r", trust({"AWS": [arn("user", "u"), arn("user", "v")]})))

    found = compare(before, after)
    assert said(found.granted) == [("v", "sts:AssumeRole", arn("role", "r"))]


def test_a_plan_is_compared_with_what_is_there() -> None:
    """The model of a plan carries what was before; without anything before, everything is new."""
    after = Model("plan", "plan", Resources([*user("u", allow("s3:GetObject"))]), before=model(user("u")))
    fresh = Model("plan", "plan", Resources([*user("u", allow("s3:GetObject"))]))

    assert said(diff_of_plan(after).granted) == [("u", "s3:GetObject", "*")]
    assert said(diff_of_plan(fresh).granted) == [("u", "s3:GetObject", "*")]


def test_marks_of_two_designs_are_not_confused() -> None:
    """A name that is not known before is not the name that is not known after."""

    def made(name: str) -> list[Resource]:
        return [res("aws_s3_bucket", name), *user("u", allow("s3:GetObject", "arn:aws:s3:::x/*"))]

    found = compare(access(made("a")), access(made("b")))
    assert (found.granted, found.removed) == ((), ())
