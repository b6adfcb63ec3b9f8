import json
import shutil
from pathlib import Path

import pytest

from guardrails.model import Label, Location, Model, Ref, Resource, Symbolic, decode_json
from guardrails.sources import InputError, ReadOptions, read
from guardrails.sources.plan import read_plan

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"


def at(model: Model, address: str) -> Resource:
    """The resource of an address that is there."""
    found = model.at(address)
    assert found is not None
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_any_mix_of_paths_gives_a_model_each(here: Path) -> None:
    """Configuration, plans and states are told apart by what they hold, and what is named twice is read once."""
    shutil.copytree(PLANS / "changes", here / "root")
    shutil.copytree(PLANS / "overrides", here / "other", ignore=shutil.ignore_patterns("plan.json"))
    (here / "root" / "plan.json").rename(here / "a-plan")

    models = read(
        [
            Path("root/terraform.tfstate"),
            Path("other"),
            Path("a-plan"),
            Path("root/state.json"),
            Path("other/main.tf"),
            here / "a-plan",
        ]
    )

    assert [(model.name, model.kind) for model in models] == [
        ("other", "configuration"),
        ("root/terraform.tfstate", "state"),
        ("a-plan", "plan"),
        ("root/state.json", "state"),
    ]


def test_plans_in_a_folder_are_read_only_when_they_are_named(here: Path) -> None:
    """A folder stands for its configuration; one without any gives nothing."""
    shutil.copytree(PLANS / "overrides", here / "root")
    (here / "empty").mkdir()
    (here / "empty" / "plan.json").write_text("{")

    assert [model.kind for model in read([Path("root")])] == ["configuration"]
    assert read([Path("empty")]) == []


def test_a_missing_path_is_a_usage_error(here: Path) -> None:
    """Every path that is not there is named, and nothing is read."""
    with pytest.raises(InputError, match=r"no such file or directory: a\.tf, b"):
        read([here, Path("a.tf"), Path("b")])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"# Title\n", "is not valid JSON"),
        (b"{}", "is neither Terraform configuration nor the JSON of a plan, a state or a saved account"),
        (b"PK\x03\x04", "is a binary plan"),
        (b'{"provider_schemas": {}, "format_version": "1.0"}', "is neither Terraform configuration nor"),
        (b"\x00\x01", "is not valid JSON"),
    ],
)
def test_another_file_is_a_problem(here: Path, content: bytes, expected: str) -> None:
    """A file that is none of them is never passed over in silence."""
    (here / "file").write_bytes(content)
    (model,) = read([Path("file")])

    (problem,) = model.problems
    assert problem.message.startswith(f"file {expected}")


def test_files_stand_for_the_root_modules_that_use_them(here: Path) -> None:
    """As pre-commit names changed files: each touched root module once, also for a file of a module."""
    shutil.copytree(PLANS / "modules", here / "root", ignore=shutil.ignore_patterns("plan.json"))
    (here / ".git").mkdir()

    for paths in (
        ["root/main.tf"],
        ["root/modules/group/main.tf"],
        ["root/modules/network/main.tf", "root/main.tf", "root/modules/service/main.tf"],
    ):
        models = read([Path(path) for path in paths])
        assert [model.name for model in models] == ["root"]


def test_a_plan_beside_its_configuration_has_lines(here: Path) -> None:
    """Findings stand in the configuration, with the module calls around them."""
    shutil.copytree(PLANS / "modules", here, dirs_exist_ok=True)
    (model,) = read([Path("plan.json")])
    group = at(model, "module.service[1].module.group.aws_security_group.this")

    origin = group.origin("ingress", 0, "cidr_blocks")
    assert isinstance(origin.location, Location)
    assert (origin.location.path, origin.location.line) == ("modules/group/main.tf", 18)
    assert [str(call.location) for call in origin.calls] == ["modules/service/main.tf:7", "main.tf:20"]
    assert all(isinstance(call, Label) for call in origin.calls)
    assert set(model.files) >= {"plan.json", "main.tf", "modules/group/main.tf"}


