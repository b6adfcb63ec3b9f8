"""Configuration files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from guardrails.check import Check
from guardrails.config import Config, ConfigError, Suppression, configured, load
from guardrails.finding import Kind, Severity
from guardrails.model import Resource


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with the working directory in its folder `infra`."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "infra").mkdir()
    monkeypatch.chdir(tmp_path / "infra")
    return tmp_path


WHOLE = """
select = ["security", "open-*"]
ignore = ["low"]
kind = ["security", "cost"]
fail-on = "high"
allow-incomplete = true
var-files = ["prod.tfvars"]
unsuppressible = ["open-admin-port"]

[severity]
open-admin-port = "critical"

[[suppress]]
check = "public-database"
address = "module.demo.*"
path = "demo"
reason = "a demo"
until = 2027-01-31

[[suppress]]
check = "vpc-without-*"
reason = "the network team's"
"""


def test_everything_that_can_be_said(repository: Path) -> None:
    """Every key has its type."""
    (repository / "infra/guardrails.toml").write_text(WHOLE)

    loaded = load()

    assert loaded.config == Config(
        select=("security", "open-*"),
        ignore=("low",),
        kind=(Kind.SECURITY, Kind.COST),
        fail_on=Severity.HIGH,
        allow_incomplete=True,
        var_files=("prod.tfvars",),
        severity={"open-admin-port": Severity.CRITICAL},
        unsuppressible=("open-admin-port",),
        suppress=(
            Suppression("public-database", "a demo", "module.demo.*", "demo", date(2027, 1, 31)),
            Suppression("vpc-without-*", "the network team's"),
        ),
    )
    assert (loaded.path, loaded.lines, loaded.trusted) == ("guardrails.toml", (13, 20), False)


def test_the_nearest_file_up_to_the_repository_is_found(repository: Path) -> None:
    """The working directory comes first, and guardrails.toml before pyproject.toml."""
    (repository / "pyproject.toml").write_text('[tool.guardrails]\nselect = ["c"]')
    assert load().config.select == ("c",)

    (repository / "guardrails.toml").write_text('select = ["b"]')
    assert (load().config.select, load().path, load().path_of("x/y")) == (("b",), "../guardrails.toml", "../x/y")

    (repository / "infra/pyproject.toml").write_text('[tool.guardrails]\nselect = ["a"]')
    assert load().config.select == ("a",)


def test_a_pyproject_without_our_table_is_passed_by(repository: Path) -> None:
    """It belongs to somebody else."""
    (repository / "guardrails.toml").write_text('select = ["b"]')
    (repository / "infra/pyproject.toml").write_text("[tool.ruff]\nline-length = 120")
    assert load().config.select == ("b",)


def test_nothing_above_the_repository_counts(repository: Path) -> None:
    """A file outside the repository is not found."""
    (repository / "infra/.git").mkdir()
    (repository / "guardrails.toml").write_text('select = ["b"]')
    assert load().config == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('\nselct = ["a"]', "2: there is no key `selct`: did you mean `select`?"),
        ("quux = 1", "1: there is no key `quux`: there are select, ignore, kind,"),
        (
            '[[suppress]]\ncheck = "a"\nreason = "b"\n[[suppress]]\ncheck = "a"\nreson = "b"',
            "6: there is no key `res",
        ),
        (
            '[[suppress]]\ncheck = "a"\nreason = "b"\n[[suppress]]\ncheck = "a"',
            "4: `suppress[1]`: Object missing req",
        ),
        ('\n\nfail-on = "hgh"', "3: `fail-on`: Invalid enum value 'hgh': there are info, low, medium, high, critical"),
        ('kind = ["safety"]', "1: `kind[0]`: Invalid enum value 'safety': there are security, productivity, cost"),
        ('[severity]\na = "high"\n"b-*" = "bad"', "3: `severity.b-*`: Invalid enum value 'bad'"),
        ('select = "a"', "1: `select`: Expected `array`, got `str`"),
        ('[[suppress]]\ncheck = "a"\nreason = "b"\nuntil = "soon"', "4: `suppress[0].until`: Invalid RFC3339"),
        ("select = [\n", "1: Invalid value (at end of document)"),
        ('select = ["a"]\nignore = nothing', "2: Invalid value (at line 2, column 10)"),
        ('var-files = ["../secrets.tfvars"]', "1: `var-files` leaves the folder of a file that was found, not given"),
        ('var-files = ["/etc/passwd"]', "1: `var-files` leaves the folder of a file that was found, not given"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(repository: Path, text: str, message: str) -> None:
    """A key that does not exist, has the wrong type or is missing, and TOML that is none."""
    (repository / "infra/guardrails.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value).startswith(f"guardrails.toml:{message}")


def test_lines_of_a_pyproject_are_its_own(repository: Path) -> None:
    """The table's place in the file counts."""
    (repository / "infra/pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.guardrails]\nselct = []')
    with pytest.raises(ConfigError, match=r"pyproject\.toml:5: there is no key `selct`"):
        load()


def test_a_file_that_was_found_names_no_code(repository: Path) -> None:
    """A configuration in the scanned tree cannot make guardrails run code: only one that the user names can."""
    path = repository / "infra/guardrails.toml"
    path.write_text('fail-on = "low"\nchecks = ["our-checks"]')

    with pytest.raises(ConfigError) as caught:
        load()

    assert str(caught.value) == (
        "guardrails.toml:2: `checks` names code to run, and this file was found, not given: "
        "say `--config guardrails.toml` or `--checks our-checks` if you trust it"
    )
    assert load("guardrails.toml").config.checks == ("our-checks",)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file or directory"), (b"\xff\xfe", "it is not UTF-8")]
)
def test_a_file_that_cannot_be_read(repository: Path, content: bytes | None, message: str) -> None:
    """It is named with the reason."""
    if content:
        (repository / "infra/x.toml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load("x.toml")
    assert str(caught.value) == f"x.toml: {message}"


class Aged(Check[Resource]):
    """Something is old."""

    id = "aged"
    aliases = ("old",)
    kind = Kind.COST
    severity = Severity.LOW
    hint = "Renew it."
    types = ("aws_ebs_volume",)
    days: int = 30
    share_of_use: float = 0.5
    tags: tuple[str, ...] = ("keep",)


class Plain(Check[Resource]):
    """Something is there."""

    id = "plain"
    kind = Kind.COST
    severity = Severity.LOW
    hint = "Remove it."
    types = ("aws_ebs_volume",)


def test_options_of_a_check_are_set(repository: Path) -> None:
    """Their names are in kebab-case, former ids count, and the check that was given stays as it is."""
    text = '[options.old]\ndays = 7\nshare-of-use = 0.1\ntags = ["a", "b"]'
    (repository / "infra/guardrails.toml").write_text(text)
    given = Aged()

    found = configured(load(), {"aged": given})["aged"]

    assert isinstance(found, Aged)
    assert (found.days, found.share_of_use, found.tags) == (7, 0.1, ("a", "b"))
    assert (given.days, given.share_of_use, given.tags) == (30, 0.5, ("keep",))


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("guardrails.toml", "\n[options.agd]\ndays = 7", "2: `options`: there is no check `agd`: did you mean `aged`?"),
        (
            "guardrails.toml",
            "[options.aged]\ndays = 7\ndayz = 8",
            "3: there is no key `dayz`: did you mean `days`?",
        ),
        ("guardrails.toml", '[options.aged]\ndays = "a week"', "2: `options.aged.days`: Expected `int`, got `str`"),
        ("guardrails.toml", "[options.aged]\ndays = -1", "2: `options.aged.days`: -1 is below zero"),
        (
            "pyproject.toml",
            "[project]\n[tool.guardrails.options.aged]\ndays = 1.5",
            "3: `options.aged.days`: Expected `int`, got `float`",
        ),
        ("guardrails.toml", "[options.plain]\ndays = 1", "2: plain has no options"),
    ],
)
def test_a_wrong_option_is_named_with_its_line(repository: Path, file: str, text: str, message: str) -> None:
    """A check or an option that there is not, and a value of another type."""
    (repository / "infra" / file).write_text(text)
    with pytest.raises(ConfigError) as caught:
        configured(load(), {"aged": Aged(), "plain": Plain()})
    assert str(caught.value) == f"{file}:{message}"
