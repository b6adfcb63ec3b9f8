"""Fixes: what they change, what they leave alone, and when they are withdrawn."""

from __future__ import annotations

import json
import os
import random
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from guardrails import Check, Edit, Finding, Fix, Kind, Model, Resource, Safety, Severity, engine, examples, testing
from guardrails.catalog import AnyCheck, load
from guardrails.fix import Change, Outcome, WriteError, diff, manual_steps, mend, write
from guardrails.fix.verify import UnusableParserError, disagreement
from guardrails.model import Symbolic, plain, reveal
from guardrails.sources import ReadOptions, read
from guardrails.sources.terraform.edit import CannotEditError, Replacement, replacement

_WORDS = re.compile(r"set_attribute|edits=")
CHECKS = list(load(installed=False).checks.values())


def _with_edits() -> Iterator[testing.Case]:
    for case in testing.cases(CHECKS):
        if not examples.is_account(case.example.bad) and {"set_attribute", "edits="} & set(
            _WORDS.findall(_source(case.check))
        ):
            yield case


def _source(check: AnyCheck) -> str:
    return Path(sys.modules[type(check).__module__].__file__ or "").read_text(encoding="utf-8")


class Switch(Check[Resource]):
    """A queue's switch is in the wrong position."""

    id = "wrong-switch"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Switch it."
    types = ("aws_sqs_queue",)

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        """See `Check.check`."""
        if not subject.flag("fifo_queue"):
            yield self.finding(
                subject, "it is off", path="fifo_queue", fix=self.set_attribute(subject, "fifo_queue", "true")
            )


class Slow(Check[Resource]):
    """A queue in order is slow."""

    id = "slow-queue"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Do without."
    types = ("aws_sqs_queue",)

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        """See `Check.check`."""
        if subject.flag("fifo_queue") and subject.number("delay_seconds") > 0:
            yield self.finding(subject, "it is in order and delayed")


class Forbidden(Check[Resource]):
    """A queue has an argument that must go."""

    id = "forbidden-argument"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Remove it."
    types = ("aws_sqs_queue",)

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        """See `Check.check`."""
        if subject.is_set("kms_master_key_id"):
            edit = Edit(subject.address, ("kms_master_key_id",), None)
            yield self.finding(subject, "it is there", fix=Fix("Take it out", Safety.SAFE, edits=(edit,)))


class Tokens(Check[Resource]):
    """An instance needs no tokens."""

    id = "no-tokens"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Demand tokens."
    types = ("aws_instance",)

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        """See `Check.check`."""
        for name, wanted in (("http_tokens", "required"), ("http_endpoint", "enabled")):
            if subject.text("metadata_options", name, default="") != wanted:
                fix = self.set_attribute(subject, ("metadata_options", name), f'"{wanted}"')
                yield self.finding(subject, f"{name} is not {wanted}", path=("metadata_options", name), fix=fix)


OWN = [Switch(), Slow(), Forbidden(), Tokens()]


def put(folder: Path, files: Mapping[str, str]) -> None:
    """Write files as they are, line ends included."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def mended(folder: Path, checks: Sequence[AnyCheck] = OWN, *, unsafe: bool = False, select: str = "") -> Outcome:
    """What becomes of a folder's findings; nothing is written."""
    settings = engine.Settings(select=(select,) if select else ())
    return mend(lambda unsaved: read([folder], ReadOptions(unsaved=unsaved)), checks, settings, unsafe=unsafe)


def after(folder: Path, files: Mapping[str, str], name: str = "main.tf") -> str:
    """The text of a file once everything is mended."""
    put(folder, files)
    write(mended(folder).changes)
    return (folder / name).read_bytes().decode()


