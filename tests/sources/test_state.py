import json
from pathlib import Path

import pytest

from guardrails.model import Location, Model, Resource, Sensitive, Unknown
from guardrails.sources.state import read_state

CHANGES = Path(__file__).parents[2] / "fixtures" / "plans" / "changes"


def at(model: Model, address: str) -> Resource:
    """The resource of an address that is there."""
    found = model.at(address)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["state.json", "terraform.tfstate"])
def test_a_state_is_read_as_shown_and_as_kept(name: str) -> None:
    """Both forms of one state give the same resources, with values, region and secrets."""
    model = read_state(CHANGES / name)

    assert model.kind == "state"
    assert model.problems == []
    assert sorted(r.address for r in model.all()) == [
        "aws_iam_role.r",
        "aws_sns_topic.single",
        "aws_sqs_queue.deleted",
        "aws_sqs_queue.forgotten",
        "aws_sqs_queue.old_name",
        "aws_sqs_queue.untouched",
        "aws_ssm_parameter.secret",
        "aws_subnet.replaced",
        "aws_vpc.main",
        "module.m.aws_sns_topic.t[0]",
    ]
    queue = at(model, "aws_sqs_queue.untouched")
    assert queue.number("visibility_timeout_seconds") == 40
    assert queue.region == "eu-west-1"
    assert queue.provider.name == "aws"
    assert at(model, "aws_ssm_parameter.secret").raw("value") == Sensitive("s3cr3t-value")
    assert at(model, "aws_subnet.replaced").depends_on == ("aws_vpc.main",)


def test_both_forms_have_the_same_values() -> None:
    """`terraform show -json` and the state file differ in nothing that a check sees."""
    shown, kept = read_state(CHANGES / "state.json"), read_state(CHANGES / "terraform.tfstate")

    for resource in shown.all():
        assert dict(resource.values) == dict(at(kept, resource.address).values)


@pytest.mark.parametrize("name", ["state.json", "terraform.tfstate"])
def test_a_finding_stands_where_the_state_tells_of_the_resource(name: str) -> None:
    """The location is the line at which the resource starts in the file."""
    place = at(read_state(CHANGES / name), "module.m.aws_sns_topic.t[0]").place("name")

    assert isinstance(place, Location)
    near = (CHANGES / name).read_text().splitlines()[place.line - 1 : place.line + 4]
    assert any("module.m" in line for line in near)


def test_ids_lead_to_resources() -> None:
    """In a state, the id in an attribute finds the resource that has it."""
    model = read_state(CHANGES / "terraform.tfstate")

    assert model.resolve(at(model, "aws_subnet.replaced").get("vpc_id"), "aws_vpc") is model.at("aws_vpc.main")


def test_an_empty_state_has_nothing(tmp_path: Path) -> None:
    """A state without values is a design without resources."""
    (tmp_path / "s.json").write_text('{"format_version": "1.0"}')
    (tmp_path / "s.tfstate").write_text('{"version": 4, "serial": 1, "lineage": "x", "resources": []}')

    for name in ("s.json", "s.tfstate"):
        model = read_state(tmp_path / name)
        assert (list(model.all()), model.problems, model.gaps) == ([], [], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"version": 3, "serial": 1, "modules": []}', "is a state file of version 3, and only 4 is supported"),
        ('{"version": "4", "serial": 1}', "is not as Terraform writes it: Expected `int`, got `str`"),
        ('{"format_version": "0.1", "values": {}}', "has format version '0.1', and only 1.x is supported"),
        ('{"format_version": "1.0", "values": []}', "is not as Terraform writes it"),
        ('{"format_version": "1.2", "resource_changes": []}', "is not a state of Terraform or OpenTofu"),
        ("{", "is not valid JSON"),
    ],
)
def test_what_is_not_a_state_is_a_problem(tmp_path: Path, text: str, expected: str) -> None:
    """Each wrong file is one problem, and a gap."""
    (tmp_path / "s.json").write_text(text)
    model = read_state(tmp_path / "s.json")

    (found,) = model.problems
    assert found.message.partition("s.json ")[2].startswith(expected)
    with pytest.raises(Unknown):
        list(model.resources("aws_vpc"))


def test_keys_and_providers_of_a_state_file(tmp_path: Path) -> None:
    """Instances have their keys, deposed objects are left out, and a provider's alias is known."""
    state = {
        "version": 4,
        "serial": 1,
        "lineage": "x",
        "resources": [
            {
                "module": 'module.a["b"]',
                "mode": "managed",
                "type": "aws_db_instance",
                "name": "d",
                "provider": 'provider["registry.opentofu.org/hashicorp/aws"].west',
                "instances": [
                    {"index_key": 'k"y', "attributes": {"password": "p", "engine": "mysql"}},
                    {"index_key": 1, "deposed": "0a", "attributes": {}},
                    {
                        "index_key": 0,
                        "attributes": {"tags": {"a": "secret"}},
                        "sensitive_attributes": [[{"type": "get_attr", "value": "tags"}]],
                    },
                ],
            },
            {"mode": "data", "type": "aws_vpc", "name": "v", "instances": [{"attributes": {"id": "vpc-1"}}]},
        ],
    }
    (tmp_path / "s.tfstate").write_text(json.dumps(state))
    model = read_state(tmp_path / "s.tfstate")

    first = at(model, 'module.a["b"].aws_db_instance.d["k\\"y"]')
    assert [r.address for r in model.all()] == [
        first.address,
        'module.a["b"].aws_db_instance.d[0]',
        "data.aws_vpc.v",
    ]
    assert (first.provider.name, first.provider.alias) == ("aws", "west")
    assert first.raw("password") == Sensitive("p")
    assert first.raw("engine") == "mysql"
    assert at(model, 'module.a["b"].aws_db_instance.d[0]').raw("tags") == Sensitive({"a": "secret"})
    assert at(model, "data.aws_vpc.v").mode == "data"
