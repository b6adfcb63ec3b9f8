"""The documentation says what the code does, and all of it hangs together."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from guardrails import catalog, config, testing
from guardrails.reporters import Format
from guardrails.reporters.json import ReportV1
from scripts import build_docs, docs_reference
from tests.chromium import MISSING, PROGRAM, page

ROOT = Path(__file__).parent.parent
SOURCES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """The code blocks of a language, each with the name of its file."""
    for path in SOURCES:
        for name, text in _FENCE.findall(path.read_text(encoding="utf-8")):
            if name == language:
                yield path.name, text


class Links(HTMLParser):
    """What a page points to, and what can be pointed to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[tuple[str, str]] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.targets.append((tag, value))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    build_docs.build(folder)
    return folder


def test_generated_parts_are_what_the_code_says() -> None:
    """If this fails, run `make docs` and commit what it changes in docs/."""
    assert build_docs.stale() == []


def test_every_page_is_in_the_navigation() -> None:
    """No file of docs/ is forgotten."""
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} == set(build_docs.NAVIGATION)


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    """To a file of the site and an anchor in it, to a file of the repository, or to https."""
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    broken = []
    for path, links in pages.items():
        for _, target in links.targets:
            address, _, anchor = target.partition("#")
            if address.startswith(build_docs.REPOSITORY):
                there = (ROOT / address.removeprefix(f"{build_docs.REPOSITORY}/")).exists()
            elif address.startswith("https://"):
                there = True
            else:
                file = Path(os.path.normpath(path.parent / address)) if address else path
                there = file.exists() and (not anchor or anchor in pages[file].anchors)
            broken += [] if there else [f"{path.relative_to(site)}: {target}"]
    assert broken == []


