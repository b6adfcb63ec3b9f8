"""The command line, end to end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import guardrails
from guardrails import cli

DEMO = Path(__file__).parent.parent / "fixtures" / "demo"

OPEN = """\
resource "aws_db_instance" "orders" {
  publicly_accessible = true
}
"""
CLOSED = OPEN.replace("true", "false")
UNDECIDED = 'variable "open" {}\n' + OPEN.replace("true", "var.open")
BROKEN = 'resource "aws_db_instance" "broken" {\n'
CRASHING = """
from guardrails import Check, Kind, Resource, Severity

class CrashingCheck(Check[Resource]):
    '''It crashes.'''
    id = "crashing-check"
    kind = Kind.COST
    severity = Severity.LOW
    hint = "Mend it."
    types = ("aws_db_instance",)
    def check(self, subject):
        raise ValueError("no such thing")
"""

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


def write(files: dict[str, str]) -> None:
    """Write files below the working directory."""
    for path, text in files.items():
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


ONE = ("--select", "public-database")


@pytest.mark.parametrize(
    ("files", "arguments", "code"),
    [
        pytest.param({"a.tf": CLOSED}, ONE, 0, id="clean"),
        pytest.param({"a.tf": UNDECIDED}, ONE, 0, id="undecided alone"),
        pytest.param({"a.tf": OPEN}, ONE, 1, id="finding"),
        pytest.param({"a.tf": OPEN}, (*ONE, "--fail-on", "high"), 1, id="finding at the threshold"),
        pytest.param({"a.tf": OPEN}, (*ONE, "--fail-on", "critical"), 0, id="finding below the threshold"),
        pytest.param({"a.tf": OPEN}, (*ONE, "--fail-on", "never"), 0, id="findings never fail"),
        pytest.param({"a.tf": OPEN}, ("--kind", "cost"), 0, id="finding of another kind"),
        pytest.param({"a.tf": OPEN}, ("--ignore", "*"), 0, id="everything ignored"),
        pytest.param({"a.tf": OPEN, "guardrails.toml": 'fail-on = "critical"'}, ONE, 0, id="threshold configured"),
        pytest.param(
            {"a.tf": OPEN, "guardrails.toml": 'fail-on = "critical"'}, (*ONE, "--fail-on", "low"), 1, id="command wins"
        ),
        pytest.param({"a.tf": UNDECIDED}, (*ONE, "--var", "open=true"), 1, id="variable given"),
        pytest.param(
            {"a.tf": UNDECIDED, "x.tfvars": "open = true"}, (*ONE, "--var-file", "x.tfvars"), 1, id="variable file"
        ),
        pytest.param({"a.tf": CLOSED}, ("--no-such-option",), 2, id="unknown option"),
        pytest.param({"a.tf": CLOSED}, ("--format", "yaml"), 2, id="unknown format"),
        pytest.param({"a.tf": CLOSED}, ("--select", "public-databse"), 2, id="unknown check"),
        pytest.param({"a.tf": CLOSED}, ("--var", "open"), 2, id="variable without value"),
        pytest.param({"a.tf": CLOSED}, ("--var-file", "gone.tfvars"), 2, id="missing variable file"),
        pytest.param({"a.tf": CLOSED}, ("--checks", "gone"), 2, id="missing folder of checks"),
        pytest.param({"a.tf": CLOSED}, ("--config", "gone.toml"), 2, id="missing configuration"),
        pytest.param({"a.tf": CLOSED}, ("--source", "gone"), 2, id="missing source"),
        pytest.param({"a.tf": CLOSED}, ("gone",), 2, id="missing path"),
        pytest.param({"a.tf": CLOSED}, ("--output", "json=gone/x.json"), 2, id="output that cannot be written"),
        pytest.param({"a.tf": CLOSED, "guardrails.toml": "selct = []"}, (), 2, id="wrong configuration"),
        pytest.param({"a.tf": CLOSED, "guardrails.toml": 'checks = ["c"]'}, (), 2, id="code named by a found file"),
        pytest.param({}, (), 3, id="empty folder"),
        pytest.param({"README.md": "# Hello"}, (), 3, id="folder without Terraform"),
        pytest.param({"a.tf": "locals {}"}, (), 3, id="folder without a resource"),
        pytest.param({"a.tf": "locals {}"}, ("a.tf",), 0, id="named file without a resource"),
        pytest.param({"a.tf": BROKEN}, ONE, 4, id="broken file"),
        pytest.param({"a.tf": CLOSED, "b.tf": BROKEN}, ONE, 4, id="broken file beside a good one"),
        pytest.param({"a.tf": CLOSED, "b.tf": BROKEN}, (*ONE, "--allow-incomplete"), 0, id="incomplete is allowed"),
        pytest.param({"a.tf": OPEN, "b.tf": BROKEN}, ONE, 4, id="incomplete comes before findings"),
        pytest.param(
            {"a.tf": OPEN, "b.tf": BROKEN}, (*ONE, "--allow-incomplete"), 1, id="findings of an incomplete picture"
        ),
        pytest.param({"a.tf": BROKEN}, (*ONE, "--allow-incomplete"), 3, id="nothing was read at all"),
        pytest.param({"a.tf": CLOSED + 'module "m" {\n  source = "./gone"\n}\n'}, ONE, 4, id="missing module"),
        pytest.param({"a.tf": CLOSED, "c/x.py": CRASHING}, ("--checks", "c", "--kind", "cost"), 4, id="crashing check"),
        pytest.param({"a.tf": CLOSED, "c/x.py": "import gone"}, (*ONE, "--checks", "c"), 4, id="check does not load"),
        pytest.param({"plan.json": "{"}, ("plan.json",), 4, id="broken plan"),
        pytest.param({"plan.bin": "PK\x03\x04"}, ("plan.bin",), 4, id="binary plan"),
    ],
)
def test_exit_codes(run: Run, files: dict[str, str], arguments: tuple[str, ...], code: int) -> None:
    """Every way in which a run can end has its code."""
    write(files)
    assert run("check", *arguments)[0] == code


@pytest.mark.parametrize(
    ("files", "arguments", "message"),
    [
        ({}, ("gone",), "guardrails: no such file or directory: gone\n"),
        ({}, (), "guardrails: nothing to scan in .: no resource was found\n"),
        (
            {"a.tf": CLOSED},
            ("--select", "public-databse"),
            "guardrails: no check, kind or severity is called 'public-databse': did you mean public-database?\n",
        ),
        (
            {"guardrails.toml": "\nselct = []"},
            (),
            "guardrails: guardrails.toml:2: there is no key `selct`: did you mean `select`?\n",
        ),
        ({}, ("--checks", "gone"), "guardrails: there is no folder of checks at gone\n"),
        ({}, ("--var", "x"), "guardrails: `--var x`: write NAME=VALUE\n"),
        ({}, ("gone\x1b[2J",), "guardrails: no such file or directory: gone\\u001b[2J\n"),
    ],
)
def test_what_is_wrong_is_said_on_stderr(
    run: Run, files: dict[str, str], arguments: tuple[str, ...], message: str
) -> None:
    """One line, without control characters."""
    write(files)
    assert run("check", *arguments)[2] == message


def test_text_output(run: Run) -> None:
    """The whole output of a small run."""
    write({"infra/main.tf": OPEN, "infra/other.tf": UNDECIDED.replace("orders", "users")})

    code, out, err = run("check", "infra", *ONE)

    assert (code, err) == (1, "")
    assert out == (
        """\
