"""Finding checks in folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guardrails.catalog import load, load_files

CHECK = '''
from guardrails import Check, Finding, Kind, Resource, Severity

class {name}(Check[Resource]):
    """Something is bad."""
    id = "{id}"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Mend it."
    types = ("aws_s3_bucket",)
    aliases = {aliases!r}
    def check(self, subject):
        yield from ()
'''


def write(folder: Path, path: str, text: str = "", *, id: str = "", aliases: tuple[str, ...] = ()) -> Path:  # noqa: A002  # as in a check
    """Write a file of a check."""
    name = "".join(part.capitalize() for part in id.split("-"))
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text or CHECK.format(id=id, name=name, aliases=aliases))
    return target


def own(*folders: Path) -> list[str]:
    """The problems of loading folders, as text with the file's name only."""
    problems = load(map(str, folders), builtin=False, installed=False).problems
    return [f"{os.path.basename(str(each.location))}: {each.message}" for each in problems]


def test_every_file_below_a_folder_is_a_check(tmp_path: Path) -> None:
    """Folders are walked, and checks come in the order of their ids."""
    write(tmp_path, "b.py", id="check-b")
    write(tmp_path, "deep/er/a.py", id="check-a")
    write(tmp_path, "_helper.py", "raise SystemExit")
    write(tmp_path, "test_a.py", "raise SystemExit")
    write(tmp_path, ".venv/c.py", "raise SystemExit")

    catalog = load([str(tmp_path)], builtin=False, installed=False)

    assert list(catalog.checks) == ["check-a", "check-b"]
    assert (catalog.area("check-a"), catalog.paths["check-b"]) == ("er", str(tmp_path / "b.py"))
    assert catalog.problems == []


def test_the_builtin_checks_are_a_folder_like_any_other() -> None:
    """They load without a problem, their areas are their folders."""
    catalog = load(installed=False)

    assert catalog.problems == []
    assert catalog.area("public-database") == "network"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n\nimport nowhere_to_be_found", "bad.py:3: this check does not load: ModuleNotFoundError: "),
        ("x = 1\ndef f(:\n", "bad.py:2: this check does not load: SyntaxError: "),
        ("def f():\n    raise SystemExit(0)\nf()", "bad.py:2: this check does not load: SystemExit: "),
        ("x = 1", "bad.py:1: this file defines no check"),
        (
            "from guardrails import Check, Resource\nclass A(Check[Resource]):\n    id = 'a'",
            "bad.py:1: A does not say its kind and its severity and its hint",
        ),
        (CHECK.format(id="Not Kebab", name="A", aliases=()), "bad.py:1: A has the id 'Not Kebab', which is not in"),
        (CHECK.format(id="a", name="A", aliases=()).replace("Kind.SECURITY", "'security'"), "bad.py:1: A has a kind"),
        (CHECK.format(id="a", name="A", aliases=()).replace("def check", "def chek"), "bad.py:1: A has no method `che"),
    ],
)
def test_a_file_that_is_no_check_is_a_problem_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    """The other files still load."""
    write(tmp_path, "bad.py", text)
    write(tmp_path, "good.py", id="good")

    (found,) = own(tmp_path)

    assert found.startswith(problem)
    assert list(load([str(tmp_path)], builtin=False, installed=False).checks) == ["good"]


def test_an_id_twice_is_a_problem(tmp_path: Path) -> None:
    """The first one stays."""
    write(tmp_path / "one", "a.py", id="same")
    write(tmp_path / "two", "b.py", id="same")

    (problem,) = own(tmp_path / "one", tmp_path / "two")

    assert problem == f"b.py:1: same is in {tmp_path}/one/a.py too"


def test_a_folder_given_twice_loads_once(tmp_path: Path) -> None:
    """So does one inside another."""
    write(tmp_path, "area/a.py", id="check-a")
    assert own(tmp_path, tmp_path / "area", tmp_path) == []


def test_a_former_id_finds_its_check(tmp_path: Path) -> None:
    """An alias resolves, and one that is somebody's name already is a problem."""
    write(tmp_path, "a.py", id="check-a", aliases=("old-a",))
    write(tmp_path, "b.py", id="check-b", aliases=("old-a", "check-a"))

    catalog = load([str(tmp_path)], builtin=False, installed=False)

    assert catalog.find("old-a") is catalog.find("check-a") is catalog.checks["check-a"]
    assert catalog.find("older-a") is None
    assert [each.message for each in catalog.problems] == [
        "check-b was called old-a, which is a name of check-a",
        "check-b was called check-a, which is a name of check-a",
    ]


def test_a_folder_that_is_not_there_is_a_problem() -> None:
    """It is named."""
    (problem,) = load(["nowhere"], builtin=False, installed=False).problems
    assert problem.message == "there is no folder of checks at nowhere"


def test_single_files_load(tmp_path: Path) -> None:
    """As `guardrails test FILE` wants them."""
    path = write(tmp_path, "a.py", id="check-a")
    assert list(load_files([str(path)]).checks) == ["check-a"]


def test_an_installed_package_offers_checks(tmp_path: Path) -> None:
    """An entry point names a package whose folder is loaded."""
    write(tmp_path, "house_rules/__init__.py", "raise RuntimeError('never imported')")
    write(tmp_path, "house_rules/a.py", id="house-check")
    write(tmp_path, "house_rules-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: house-rules\nVersion: 1\n")
    write(tmp_path, "house_rules-1.dist-info/entry_points.txt", "[guardrails.checks]\nhouse = house_rules\n")
    code = "from guardrails.catalog import load; c = load(builtin=False); print(list(c.checks), c.problems)"

    shown = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )

    assert shown.stdout == "['house-check'] []\n"
