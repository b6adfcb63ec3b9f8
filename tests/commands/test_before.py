"""`check --diff-base`: what a change introduces."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.repository import Run, commit, git, pet, runner, started, write


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty git repository."""
    started(tmp_path, monkeypatch)
    return runner(capsys)


def new(run: Run, reference: str = "HEAD", *arguments: str) -> list[tuple[str, str]]:
    """Resources and messages of what is new since a commit."""
    ours = os.path.relpath(os.environ["HOME"]) + "/ours"
    command = ("check", "--checks", ours, "--select", "short-pet", "--format", "json", "--diff-base", reference)
    report = json.loads(run(*command, *arguments)[1])
    return [(each["resource"], each["message"]) for each in report["findings"]]


def test_only_what_is_new_is_told(run: Run) -> None:
    """A finding that was there stays hidden when its lines move, and is in the report as suppressed."""
    commit(main_tf=pet("old"))
    write(main_tf="\n\n" + pet("new") + pet("old"))

    assert new(run) == [("random_pet.new", "its length is 1")]
    report = json.loads(run("check", "--checks", "../ours", "--format", "json", "--diff-base", "HEAD")[1])
    assert [(each["resource"], each["reason"]) for each in report["suppressed"]] == [
        ("random_pet.old", "it is so since before HEAD")
    ]


def test_a_finding_that_got_another_value_is_new(run: Run) -> None:
    """The fact is compared, not the line and not the name alone."""
    commit(main_tf=pet("a", 3))
    write(main_tf=pet("a", 2))
    assert new(run) == [("random_pet.a", "its length is 2")]


def test_what_another_line_causes_is_new(run: Run) -> None:
    """A default in a file that no finding stands in makes a finding elsewhere: no changed line tells so."""
    commit(main_tf=pet("a", "var.length"), vars_tf='variable "length" {\n  default = 20\n}\n')
    write(vars_tf='variable "length" {\n  default = 2\n}\n')
    assert new(run) == [("random_pet.a", "its length is 2")]


def test_another_root_module_is_another_place(run: Run) -> None:
    """Mended in one and made in another, the same address is new in the other."""
    commit(a__main_tf=pet("x"), b__main_tf=pet("x", 20))
    write(a__main_tf=pet("x", 20), b__main_tf=pet("x"))
    assert new(run) == [("random_pet.x", "its length is 1")]


def test_a_suppression_that_goes_makes_its_finding_new(run: Run) -> None:
    """In a comment, and in the configuration."""
    comment = '# guardrails: ignore[short-pet] reason="x"\n'
    table = '[[suppress]]\ncheck = "short-pet"\naddress = "random_pet.b"\nreason = "x"\n'
    Path("guardrails.toml").write_text(table)
    commit(main_tf=comment + pet("a") + pet("b") + pet("c"))
    assert new(run) == []

    write(main_tf=pet("a") + pet("b") + pet("c"))
    Path("guardrails.toml").write_text("")

    assert [resource for resource, _ in new(run)] == ["random_pet.a", "random_pet.b"]


def test_the_change_starts_where_the_branches_part(run: Run) -> None:
    """What the other branch has mended since is not made by this one."""
    commit(main_tf=pet("old"))
    git("checkout", "--quiet", "-b", "work")
    commit(more_tf=pet("new"))
    git("checkout", "--quiet", "main")
    commit(main_tf=pet("old", 20))
    git("checkout", "--quiet", "work")

    assert new(run, "main") == [("random_pet.new", "its length is 1")]