def reasons(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Why nothing can be mended; every file is as it was."""
    put(folder, files)
    outcome = mended(folder)
    assert outcome.changes == []
    return [each.reason for each in (*outcome.manual, *outcome.withdrawn)]


def values(models: Sequence[Model]) -> dict[str, object]:
    """Every attribute of every resource by its address and path."""
    found: dict[str, object] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, f"{path}.{key}")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, f"{path}.{index}")
        elif value is not None:
            found[path] = value

    for model in models:
        for resource in model.all():
            shown, unknown = plain(resource.values)
            walk(shown, resource.address)
            found.update({f"{resource.address}.{path}": reason for path, reason in unknown.items()})
    return found


def _bare(path: str) -> str:
    """A path without the numbers of elements."""
    return re.sub(r"\.\d+(?=\.|$)|\[\d+\](?=\.|$)", "", path)


def _named(reason: str, checks: Sequence[str]) -> bool:
    return any(re.search(rf"it (?:opens|leaves) {check} ", reason) for check in checks)


def _is_edit(fix: Fix | None) -> bool:
    return fix is not None and bool(fix.edits) and fix.safety is not Safety.MANUAL


# Nothing else is changed


@pytest.mark.parametrize("case", list(_with_edits()), ids=lambda case: case.name)
def test_an_example_is_mended_and_nothing_else_changes(
    case: testing.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finding is gone, the attributes of its fix are the only ones that changed, and a second run does nothing."""
    monkeypatch.chdir(tmp_path)
    example = case.example
    put(
        tmp_path,
        {
            "main.tf": examples.MARK.sub("", examples.plain(example.bad)),
            **{k: examples.plain(v) for k, v in example.files},
        },
    )
    before = read([tmp_path])
    found = [each for each in engine.run(before, [case.check]).findings if _is_edit(each.fix)]
    outcome = mended(tmp_path, CHECKS, unsafe=True, select=case.check.id)

    if outcome.withdrawn:  # the usual fix sets off the other side, as the check says itself
        assert all(_named(each.reason, case.check.counter_checks) for each in outcome.withdrawn)
        assert (outcome.changes, outcome.manual) == ([], [])
        return
    assert outcome.manual == []
    assert {each.finding.fingerprint for each in outcome.applied} == {each.fingerprint for each in found}
    write(outcome.changes)
    now = read([tmp_path])
    old, new = values(before), values(now)
    changed = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    edits = [edit for each in found if each.fix for edit in each.fix.edits]
    meant = {".".join((edit.address, *(str(step) for step in edit.path))) for edit in edits}
    assert {_bare(path) for path in changed} == {_bare(path) for path in meant}
    assert [each for each in engine.run(now, [case.check]).findings if _is_edit(each.fix)] == []
    assert mended(tmp_path, CHECKS, unsafe=True, select=case.check.id).changes == []


def test_many_checks_carry_an_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least twenty-five of them mend what their example shows."""
    mending = set()
    for number, case in enumerate(_with_edits()):
        folder = tmp_path / str(number)
        put(folder, {"main.tf": examples.MARK.sub("", examples.plain(case.example.bad))})
        monkeypatch.chdir(folder)
        if mended(folder, [case.check], unsafe=True).applied:
            mending.add(case.check.id)
    assert len(mending) >= 25


def test_a_large_tree_is_mended_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred resources of all forms: only what is meant changes, and the second run changes nothing."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, _tree(random.Random(7), 300))  # noqa: S311  # the same tree each time
    before = values(read([tmp_path]))
    wanted = "key-without-rotation,public-bucket-acl,metadata-without-token,vpc-without-dns,logs-kept-forever"
    settings = engine.Settings(select=tuple(wanted.split(",")))

    def again() -> Outcome:
        return mend(lambda unsaved: read([tmp_path], ReadOptions(unsaved=unsaved)), CHECKS, settings, unsafe=True)

    outcome = again()
    assert outcome.withdrawn == []
    write(outcome.changes)
    now = values(read([tmp_path]))
    changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
    edits = [edit for each in outcome.applied if each.finding.fix for edit in each.finding.fix.edits]
    meant = {".".join((edit.address, *(str(step) for step in edit.path))) for edit in edits}
    assert len(outcome.applied) > 150
    assert {_bare(path) for path in changed} == {_bare(path) for path in meant}
    second = again()
    assert (second.changes, second.applied) == ([], [])
    assert len(second.manual) == len(outcome.manual)


def _tree(chance: random.Random, count: int) -> dict[str, str]:
    """A root module and two that it calls, with keys, buckets, instances, networks and log groups in many spellings."""
    texts: dict[str, list[str]] = {"main.tf": [], "modules/a/main.tf": [], "modules/b/main.tf": []}
    comments = ("", " # why", " // for now", " /* old */")
    for number in range(count):
        note = chance.choice(comments)
        forms: Sequence[str] = (
            f'resource "aws_kms_key" "k{number}" {{\n  description = "k"{note}\n}}\n',
            f'resource "aws_kms_key" "k{number}" {{ enable_key_rotation = false }}\n',
            (
                f'resource "aws_kms_key" "k{number}" {{\n  # rotated by hand\n  enable_key_rotation     = false{note}\n'
                f"  deletion_window_in_days = 7\n}}\n"
            ),
            (
                f'resource "aws_s3_bucket_acl" "b{number}" {{\n  bucket = "b{number}"{note}\n'
                f'  acl = "public-read"{note}\n}}\n'
            ),
            (
                f'resource "aws_vpc" "v{number}" {{\n  cidr_block = "10.{number % 200}.0.0/16"\n'
                f'  enable_dns_support = false{note}\n  tags = {{\n    Name = "v" # name\n  }}\n}}\n'
            ),
            (
                f'resource "aws_cloudwatch_log_group" "l{number}" {{\n  count = 2\n'
                f'  name  = "l{number}-${{count.index}}"\n}}\n'
            ),
            (
                f'resource "aws_instance" "i{number}" {{\n  ami           = "ami-0a1b2c3d4e5f60718"\n'
                f'  instance_type = "t3.micro"\n\n  metadata_options {{\n    http_tokens = "optional"{note}\n  }}\n}}\n'
            ),
            f'resource "aws_sqs_queue" "q{number}" {{\n  name = "q{number}"{note}\n}}\n',
        )
        texts[chance.choice(list(texts))].append(chance.choice(forms))
    texts["main.tf"].append('module "a" {\n  source = "./modules/a"\n}\nmodule "b" {\n  source = "./modules/b"\n}\n')
    texts["main.tf"].append('module "again" {\n  source = "./modules/b"\n}\n')
    return {name: "\n".join(blocks) for name, blocks in texts.items()}


RECORDED = Path(__file__).parent.parent / "fixtures"


def _editable() -> list[tuple[Path, str, tuple[str | int, ...], str]]:
    """Attributes of recorded designs that are given: folder, address, path and an expression of another value."""
    found = []
    for folder in sorted(
        {file.parent for kind in ("demo", "labs", "plans") for file in (RECORDED / kind).rglob("*.tf")}
    ):
        for model in read([folder]):
            for resource in (each for each in model.all() if each.mode == "managed"):
                for path, value in _scalars(dict(resource.values), ()):
                    other = {True: "false", False: "true"}[value] if isinstance(value, bool) else '"other"'
                    found.append((folder, resource.address, path, other))
    return found


def _scalars(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _scalars(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _scalars(item, (*path, index)) if isinstance(item, dict) else ()
    elif isinstance(value, bool) or (isinstance(value, str) and not isinstance(value, Symbolic)):
        yield path, value


def test_recorded_designs_are_edited_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever can be edited has its new value afterwards, and python-hcl2 reads nothing else differently."""
    monkeypatch.chdir(RECORDED)
    chance = random.Random(11)  # noqa: S311  # the same places each time
    edited = 0
    for folder, address, path, expression in chance.sample(_editable(), 200):
        name, model = next((m.name, m) for m in read([folder]) if m.at(address))
        try:
            made = replacement(resource_at(model, address), path, expression)
        except CannotEditError:
            continue
        before = Path(made.path).read_bytes().decode()
        text = before[: made.start] + made.text + before[made.end :]
        assert disagreement(before, text, [made]) == ""
        now = next(m for m in read([folder], ReadOptions(unsaved={made.path: text})) if m.name == name)
        value = str(reveal(resource_at(now, address).raw(*path))).lower()
        assert (folder, address, path, value) == (folder, address, path, expression.strip('"'))
        edited += 1
    assert edited > 60


def resource_at(model: Model, address: str) -> Resource:
    """The resource of an address, which is there."""
    found = model.at(address)
    assert found is not None
    return found


# Layout


QUEUE = 'resource "aws_sqs_queue" "a" {\n  name = "a"\n}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'resource "aws_sqs_queue" "a" {\n  name       = "a.fifo" # n\n  fifo_queue = false # why\n}\n',
            'resource "aws_sqs_queue" "a" {\n  name       = "a.fifo" # n\n  fifo_queue = true # why\n}\n',
        ),
        (
            'resource "aws_sqs_queue" "a" {\r\n  fifo_queue = false\r\n  # c\r\n}\r\n',
            'resource "aws_sqs_queue" "a" {\r\n  fifo_queue = true\r\n  # c\r\n}\r\n',
        ),
        (
            '\ufeffresource "aws_sqs_queue" "a" {\r\n  max_message_size = 1024 # c\r\n}',
            '\ufeffresource "aws_sqs_queue" "a" {\r\n  max_message_size = 1024 # c\r\n  fifo_queue       = true\r\n}',
        ),
        (QUEUE, 'resource "aws_sqs_queue" "a" {\n  name = "a"\n\n  fifo_queue = true\n}\n'),
        (
            'resource "aws_sqs_queue" "a" {\n  fifo_queue = ( false ) # (\n}\n',
            'resource "aws_sqs_queue" "a" {\n  fifo_queue = true # (\n}\n',
        ),
        (
            'resource "aws_sqs_queue" "a" {\n  fifo_queue=1 > 2 ? true : tobool("false")\n}\n',
            'resource "aws_sqs_queue" "a" {\n  fifo_queue=true\n}\n',
        ),
        ('resource "aws_sqs_queue" "a" {}', 'resource "aws_sqs_queue" "a" {\n  fifo_queue = true\n}'),
        (
            'resource "aws_sqs_queue" "a" { name = "a" } # one line',
            'resource "aws_sqs_queue" "a" {\n  name = "a"\n  fifo_queue = true\n} # one line',
        ),
        (
            'resource "aws_sqs_queue" "a" {\n\n  # nothing yet\n}\n',
            'resource "aws_sqs_queue" "a" {\n  fifo_queue = true\n\n  # nothing yet\n}\n',
        ),
        (
            (
                'resource "aws_sqs_queue" "a" {\n  policy = <<-EOT\n    {}\n  EOT\n\n  timeouts {\n'
                '    create = "1m"\n  }\n}\n'
            ),
            (
                'resource "aws_sqs_queue" "a" {\n  policy = <<-EOT\n    {}\n  EOT\n  fifo_queue = true\n\n'
                '  timeouts {\n    create = "1m"\n  }\n}\n'
            ),
        ),
        (
            'resource "aws_sqs_queue" "a" {\n\tname = "ä" /* ü */\n\ttags = {\n\t\tA = "b"\n\t}\n}\n',
            (
                'resource "aws_sqs_queue" "a" {\n\tname = "ä" /* ü */\n\ttags = {\n\t\tA = "b"\n\t}\n'
                "\tfifo_queue = true\n}\n"
            ),
        ),
        (
            'resource "aws_sqs_queue" "a" {\n  kms_master_key_id = "k"\n  fifo_queue = true\n}\n',
            'resource "aws_sqs_queue" "a" {\n  fifo_queue = true\n}\n',
        ),
        (
            'resource "aws_instance" "a" {\n  ami = "ami-1" # c\n}\n',
            (
                'resource "aws_instance" "a" {\n  ami = "ami-1" # c\n\n  metadata_options {\n'
                '    http_endpoint = "enabled"\n'
                '    http_tokens   = "required"\n  }\n}\n'
            ),
        ),
    ],
)
def test_the_layout_stays(tmp_path: Path, text: str, expected: str) -> None:
    """Comments, line ends, byte order marks and everything around the change are as they were."""
    assert after(tmp_path, {"main.tf": text}) == expected
    assert mended(tmp_path).changes == []


