"""`guardrails init`, and the way of a new user with an old repository."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.commands.repository import Run, git, runner, started

DEMO = Path(__file__).parent.parent.parent / "fixtures" / "demo"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty git repository."""
    started(tmp_path, monkeypatch)
    return runner(capsys)


def wrote(out: str) -> list[str]:
    """The files that were written."""
    return [line.removeprefix("wrote ") for line in out.splitlines() if line.startswith("wrote ")]


def test_three_commands_make_an_old_repository_clean(run: Run) -> None:
    """`init`, `baseline write`, and the next run is clean; what comes later is told."""
    shutil.copytree(DEMO, ".", dirs_exist_ok=True)
    assert run("check", "-q")[0] == 1

    assert run("init")[0] == 0
    assert run("baseline", "write")[0] == 0
    assert run("check", "-q") == (0, "", "")

    Path("more.tf").write_text(
        'resource "aws_security_group" "more" {\n  vpc_id = "vpc-1"\n  ingress {\n    protocol = "tcp"\n'
        '    from_port = 22\n    to_port = 22\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n'
    )
    code, out, _ = run("check", "-q", "--select", "open-admin-port")
    assert (code, out.splitlines()[1]) == (1, "  aws_security_group.more")


def test_github_gets_a_workflow(run: Run) -> None:
    """By a remote alone. The job may read the checkout and no more, and its actions are pinned."""
    git("remote", "add", "origin", "git@github.com:example/infrastructure.git")

    code, out, _ = run("init")

    assert (code, wrote(out)) == (
        0,
        ["guardrails.toml", ".pre-commit-config.yaml", ".github/workflows/guardrails.yml"],
    )
    workflow = yaml.safe_load(Path(".github/workflows/guardrails.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["guardrails"]["steps"]
    assert [len(step["uses"].partition("@")[2]) for step in steps if "uses" in step] == [40, 40]
    assert steps[-1]["run"] == "guardrails check --format github --step-summary"
    hooks = yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert (hooks[0]["entry"], hooks[0]["pass_filenames"]) == ("guardrails check --quiet", False)
    assert tomllib.loads(Path("guardrails.toml").read_text()) == {"profile": "regular", "fail-on": "low"}


def test_gitlab_gets_a_job(run: Run) -> None:
    """In a file of its own, which the pipeline includes."""
    git("remote", "add", "origin", "https://gitlab.example.com/infrastructure.git")

    _, out, _ = run("init")

    assert wrote(out)[2:] == [".gitlab/guardrails.yml", ".gitlab-ci.yml"]
    assert yaml.safe_load(Path(".gitlab-ci.yml").read_text()) == {"include": [{"local": ".gitlab/guardrails.yml"}]}
    job = yaml.safe_load(Path(".gitlab/guardrails.yml").read_text())["guardrails"]
    assert job["script"][-1] == "guardrails check --output gitlab=gl-code-quality-report.json"


def test_what_others_use_too_is_left_alone(run: Run) -> None:
    """What to add to a pipeline and to the hooks that are there is printed, even with --force."""
    for name in (".gitlab-ci.yml", ".pre-commit-config.yaml"):
        Path(name).write_text("# ours\n")

    for arguments in ((), ("--force",)):
        _, out, _ = run("init", *arguments)
        assert wrote(out) == ["guardrails.toml", ".gitlab/guardrails.yml"]
        assert "add the hook to .pre-commit-config.yaml, below `repos:`:" in out
        assert "  - local: .gitlab/guardrails.yml" in out
        assert Path(".gitlab-ci.yml").read_text() == Path(".pre-commit-config.yaml").read_text() == "# ours\n"


def test_nothing_is_written_where_a_file_is_there(run: Run) -> None:
    """All or nothing; --force writes anew."""
    Path("guardrails.toml").write_text('profile = "audit"\n')

    assert run("init") == (2, "", "guardrails: guardrails.toml: there already; --force writes anew\n")
    assert (os.path.exists(".pre-commit-config.yaml"), Path("guardrails.toml").read_text()) == (
        False,
        'profile = "audit"\n',
    )
    assert run("init", "--force")[0] == 0
    assert tomllib.loads(Path("guardrails.toml").read_text())["profile"] == "regular"


def test_a_configuration_in_pyproject_stays_the_one(run: Run) -> None:
    """A second file would win over it."""
    Path("pyproject.toml").write_text('[tool.guardrails]\nprofile = "audit"\n')
    _, out, _ = run("init")
    assert "guardrails.toml" not in wrote(out)


def test_plans_and_checkov_are_seen(run: Run) -> None:
    """A pipeline that plans is told how to check the plan; checkov's users keep its rules."""
    Path(".github/workflows").mkdir(parents=True)
    Path(".github/workflows/deploy.yml").write_text("jobs:\n  a:\n    steps:\n      - run: terraform plan -out x\n")
    Path(".checkov.yaml").write_text("quiet: true\n")

    _, out, _ = run("init")

    assert ".github/workflows/deploy.yml makes plans: a plan knows more than the files do." in out
    assert tomllib.loads(Path("guardrails.toml").read_text())["engines"] == ["checkov"]


def test_links_do_not_lead_out(run: Run, tmp_path: Path) -> None:
    """A folder of the repository that is a link elsewhere is not written to."""
    (tmp_path / "outside").mkdir()
    Path(".github").symlink_to(tmp_path / "outside")
    code, _, error = run("init")
    assert (code, list((tmp_path / "outside").iterdir())) == (2, [])
    assert error == f"guardrails: .github/workflows/guardrails.yml is not inside {Path.cwd()}\n"


def test_it_writes_at_the_root(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever in the repository the user stands."""
    Path("a/b").mkdir(parents=True)
    monkeypatch.chdir("a/b")
    assert wrote(run("init")[1]) == ["../../guardrails.toml", "../../.pre-commit-config.yaml"]