def test_it_holds_wherever_the_user_stands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder below, with a path beside it, and for a folder that was not there."""
    commit(modules__m__main_tf=pet("m"), live__main_tf='module "m" {\n  source = "../modules/m"\n}\n' + pet("old"))
    monkeypatch.chdir("live")
    assert new(run) == []
    assert new(run, "HEAD", "../live", str(Path.cwd())) == []

    Path("../../link").symlink_to("tree/live")
    assert new(run, "HEAD", str(Path("../../link").absolute())) == []

    os.makedirs("../fresh")
    monkeypatch.chdir("../fresh")
    write(main_tf=pet("new"))
    assert new(run) == [("random_pet.new", "its length is 1")]


def test_what_git_does_not_keep_is_the_same_before_and_after(run: Run) -> None:
    """Ignored values and installed modules are no change; a new file is."""
    Path(".gitignore").write_text("*.tfvars\n.terraform/\n")
    module = Path(".terraform/modules/m")
    module.mkdir(parents=True)
    (module / "main.tf").write_text(pet("inside"))
    manifest = {"Modules": [{"Key": "m", "Source": "example/m/aws", "Dir": ".terraform/modules/m"}]}
    (module.parent / "modules.json").write_text(json.dumps(manifest))
    Path("terraform.tfvars").write_text("length = 2\n")
    text = pet("a", "var.length") + 'variable "length" {}\nmodule "m" {\n  source = "example/m/aws"\n}\n'
    commit(main_tf=text)
    write(more_tf=pet("more"))

    assert new(run) == [("random_pet.more", "its length is 1")]


def test_a_variable_that_came_later_is_no_error(run: Run) -> None:
    """The earlier state is read without it."""
    commit(main_tf=pet("old"))
    write(main_tf=pet("old") + pet("new", "var.length") + 'variable "length" {}\n')
    assert new(run, "HEAD", "--var", "length=3") == [("random_pet.new", "its length is 3")]


def test_an_earlier_state_that_was_broken_is_told(run: Run) -> None:
    """What is old may then look new: that is said on stderr, and nothing is hidden."""
    commit(main_tf=pet("old"), bad_tf="resource {\n")
    write(bad_tf=pet("new"))

    code, _, error = run("check", "--checks", "../ours", "--select", "short-pet", "-q", "--diff-base", "HEAD")

    assert code == 1
    assert error.startswith("guardrails: what is old may be told as new: before HEAD, bad.tf:")


@pytest.mark.parametrize("reference", ["gone", "--output=x", "HEAD:main.tf", ""])
def test_a_commit_that_is_not_there_is_a_usage_error(run: Run, reference: str) -> None:
    """Whatever it looks like."""
    commit(main_tf=pet("old"))
    code, _, error = run("check", f"--diff-base={reference}")
    assert (code, error) == (
        2,
        f"guardrails: --diff-base: there is no commit {reference}: a shallow clone has to fetch it first\n",
    )
    assert not Path("x").exists()


def test_outside_of_a_repository_it_is_a_usage_error(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to compare with."""
    (tmp_path / "bare").mkdir()
    monkeypatch.chdir(tmp_path / "bare")
    assert run("check", "--diff-base", "HEAD") == (
        2,
        "",
        f"guardrails: --diff-base: {tmp_path / 'bare'} is no git repository\n",
    )


def test_nothing_that_the_repository_names_is_run(run: Run, tmp_path: Path) -> None:
    """Hooks, filters, text conversions, a file system monitor, a diff tool and a transport: none of them is started."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung-$$\ncat\n")
    trap.chmod(0o755)
    Path(".gitattributes").write_text("* filter=trap diff=trap merge=trap export-subst\n")
    commit(main_tf=pet("old"))
    for name in os.listdir(".git/hooks"):
        os.unlink(f".git/hooks/{name}")
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"):
        Path(".git/hooks", name).symlink_to(trap)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.gitProxy",
        "diff.external",
        "diff.trap.textconv",
        "diff.trap.command",
        "filter.trap.smudge",
        "filter.trap.clean",
        "filter.trap.process",
        "alias.ls-tree",
        "alias.cat-file",
        "tar.tar.command",
        "credential.helper",
        "gpg.program",
    ):
        git("config", key, str(trap))
    write(main_tf=pet("old") + pet("new"))

    assert new(run) == [("random_pet.new", "its length is 1")]
    assert list(tmp_path.glob("sprung-*")) == []


def test_a_missing_object_is_not_fetched(run: Run, tmp_path: Path) -> None:
    """The remote of a partial clone is a command of whoever wrote the configuration: it is told, and not run."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    commit(main_tf=pet("old"))
    done = subprocess.run(["git", "rev-parse", "HEAD:main.tf"], capture_output=True, text=True, check=True)
    name = done.stdout.strip()
    Path(".git/objects", name[:2], name[2:]).unlink()
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::{trap}"),
        ("protocol.ext.allow", "always"),
        ("protocol.allow", "always"),
    ):
        git("config", key, value)

    code, _, error = run("check", "--diff-base", "HEAD")

    assert (code, (tmp_path / "sprung").exists()) == (2, False)
    assert error.startswith("guardrails: --diff-base: main.tf of ")


def test_links_do_not_lead_out(run: Run, tmp_path: Path) -> None:
    """A committed link to a folder outside is not followed, neither for reading nor for writing."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/main.tf").write_text(pet("outside"))
    Path("link").symlink_to(tmp_path / "outside")
    Path("inside.tf").symlink_to("main.tf.txt")
    Path("main.tf.txt").write_text(pet("linked"))
    commit(main_tf=pet("old"))
    write(main_tf=pet("old") + pet("new"))
    assert new(run) == [("random_pet.new", "its length is 1")]


def test_the_working_tree_is_left_alone(run: Run) -> None:
    """No file, no index and no reference of the repository changes."""
    commit(main_tf=pet("old"))
    write(main_tf=pet("new"))

    def state() -> dict[str, tuple[int, int]]:
        paths = [path for path in Path().rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}

    before = state()
    new(run)
    assert state() == before
