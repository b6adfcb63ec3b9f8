from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails import cli
from guardrails.model import Gap, LiveLocation, Model, Problem, Resource, Resources, UnknownValue, Value
from guardrails.sources.live import Providers, live_resource
from guardrails.sources.snapshot import write_snapshot

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


def _vpc(name: str, **values: Value) -> Resource:
    return live_resource(
        "aws_vpc",
        name,
        {"id": name, **values},
        address=f"aws_vpc.{name}",
        mode="managed",
        place=LiveLocation(f"arn:aws:ec2:eu-west-1:123456789012:vpc/{name}", "123456789012", "eu-west-1"),
        provider=Providers().of("eu-west-1"),
    )


def _save(path: str, *resources: Resource, account: str = "123456789012", gap: Gap | None = None) -> None:
    problems = [Problem("collect", gap.reason)] if gap else []
    model = Model(account, "account", Resources(resources), gaps=[gap] if gap else [], problems=problems)
    write_snapshot(Path(path), [model])


def test_what_changed_is_told(run: Run) -> None:
    """What came, what went, and each attribute that has another value; not what is unknown in one of them."""
    _save("a.json", _vpc("vpc-1", enable_dns_support=True, owner_id=UnknownValue("denied")), _vpc("vpc-2"))
    _save("b.json.gz", _vpc("vpc-1", enable_dns_support=False, owner_id="123456789012"), _vpc("vpc-3"))

    code, out, _ = run("diff", "a.json", "b.json.gz")

    assert code == 1
    assert out.splitlines() == [
        "123456789012",
        "  changed aws_vpc.vpc-1.enable_dns_support: true -> false",
        "  removed aws_vpc.vpc-2",
        "  added   aws_vpc.vpc-3",
    ]


def test_the_differences_are_told_to_machines(run: Run) -> None:
    """As JSON, with whole values."""
    _save("a.json", _vpc("vpc-1", cidr_block="10.0.0.0/16"))
    _save("b.json", _vpc("vpc-1", cidr_block="10.1.0.0/16"))

    code, out, _ = run("diff", "a.json", "b.json", "--format", "json")

    assert code == 1
    assert json.loads(out) == {
        "version": 1,
        "accounts": [
            {
                "account": "123456789012",
                "differences": [
                    {
                        "resource": "aws_vpc.vpc-1",
                        "change": "changed",
                        "attribute": "cidr_block",
                        "before": "10.0.0.0/16",
                        "after": "10.1.0.0/16",
                    }
                ],
            }
        ],
    }


def test_the_same_account_has_no_difference(run: Run) -> None:
    """Exit code 0."""
    _save("a.json", _vpc("vpc-1"))

    assert run("diff", "a.json", "a.json")[:2] == (0, "no difference\n")


def test_an_account_of_one_of_them_is_told_once(run: Run) -> None:
    """Without each of its resources."""
    _save("a.json", _vpc("vpc-1"))
    _save("b.json", _vpc("vpc-1"), account="111122223333")

    code, out, _ = run("diff", "a.json", "b.json")

    assert (code, out) == (1, "added: the whole account 111122223333\nremoved: the whole account 123456789012\n")


def test_what_could_not_be_read_is_told(run: Run) -> None:
    """What a snapshot could not list is not taken for removed, and the exit code is 4."""
    _save("a.json", _vpc("vpc-1"))
    _save("b.json", gap=Gap("AccessDenied: ec2:DescribeVpcs", frozenset({"aws_vpc"})))

    assert run("diff", "a.json", "b.json") == (4, "no difference\n", "guardrails: AccessDenied: ec2:DescribeVpcs\n")
    assert run("diff", "a.json", "b.json", "--allow-incomplete")[0] == 0


def test_what_is_no_snapshot_is_refused(run: Run) -> None:
    """As a usage error."""
    Path("plan.json").write_text("{}")

    code, out, err = run("diff", "plan.json", "plan.json")

    assert (code, out) == (2, "")
    assert err.startswith("guardrails: plan.json is not as guardrails writes a snapshot")