# Where a value is written


@pytest.mark.parametrize(
    ("files", "name", "expected"),
    [
        (
            {"main.tf": 'locals {\n  on = false\n}\nresource "aws_sqs_queue" "a" {\n  fifo_queue = local.on\n}\n'},
            "main.tf",
            'locals {\n  on = true\n}\nresource "aws_sqs_queue" "a" {\n  fifo_queue = local.on\n}\n',
        ),
        (
            {
                "main.tf": 'resource "aws_sqs_queue" "a" {\n  fifo_queue = var.on\n}\n',
                "variables.tf": 'variable "on" {\n  type    = bool\n  default = false\n}\n',
            },
            "variables.tf",
            'variable "on" {\n  type    = bool\n  default = true\n}\n',
        ),
        (
            {
                "main.tf": 'variable "on" {}\nresource "aws_sqs_queue" "a" {\n  fifo_queue = var.on\n}\n',
                "terraform.tfvars": "on = false # for now\n",
            },
            "terraform.tfvars",
            "on = true # for now\n",
        ),
        (
            {
                "main.tf": 'module "q" {\n  source = "./q"\n  on     = false\n}\n',
                "q/main.tf": 'variable "on" {}\nresource "aws_sqs_queue" "a" {\n  fifo_queue = var.on\n}\n',
            },
            "main.tf",
            'module "q" {\n  source = "./q"\n  on     = true\n}\n',
        ),
        (
            {
                "main.tf": 'module "q" {\n  source = "./q"\n}\nmodule "r" {\n  source = "./q"\n}\n',
                "q/main.tf": 'resource "aws_sqs_queue" "a" {\n  fifo_queue = false\n}\n',
            },
            "q/main.tf",
            'resource "aws_sqs_queue" "a" {\n  fifo_queue = true\n}\n',
        ),
        (
            {
                "main.tf": QUEUE,
                "a_override.tf": 'resource "aws_sqs_queue" "a" {\n  fifo_queue = false\n}\n',
            },
            "a_override.tf",
            'resource "aws_sqs_queue" "a" {\n  fifo_queue = true\n}\n',
        ),
    ],
)
def test_a_value_is_changed_where_it_is_written(
    tmp_path: Path, files: Mapping[str, str], name: str, expected: str
) -> None:
    """Through names that nothing else reads, module calls and overrides."""
    assert after(tmp_path, files, name) == expected
    for other, text in files.items():
        assert other == name or (tmp_path / other).read_text(encoding="utf-8") == text


