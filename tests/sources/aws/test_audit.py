"""`guardrails audit` from end to end, against a simulated AWS on loopback."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from guardrails import cli
from guardrails.sources.aws import audit
from guardrails.sources.aws.collector import Call
from guardrails.sources.aws.collectors import services
from guardrails.sources.aws.executor import executor_for
from guardrails.sources.aws.policy import needed_actions
from guardrails.sources.aws.session import Limits
from guardrails.sources.snapshot import read_snapshot
from tests.sources.aws.population import fill, operation_of
from tests.sources.aws.simulator import Asked, Fault, Proxy

ACCOUNT = "123456789012"
# What the simulator does not know, as AWS answers where there is none.
UNKNOWN = {
    ("lambda", "GET /2021-10-31/functions/api/urls?"): '{"FunctionUrlConfigs": []}',
    ("lambda", "GET /2019-09-30/functions/api/provisioned-concurrency?List=ALL"): (
        '{"ProvisionedConcurrencyConfigs": []}'
    ),
}
KNOWN = ("kms", "lambda", "s3", "secretsmanager", "sns", "sqs")
READ = ("--region", "us-east-1", *(word for name in KNOWN for word in ("--service", name)))

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.run(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return call


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt for each call, so that what the simulator does not know costs no time."""
    limits = Limits(connect=10, read=30, attempts=1, unit=300, pace=1000, mode="standard")
    monkeypatch.setattr(audit, "Options", partial(audit.Options, limits=limits))


@pytest.mark.parametrize("name", ["text", "json", "sarif"])
def test_a_saved_audit_gives_the_same_report(name: str, aws: Proxy, run: Run) -> None:
    """What `audit` prints, `check` prints of what it saved, with the same exit code and without AWS."""
    fill()
    aws.canned = UNKNOWN

    code, out, _ = run("audit", *READ, "--save", "account.json.gz", "--format", name)
    aws.seen.clear()
    again, offline, _ = run("check", "account.json.gz", "--format", name)

    assert code == 1
    assert again == 1
    assert offline == out
    assert not aws.seen
    assert os.stat("account.json.gz").st_mode & 0o777 == 0o600