def test_the_configuration_fills_what_is_known_after_apply(here: Path) -> None:
    """A policy around a bucket that does not exist yet is text with a hole in it."""
    shutil.copytree(PLANS / "unknown", here, dirs_exist_ok=True)
    (model,) = read([Path("plan.json")])
    (alone,) = [read_plan(Path("plan.json"))]

    policy = decode_json(at(model, "aws_iam_policy.built").text("policy"))
    assert isinstance(policy, dict)
    assert policy["Statement"] == [
        {
            "Action": ["s3:GetObject"],
            "Effect": "Allow",
            "Resource": [
                Symbolic(Ref("aws_s3_bucket.logs", "arn")),
                Symbolic(Ref("aws_s3_bucket.logs", "arn"), "/*"),
                "arn:aws:s3:::named-bucket",
            ],
        }
    ]
    assert at(model, 'aws_iam_role_policy_attachment.a["built"]').raw("policy_arn") == Symbolic(
        Ref("aws_iam_policy.built", "arn")
    )
    assert at(alone, 'aws_iam_role_policy_attachment.a["built"]').refs("policy_arn") == ()
    assert at(model, 'aws_iam_role_policy_attachment.a["built"]').action == "create"


def test_elements_of_sets_find_their_lines(here: Path) -> None:
    """Terraform orders a set otherwise than it was written: the rule in the plan leads to the block it came from."""
    shutil.copytree(PLANS / "unknown", here, dirs_exist_ok=True)
    (model,) = read([Path("plan.json")])
    rules = {block.number("from_port"): block for block in at(model, "aws_security_group.g").blocks("ingress")}

    lines = {port: str(block.place("cidr_blocks")) for port, block in rules.items()}
    assert lines == {443: "main.tf:74", 22: "main.tf:82"}
    assert list(rules[443].items("security_groups")) == [Symbolic(Ref("aws_security_group.other", "id"))]


def test_a_rule_that_the_provider_writes_otherwise_finds_its_line(here: Path) -> None:
    """`TCP` is `tcp` in the plan, and the rule is still the one that is most like it."""
    shutil.copytree(PLANS / "security-groups", here, dirs_exist_ok=True)
    (model,) = read([Path("plan.json")])
    rules = {block.number("from_port"): block for block in at(model, "aws_security_group.blocks").blocks("ingress")}

    assert str(rules[8080].place("ipv6_cidr_blocks")) == "main.tf:38"
    assert str(rules[0].place("self")) == "main.tf:45"
    assert str(rules[53].place("cidr_blocks")) == "main.tf:30"


def test_the_source_can_be_elsewhere(here: Path) -> None:
    """`source` names the root module of a plan that lies somewhere else."""
    shutil.copytree(PLANS / "unknown", here / "root")
    (here / "root" / "plan.json").rename(here / "plan.json")
    (apart,) = read([Path("plan.json")])
    (together,) = read([Path("plan.json")], ReadOptions(source=Path("root")))

    assert str(at(apart, "aws_vpc.main").place()).startswith("plan.json:")
    assert str(at(together, "aws_vpc.main").place()) == "root/main.tf:15"


def test_variables_of_the_plan_reach_its_configuration(here: Path) -> None:
    """The values with which the plan was made are those with which the configuration is evaluated."""
    (here / "main.tf").write_text(
        'variable "name" { default = "default" }\n'
        'resource "aws_sqs_queue" "q" {\n  policy = jsonencode({ name = var.name, key = aws_kms_key.k.arn })\n}\n'
        'resource "aws_kms_key" "k" {}\n'
    )
    change = {"actions": ["create"], "after": {}, "after_unknown": {"policy": True}}
    queue = {"address": "aws_sqs_queue.q", "type": "aws_sqs_queue", "name": "q", "mode": "managed", "change": change}
    (here / "plan.json").write_text(
        json.dumps({"format_version": "1.2", "resource_changes": [queue], "variables": {"name": {"value": "given"}}})
    )
    (model,) = read([Path("plan.json")])

    policy = decode_json(at(model, "aws_sqs_queue.q").text("policy"))
    assert policy == {"name": "given", "key": Symbolic(Ref("aws_kms_key.k", "arn"))}


def test_comments_of_the_configuration_speak_for_the_plan(here: Path) -> None:
    """What is suppressed in the configuration is suppressed in its plan."""
    shutil.copytree(PLANS / "overrides", here, dirs_exist_ok=True)
    text = (here / "main.tf").read_text()
    (here / "main.tf").write_text('# guardrails: ignore[a-check] reason="test"\n' + text)
    (model,) = read([Path("plan.json")])

    assert [comment.location.path for comment in model.comments] == ["main.tf"]
