"""Profiles, overrides for parts of the tree, and policy packs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.commands.repository import CHECK, Run, pet, runner, started, write


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty git repository."""
    started(tmp_path, monkeypatch)
    return runner(capsys)


def graded(tmp_path: Path, severity: str) -> None:
    """Give the check a severity."""
    (tmp_path / "ours/short_pet.py").write_text(CHECK % severity)


def told(run: Run, *arguments: str) -> list[tuple[str, str]]:
    """Resources and severities of what the check finds."""
    report = json.loads(run("check", "--checks", "../ours", "--format", "json", *arguments)[1])
    return [(each["resource"], each["severity"]) for each in report["findings"] if each["check"] == "short-pet"]


@pytest.mark.parametrize(
    ("severity", "profile", "count"),
    [
        ("LOW", "regular", 0),
        ("MEDIUM", "regular", 1),
        ("INFO", "strict", 1),
        ("INFO", "audit", 1),
    ],
)
def test_a_profile_asks_checks_by_severity(run: Run, tmp_path: Path, severity: str, profile: str, count: int) -> None:
    """Regular starts at medium; strict and audit ask everything."""
    graded(tmp_path, severity)
    write(main_tf=pet("a"))
    assert len(told(run, "--profile", profile)) == count


def test_a_selection_and_a_configured_severity_win_over_the_profile(run: Run, tmp_path: Path) -> None:
    """Who names a check means it."""
    graded(tmp_path, "LOW")
    write(main_tf=pet("a"))
    assert told(run, "--profile", "regular", "--select", "short-pet") == [("random_pet.a", "low")]

    Path("guardrails.toml").write_text('profile = "regular"\n[severity]\nshort-pet = "high"\n')
    assert told(run) == [("random_pet.a", "high")]


MAYBE = pet("a").replace("{\n", "{\n  count = var.on ? 1 : 0\n", 1) + 'variable "on" {}\n'


def test_regular_does_not_find_what_may_not_exist(run: Run) -> None:
    """It is undecided then, with the reason, and not silent."""
    write(main_tf=MAYBE)
    assert told(run, "--profile", "strict") == [("random_pet.a[*]", "medium")]

    report = json.loads(run("check", "--checks", "../ours", "--format", "json", "--profile", "regular")[1])
    assert report["findings"] == []
    assert [(each["check"], each["reason"]) for each in report["undecided"]] == [
        ("short-pet", "random_pet.a[*] may exist: count of random_pet.a is unknown: var.on has no value")
    ]


@pytest.mark.parametrize(("profile", "code"), [("regular", 0), ("strict", 0), ("audit", 4)])
def test_an_audit_is_incomplete_where_nobody_knows(run: Run, profile: str, code: int) -> None:
    """An undecided result changes the exit code of an audit alone."""
    write(main_tf=pet("a", "var.length") + 'variable "length" {}\n')
    assert run("check", "--checks", "../ours", "--select", "short-pet", "--profile", profile)[0] == code
    assert run("check", "--checks", "../ours", "--profile", profile, "--allow-incomplete")[0] == 0


OVERRIDES = """\
profile = "regular"

[[override]]
path = "prod"
profile = "strict"

[[override]]
path = "prod/old"
ignore = ["short-*"]

[[override]]
path = "*.tofu"
severity = { short-pet = "critical" }
"""


def test_parts_of_the_tree_have_settings_of_their_own(run: Run, tmp_path: Path) -> None:
    """Stricter, looser and graded anew; the last one that covers a file wins."""
    graded(tmp_path, "LOW")
    Path("guardrails.toml").write_text(OVERRIDES)
    write(dev__main_tf=pet("dev"), prod__main_tf=pet("prod"), prod__old__main_tf=pet("old"))
    Path("other").mkdir()
    Path("other/main.tofu").write_text(pet("tofu"))

    assert told(run) == [("random_pet.tofu", "critical"), ("random_pet.prod", "low")]