def test_an_audit_finds_what_is_wrong(aws: Proxy, run: Run) -> None:
    """A key that does not rotate, at its ARN."""
    fill()
    aws.canned = UNKNOWN

    code, out, _ = run("audit", "--region", "us-east-1", "--service", "kms", "--format", "json")

    assert code == 1
    [finding] = [each for each in json.loads(out)["findings"] if each["check"] == "key-without-rotation"]
    assert finding["location"]["account"] == ACCOUNT
    assert finding["location"]["region"] == "us-east-1"
    assert finding["location"]["arn"].startswith(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/")


def test_a_denied_call_is_told_and_incomplete(aws: Proxy, run: Run) -> None:
    """The exit code is 4, the missing action is named, and the rest is there."""
    fill()
    aws.canned = UNKNOWN
    aws.fault = lambda asked: "denied" if asked.operation == "ListKeys" else ""

    code, out, _ = run("audit", *READ)

    assert code == 4
    words = " ".join(out.split())
    assert f"AccessDenied: kms:ListKeys in us-east-1 of {ACCOUNT}" in words
    assert "1 thing could not be read" in words
    assert "account-public-access-allowed" in words  # of another service

    assert run("audit", *READ, "--allow-incomplete")[0] == 1


def test_without_access_nothing_is_said(nobody: Proxy, run: Run) -> None:
    """Where AWS does not even say who is asking, the exit code is 2 and nothing is printed."""
    nobody.fault = lambda _: "denied"

    code, out, err = run("audit", *READ)

    assert code == 2
    assert out == ""
    assert err == ("guardrails: AWS does not say who is asking: AccessDenied: sts:GetCallerIdentity in us-east-1\n")


def test_a_region_that_was_not_asked_for_is_not_read(aws: Proxy, run: Run) -> None:
    """`--region` limits what is asked."""
    run("audit", "--region", "eu-west-1", "--service", "sqs", "--service", "sns")

    assert {asked.region for asked in aws.seen if asked.service in ("sqs", "sns")} == {"eu-west-1"}


def test_a_role_is_assumed_first(aws: Proxy, run: Run) -> None:
    """`--role-arn` reads the role's account, with its external id."""
    code, out, _ = run(
        "audit", "--region", "us-east-1", "--service", "sqs", "--external-id", "1234", "--save", "a.json",
        "--role-arn", "arn:aws:iam::111122223333:role/audit",
    )  # fmt: skip

    assert code == 0, out
    assert [model.name for model in read_snapshot(Path("a.json"))] == ["111122223333"]
    assert [asked.operation for asked in aws.seen if asked.service == "sts"][:2] == ["AssumeRole", "GetCallerIdentity"]


FAULTS: tuple[Fault, ...] = ("throttled", "error", "garbage", "cut", "closed", "denied", "")


def _fault(asked: Asked) -> Fault:
    """Each operation has its own, always the same; who asks, and which regions there are, is answered."""
    if asked.service == "sts" or asked.operation == "DescribeRegions":
        return ""
    return FAULTS[zlib.crc32(f"{asked.service}/{asked.operation}".encode()) % len(FAULTS)]


@pytest.mark.usefixtures("impatient")
def test_a_faulty_aws_loses_nothing_in_silence(aws: Proxy, run: Run) -> None:
    """Throttled, cut, broken and denied at once: the audit ends with exit code 4 and names every call that failed."""
    fill()
    aws.seen.clear()
    aws.fault = _fault

    code, out, _ = run("audit", "--region", "us-east-1", "--format", "json")

    assert code == 4
    told = " ".join(each["message"] for each in json.loads(out)["errors"])
    failed = {asked: _fault(asked) for asked in aws.seen if _fault(asked)}
    silent = [asked for asked in failed if not any(f"{call.name} " in told for call in _calls_of(asked))]
    assert silent == []
    assert set(failed.values()) == {"throttled", "error", "garbage", "cut", "closed", "denied"}
    assert len(failed) > 80


def _calls_of(asked: Asked) -> list[Call]:
    """The declared calls that a request may be."""
    declared = (audit.GET_CALLER, audit.LIST_REGIONS, *(c for service in services().values() for c in service.calls))
    calls = {(call.client, call.operation): call for call in declared}
    return [call for call in calls.values() if call.operation in operation_of(asked, call.client)]


def test_the_policy_of_a_service_allows_every_call(aws: Proxy) -> None:
    """Whatever a service's audit asks AWS is an action of the policy for it."""
    fill()
    aws.canned = UNKNOWN
    limits = Limits(connect=10, read=30, attempts=1, unit=300, pace=1000, mode="standard")
    outside: list[tuple[str, Asked]] = []
    count = 0

    with executor_for("threads:8") as executor:
        for name in services():
            aws.seen.clear()
            list(audit.collect(audit.Options(regions=("us-east-1",), services=(name,), limits=limits), executor))
            allowed = set(needed_actions([name]))
            count += len(aws.seen)
            outside += [
                (name, asked)
                for asked in aws.seen
                if not any(allowed.issuperset(call.actions) for call in _calls_of(asked))
            ]

    assert outside == []
    assert count > 200


def test_the_policy_of_everything_only_reads(run: Run) -> None:
    """No action of the whole policy changes anything, and it fits the inline policies of a role."""
    code, out, _ = run("audit", "--print-policy")

    assert code == 0
    [statement] = json.loads(out)["Statement"]
    verbs = ("Describe", "Get", "List", "Search", "View")
    others = [action for action in statement["Action"] if not action.partition(":")[2].startswith(verbs)]
    assert others == ["iam:GenerateCredentialReport"]
    assert len(json.dumps(json.loads(out), separators=(",", ":"))) <= 10_240


def test_the_policy_of_an_organisation_assumes_its_roles(run: Run) -> None:
    """`--org` adds the role of that name in every account, and what lists them."""
    _, out, _ = run("audit", "--print-policy", "--service", "sqs", "--org", "--org-role", "audit")

    read, assume = json.loads(out)["Statement"]
    assert "organizations:ListAccounts" in read["Action"]
    assert assume == {
        "Sid": "GuardrailsAccounts",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "arn:*:iam::*:role/audit",
    }


@pytest.mark.usefixtures("impatient")
def test_a_snapshot_holds_no_secret(aws: Proxy, run: Run) -> None:
    """User data, environments, parameters, commands, tokens of log drivers and of hooks: none of it is kept."""
    fill()
    aws.canned = UNKNOWN

    run("audit", "--region", "us-east-1", "--save", "account.json.gz", "--allow-incomplete")

    text = gzip.decompress(Path("account.json.gz").read_bytes()).decode()
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text  # the same in Base64
    for kind in ("aws_launch_template", "aws_launch_configuration", "aws_lambda_function", "aws_ecs_task_definition",
                 "aws_sns_topic_subscription", "aws_db_instance", "aws_secretsmanager_secret"):  # fmt: skip
        assert f'"type":"{kind}"' in text, kind


PARTS = "org.json.gz.*.parts/*.json.gz"


def test_an_audit_that_was_killed_goes_on(aws: Proxy, tmp_path: Path) -> None:
    """A process that is killed leaves whole accounts; the next one takes them over and reads the others."""
    accounts = _organisation(6)
    command = [sys.executable, "-m", "guardrails", "audit", "--org", "--region", "us-east-1", "--service", "sqs"]
    command += ["--save", "org.json.gz", "--executor", "threads:1"]
    aws.latency = 0.1
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        while len(list(tmp_path.glob(PARTS))) < 2:
            assert first.poll() is None
            time.sleep(0.01)
        first.send_signal(signal.SIGKILL)
    aws.latency = 0
    done = len(list(tmp_path.glob(PARTS)))
    assert 2 <= done < 6
    aws.seen.clear()

    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert second.stderr.startswith(f"guardrails: {done} accounts of an unfinished run are taken over\n")
    assert second.returncode == 0, second.stdout
    assert sum(count for asked, count in aws.seen.items() if asked.operation == "ListQueues") == 6 - done
    assert sorted(model.name for model in read_snapshot(tmp_path / "org.json.gz")) == sorted(accounts)
    assert [path.name for path in tmp_path.iterdir()] == ["org.json.gz"]


def _organisation(count: int) -> list[str]:
    client: Any = botocore.session.Session().create_client("organizations", region_name="us-east-1")
    client.create_organization(FeatureSet="ALL")
    made = [
        client.create_account(Email=f"a{number}@example.com", AccountName=f"a{number}")["CreateAccountStatus"]
        for number in range(count - 1)
    ]
    return [ACCOUNT, *(each["AccountId"] for each in made)]