TWICE = 'variable "on" {\n  default = false\n}\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "main.tf": TWICE
                + 'resource "aws_sqs_queue" "a" {\n  fifo_queue = var.on\n}\noutput "on" {\n  value = var.on\n}\n'
            },
            ["var.on gives other values, too"],
        ),
        (
            {"main.tf": TWICE + 'resource "aws_sqs_queue" "a" {\n  fifo_queue = var.on ? true : false\n}\n'},
            ["its value is computed"],
        ),
        (
            {"main.tf": 'resource "aws_sqs_queue" "a" {\n  for_each   = { a = false }\n  fifo_queue = each.value\n}\n'},
            ["its value is computed"],
        ),
        (
            {
                "main.tf": 'module "q" {\n  source = "./q"\n}\n',
                "q/main.tf": TWICE + 'resource "aws_sqs_queue" "a" {\n  fifo_queue = var.on\n}\n',
            },
            ["the default of var.on holds for other callers, too"],
        ),
        (
            {"main.tf.json": '{"resource": {"aws_sqs_queue": {"a": {"fifo_queue": false}}}}'},
            ["main.tf.json is JSON, which is not edited"],
        ),
        (
            {"main.tf.json": '{"resource": {"aws_sqs_queue": {"a": {"name": "a"}}}}'},
            ["main.tf.json is JSON, which is not edited"],
        ),
        (
            {
                ".terraform/modules/modules.json": '{"Modules": [{"Key": "q", "Dir": ".terraform/modules/q"}]}',
                ".terraform/modules/q/main.tf": QUEUE,
                "main.tf": 'module "q" {\n  source = "example/q"\n}\n',
            },
            [".terraform/modules/q/main.tf is an installed module: change it where it is kept"],
        ),
        (
            {
                "main.tf": 'resource "aws_instance" "a" {\n  dynamic "metadata_options" {\n    for_each = [1]\n'
                '    content {\n      http_tokens = "optional"\n      http_endpoint = "enabled"\n    }\n  }\n}\n'
            },
            ['a dynamic block makes "metadata_options"'],
        ),
        (
            {"main.tf": 'resource "aws_sqs_queue" "a" {\n  delay_seconds = 9\n  fifo_queue = false\n}\n'},
            ["it opens slow-queue on aws_sqs_queue.a: it is in order and delayed"],
        ),
        (
            {
                "main.tf": 'resource "aws_sqs_queue" "a" {\n  fifo_queue = false\n}\n'
                'resource "aws_sqs_queue" "b" {\n  fifo_queue                  = true\n'
                "  content_based_deduplication = aws_sqs_queue.a.fifo_queue\n}\n"
            },
            ["it changes aws_sqs_queue.b.content_based_deduplication, too"],
        ),
        (
            {"main.tf": 'resource "aws_sqs_queue" "a" { kms_master_key_id = "k" }\n'},
            ["something else stands on its line"],
        ),
    ],
)
def test_what_a_person_has_to_mend_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str], expected: list[str]
) -> None:
    """Whatever has no place of its own, or would do harm, is left alone with the reason."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, files)
    if "kms_master_key_id" in str(files):
        outcome = mended(tmp_path, [Forbidden()])
        assert ([each.reason for each in outcome.manual], outcome.changes) == (expected, [])
    else:
        assert reasons(tmp_path, files) == expected


def test_an_element_of_a_set_is_changed_only_where_it_can_be_told(tmp_path: Path) -> None:
    """Sets have an order of their own: the first element in the design may be the second in the file."""
    text = 'resource "aws_kms_grant" "a" {\n  operations = ["Encrypt", "Decrypt"]\n}\n'
    put(tmp_path, {"main.tf": text})
    (model,) = read([tmp_path])
    grant = model.at("aws_kms_grant.a")
    assert grant is not None
    assert list(grant.texts("operations")) == ["Decrypt", "Encrypt"]
    with pytest.raises(CannotEditError, match="which element of a list it is cannot be told"):
        replacement(grant, ("operations", 0), '"Verify"')


def test_a_value_of_the_environment_is_not_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in no file."""
    monkeypatch.setenv("TF_VAR_on", "false")
    files = {"main.tf": 'variable "on" {\n  type = bool\n}\nresource "aws_sqs_queue" "a" {\n  fifo_queue = var.on\n}\n'}
    assert reasons(tmp_path, files) == ["its value comes from the command line or the environment"]


