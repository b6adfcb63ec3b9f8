"""The language server, over stdio, as an editor speaks to it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from guardrails import cli

ROOT = Path(__file__).parent.parent
PATIENCE = 20
"""Seconds to wait for an answer, after which the server is taken for dead."""
Object = dict[str, Any]

TRAIL = """\
resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = "example-trail"
  enable_log_file_validation = false
}
"""
ONLY = "--select=trail-without-validation,suppression-without-reason"


def _message(content: Object) -> bytes:
    data = json.dumps({"jsonrpc": "2.0", **content}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(data), data)


class Editor:
    """One session with a server."""

    def __init__(self, folder: Path, *options: str, capabilities: Object | None = None) -> None:
        self._folder = folder
        self._able = capabilities or {}
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "guardrails", "lsp", *options],
            cwd=folder.parent,  # editors do not start servers in the folder that is open
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._arrived: queue.Queue[Object] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._number = 0
        self._versions: dict[str, int] = {}
        self._published: dict[str, list[Object]] = {}
        self.messages: list[str] = []

    def __enter__(self) -> Self:
        self.capabilities = self.ask(
            "initialize", {"processId": None, "rootUri": self._folder.as_uri(), "capabilities": self._able}
        )["capabilities"]
        self.tell("initialized", {})
        return self

    def __exit__(self, *_: object) -> None:
        self.ask("shutdown", None)
        self.tell("exit", None)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while (header := stream.readline().strip()) != b"":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.partition(b":")[2])
            if not length:
                return
            self._arrived.put(json.loads(stream.read(length)))

    def _send(self, message: Object) -> None:
        self._write(_message(message))

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _next(self) -> Object:
        message = self._arrived.get(timeout=PATIENCE)
        if message.get("method") == "window/showMessage":
            self.messages.append(message["params"]["message"])
        if message.get("method") == "textDocument/publishDiagnostics":
            self._published[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def tell(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: object) -> Any:
        """Send a request and wait for its answer."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self._number and "method" not in message:
                return message["result"]

    def uri(self, name: str) -> str:
        """A file of the folder."""
        return (self._folder / name).as_uri()

    def open(self, name: str, text: str | None = None) -> None:
        """Open a file, with another text than it has on the disk if one is given."""
        given = (self._folder / name).read_text() if text is None else text
        self._versions[name] = 1
        document = {"uri": self.uri(name), "languageId": "terraform", "version": 1, "text": given}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def change(self, name: str, *texts: str) -> None:
        """Write other texts into an open file, one after the other but sent at once."""
        data = b""
        for text in texts:
            self._versions[name] += 1
            document = {"uri": self.uri(name), "version": self._versions[name]}
            params = {"textDocument": document, "contentChanges": [{"text": text}]}
            data += _message({"method": "textDocument/didChange", "params": params})
        self._write(data)

    def close(self, name: str) -> None:
        """Close a file."""
        self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def diagnostics(self, name: str) -> list[Object]:
        """The next diagnostics of a file."""
        self._published.pop(self.uri(name), None)
        return self.published(name)

    def published(self, name: str) -> list[Object]:
        """The diagnostics that a file has, once it has any."""
        while self.uri(name) not in self._published:
            self._next()
        return self._published[self.uri(name)]

    def at(self, name: str, line: int, character: int) -> Object:
        """A place in a file, as requests name it."""
        return {"textDocument": {"uri": self.uri(name)}, "position": {"line": line, "character": character}}

    def actions(self, name: str, line: int) -> list[Object]:
        """What is offered on a line."""
        position = {"line": line, "character": 4}
        found: list[Object] = self.ask(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": self.uri(name)},
                "range": {"start": position, "end": position},
                "context": {"diagnostics": []},
            },
        )
        return found

    def said(self) -> str:
        """The next message that the user is shown."""
        while not self.messages:
            self._next()
        return self.messages.pop(0)