infra/main.tf:2:3: high: `publicly_accessible` is true: the database has a public address [public-database]
  aws_db_instance.orders
 1 | resource "aws_db_instance" "orders" {
 2 |   publicly_accessible = true
   |   ^^^^^^^^^^^^^^^^^^^^^^^^^^
   why: With a route to an internet gateway, one open security group rule is all that stands between
        the internet and the database's login: scanners find a new database port within minutes.
        Without a public address, no rule that somebody opens later can expose it.
   fix: Set `publicly_accessible = false` and reach the database from inside the VPC, or through
        Session Manager.
        publicly_accessible = false

Could not be decided (1):
  var.open has no value
    public-database of aws_db_instance.users

1 finding: 1 high (1 security) in 2 resources, 1 check.
1 undecided.
"""
    )


def test_several_outputs_at_once(run: Run) -> None:
    """Formats go to their files while text is printed; a file without a format takes what would be printed."""
    write({"a.tf": OPEN})

    code, out, _ = run("check", *ONE, "--output", "sarif=x.sarif", "--output", "json=x.json")
    assert (code, out.startswith("a.tf:2:3: high: ")) == (1, True)
    assert json.loads(Path("x.sarif").read_text())["version"] == "2.1.0"
    assert json.loads(Path("x.json").read_text())["findings"][0]["check"] == "public-database"

    _, out, _ = run("check", *ONE, "--format", "json", "--output", "only.json")
    assert (out, Path("only.json").read_text()) == ("", Path("x.json").read_text())


def test_colours_are_for_terminals(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets plain text unless colours are forced, and NO_COLOR and --no-color win."""
    write({"a.tf": OPEN})
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in run("check")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31mhigh" in run("check")[1]
    assert "\x1b" not in run("check", "--no-color")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("check")[1]


def test_quiet_says_nothing_of_a_clean_run(run: Run) -> None:
    """No summary, and no progress where stderr is no terminal."""
    write({"a.tf": CLOSED})
    assert run("check", "--quiet", *ONE) == (0, "", "")


def test_suppressions_of_files_and_comments(run: Run) -> None:
    """A comment and a line of the configuration hide findings, and the report says so."""
    write(
        {
            "a.tf": OPEN.replace("true", 'true # guardrails: ignore[public-database] reason="a demo"'),
            "legacy/b.tf": OPEN.replace("orders", "old"),
            "guardrails.toml": '[[suppress]]\ncheck = "public-*"\npath = "legacy"\nreason = "goes away"',
        }
    )

    code, out, _ = run("check", ".", "--format", "json", *ONE)

    report = json.loads(out)
    assert (code, report["findings"]) == (0, [])
    assert [(each["resource"], each["reason"]) for each in report["suppressed"]] == [
        ("aws_db_instance.orders", "a demo"),
        ("aws_db_instance.old", "goes away"),
    ]


def test_files_given_by_name_mean_their_root_modules(run: Run) -> None:
    """Changed files give the verdict of a full run restricted to the roots that they belong to, each root once."""
    module = 'variable "open" {}\n' + OPEN.replace("true", "var.open")
    call = 'module "db" {\n  source = "../modules/db"\n  open = %s\n}\n'
    Path(".git").mkdir()
    write(
        {
            "modules/db/main.tf": module,
            "dev/main.tf": call % "false",
            "dev/more.tf": CLOSED,
            "prod/main.tf": call % "true",
            "apart/main.tf": OPEN,
        }
    )

    def findings(*paths: str) -> list[tuple[str, str]]:
        out = run("check", *paths, "--format", "json", *ONE)[1]
        return [(each["resource"], each["fingerprint"]) for each in json.loads(out)["findings"]]

    everything = findings(".")
    assert [address for address, _ in everything] == ["aws_db_instance.orders", "module.db.aws_db_instance.orders"]
    assert findings("dev/main.tf", "dev/more.tf") == []
    assert findings("prod/main.tf") == everything[1:]
    assert findings("modules/db/main.tf", "dev/more.tf") == everything[1:]
    assert findings("apart/main.tf", "prod/main.tf") == everything


def test_fingerprints_do_not_depend_on_the_working_directory(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a repository, a run in a folder and a run above it name findings alike."""
    write({"infra/a.tf": OPEN})
    Path(".git").mkdir()

    def fingerprint(path: str) -> object:
        return json.loads(run("check", path, "--format", "json", *ONE)[1])["findings"][0]["fingerprint"]

    above = fingerprint("infra")
    monkeypatch.chdir("infra")
    assert fingerprint(".") == above


def test_a_new_check_works_at_once(run: Run) -> None:
    """`new` makes a check that `test` passes, `check` runs, `checks` lists and `explain` explains."""
    write({"infra/main.tf": 'resource "aws_cloudwatch_log_group" "app" {\n  name = "app"\n}\n'})

    made = run("new", "endless-logs", "--area", "account", "--kind", "cost", "--checks", "our")
    again = run("new", "endless-logs", "--area", "account", "--checks", "our")
    tested = run("test", "our")
    tested_alone = run("test", "our/account/endless_logs.py")
    checked = run("check", "infra", "--checks", "our", "--select", "endless-logs", "--format", "json")
    listed = run("checks", "--checks", "our", "--select", "endless-logs")
    explained = run("explain", "endless-logs", "--checks", "our")

    assert (made[0], made[1].split(" is made")[0]) == (0, "our/account/endless_logs.py")
    assert (again[0], again[2]) == (2, "guardrails: our/account/endless_logs.py is there already\n")
    assert tested == tested_alone == (0, "1 example of 1 check: all hold.\n", "")
    assert (checked[0], json.loads(checked[1])["findings"][0]["kind"]) == (1, "cost")
    assert listed[1].startswith("endless-logs  cost          medium    ")
    assert explained[1].startswith("endless-logs\n\nA log group keeps what it gets for ever.\n")


@pytest.mark.parametrize("arguments", [("Endless_Logs",), ("endless-logs", "--area", "../up")])
def test_a_new_check_stays_in_its_folder(run: Run, arguments: tuple[str, ...]) -> None:
    """Names that are no names are refused."""
    assert run("new", *arguments)[0] == 2
    assert list(Path().iterdir()) == []


def test_a_failing_example_fails(run: Run) -> None:
    """The sentence names the example and the line."""
    run("new", "endless-logs", "--checks", "our")
    path = Path("our/endless_logs.py")
    path.write_text(path.read_text().replace("# finding", ""))

    code, out, _ = run("test", "our")

    assert (code, out) == (
        1,
        "FAIL endless-logs-1: bad: main.tf:1: a finding that is not marked\n1 example of 1 check: 1 failed.\n",
    )


def test_the_list_of_checks(run: Run) -> None:
    """As JSON, each has what others build on."""
    code, out, _ = run("checks", "--format", "json", *ONE)

    (check,) = json.loads(out)["checks"]
    assert code == 0
    assert (check["id"], check["area"], check["kind"], check["severity"]) == (
        "public-database",
        "network",
        "security",
        "high",
    )


@pytest.mark.parametrize("name", ["public-database", "CKV_AWS_17", "unused-suppression"])
def test_checks_are_explained_by_any_name(run: Run, name: str) -> None:
    """Ours, other tools', and those of suppressions."""
    assert (run("explain", name)[0], run("explain", name, "--format", "markdown")[1][:2]) == (0, "# ")


def test_an_unknown_check_is_not_explained(run: Run) -> None:
    """A near miss is named."""
    assert run("explain", "public-databse") == (
        2,
        "",
        "guardrails: there is no check 'public-databse': did you mean public-database?\n",
    )


def test_the_design_is_shown(run: Run) -> None:
    """Values, unknown ones with their reasons, and references, as text and as JSON."""
    write(
        {
            "a.tf": UNDECIDED
            + """
resource "aws_security_group" "a" {
  name   = "a"
  vpc_id = aws_vpc.main.id
}
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
"""
        }
    )

    code, out, _ = run("show", "--format", "json")
    text = run("show")[1]

    shown = {each["address"]: each for each in json.loads(out)["resources"]}
    group = shown["aws_security_group.a"]
    assert code == 0
    assert (group["type"], group["mode"], group["values"]["name"]) == ("aws_security_group", "managed", "a")
    assert (group["references"], group["location"]["line"]) == (["aws_vpc.main"], 6)
    assert group["unknown"]["vpc_id"] == "known after apply: aws_vpc.main.id"
    assert group["values"].keys() == {"name", "tags_all"}
    assert shown["aws_db_instance.orders"]["unknown"]["publicly_accessible"] == "var.open has no value"
    assert '  cidr_block = "10.0.0.0/16"\n' in text
    assert "  publicly_accessible = ?  var.open has no value\n" in text


@pytest.mark.parametrize(("files", "code"), [({}, 3), ({"a.tf": BROKEN}, 4), ({"a.tf": CLOSED}, 0)])
def test_exit_codes_of_show(run: Run, files: dict[str, str], code: int) -> None:
    """What could not be read is said there, too."""
    write(files)
    assert run("show")[0] == code


def test_numbers_of_terraforms_precision_are_shown(run: Run) -> None:
    """A third has more digits than a float."""
    write({"a.tf": 'resource "x_y" "z" {\n  n = 1 / 3\n}\n'})

    resources = json.loads(run("show", "--format", "json")[1])["resources"]

    assert [each["values"] for each in resources] == [{"n": 1 / 3}]


def test_sensitive_values_are_in_no_output(run: Run) -> None:
    """Neither a sensitive variable nor a password shows, whatever the format."""
    write(
        {
            "a.tf": 'variable "key" {\n  sensitive = true\n  default = "hunter2"\n}\n'
            + OPEN.replace("}", '  password = "hunter2"\n  username = var.key\n}')
        }
    )
    for name in ("text", "json", "sarif", "junit", "github", "markdown"):
        assert "hunter2" not in run("check", "--format", name)[1]
    assert "hunter2" not in run("show")[1]
    assert "hunter2" not in run("show", "--format", "json")[1]


def test_only_the_called_command_is_loaded() -> None:
    """`check` imports no other command, and the version not even Typer."""
    code = (
        "import sys\n"
        "from guardrails.__main__ import main\n"
        "sys.argv = ['guardrails', '--version']\n"
        "main()\n"
        "print('typer' in sys.modules)\n"
        "from guardrails.cli import application\n"
        "application(['check'])\n"
        "loaded = [name for name in sys.modules if name.startswith('guardrails.commands.')]\n"
        "print(sorted(name.rpartition('.')[2] for name in loaded), 'rich' in sys.modules)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == [
        f"guardrails {guardrails.__version__}",
        "False",
        "['_before', '_engines', '_live', '_progress', '_shared', 'check'] False",
    ]


def test_every_command_is_listed(run: Run) -> None:
    """Help shows the commands, a misspelt one is a usage error."""
    code, out, _ = run("--help")
    assert code == 0
    for name in ("check", "checks", "explain", "new", "show", "test"):
        assert f" {name} " in out
    assert run("chek")[0] == 2


def test_check_needs_neither_network_nor_the_libraries_of_others() -> None:
    """With sockets and the imports of python-hcl2, boto3 and rich blocked, the demo gives its findings."""
    code = (
        "import socket, sys\n"
        "def blocked(*_, **__): raise RuntimeError('network')\n"
        "socket.socket = socket.create_connection = socket.getaddrinfo = blocked\n"
        "for name in ('hcl2', 'boto3', 'botocore', 'rich'): sys.modules[name] = None\n"
        "from guardrails.cli import run\n"
        "run(['check', '.', '--format', 'json'])\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=DEMO, capture_output=True, text=True, check=False)

    report = json.loads(shown.stdout)
    assert (shown.returncode, shown.stderr, report["errors"]) == (1, "", [])
    assert {each["kind"] for each in report["findings"]} >= {"security", "productivity"}


def test_the_scanned_folder_runs_no_code(tmp_path: Path) -> None:
    """`python -m guardrails` imports nothing from the folder that it stands in."""
    write_bomb = "raise SystemExit('ran code of the scanned tree')"
    (tmp_path / "a.tf").write_text(CLOSED)
    for name in ("typer", "rich", "msgspec", "tree_sitter", "json", "checks"):
        (tmp_path / f"{name}.py").write_text(write_bomb)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "bomb.py").write_text(write_bomb)

    shown = subprocess.run(
        [sys.executable, "-m", "guardrails", "check", *ONE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (shown.returncode, shown.stderr) == (0, "")


def test_a_reader_that_leaves_changes_nothing(tmp_path: Path) -> None:
    """The exit code is that of the findings, without a traceback."""
    shutil.copytree(DEMO, tmp_path / "demo")
    command = [sys.executable, "-m", "guardrails", "check", "demo"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        error = process.stderr.read()
        assert (process.wait(60), error) == (1, b"")


def test_a_bug_of_ours_never_looks_like_findings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error exits 4, with its trace on stderr."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("guardrails.engine.run", broken)
    write({"a.tf": CLOSED})
    code, out, err = run("check")
    assert (code, out) == (4, "")
    assert "ZeroDivisionError: a bug" in err


def test_other_languages_do_not_break_output(tmp_path: Path) -> None:
    """A terminal that cannot show a character gets its escape."""
    (tmp_path / "ä.tf").write_text(OPEN)
    shown = subprocess.run(
        [sys.executable, "-m", "guardrails", "check", *ONE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert shown.returncode == 1
    assert shown.stdout.startswith(b"\\xe4.tf:2:3: high: ")