def test_one_harmful_fix_does_not_stop_the_others(tmp_path: Path) -> None:
    """Of several, those that hold are made, and the one that opens something is withdrawn."""
    blocks = [f'resource "aws_sqs_queue" "q{n}" {{\n  delay_seconds = {int(n == 3)}\n}}\n' for n in range(6)]
    put(tmp_path, {"main.tf": "\n".join(blocks)})
    outcome = mended(tmp_path)
    assert [each.finding.resource for each in outcome.withdrawn] == ["aws_sqs_queue.q3"]
    assert sorted(each.finding.resource for each in outcome.applied) == [f"aws_sqs_queue.q{n}" for n in (0, 1, 2, 4, 5)]


def test_unsafe_fixes_are_asked_for(tmp_path: Path) -> None:
    """Without being asked for they are named, not made."""

    class Careful(Switch):
        """It is off."""

        id = "careful-switch"

        def check(self, subject: Resource, /) -> Iterator[Finding]:
            """See `Check.check`."""
            if not subject.flag("fifo_queue"):
                fix = self.set_attribute(subject, "fifo_queue", "true", safety=Safety.UNSAFE)
                yield self.finding(subject, "it is off", fix=fix)

    put(tmp_path, {"main.tf": QUEUE})
    without, with_ = mended(tmp_path, [Careful()]), mended(tmp_path, [Careful()], unsafe=True)
    assert (without.changes, [each.check for each in without.unsafe]) == ([], ["careful-switch"])
    assert len(with_.changes) == 1