@contextmanager
def editor(folder: Path, *options: str, capabilities: Object | None = None) -> Iterator[Editor]:
    """A session in a folder."""
    with Editor(folder, *options, capabilities=capabilities) as session:
        yield session


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one trail."""
    made = tmp_path / "repository"
    (made / ".git").mkdir(parents=True)
    (made / "main.tf").write_text(TRAIL)
    return made


def brief(diagnostics: list[Object]) -> list[tuple[object, ...]]:
    """Of each diagnostic its code, severity and first line, and where it stands."""
    return [
        (
            each["code"],
            each["severity"],
            each["message"].partition("\n")[0],
            tuple(each["range"]["start"].values()),
            tuple(each["range"]["end"].values()),
        )
        for each in diagnostics
    ]


FOUND = ("trail-without-validation", 2, "log files are not signed", (3, 2), (3, 36))


def test_diagnostics_as_you_type(folder: Path) -> None:
    """The verdict is that of the buffer, not of the disk; a file that is closed is taken from the disk again."""
    with editor(folder, ONLY) as session:
        session.open("main.tf")
        opened = session.diagnostics("main.tf")
        session.change("main.tf", TRAIL.replace("false", "true"))
        mended = session.diagnostics("main.tf")
        session.change("main.tf", TRAIL.replace("false", "fal"))
        broken = session.diagnostics("main.tf")
        session.close("main.tf")
        closed = session.diagnostics("main.tf")

    assert brief(opened) == [FOUND]
    assert mended == []
    assert [each["code"] for each in broken] != []
    assert closed == []


def test_what_a_diagnostic_says(folder: Path) -> None:
    """The fact, the hint, where the value comes from, and a page that proves it."""
    (folder / "main.tf").write_text(TRAIL.replace("false", "var.signed"))
    (folder / "variables.tf").write_text('variable "signed" {\n  default = false\n}\n')
    with editor(folder, ONLY) as session:
        session.open("main.tf")
        (found,) = session.diagnostics("main.tf")

    assert found["source"] == "guardrails"
    assert found["message"] == "log files are not signed\nSet `enable_log_file_validation = true`."
    assert found["codeDescription"]["href"].startswith("https://docs.aws.amazon.com/awscloudtrail/")
    assert found["relatedInformation"] == [
        {
            "location": {
                "uri": (folder / "variables.tf").as_uri(),
                "range": {"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 17}},
            },
            "message": "the value comes from here",
        }
    ]


def test_the_command_says_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every finding of `guardrails check FILE`, all checks on, is a diagnostic at its place, and there is no other."""
    demo = ROOT / "fixtures" / "demo"
    for path in demo.rglob("*.tf"):
        target = folder / path.relative_to(demo)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text())
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        cli.run(["check", "main.tf", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    wanted = sorted(
        (each["location"]["path"], each["location"]["line"] - 1, each["check"]) for each in report["findings"]
    )

    with editor(folder) as session:
        session.open("main.tf")
        found = [
            (name, each["range"]["start"]["line"], each["code"])
            for name in sorted({path for path, _, _ in wanted})
            for each in session.published(name)
            if "cannot be decided" not in each["message"]
        ]

    assert wanted
    assert sorted(found) == wanted


def test_typing_is_waited_for(folder: Path) -> None:
    """Of many changes in a row only the last is judged."""
    with editor(folder, ONLY) as session:
        session.open("main.tf")
        session.diagnostics("main.tf")
        session.change("main.tf", *(f"# {number}\n{TRAIL}" for number in range(50)), f"\n\n\n{TRAIL}")
        found = session.diagnostics("main.tf")

    assert brief(found) == [("trail-without-validation", 2, "log files are not signed", (6, 2), (6, 36))]


def test_another_open_file_is_as_it_stands_there_too(folder: Path) -> None:
    """A change in a file of variables mends the file that uses them; so does a file that was never saved."""
    used = TRAIL.replace("false", "var.signed")
    (folder / "main.tf").write_text(used)
    (folder / "variables.tf").write_text('variable "signed" {\n  default = false\n}\n')
    with editor(folder, ONLY) as session:
        session.open("main.tf")
        before = session.diagnostics("main.tf")
        session.open("variables.tf", 'variable "signed" {\n  default = true\n}\n')
        mended = session.diagnostics("main.tf")
        session.open("more.tf", TRAIL.replace('"main" {', '"more" {'))
        more = session.diagnostics("more.tf")

    assert (len(before), mended) == (1, [])
    assert brief(more) == [FOUND]


def test_a_file_that_changed_on_the_disk_is_read_again(folder: Path) -> None:
    """A file that is not open here was changed by something else, and the editor says so."""
    (folder / "main.tf").write_text(TRAIL.replace("false", "var.signed"))
    variables = folder / "variables.tf"
    variables.write_text('variable "signed" {\n  default = false\n}\n')
    with editor(folder, ONLY) as session:
        session.open("main.tf")
        before = session.diagnostics("main.tf")
        variables.write_text('variable "signed" {\n  default = true\n}\n')
        changes = [{"uri": variables.as_uri(), "type": 2}]
        session.tell("workspace/didChangeWatchedFiles", {"changes": changes})
        after = session.diagnostics("main.tf")

    assert (len(before), after) == (1, [])


def test_what_cannot_be_read_or_decided_is_shown(folder: Path) -> None:
    """A broken block is an error, a question without an answer a hint."""
    with editor(folder, ONLY) as session:
        session.open("main.tf", TRAIL.replace("false", "var.unknown") + 'variable "unknown" {}\n')
        (undecided,) = session.diagnostics("main.tf")
        session.change("main.tf", TRAIL.replace("false", "true") + 'resource "aws_vpc" "broken" {\n')
        (broken,) = session.diagnostics("main.tf")

    assert (undecided["severity"], undecided["code"]) == (4, "trail-without-validation")
    assert undecided["message"].startswith("trail-without-validation cannot be decided: ")
    assert (broken["severity"], broken["code"]) == (1, "incomplete")


def test_columns_are_those_of_the_editor(folder: Path) -> None:
    """An editor counts in UTF-16: a character beyond it is two columns."""
    text = TRAIL.replace("  enable_log_file_validation = false", "  /* 🔒é */ enable_log_file_validation = false")
    with editor(folder, ONLY) as session:
        session.open("main.tf", text)
        (found,) = session.diagnostics("main.tf")

    line = text.splitlines()[3]
    start = len(line[: line.index("enable")].encode("utf-16-le")) // 2
    assert found["range"] == {
        "start": {"line": 3, "character": start},
        "end": {"line": 3, "character": start + len("enable_log_file_validation = false")},
    }


def test_hover_is_the_page_of_the_check(folder: Path) -> None:
    """Over a finding, over a suppression that names a check, and nowhere else."""
    with editor(folder, ONLY) as session:
        session.open("main.tf", f'# guardrails: ignore[open-admin-port] reason="a demo"\n\n{TRAIL}')
        session.diagnostics("main.tf")
        over = session.ask("textDocument/hover", session.at("main.tf", 5, 10))
        named = session.ask("textDocument/hover", session.at("main.tf", 0, 30))
        nothing = session.ask("textDocument/hover", session.at("main.tf", 3, 0))

    assert over["contents"]["kind"] == "markdown"
    assert "# trail-without-validation" in over["contents"]["value"]
    assert "## Why is this bad?" in over["contents"]["value"]
    assert named["contents"]["value"].startswith("# open-admin-port\n")
    assert nothing is None


def test_a_suppression_is_offered_and_has_no_effect_without_its_reason(folder: Path) -> None:
    """It is a comment above the culprit; only the reason that somebody writes makes it one that holds."""
    with editor(folder, ONLY) as session:
        session.open("main.tf")
        session.diagnostics("main.tf")
        offered = session.actions("main.tf", 3)
        (action,) = [each for each in offered if each["title"].startswith("Suppress")]
        (edit,) = action["edit"]["changes"][session.uri("main.tf")]
        lines = TRAIL.splitlines(keepends=True)
        without = "".join([*lines[:3], edit["newText"], *lines[3:]])
        session.change("main.tf", without)
        still = session.diagnostics("main.tf")
        session.change("main.tf", without.replace('reason=""', 'reason="a demo"'))
        gone = session.diagnostics("main.tf")
        elsewhere = session.actions("main.tf", 1)

    assert action["title"] == "Suppress trail-without-validation here (write the reason)"
    assert edit == {
        "range": {"start": {"line": 3, "character": 0}, "end": {"line": 3, "character": 0}},
        "newText": '  # guardrails: ignore[trail-without-validation] reason=""\n',
    }
    assert sorted(each["code"] for each in still) == ["suppression-without-reason", "trail-without-validation"]
    assert (gone, elsewhere) == ([], [])


def test_a_configuration_that_cannot_be_used_is_said(folder: Path) -> None:
    """Once, to the user; what was said before stands, and the session goes on when it is mended."""
    with editor(folder, ONLY) as session:
        session.open("main.tf")
        session.diagnostics("main.tf")
        (folder / "guardrails.toml").write_text("slect = []\n")
        session.change("main.tf", TRAIL + "\n")
        message = session.said()
        (folder / "guardrails.toml").write_text('[severity]\n"trail-*" = "low"\n')
        session.change("main.tf", TRAIL + "\n\n")
        (found,) = session.diagnostics("main.tf")

    assert message == "guardrails: guardrails.toml:1: there is no key `slect`: did you mean `select`?"
    assert found["severity"] == 3


def test_known_findings_are_not_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The baseline hides in the editor what it hides in the command."""
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        cli.run(["baseline", "write"])
    capsys.readouterr()
    with editor(folder) as session:
        session.open("main.tf", f"# moved\n{TRAIL}")
        known = session.diagnostics("main.tf")
        session.change("main.tf", TRAIL + TRAIL.replace('"main" {', '"more" {'))
        found = session.diagnostics("main.tf")

    assert known == []
    assert ("trail-without-validation", 8) in [(each["code"], each["range"]["start"]["line"]) for each in found]
    assert [each for each in found if each["range"]["start"]["line"] < 5] == []


def test_a_file_has_no_more_diagnostics_than_an_editor_takes(folder: Path) -> None:
    """The worst are shown, the rest is counted."""
    many = "".join(TRAIL.replace('"main" {', f'"main{number}" {{') for number in range(600))
    with editor(folder, ONLY) as session:
        session.open("main.tf", many)
        found = session.diagnostics("main.tf")

    assert len(found) == 501
    assert found[-1]["message"] == "and 100 more: run `guardrails check`"


def test_a_secret_is_not_in_a_diagnostic(folder: Path) -> None:
    """A key that stands in a design is not repeated in what the editor shows."""
    key = "AKIA" + "Z" * 16
    with editor(folder, "--select=database-destroy-blocked") as session:
        session.open("main.tf", f'resource "aws_db_instance" "{key}" {{\n  engine = "postgres"\n}}\n')
        found = session.diagnostics("main.tf")

    assert found
    assert key not in json.dumps(found)


def test_without_pygls_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The language server is an extra, and the command names it."""
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    monkeypatch.delitem(sys.modules, "guardrails.lsp", raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.run(["lsp"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "guardrails: `guardrails lsp` needs lsprotocol: python -m pip install 'guardrails-aws[lsp]'\n"
    )


def put_in(text: str, edits: list[Object]) -> str:
    """A text with the edits of whole lines that an editor is told to make."""
    lines = text.splitlines(keepends=True)
    for edit in reversed(edits):
        start, end = edit["range"]["start"], edit["range"]["end"]
        assert (start["character"], end["character"]) == (0, 0)
        lines[start["line"] : end["line"]] = [edit["newText"]]
    return "".join(lines)


def test_a_fix_is_offered_and_mends(folder: Path) -> None:
    """It changes the text in the editor, not that on the disk, and nothing but the attribute."""
    text = f"# not saved yet\n{TRAIL}"
    with editor(folder, ONLY) as session:
        session.open("main.tf", text)
        session.diagnostics("main.tf")
        (fix, _) = session.actions("main.tf", 4)
        mended = put_in(text, fix["edit"]["changes"][session.uri("main.tf")])
        session.change("main.tf", mended)
        after = session.diagnostics("main.tf")

    assert (fix["title"], fix["isPreferred"]) == ("Set enable_log_file_validation to true", True)
    assert mended == text.replace("false", "true")
    assert after == []
    assert (folder / "main.tf").read_text() == TRAIL


def test_an_editor_that_resolves_gets_the_edit_when_it_asks(folder: Path) -> None:
    """What is offered costs nothing; what is chosen is proved."""
    able = {"textDocument": {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}}
    with editor(folder, ONLY, capabilities=able) as session:
        session.open("main.tf")
        session.diagnostics("main.tf")
        (offered, _) = session.actions("main.tf", 3)
        chosen = session.ask("codeAction/resolve", offered)

    assert "edit" not in offered
    assert put_in(TRAIL, chosen["edit"]["changes"][session.uri("main.tf")]) == TRAIL.replace("false", "true")


def test_a_fix_that_does_not_hold_is_not_offered(folder: Path) -> None:
    """Where another trail reads the same variable, changing it would change more than is meant."""
    both = TRAIL.replace("false", "var.signed") + TRAIL.replace("false", "var.signed").replace('"main" {', '"more" {')
    with editor(folder, ONLY) as session:
        session.open("main.tf", f'{both}variable "signed" {{\n  default = false\n}}\n')
        found = session.diagnostics("main.tf")
        offered = session.actions("main.tf", 3)

    assert [each["code"] for each in found] == ["trail-without-validation"] * 2
    assert [each["title"] for each in offered] == ["Suppress trail-without-validation here (write the reason)"]
