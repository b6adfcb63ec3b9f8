"""`guardrails cleanup`: what it prints, what it asks for, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import botocore.session
import pytest
from typer.testing import CliRunner, Result

from guardrails import examples
from guardrails.cli import application
from tests.sources.aws.conftest import aws, moto_url, proxy_to_moto
from tests.sources.aws.simulator import Proxy

__all__ = ["aws", "moto_url", "proxy_to_moto"]

ACCOUNT = "123456789012"
ADDRESS = f"""
{{"account": "{ACCOUNT}"}}
{{"type": "aws_eip", "name": "NAME", "region": "us-east-1",
  "values": {{"id": "NAME", "allocation_id": "NAME", "public_ip": "52.0.2.1", "association_id": "",
             "service_managed": null, "public_ipv4_pool": "amazon"}}}}
"""
STATE = {
    "format_version": "1.0",
    "values": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_eip.office",
                    "mode": "managed",
                    "type": "aws_eip",
                    "name": "office",
                    "provider_name": "registry.terraform.io/hashicorp/aws",
                    "values": {"id": "eipalloc-1"},
                }
            ]
        }
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(name: str = "eipalloc-1") -> str:
    """A saved account with an address that nothing has; its path."""
    document, _ = examples.snapshot(examples.plain(ADDRESS.replace("NAME", name)))
    document["accounts"][0]["gaps"] = []
    Path("account.json").write_text(json.dumps(document), encoding="utf-8")
    return "account.json"


def run(*arguments: str, typed: str = "") -> Result:
    """Run the command."""
    words = ["cleanup", *arguments, "--quiet"]
    return CliRunner().invoke(application(words), words, input=typed)


def allocate() -> str:
    """An address in the simulated account; its id."""
    client = botocore.session.Session().create_client("ec2", region_name="us-east-1")
    return str(client.allocate_address(Domain="vpc")["AllocationId"])  # type: ignore[attr-defined]  # botocore's own


def test_a_plan_changes_nothing(folder: Path) -> None:
    """It is printed, and that nothing was done is said."""
    result = run(saved())

    assert result.exit_code == 0
    assert result.stdout.startswith(f"{ACCOUNT}, read at 2026-01-31 00:00 UTC: 1 thing to remove, 3.65 USD a month.\n")
    assert result.stderr == "guardrails: nothing was changed: --script FILE writes a script, --apply removes\n"
    assert [path.name for path in folder.iterdir()] == ["account.json"]


def test_a_script_is_written(folder: Path) -> None:
    """For its owner to review and run."""
    assert run(saved(), "--script", "cleanup.sh").exit_code == 0
    assert (folder / "cleanup.sh").read_text().startswith("#!/bin/sh\n")
    assert (folder / "cleanup.sh").stat().st_mode & 0o777 == 0o700


def test_what_a_state_manages_is_left_to_it() -> None:
    """The plan names its address there."""
    Path("state.json").write_text(json.dumps(STATE), encoding="utf-8")

    result = run(saved(), "--state", "state.json")

    assert "0 things to remove" in result.stdout
    assert "Terraform, as aws_eip.office manages it. Remove it from the configuration and apply." in result.stdout


def test_a_check_of_an_account_and_its_state_says_the_same() -> None:
    """Whoever gives both is told to change the configuration."""
    Path("state.json").write_text(json.dumps(STATE), encoding="utf-8")
    words = ["check", saved(), "state.json", "--format", "json", "--select", "unattached-address"]

    report = json.loads(CliRunner().invoke(application(words), words).stdout)

    [message] = [each["message"] for each in report["findings"] if each["location"].get("account")]
    assert message.endswith("; Terraform, as aws_eip.office manages it")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing.json",), "nothing.json is neither a file nor the id of an account (12 digits)"),
        (("account.json", "--select", "no-such-check"), "no check, kind or severity is called 'no-such-check'"),
        (("account.json", "--state", "account.json"), f"{ACCOUNT} is not a Terraform state or plan that can be read"),
    ],
)
def test_what_cannot_be_used_is_said(arguments: tuple[str, ...], message: str) -> None:
    """The exit code is 2."""
    saved()
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("typed", ["", "\n", "yes\n", "123456789013\n"])
def test_nothing_goes_before_the_account_is_typed(aws: Proxy, typed: str) -> None:
    """Not for a yes, and not for another account; AWS is not even asked."""
    path = saved(allocate())
    aws.seen.clear()

    result = run(path, "--apply", typed=typed)

    assert result.exit_code == 2
    assert "that is not the account's id: nothing was changed" in result.stderr
    assert not aws.seen
    assert not Path(f"guardrails-cleanup-{ACCOUNT}.jsonl").exists()


def test_what_was_typed_for_goes(aws: Proxy) -> None:
    """The id of the account is the consent, and the journal tells what was done."""
    path = saved(allocate())

    result = run(path, "--apply", typed=f"{ACCOUNT}\n")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith(": removed")
    events = [
        json.loads(line)["event"] for line in Path(f"guardrails-cleanup-{ACCOUNT}.jsonl").read_text().splitlines()
    ]
    assert events == ["begin", "before", "calling", "done", "removed", "end"]


def test_what_was_left_alone_makes_the_exit_code_1(aws: Proxy) -> None:
    """The saved account names what is gone by now."""
    result = run(saved(), "--apply", "--journal", "j.jsonl", typed=f"{ACCOUNT}\n")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        1,
        "1. aws_eip.eipalloc-1: skipped: it is gone already",
    )


def test_credentials_of_another_account_change_nothing(aws: Proxy) -> None:
    """The plan is of one account, the credentials are of another."""
    saved(allocate())
    path = Path("account.json")
    path.write_text(path.read_text().replace(ACCOUNT, "999999999999"))
    aws.seen.clear()

    result = run("account.json", "--apply", typed="999999999999\n")

    assert result.exit_code == 2
    assert f"these are credentials of the account {ACCOUNT}, not of 999999999999: nothing was changed" in result.stderr
    assert {asked.operation for asked in aws.seen} == {"GetCallerIdentity"}


def test_another_account_than_was_named_is_not_planned_for(aws: Proxy) -> None:
    """Who asks for an account by its id gets that account or none."""
    result = run("999999999999", "--region", "us-east-1")
    assert result.exit_code == 2
    assert f"these are credentials of the account {ACCOUNT}, not of 999999999999" in result.stderr