def test_a_fix_that_does_not_mend_is_withdrawn(tmp_path: Path) -> None:
    """The finding must be gone afterwards."""

    class Useless(Switch):
        """It is never right."""

        id = "useless-switch"

        def check(self, subject: Resource, /) -> Iterator[Finding]:
            """See `Check.check`."""
            yield self.finding(subject, "always", fix=self.set_attribute(subject, "fifo_queue", "true"))

    put(tmp_path, {"main.tf": QUEUE})
    outcome = mended(tmp_path, [Useless()])
    assert ([each.reason for each in outcome.withdrawn], outcome.changes) == (["it does not mend useless-switch"], [])


def test_a_fix_with_a_broken_expression_is_withdrawn(tmp_path: Path) -> None:
    """What is not Terraform afterwards is never written."""

    class Broken(Switch):
        """It writes nonsense."""

        id = "broken-switch"

        def check(self, subject: Resource, /) -> Iterator[Finding]:
            """See `Check.check`."""
            if not subject.flag("fifo_queue"):
                yield self.finding(subject, "it is off", fix=self.set_attribute(subject, "fifo_queue", "(true"))

    put(tmp_path, {"main.tf": QUEUE})
    outcome = mended(tmp_path, [Broken()])
    assert outcome.changes == []
    assert [each.reason.partition(":")[0] for each in outcome.withdrawn] == ["the file is not Terraform throughout"]


