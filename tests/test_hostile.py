"""What a stranger may put into a pull request: each ends in a clear word, within bounds of time and memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

MEMORY = 1_500_000_000
"""Bytes of address space that a run gets."""
SECONDS = 120
"""After so long a run hangs: the slowest takes two."""
DATABASE = 'resource "aws_db_instance" "d" {\n  publicly_accessible = jsonencode(%s) == "1"\n}\n'

Files = Mapping[str, str | bytes]


def check(folder: Path, files: Files, *arguments: str) -> tuple[int, str]:
    """Run the command over files in a process of its own: exit code, everything printed."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    done = subprocess.run(
        [sys.executable, "-m", "guardrails", "check", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        preexec_fn=limit,  # it takes no lock
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


CASES: list[tuple[str, Files, int, str]] = [
    ("broken HCL", {"a.tf": 'resource "aws_vpc" "v" {\n  cidr_block = "10\n}\n'}, 4, "a.tf:2:19: incomplete: a quoted"),
    ("invalid JSON", {"a.tf.json": '{"resource": {'}, 4, "a.tf.json:1:15: incomplete: a quoted name is expected here"),
    (
        "a cycle of modules",
        {
            "main.tf": 'module "a" {\n  source = "./a"\n}\n',
            "a/main.tf": 'module "b" {\n  source = "../b"\n}\n',
            "b/main.tf": 'module "a" {\n  source = "../a"\n}\n',
        },
        4,
        'b/main.tf:1: incomplete: module "a" calls itself',
    ),
    ("a deep literal", {"a.tf": DATABASE % ("[" * 100_000 + "]" * 100_000)}, 4, "more than 60 levels deep"),
    ("a deep sum", {"a.tf": DATABASE % ("1+" * 100_000 + "1")}, 4, "the expression is nested too deeply"),
    (
        "an enormous literal",
        {"a.tf": DATABASE % ('"' + "x" * 3_900_000 + '"')},
        0,
        "more than 1000000 characters are not computed",
    ),
    ("an enormous file", {"a.tf": "#" * 4_000_001}, 4, "a.tf is larger than 4 MB"),
    (
        "a million instances",
        {
            "a.tf": DATABASE.replace("{", '{\n  for_each = { for i in local.a : "${i}" => i }', 1) % "each.value"
            + "locals {\n  k = range(1000)\n  a = flatten([for i in local.k : [for j in local.k : i * 1000 + j]])\n}\n"
        },
        4,
        "the expressions of this design take too many steps",
    ),
    (
        "a million counted",
        {"a.tf": DATABASE.replace("{", "{\n  count = 1000000", 1) % 1},
        1,
        "1000000 instances are more than are looked at",
    ),
    (
        "a bomb of templates",
        {
            "a.tf": DATABASE % "local.a39"
            + 'locals {\n  a0 = "xxxxxxxxxx"\n'
            + "".join(f'  a{i} = "${{local.a{i - 1}}}${{local.a{i - 1}}}"\n' for i in range(1, 40))
            + "}\n"
        },
        4,
        "a string of so many parts is not put together",
    ),
    (
        "a template of itself",
        {"a.tf": DATABASE % 'templatefile("a.tpl", {})', "a.tpl": '${templatefile("a.tpl", {})}'},
        0,
        "values that are nested so deeply are not computed with",
    ),
    ("binary", {"a.tf": b"\x00\x01\x02"}, 4, "a.tf:1: incomplete: a.tf is a binary file"),
    ("not UTF-8", {"a.tf": "# café".encode("latin-1")}, 4, "a.tf is not UTF-8 (byte 5)"),
    (
        "a regular expression that explodes",
        {"a.tf": DATABASE % f'regex("^(a+)+$", "{"a" * 40}b")'},
        4,
        'function "regex"',
    ),
    (
        "an enormous width",
        {"a.tf": DATABASE % 'format("%999999999d", 1)'},
        0,
        "more than 1000000 characters are not computed",
    ),
    ("an enormous power", {"a.tf": DATABASE % "pow(99999, 99999999)"}, 4, "cannot serialize infinity as JSON"),
]


@pytest.mark.parametrize(("files", "code", "message"), [pytest.param(*rest, id=name) for name, *rest in CASES])
def test_hostile_configuration_ends_in_a_clear_word(tmp_path: Path, files: Files, code: int, message: str) -> None:
    """An error with its place where something is wrong, else an undecided result."""
    got, printed = check(tmp_path, files, "--select", "public-database")

    assert (got, message in " ".join(printed.split())) == (code, True), printed


def test_no_file_outside_of_the_tree_is_read(tmp_path: Path) -> None:
    """Neither by its path, nor by one of the home directory, nor by a link."""
    (tmp_path / "secret").write_text("root:x:0:0")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(tmp_path / "secret")
    (tree / "loop").symlink_to(tree)
    names = ["../secret", f"{tmp_path}/secret", "~/.aws/credentials", "${path.module}/link", "loop/loop/link"]
    tags = "".join(f'    a{index} = file("{name}")\n' for index, name in enumerate(names))
    (tree / "main.tf").write_text(f'resource "aws_vpc" "v" {{\n  tags = {{\n{tags}  }}\n}}\n')

    shown = subprocess.run(
        [sys.executable, "-m", "guardrails", "show"], cwd=tree, capture_output=True, text=True, check=True
    )

    assert [line for line in shown.stdout.splitlines() if line.startswith("    tags.")] == [
        "    tags.a0 = ?  file(): ../secret is outside of the scanned tree tree",
        f"    tags.a1 = ?  file(): {tmp_path}/secret is outside of the scanned tree tree",
        "    tags.a2 = ?  file(): ~/.aws/credentials is in the home directory of whoever runs Terraform",
        "    tags.a3 = ?  file(): ./link is outside of the scanned tree tree",
        "    tags.a4 = ?  file(): loop/loop/link is outside of the scanned tree tree",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """It is a hole in the picture."""
    (tmp_path / "a.tf").touch(mode=0)

    code, printed = check(tmp_path, {})

    assert (code, "a.tf cannot be read: Permission denied" in printed) == (4, True), printed


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    """Reading it would wait forever."""
    os.mkfifo(tmp_path / "a.tf")

    code, printed = check(tmp_path, {})

    assert (code, "a.tf is not a regular file" in printed) == (4, True), printed


PLANS: list[tuple[str, str | bytes, str]] = [
    ("another format", '{"format_version": "9.0"}', "has format version '9.0', and only 1.x is supported"),
    ("no JSON", "hello", "is not valid JSON"),
    ("binary plan", b"PK\x03\x04" + bytes(100), "is a binary plan"),
    ("deep", '{"format_version": "1.2", "a": ' + "[" * 100_000 + "]" * 100_000 + "}", "is nested too deeply"),
    ("cut", '{"format_version": "1.2", "planned_values": {', "is not valid JSON"),
    ("something else", "[]", "is neither Terraform configuration nor the JSON of a plan"),
]


@pytest.mark.parametrize(("content", "message"), [pytest.param(*rest, id=name) for name, *rest in PLANS])
def test_hostile_plans_end_in_a_clear_word(tmp_path: Path, content: str | bytes, message: str) -> None:
    """What is no plan is an error that says what it is."""
    code, printed = check(tmp_path, {"plan.json": content}, "plan.json")

    assert (code, message in " ".join(printed.split())) == (4, True), printed


def test_a_plan_of_many_resources_stays_within_bounds(tmp_path: Path) -> None:
    """20,000 security groups in one plan, each with its finding."""
    rule = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}
    values = {"ingress": [rule], "egress": []}
    changes = [
        {
            "address": f"aws_security_group.g[{number}]",
            "mode": "managed",
            "type": "aws_security_group",
            "name": "g",
            "change": {"actions": ["create"], "before": None, "after": {"name": f"g{number}", **values}},
        }
        for number in range(20_000)
    ]
    plan = {"format_version": "1.2", "resource_changes": changes}

    code, printed = check(
        tmp_path, {"plan.json": json.dumps(plan)}, "plan.json", "--select", "open-admin-port", "--format", "json"
    )

    assert (code, len(json.loads(printed)["findings"])) == (1, 20_000)
