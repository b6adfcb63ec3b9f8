from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from guardrails import cli
from guardrails.model import Gap, LiveLocation, Model, Problem, Resource, Resources, Value
from guardrails.sources.live import Providers, live_resource
from guardrails.sources.snapshot import write_snapshot

ACCOUNT = "123456789012"
ARN = f"arn:aws:rds:us-east-1:{ACCOUNT}:db:db"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.run(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return call


def _live(type_: str, name: str, **values: Value) -> Resource:
    return live_resource(
        type_,
        name,
        {"id": name, **values},
        address=f"{type_}.{name}",
        mode="managed",
        place=LiveLocation(f"arn:aws:ec2:us-east-1:{ACCOUNT}:{name}", ACCOUNT, "us-east-1"),
        provider=Providers().of("us-east-1"),
    )


def _database(name: str, *, public: bool) -> Resource:
    return _live("aws_db_instance", name, identifier=name, publicly_accessible=public)


def _save(*resources: Resource, path: str = "account.json.gz", gaps: tuple[Gap, ...] = ()) -> None:
    problems = [Problem("collect", gap.reason) for gap in gaps]
    write_snapshot(Path(path), [Model(ACCOUNT, "account", Resources(resources), gaps=gaps, problems=problems)])


def _change(address: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    type_, _, name = address.partition(".")
    actions = {(True, False): ["create"], (False, True): ["delete"], (False, False): ["update"]}
    return {
        "address": address,
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": actions[before is None, after is None],
            "before": before,
            "after": after,
            "after_unknown": {"id": True} if before is None else {},
            "before_sensitive": {},
            "after_sensitive": {},
        },
    }


def _plan(*changes: dict[str, Any]) -> None:
    def module(side: str) -> dict[str, Any]:
        resources = [
            {key: each[key] for key in ("address", "mode", "type", "name", "provider_name")}
            | {"values": each["change"][side]}
            for each in changes
            if each["change"][side] is not None
        ]
        return {"root_module": {"resources": resources}}

    document = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": module("after"),
        "prior_state": {"format_version": "1.0", "values": module("before")},
        "resource_changes": list(changes),
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}},
            "root_module": {},
        },
    }
    Path("plan.json").write_text(json.dumps(document))


def test_what_stood_before_the_plan_is_not_its_doing(run: Run) -> None:
    """A finding of a live resource that the plan does not touch is counted on stderr, not reported."""
    _save(_database("old", public=True))
    _plan(_change("aws_db_instance.new", None, {"identifier": "new", "publicly_accessible": True}))

    code, out, err = run(
        "check", "plan.json", "--live", "account.json.gz", "--select", "public-database", "--format", "json"
    )

    assert code == 1
    assert [each["resource"] for each in json.loads(out)["findings"]] == ["aws_db_instance.new"]
    assert (
        err == "guardrails: 1 finding of 123456789012 stood before the plan: see `guardrails check account.json.gz`\n"
    )


def test_what_the_plan_does_to_a_live_resource_is_found(run: Run) -> None:
    """A planned rule that opens SSH in a live group makes a finding of it that was none before."""
    world: Value = {"cidr_blocks": ["10.0.0.0/8"], "from_port": 22, "to_port": 22, "protocol": "tcp", "self": False}
    _save(
        _live("aws_vpc", "vpc-00000001", cidr_block="10.0.0.0/16"),
        _live("aws_security_group", "sg-00000001", vpc_id="vpc-00000001", ingress=[world], egress=[]),
    )
    _plan(
        _change(
            "aws_vpc_security_group_ingress_rule.ssh",
            None,
            {
                "security_group_id": "sg-00000001",
                "ip_protocol": "tcp",
                "from_port": 22,
                "to_port": 22,
                "cidr_ipv4": "0.0.0.0/0",
            },
        )
    )

    alone = run("check", "plan.json", "--select", "open-admin-port", "--format", "json")
    whole = run("check", "plan.json", "--live", "account.json.gz", "--select", "open-admin-port", "--format", "json")

    assert alone[0] == whole[0] == 1
    [finding] = json.loads(whole[1])["findings"]
    assert finding["resource"] == "aws_vpc_security_group_ingress_rule.ssh"


def test_a_resource_that_the_plan_mends_is_the_plans(run: Run) -> None:
    """The live database that the plan closes is not found, and nothing is left to say."""
    _save(_database("db", public=True))
    _plan(
        _change(
            "aws_db_instance.db",
            {"arn": ARN, "identifier": "db", "publicly_accessible": True},
            {"arn": ARN, "identifier": "db", "publicly_accessible": False},
        )
    )

    code, out, err = run("check", "plan.json", "--live", "account.json.gz", "--select", "public-database")

    assert (code, err) == (0, "")
    assert "1 resource" in out


def test_what_the_account_did_not_tell_is_told(run: Run) -> None:
    """The gaps of the snapshot make the run incomplete."""
    _save(gaps=(Gap("AccessDenied: rds:DescribeDBInstances", frozenset({"aws_db_instance"})),))
    _plan(_change("aws_db_instance.new", None, {"identifier": "new", "publicly_accessible": False}))

    code, out, _ = run("check", "plan.json", "--live", "account.json.gz", "--select", "public-database")

    assert code == 4
    assert "AccessDenied: rds:DescribeDBInstances" in out


def test_the_account_is_chosen_where_there_are_several(run: Run) -> None:
    """By `--live-account`; without it the command says which there are."""
    models = [
        Model(name, "account", Resources([_database(f"db-{name}", public=True)]))
        for name in ("111122223333", "444455556666")
    ]
    write_snapshot(Path("org.json"), models)
    _plan(_change("aws_db_instance.new", None, {"identifier": "new", "publicly_accessible": False}))

    code, _, err = run("check", "plan.json", "--live", "org.json")
    assert code == 2
    assert err == (
        "guardrails: --live org.json holds 2 accounts: choose one with --live-account (111122223333, 444455556666)\n"
    )

    one = run(
        "check", "plan.json", "--live", "org.json", "--live-account", "444455556666", "--select", "public-database"
    )
    assert one[0] == 0
    assert run("check", "plan.json", "--live", "org.json", "--live-account", "1")[2] == (
        "guardrails: --live org.json does not hold 1: it holds 111122223333, 444455556666\n"
    )


def test_configuration_is_refused(run: Run) -> None:
    """It does not say which live resources are its own."""
    _save()
    Path("main.tf").write_text('resource "aws_vpc" "main" {}\n')

    code, _, err = run("check", ".", "--live", "account.json.gz")

    assert code == 2
    assert err.startswith("guardrails: --live goes with plans and states")