# The second opinion


def _replaced(text: str, old: str, new: str, below: tuple[str, ...], expression: str) -> tuple[str, Replacement]:
    start = text.index(old)
    made = Replacement("/x", start, start + len(old), new, below, expression, "x", 1)
    return text.replace(old, new, 1), made


@pytest.mark.parametrize(
    ("new", "below", "expression", "expected"),
    [
        ("true", ("b",), "true", ""),
        ("true", ("b",), "false", "python-hcl2 reads resource[1].x.two.b otherwise than meant"),
        ("true\n  c = 1", ("b",), "true", "python-hcl2 reads resource[1].x.two.c otherwise than meant"),
        ("true # hidden", ("b",), "true", "python-hcl2 reads resource[1].x.two.__comments__"),
        ("true }", ("b",), "true", "the file is not Terraform throughout"),
    ],
)
def test_python_hcl2_has_a_say(new: str, below: tuple[str, ...], expression: str, expected: str) -> None:
    """A change that reads otherwise than it was meant is told."""
    text = 'resource "x" "one" {\n  b = false\n}\nresource "x" "two" {\n  # kept\n  b = 0\n}\n'
    changed, made = _replaced(text, "0", new, below, expression)
    assert disagreement(text, changed, [made]).startswith(expected)
    assert bool(disagreement(text, changed, [made])) is bool(expected)


@pytest.mark.parametrize("attributes", [{}, {"parse_to_tree": 1, "loads": lambda _: {"x": "${1}"}}])
def test_another_package_in_its_place_is_noticed(
    monkeypatch: pytest.MonkeyPatch, attributes: Mapping[str, Callable[[str], object]]
) -> None:
    """The user is told what happened and what to do."""
    other = types.ModuleType("hcl2")
    vars(other).update(attributes)
    monkeypatch.setitem(sys.modules, "hcl2", other)
    with pytest.raises(UnusableParserError, match=r"bc-python-hcl2, may have overwritten it.*--force-reinstall"):
        disagreement("a = 1\n", "a = 2\n", [])


# All files or none


def _changes(folder: Path, *names: str) -> list[Change]:
    for name in names:
        (folder / name).write_text("old\n", encoding="utf-8")
    return [Change(str(folder / name), name, "old\n", "new\n") for name in names]


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_files_keep_their_rights(tmp_path: Path) -> None:
    """What is written is as readable as it was, and nothing is left beside it."""
    changes = _changes(tmp_path, "a.tf", "b.tf")
    (tmp_path / "a.tf").chmod(0o640)
    write(changes)
    assert _texts(tmp_path) == {"a.tf": "new\n", "b.tf": "new\n"}
    assert (tmp_path / "a.tf").stat().st_mode & 0o777 == 0o640


