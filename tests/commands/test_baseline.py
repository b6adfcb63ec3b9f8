"""`guardrails baseline`, and what `check` makes of a baseline."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails import cli

Run = Callable[..., tuple[int, str, str]]

ORDERS = """\
resource "random_pet" "orders" {
  prefix = "a"
  length = 1
}
"""
USERS = ORDERS.replace("orders", "users")
CHECK = '''\
from guardrails import Check, Kind, Resource, Severity


class ShortPet(Check[Resource]):
    """A name is short."""

    id = "short-pet"
    kind = Kind.COST
    severity = Severity.MEDIUM
    hint = "Make it longer."
    types = ("random_pet",)

    def check(self, pet, /):
        if pet.number("length") < 10:
            yield self.finding(pet, f"its length is {pet.number('length')}", path="length")
'''


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a git repository whose one check finds short names: exit code, stdout, stderr."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/short_pet.py").write_text(CHECK)
    (tmp_path / "tree/.git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "tree")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.run(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return call


OURS = ("--checks", "../ours")
ONE = (*OURS, "--select", "short-pet,stale-baseline-entry", "-q")


def test_what_is_written_is_not_told_again(run: Run) -> None:
    """A line for each finding, sorted, without a line number; only what is new is told."""
    Path("main.tf").write_text(USERS + ORDERS)
    assert run("baseline", "write", *OURS)[:2] == (0, ".guardrails-baseline.json: 2 findings, 2 new\n")

    lines = Path(".guardrails-baseline.json").read_text().splitlines()
    assert lines[:3] == ["{", ' "version": 1,', ' "findings": [']
    assert [json.loads(line.strip().rstrip(","))["resource"] for line in lines[3:5]] == [
        "random_pet.orders",
        "random_pet.users",
    ]
    assert lines[5:] == [" ]", "}"]
    assert run("check", *ONE) == (0, "", "")

    Path("main.tf").write_text("\n\n" + ORDERS + USERS + ORDERS.replace("orders", "more"))
    code, out, _ = run("check", *ONE)
    assert (code, out.splitlines()[0]) == (1, "main.tf:13:3: medium: its length is 1 [short-pet]")


def test_it_holds_wherever_the_user_stands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder below finds the same baseline, and the same findings in it."""
    Path("infra").mkdir()
    Path("infra/main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)
    monkeypatch.chdir("infra")
    assert run("check", "--checks", "../../ours", "--select", "short-pet", "-q") == (0, "", "")


def test_what_it_hides_is_suppressed_by_its_line(run: Run) -> None:
    """The report names the baseline as what hides a finding."""
    Path("main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)

    report = json.loads(run("check", *OURS, "--format", "json")[1])

    assert [(each["resource"], each["reason"]) for each in report["suppressed"]] == [
        ("random_pet.orders", "it is in the baseline")
    ]


def test_it_may_only_shrink(run: Run) -> None:
    """A finding that it lacks is refused and named, unless forced; what is gone goes."""
    Path("main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)
    before = Path(".guardrails-baseline.json").read_text()
    Path("main.tf").write_text(USERS)

    assert run("baseline", "write", *OURS) == (
        1,
        "",
        (
            "not in the baseline: main.tf: short-pet random_pet.users\n"
            "guardrails: 1 finding not in .guardrails-baseline.json: mend them, or take them in with --force\n"
        ),
    )
    assert Path(".guardrails-baseline.json").read_text() == before
    assert run("baseline", "write", *OURS, "--force")[:2] == (
        0,
        ".guardrails-baseline.json: 1 finding, 1 new, 1 gone\n",
    )
    assert run("check", *ONE) == (0, "", "")


def test_what_is_gone_is_told_and_pruned(run: Run) -> None:
    """An entry that nothing answers to is an information at its line, until it is pruned."""
    Path("main.tf").write_text(ORDERS + USERS)
    run("baseline", "write", *OURS)
    Path("main.tf").write_text(ORDERS)

    code, out, _ = run("check", *ONE)
    assert (code, out.splitlines()[0]) == (
        0,
        (
            ".guardrails-baseline.json:5: info: short-pet finds nothing at random_pet.users any more "
            "[stale-baseline-entry]"
        ),
    )
    assert run("baseline", "prune", *OURS)[:2] == (0, ".guardrails-baseline.json: 1 gone, 1 finding left\n")
    assert run("check", *ONE) == (0, "", "")
    assert run("baseline", "show") == (
        0,
        "short-pet  random_pet.orders  main.tf\n",
        "guardrails: 1 finding in .guardrails-baseline.json\n",
    )


BROKEN = 'resource "random_pet" "broken" {\n'


@pytest.mark.parametrize(
    ("files", "arguments"),
    [
        pytest.param({"a/main.tf": ""}, ("b",), id="another folder is scanned"),
        pytest.param({"a/main.tf": ""}, ("--select", "unused-suppression"), id="its check is not asked"),
        pytest.param({"a/main.tf": BROKEN}, (), id="a file is broken"),
        pytest.param(
            {"a/main.tf": ORDERS.replace("= 1\n", "= var.length\n") + 'variable "length" {}\n'},
            (),
            id="undecided",
        ),
    ],
)
def test_what_a_run_cannot_judge_is_not_stale(run: Run, files: dict[str, str], arguments: tuple[str, ...]) -> None:
    """An entry that this run could not have answered is let be, by `check` and by `prune`."""
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)
    for path, text in files.items():
        Path(path).write_text(text)

    report = json.loads(run("check", *OURS, *arguments, "--format", "json")[1])

    assert [each for each in report["findings"] if each["check"] == "stale-baseline-entry"] == []
    if "--select" not in arguments:
        assert "0 gone, 2 findings left" in run("baseline", "prune", *OURS, *arguments)[1]


def test_a_check_that_does_not_load_makes_no_entry_stale(run: Run, tmp_path: Path) -> None:
    """Its findings may be there all the same."""
    Path("main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)
    (tmp_path / "ours/short_pet.py").write_text("import gone")

    assert run("baseline", "prune", *OURS)[:2] == (4, ".guardrails-baseline.json: 0 gone, 1 finding left\n")


def test_what_nobody_may_suppress_is_no_part_of_it(run: Run) -> None:
    """Neither written, nor hidden by an entry that is there."""
    Path("main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)
    Path("guardrails.toml").write_text('unsuppressible = ["short-pet"]')
    assert run("check", *ONE)[0] == 1

    code, out, error = run("baseline", "write", *OURS, "--force")
    assert (code, out, error) == (
        0,
        ".guardrails-baseline.json: 0 findings, 0 new, 1 gone\n",
        "guardrails: 1 left out, for the configuration lets nobody suppress them: short-pet\n",
    )


def test_an_entry_that_says_something_else_hides_nothing(run: Run) -> None:
    """A fingerprint under a harmless name is a lie."""
    Path("main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)
    path = Path(".guardrails-baseline.json")
    path.write_text(path.read_text().replace("short-pet", "old-pet"))
    assert run("check", *ONE)[0] == 1


def test_a_check_that_gets_another_name_keeps_its_entries(run: Run, tmp_path: Path) -> None:
    """Its former id is an alias: nothing is new, and nothing is stale."""
    Path("main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)
    text = CHECK.replace('id = "short-pet"', 'id = "short-name"\n    aliases = ("short-pet",)')
    (tmp_path / "ours/short_pet.py").write_text(text)

    assert run("check", *OURS, "--select", "short-name,stale-baseline-entry", "-q") == (0, "", "")
    assert run("baseline", "write", *OURS)[:2] == (0, ".guardrails-baseline.json: 1 finding, 0 new\n")


def test_an_audit_wants_none(run: Run) -> None:
    """The profile looks past the baseline."""
    Path("main.tf").write_text(ORDERS)
    run("baseline", "write", *OURS)
    assert run("check", *ONE, "--profile", "audit")[0] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("[]", "this is no baseline of version 1"),
        ('{"version": 2, "findings": []}', "this is no baseline of version 1"),
        ('{"version": 1}', "there is no list `findings`"),
        (
            '{"version": 1, "findings": [{"check": "a"}]}',
            "finding 1 has not the texts path, resource, check, source, fingerprint",
        ),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_a_usage_error(run: Run, text: str, message: str) -> None:
    """Nothing is told rather than everything or too little."""
    Path("main.tf").write_text(ORDERS)
    Path(".guardrails-baseline.json").write_text(text)
    assert run("check", *ONE) == (2, "", f"guardrails: .guardrails-baseline.json: {message}\n")


def test_a_pipe_is_no_baseline(run: Run) -> None:
    """It would block."""
    Path("main.tf").write_text(ORDERS)
    os.mkfifo(".guardrails-baseline.json")
    assert run("check", *ONE)[2] == "guardrails: .guardrails-baseline.json: it is no regular file\n"


def test_one_that_is_named_has_to_be_there(run: Run) -> None:
    """On the command line or in the configuration."""
    Path("main.tf").write_text(ORDERS)
    assert run("check", *ONE, "--baseline", "gone.json")[2] == "guardrails: gone.json: No such file or directory\n"
    Path("guardrails.toml").write_text('baseline = "known.json"')
    assert run("check", *ONE)[2] == "guardrails: known.json: No such file or directory\n"
    run("baseline", "write", *OURS)
    assert (run("check", *ONE)[0], os.path.exists("known.json")) == (0, True)