def test_every_link_of_the_sources_leads_somewhere() -> None:
    """On GitHub the files of docs/ are read as they are."""
    broken = []
    for path in SOURCES:
        text = _FENCE.sub("", path.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            address = target.partition("#")[0]
            if address and not address.startswith("https://") and not (path.parent / address).exists():
                broken.append(f"{path.name}: {target}")
    assert broken == []


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    """It can be read from the disk, without a network."""
    loaded = {
        target
        for path in site.rglob("*.html")
        for tag, target in Links(path.read_text(encoding="utf-8")).targets
        if tag in ("link", "script", "img")
    }
    assert loaded == {"style.css", "search.js", "../style.css", "../search.js"}


def test_every_check_has_its_page(site: Path) -> None:
    """With why, before, after and what to do, and a line in the list that leads there."""
    names = sorted(catalog.load(installed=False).checks)
    listed = [target for _, target in Links((site / "checks.html").read_text()).targets]

    assert [name for name in names if f"checks/{name}.html" not in listed] == []
    lacking = []
    for name in names:
        text = (site / "checks" / f"{name}.html").read_text()
        parts = ("Why is this bad?", "What to do", "Before", "After")
        lacking += [f"{name}: {part}" for part in parts if part not in text]
    assert lacking == []


@pytest.mark.parametrize("text", [text for _, text in blocks("toml") if "[language-server" not in text])
def test_a_configuration_that_is_shown_can_be_used(text: str, tmp_path: Path) -> None:
    """It is read without an error, and the schema that editors use agrees. That of an editor is none of ours."""
    path = tmp_path / "guardrails.toml"
    path.write_text(text)

    config.load(str(path))
    schema = json.loads((ROOT / "docs" / "guardrails.schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    validator(schema).validate(json.loads(json.dumps(tomllib.loads(text), default=str)))


@pytest.mark.parametrize(
    "tables",
    [{"slect": []}, {"fail-on": "hihg"}, {"suppress": [{"check": "a"}]}, {"allow-incomplete": "yes"}],
)
def test_the_schema_refuses_what_the_command_refuses(tables: dict[str, Any]) -> None:
    """A key that there is not, a value that there is not, a field that is missing, a value of another type."""
    schema = json.loads((ROOT / "docs" / "guardrails.schema.json").read_text())
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(tables, config.Config)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(schema)(schema).validate(tables)


def test_every_command_that_is_shown_exists() -> None:
    """Commands and options of the console blocks are those of the program."""
    known = {command.name: command for command in docs_reference.program().all()}
    wrong = []
    for name, text in blocks("console"):
        for line in text.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words[:1] != ["guardrails"]:
                continue
            called = "guardrails"
            while len(words) > 1 and f"{called} {words[1]}" in known:
                called = f"{called} {words.pop(1)}"
            options = {option for each in known[called].options for option in each.names} | {"--help"}
            given = [word.partition("=")[0] for word in words[1:] if word.startswith("-")]
            missing = [word for word in given if word not in options]
            unknown = [words[1]] if known[called].children and words[1:] and not words[1].startswith("-") else []
            wrong += [f"{name}: {line}: {each}" for each in (*missing, *unknown)]
    assert wrong == []


def test_the_check_that_is_shown_passes_its_own_test(tmp_path: Path) -> None:
    """The page about writing checks shows one that works."""
    (text,) = [text for name, text in blocks("python") if name == "writing-checks.md" and "import" in text]
    path = tmp_path / "logs_kept_for_ever.py"
    path.write_text(text)

    found = catalog.load_files([str(path)])

    assert found.problems == []
    checks = list(found.checks.values())
    assert [check.id for check in checks] == ["logs-kept-for-ever"]
    assert [testing.failures(case, checks) for case in testing.cases(checks)] == [[]]


def test_the_parts_that_are_told_of_are_there() -> None:
    """Every path in the table of parts is one of the repository, and no package is left out."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (`[\w/.]+`(?:, `[\w.]+`)*) \|", text, re.MULTILINE)
    paths = [path for row in rows for path in re.findall(r"`([\w/.]+)`", row)]
    here = ("", "guardrails", "guardrails/sources")
    told = {next(iter(Path(path).parts[1:2]), path) for path in paths if path.startswith("guardrails/")}
    packages = {path.parent.name for path in (ROOT / "guardrails").glob("*/__init__.py")}

    assert [path for path in paths if not any((ROOT / folder / path).exists() for folder in here)] == []
    assert packages - told == set()


def test_the_formats_are_all_told_of() -> None:
    """The table of formats has a row for each, and the JSON that is shown has the fields that the document has."""
    text = (ROOT / "docs" / "output-formats.md").read_text()
    (shown,) = (json.loads(block) for name, block in blocks("json") if name == "output-formats.md")

    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [each.value for each in _told()]
    assert list(shown) == [each.name for each in msgspec.structs.fields(ReportV1)]


def _told() -> list[Format]:
    order = "text json sarif junit github gitlab markdown summary html csv compliance"
    assert set(order.split()) == {each.value for each in Format}
    return [Format(name) for name in order.split()]


def test_the_manual_page_is_one() -> None:
    """groff has nothing to complain about, and every command is in it."""
    text = docs_reference.manual()
    names = [command.name for command in docs_reference.program().all()][1:]

    assert [name for name in names if f".SS {name.replace('-', chr(92) + '-')}" not in text] == []
    if shutil.which("groff") is None:
        pytest.skip("no groff on PATH: it reads the manual page")
    done = subprocess.run(["groff", "-man", "-ww", "-z"], input=text, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_the_shell_completes_commands_and_values() -> None:
    """What `--install-completion` installs asks the program itself."""

    def completed(words: str, at: int) -> list[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COMP_WORDS": words,
            "COMP_CWORD": str(at),
            "_GUARDRAILS_COMPLETE": "complete_bash",
        }
        command = [sys.executable, "-m", "guardrails"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert completed("guardrails ch", 1) == ["check", "checks"]
    assert completed("guardrails check --format s", 3) == ["sarif", "summary"]


def test_the_search_finds_a_check_by_its_name(site: Path) -> None:
    """In a browser, from the disk: what is called so comes first, and nothing complains."""
    if not PROGRAM:
        pytest.skip(MISSING)
    with page() as tab:
        tab.open(site / "checks" / "unused-suppression.html")
        tab.type("#search", "admin port")
        first = tab.evaluate("document.querySelector('#found a').firstChild.textContent")
        tab.follow("#found a")

        assert first == "open-admin-port"
        assert tab.evaluate("location.pathname").endswith("/checks/open-admin-port.html")
        assert tab.errors == []