def test_a_file_that_changed_meanwhile_stops_everything(tmp_path: Path) -> None:
    """Nothing is written over somebody's work."""
    changes = _changes(tmp_path, "a.tf", "b.tf")
    (tmp_path / "b.tf").write_text("mine\n", encoding="utf-8")
    with pytest.raises(WriteError, match=r"b\.tf has changed while it was looked at"):
        write(changes)
    assert _texts(tmp_path) == {"a.tf": "old\n", "b.tf": "mine\n"}


def test_a_failure_half_way_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails at the second file leaves both as they were."""
    changes = _changes(tmp_path, "a.tf", "b.tf")
    really = os.replace

    def replace(source: str, target: str) -> None:
        if target.endswith("b.tf"):
            raise OSError(28, "No space left on device", target)
        really(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(WriteError, match="No space left on device"):
        write(changes)
    assert _texts(tmp_path) == {"a.tf": "old\n", "b.tf": "old\n"}


def test_a_diff_is_what_patch_takes() -> None:
    """Unified, and it says where a file has no last line end."""
    assert diff([Change("/x/a.tf", "a.tf", "a = 1\nb = 2", "a = 1\nb = 3")]) == (
        "--- a/a.tf\n+++ b/a.tf\n@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n\\ No newline at end of file\n"
        "+b = 3\n\\ No newline at end of file\n"
    )


# Live accounts


def test_a_live_finding_has_a_command_and_terraform(tmp_path: Path) -> None:
    """The fix is the call to make, and the block that would keep it so."""
    text = (
        '{"guardrails_snapshot": 1, "accounts": [{"account": "111122223333", "resources": [{"type": '
        '"aws_ec2_serial_console_access", "name": "eu-west-1", "address": "aws_ec2_serial_console_access.eu-west-1",'
        ' "region": "eu-west-1", "values": {"id": "eu-west-1", "enabled": true}}]}]}'
    )
    (tmp_path / "account.json").write_text(text, encoding="utf-8")
    (model,) = read([tmp_path / "account.json"])
    (finding,) = engine.run([model], CHECKS, engine.Settings(select=("serial-console-allowed",))).findings
    assert list(manual_steps(finding, model)) == [
        "command:",
        "  aws ec2 disable-serial-console-access --region eu-west-1",
        "Terraform that would manage it:",
        "  import {",
        "    to = aws_ec2_serial_console_access.eu_west_1",
        '    id = "eu-west-1"',
        "  }",
        "  ",
        '  resource "aws_ec2_serial_console_access" "eu_west_1" {',
        "    # the other arguments as `terraform plan -generate-config-out` writes them",
        "    enabled = false",
        "  }",
    ]


def test_what_an_account_lacks_has_a_command_and_terraform(tmp_path: Path) -> None:
    """The finding is about the account, and the fix makes the thing; placeholders are filled in where there is one."""
    text = '{"complete": ["aws_s3_account_public_access_block"]}'
    (tmp_path / "account.json").write_text(json.dumps(examples.snapshot(text)[0]), encoding="utf-8")
    (model,) = read([tmp_path / "account.json"])
    (finding,) = engine.run([model], CHECKS, engine.Settings(select=("account-public-access-allowed",))).findings
    assert list(manual_steps(finding, model)) == [
        "command:",
        (
            "  aws s3control put-public-access-block --account-id 111122223333 --public-access-block-configuration "
            "BlockPublicAcls=true,BlockPublicPolicy=true,IgnorePublicAcls=true,RestrictPublicBuckets=true"
        ),
        "Terraform:",
        '  resource "aws_s3_account_public_access_block" "main" {',
        "    block_public_acls       = true",
        "    block_public_policy     = true",
        "    ignore_public_acls      = true",
        "    restrict_public_buckets = true",
        "  }",
    ]