def test_a_suppression_where_a_check_does_not_count_is_no_fault(run: Run) -> None:
    """It would hide the finding if the check counted there."""
    Path("guardrails.toml").write_text('[[override]]\npath = "a"\nignore = ["short-pet"]\n')
    comment = '# guardrails: ignore[short-pet] reason="x"\n'
    write(a__main_tf=comment + pet("a"), b__main_tf=pet("b"))
    assert run("check", "--checks", "../ours", "-q")[1].splitlines()[0].startswith("b/main.tf:2:3: medium:")
    assert "unused-suppression" not in run("check", "--checks", "../ours", "-q")[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('profile = "strong"', "1: `profile`: Invalid enum value 'strong': there are regular, strict, audit"),
        ('[[override]]\nignore = ["x"]', "1: `override[0]`: Object missing required field `path`"),
        ('[[override]]\npath = "a"\nprofil = "audit"', "3: there is no key `profil`: did you mean `profile`?"),
        ("[checkov]\ntimout = 3", "2: there is no key `timout`: did you mean `timeout`?"),
        ('engines = ["trivy"]', "1: `engines[0]`: Invalid enum value 'trivy': there are checkov"),
        ('baseline = "../known.json"', "1: `baseline` leaves the folder of a file that was found, not given"),
        ('packs = ["../pack"]', "1: `packs` leaves the folder of a file that was found, not given"),
    ],
)
def test_a_wrong_configuration_is_told_with_its_line(run: Run, text: str, message: str) -> None:
    """The file, the line and the key."""
    Path("guardrails.toml").write_text(text)
    assert run("check") == (2, "", f"guardrails: guardrails.toml:{message}\n")


def test_an_override_of_an_unknown_check_is_a_usage_error(run: Run) -> None:
    """A misspelt id would do nothing."""
    write(main_tf=pet("a"))
    Path("guardrails.toml").write_text('[[override]]\npath = "a"\nignore = ["short-pat"]\n')
    assert run("check", "--checks", "../ours")[2].startswith("guardrails: no check, kind or severity is called")


PACK = 'fail-on = "critical"\nunsuppressible = ["short-pet"]\n[severity]\nshort-pet = "high"\n'


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A policy pack with settings and the check, as the package `acme_policies`."""
    folder = tmp_path / "site/acme_policies"
    (folder / "checks").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "pack.toml").write_text(PACK)
    (folder / "checks/short_pet.py").write_text(CHECK % "LOW")
    return folder


def severities(run: Run, *arguments: str) -> tuple[int, list[str]]:
    """The exit code, and severities of what the check finds."""
    code, out, _ = run("check", "--format", "json", *arguments)
    found = json.loads(out)["findings"]
    return code, [each["severity"] for each in found if each["check"] == "short-pet"]


def test_a_pack_gives_settings_and_checks(run: Run, pack: Path) -> None:
    """From a folder that the command line names, below what the configuration says."""
    write(main_tf=pet("a"))
    assert severities(run, "--pack", str(pack)) == (0, ["high"])

    Path("guardrails.toml").write_text('fail-on = "low"\n[severity]\nshort-pet = "info"\n')
    assert severities(run, "--pack", str(pack)) == (0, ["info"])

    Path("guardrails.toml").write_text('fail-on = "low"\n')
    assert severities(run, "--pack", str(pack)) == (1, ["high"])


def test_an_installed_pack_is_named(run: Run, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its entry point: what is installed is the user's own choice, so a configuration that was found may name it."""
    metadata = pack.parent / "acme_policies-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-policies\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[guardrails.packs]\nacme = acme_policies\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(pack.parent)])
    Path("guardrails.toml").write_text('packs = ["acme"]')
    write(main_tf=pet("a"))
    assert severities(run) == (0, ["high"])


def test_a_pack_in_the_tree_brings_no_code(run: Run, pack: Path) -> None:
    """Its settings are taken; its checks only where the user names the configuration or the pack."""
    pack.rename("policies")
    write(main_tf=pet("a"))
    Path("guardrails.toml").write_text('packs = ["policies"]')

    code, _, error = run("check")
    assert (code, error.split(", and")[0]) == (2, "guardrails: guardrails.toml: the pack `policies` holds code to run")
    assert severities(run, "--config", "guardrails.toml") == (0, ["high"])

    for path in Path("policies/checks").iterdir():
        path.unlink()
    Path("policies/checks").rmdir()
    Path("policies/pack.toml").write_text('profile = "audit"')
    assert run("check")[0] == 0


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (None, "gone", "there is no pack `gone`: neither a folder nor the name of an installed one"),
        (None, "empty", "the pack `empty` has neither pack.toml nor checks/ in empty"),
        ("profil = 1", "empty", "empty/pack.toml:1: there is no key `profil`: did you mean `profile`?"),
        ('suppress = "x"', "empty", "empty/pack.toml:1: there is no key `suppress`: did you mean `unsuppressible`?"),
        ("select = 1", "empty", "empty/pack.toml:1: `select`: Expected `array`, got `int`"),
    ],
)
def test_a_pack_that_cannot_be_used_is_a_usage_error(run: Run, text: str | None, name: str, message: str) -> None:
    """The file, the line and the key."""
    Path("empty").mkdir()
    if text:
        Path("empty/pack.toml").write_text(text)
    code, _, error = run("check", "--pack", name)
    assert (code, error.startswith(f"guardrails: {message}")) == (2, True)
