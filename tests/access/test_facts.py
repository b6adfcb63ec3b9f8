"""What is known of AWS's services."""

import itertools
import json
import subprocess
import sys

from guardrails.access import facts
from guardrails.access.facts import Level


def test_an_action_says_its_level_resources_and_keys() -> None:
    """An action carries its access level, resource types with ARN patterns, and condition keys."""
    action = facts.action("S3:getobject")

    assert action is not None
    assert action.name == "s3:GetObject"
    assert action.level is Level.READ
    assert "arn:${Partition}:s3:::${BucketName}/${ObjectName}" in {t.type.arn for t in action.targets}
    assert "s3:ExistingObjectTag/<key>" in action.all_keys or "s3:ExistingObjectTag/${TagKey}" in action.all_keys


def test_a_wildcard_only_action_takes_no_resource() -> None:
    """ListAllMyBuckets can be granted on `*` alone, GetObject on objects."""
    listing, reading = facts.action("s3:ListAllMyBuckets"), facts.action("s3:GetObject")

    assert listing
    assert listing.wildcard_only
    assert reading
    assert not reading.wildcard_only


def test_what_is_not_in_the_data_is_unknown_to_its_date() -> None:
    """An action that the data lacks is None, and the sentence for it names the data's day."""
    assert facts.action("s3:InventedYesterday") is None
    assert facts.action("inventedservice:Do") is None
    assert facts.unknown("s3:Invented") == f"s3:Invented is unknown to the data of {facts.services_date()}"


def test_patterns_cover_the_actions_that_they_match() -> None:
    """Patterns are matched regardless of case, in the prefix too."""
    assert facts.actions_matching("sts:assumerole*") == (
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
    )
    assert "sts:AssumeRole" in facts.actions_matching("s?s:AssumeRole")
    assert facts.actions_matching("s3") == ()
    assert len(facts.actions_matching("*")) > 20_000


def test_condition_keys_have_types() -> None:
    """Global, templated and service keys are found in any case, with type and whether they are multivalued."""
    assert facts.condition_key("AWS:sourceip") == facts.ConditionKey("aws:SourceIp", "IPAddress", False)
    team = facts.condition_key("aws:PrincipalTag/team")
    assert team
    assert team.name == "aws:PrincipalTag/${TagKey}"
    tags = facts.condition_key("aws:TagKeys")
    assert tags
    assert tags.multivalued
    prefix = facts.condition_key("s3:prefix")
    assert prefix
    assert prefix.type == "String"
    assert facts.condition_key("s3:nosuchkey") is None
    assert facts.is_global_key("aws:ResourceTag/a/b")
    assert facts.is_federated_key("token.actions.githubusercontent.com:sub")
    assert facts.is_federated_key("saml:aud")


def test_managed_policies_are_known_by_content() -> None:
    """AdministratorAccess allows everything, under any partition's ARN; a policy not in the data is None."""
    admin = facts.managed_policy("arn:aws:iam::aws:policy/AdministratorAccess")

    assert admin == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    assert facts.managed_policy("arn:aws-cn:iam::aws:policy/AdministratorAccess") == admin
    assert facts.managed_policy("arn:aws:iam::aws:policy/NoSuch") is None
    assert facts.managed_policy("arn:aws:iam::123456789012:policy/AdministratorAccess") is None
    assert facts.managed_policy("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole") is not None


def test_every_slice_of_the_data_can_be_read() -> None:
    """All services, actions and policies decode."""
    for prefix in facts.prefixes():
        service = facts.service(prefix)
        assert service is not None
        assert all(service.action(name) for name in service.actions)
    assert all(facts.managed_policy(arn) for arn in facts.managed_policies())


def test_the_glob_agrees_with_a_plain_reference() -> None:
    """Every pattern of up to four characters over a, * and ? matches as the textbook recursion says."""

    def reference(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return reference(pattern[1:], text) or (bool(text) and reference(pattern, text[1:]))
        return bool(text) and pattern[0] in ("?", text[0]) and reference(pattern[1:], text[1:])

    texts = ["".join(t) for n in range(5) for t in itertools.product("ab", repeat=n)]
    for n in range(6):
        for letters in itertools.product("ab*?", repeat=n):
            pattern = "".join(letters)
            matches = facts.glob(pattern)
            assert [t for t in texts if matches(t)] == [t for t in texts if reference(pattern, t)], pattern


def test_a_hostile_pattern_is_quick() -> None:
    """Many stars do not make the match explode."""
    assert not facts.glob("*a" * 50 + "b")("a" * 2000)


def test_importing_the_facts_reads_nothing() -> None:
    """The index is read on first use, and one service then reads one slice."""
    code = (
        "import json, sys; from guardrails.access import facts;"
        "facts.action('s3:GetObject'); print(json.dumps('boto3' in sys.modules))"
    )
    assert not json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
