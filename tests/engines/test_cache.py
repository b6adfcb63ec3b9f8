"""The cache of checkov's answers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from guardrails.engines.cache import KEEP_ENTRIES, Cache
from guardrails.engines.inputs import digest_of_tree
from tests.engines.checkovs import NOTHING, RECORDED, Run, StandIn, recorded, runner, stand_in, told


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `check` in the folder `tree`, which holds the recorded configuration."""
    run = runner(monkeypatch, capsys, tmp_path / "tree")
    shutil.copytree(RECORDED / "configuration", ".", dirs_exist_ok=True)
    return run


@pytest.fixture
def program(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The checkov of the run."""
    del run
    program = stand_in(tmp_path / "checkov", recorded("configuration"))
    monkeypatch.setenv("GUARDRAILS_CHECKOV", str(program.path))
    return program


def entries(tmp_path: Path) -> list[Path]:
    """The entries of the cache."""
    return sorted((tmp_path / "caches/guardrails/checkov").glob("[!.]*"))


def test_the_same_input_is_asked_once(run: Run, tmp_path: Path, program: StandIn) -> None:
    """Wherever the tree stands, the report is the same."""
    first = run("--with", "checkov")
    assert run("--with", "checkov") == first
    shutil.copytree(".", tmp_path / "elsewhere")
    os.chdir(tmp_path / "elsewhere")

    assert told(run("--with", "checkov")[1]) == told(first[1])
    assert len(program.runs()) == 1


def change_main(program: StandIn) -> tuple[str, ...]:
    """Another content."""
    del program
    Path("main.tf").write_text(Path("main.tf").read_text() + "\n")
    return ()


def rename_main(program: StandIn) -> tuple[str, ...]:
    """Another name."""
    del program
    Path("main.tf").rename("first.tf")
    return ()


def change_program(program: StandIn) -> tuple[str, ...]:
    """Another version."""
    (program.path.parent.parent / "lib/python3.11/site-packages/checkov-3.3.30.dist-info/RECORD").write_text("x")
    return ()


def give_variable(program: StandIn) -> tuple[str, ...]:
    """A value from the command line."""
    del program
    return ("--var", "name=x")


def give_file(program: StandIn) -> tuple[str, ...]:
    """A file of values."""
    del program
    Path("../x.tfvars").write_text('name = "x"')
    return ("--var-file", "../x.tfvars")


@pytest.mark.parametrize("change", [change_main, rename_main, change_program, give_variable, give_file])
def test_another_input_is_asked_anew(run: Run, program: StandIn, change: object) -> None:
    """A change of content, of a name, of the program or of a value each makes another question."""
    Path("variables.tf").write_text('variable "name" {\n  default = "a"\n}\n')
    run("--with", "checkov")
    assert callable(change)

    run("--with", "checkov", *change(program))

    assert len(program.runs()) == 2


def test_a_module_outside_the_folder_is_part_of_the_input(tmp_path: Path) -> None:
    """A local module that lies beside the folder counts with what it calls itself."""
    for name, text in (
        ("root/main.tf", 'module "a" {\n  source = "../a"\n}\n'),
        ("a/main.tf", 'module "b" {\n  source = "../b/c"\n}\n'),
        ("b/c/main.tf", "locals {}\n"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    before = digest_of_tree(str(tmp_path / "root"))
    assert before == digest_of_tree(str(tmp_path / "root"))

    (tmp_path / "b/c/main.tf").write_text("locals { a = 1 }\n")

    assert before != digest_of_tree(str(tmp_path / "root"))


def test_a_module_is_a_folder_without_those_below_it(tmp_path: Path) -> None:
    """A source that names a folder far above does not make the whole disk part of the input."""
    (tmp_path / "a/b/stack").mkdir(parents=True)
    (tmp_path / "a/b/stack/main.tf").write_text('module "up" {\n  source = "../../.."\n}\n')
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/pipe.tf").symlink_to("/dev/zero")  # what cannot be read makes no digest at all
    assert digest_of_tree(str(tmp_path / "a/b/stack")) is not None


@pytest.mark.parametrize("planted", ["", "x" * 100, "answer"])
def test_an_entry_that_is_not_ours_is_not_read(run: Run, tmp_path: Path, program: StandIn, planted: str) -> None:
    """A torn, a strange and another tree's entry in the place of ours: checkov is asked, and ours is written anew."""
    expected = told(run("--with", "checkov")[1])
    (ours,) = entries(tmp_path)
    if planted == "answer":
        Path("other").mkdir()
        Path("other/main.tf").write_text('resource "random_id" "a" {\n  byte_length = 1\n}\n')
        quiet = stand_in(program.path.parent.parent, json.dumps(NOTHING), code=0)
        run("--with", "checkov", "other")
        (clean,) = (each for each in entries(tmp_path) if each != ours)
        shutil.copyfile(clean, ours)
        quiet = stand_in(program.path.parent.parent, recorded("configuration"))
        shutil.rmtree("other")
        assert quiet.path == program.path
    else:
        ours.write_text(planted)
    before = len(program.runs())

    assert told(run("--with", "checkov")[1]) == expected
    assert len(program.runs()) == before + 1


def test_an_entry_that_others_can_write_is_not_read(run: Run, tmp_path: Path, program: StandIn) -> None:
    """Nor is a link to one."""
    run("--with", "checkov")
    (ours,) = entries(tmp_path)
    ours.chmod(0o666)
    run("--with", "checkov")
    assert (len(program.runs()), ours.stat().st_mode & 0o777) == (2, 0o600)

    ours.rename(tmp_path / "kept")
    ours.symlink_to(tmp_path / "kept")
    run("--with", "checkov")
    assert (len(program.runs()), ours.is_symlink()) == (3, False)


def test_an_entry_of_another_machine_is_not_read(run: Run, tmp_path: Path, program: StandIn) -> None:
    """A cache that is restored without the secret of this user is worth nothing."""
    run("--with", "checkov")
    shutil.rmtree(tmp_path / "states")
    run("--with", "checkov")
    assert len(program.runs()) == 2


def test_nothing_is_kept_in_the_tree(run: Run, program: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that lies in the scanned tree is neither read nor written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path.cwd() / ".cache"))
    run("--with", "checkov")
    run("--with", "checkov")
    assert (len(program.runs()), Path(".cache").exists()) == (2, False)


def test_a_failure_is_not_kept(run: Run, tmp_path: Path, program: StandIn) -> None:
    """What could not be answered is asked again."""
    stand_in(program.path.parent.parent, "", code=2)
    assert run("--with", "checkov")[0] == 4
    assert entries(tmp_path) == []


def test_the_cache_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest entries go."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "states"))
    cache = Cache("checkov", ())
    for number in range(KEEP_ENTRIES + 5):
        cache.put(cache.key(b"%d" % number), b"content")
    assert len(entries(tmp_path)) == KEEP_ENTRIES
    assert cache.get(cache.key(b"%d" % (KEEP_ENTRIES + 4))) == b"content"
