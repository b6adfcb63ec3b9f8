"""The language server: what the command says of the files that are open in an editor, as they stand there.

It speaks of whole designs: a change in one file is judged together with every other open one, by the same code that
`guardrails check FILE...` runs. Runs wait for a pause in typing, and there is never more than one at a time.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lsprotocol import types as lsp
from msgspec import Struct, field
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import PositionCodec

import guardrails
from guardrails.catalog import AnyCheck
from guardrails.explain import markdown
from guardrails.finding import Finding, Report, Safety, Severity
from guardrails.model import Location, Place
from guardrails.reporters.markdown import prose
from guardrails.reporters.safe import cleaned

PAUSE = 0.3
"""Seconds without a change before a run begins."""
MOST = 500
"""Diagnostics of one file; the rest is counted in the last of them."""
_FILES = (".tf", ".tofu", ".tf.json", ".tofu.json", ".tfvars", ".tfvars.json")
_SEVERITIES = {
    Severity.CRITICAL: lsp.DiagnosticSeverity.Error,
    Severity.HIGH: lsp.DiagnosticSeverity.Error,
    Severity.MEDIUM: lsp.DiagnosticSeverity.Warning,
    Severity.LOW: lsp.DiagnosticSeverity.Information,
    Severity.INFO: lsp.DiagnosticSeverity.Hint,
}
_NAMED = re.compile(r"guardrails:\s*ignore\s*\[[^\]]*\]")
_STATEMENT = re.compile(r"\s*[\w-]+(\s+\"[^\"]*\")*\s*[={]")


class Analysis(Struct, frozen=True):
    """What a run says."""

    report: Report = field(default_factory=Report)
    checks: Mapping[str, AnyCheck] = field(default_factory=dict)
    refusal: str = ""
    """Why there was no run: a configuration that cannot be used, for one."""


class Change(Struct, frozen=True):
    """One file before and after a fix."""

    path: str
    """Its real path."""
    before: str
    after: str


class Analyse(Protocol):
    """Runs the checks over files, some of them as they are in the editor (by real path)."""

    def __call__(self, paths: Sequence[Path], unsaved: Mapping[str, str], /) -> Analysis:
        """Never raises for what a design or a configuration says."""
        ...


class Repair(Protocol):
    """Mends one finding, proved as `guardrails fix` proves it."""

    def __call__(self, finding: Finding, paths: Sequence[Path], unsaved: Mapping[str, str], /) -> Sequence[Change]:
        """What it changes in files as they are in the editor; nothing where the fix does not hold. Never raises."""
        ...


class _Shown(Struct, frozen=True):
    diagnostic: lsp.Diagnostic
    finding: Finding | None = None


class Server(LanguageServer):
    """One editor's session."""

    def __init__(self, analyse: Analyse, repair: Repair) -> None:
        super().__init__("guardrails", guardrails.__version__)
        self._analyse = analyse
        self._repair = repair
        self._shown: dict[str, list[_Shown]] = {}
        """By URI."""
        self._checks: Mapping[str, AnyCheck] = {}
        self._refusal = ""
        self._timer: asyncio.TimerHandle | None = None
        self._running = False
        self._again = False
        self._tasks: set[asyncio.Task[None]] = set()

    # -- when to run

    def changed(self) -> None:
        """Something is not as it was at the last run."""
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(PAUSE, self._start)

    def _start(self) -> None:
        if self._running:
            self._again = True
            return
        self._running = True
        task = asyncio.get_running_loop().create_task(self._run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        try:
            uris, unsaved = self._open()
            paths = list(dict.fromkeys(_on_disk(path) for path in unsaved))
            analysis = Analysis()
            if paths:
                loop = asyncio.get_running_loop()
                analysis = await loop.run_in_executor(None, self._analyse, [Path(path) for path in paths], unsaved)
            self._publish(analysis, uris)
        except Exception as error:  # the session outlives what breaks a run
            self._publish(Analysis(refusal=f"this is a bug of guardrails: {type(error).__name__}: {error}"), {})
        finally:
            self._running = False
            if self._again:
                self._again = False
                self.changed()

    def _open(self) -> tuple[dict[str, str], dict[str, str]]:
        """The open files of Terraform: their URIs and their texts, by real path."""
        uris: dict[str, str] = {}
        texts: dict[str, str] = {}
        for uri, document in list(self.workspace.text_documents.items()):
            path = to_fs_path(uri) if uri.startswith("file:") else None
            if path and path.endswith(_FILES) and os.path.isdir(os.path.dirname(path)):
                real = os.path.realpath(path)
                uris[real], texts[real] = uri, document.source
        return uris, texts

    # -- what to show

    def _publish(self, analysis: Analysis, uris: Mapping[str, str]) -> None:
        if analysis.refusal and analysis.refusal != self._refusal:
            message = lsp.ShowMessageParams(lsp.MessageType.Error, f"guardrails: {analysis.refusal}")
            self.window_show_message(message)
        self._refusal = analysis.refusal
        if analysis.refusal:
            return  # what was said before stands until there is an answer
        self._checks = analysis.checks
        found: dict[str, list[_Shown]] = {uri: [] for uri in uris.values()}
        lines = _Lines(self)
        for path, shown in self._diagnostics(analysis, lines):
            real = os.path.realpath(path)
            found.setdefault(uris.get(real) or from_fs_path(real) or "", []).append(shown)
        for uri in self._shown.keys() - found.keys():
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))
        for uri, every in found.items():
            diagnostics = [each.diagnostic for each in every[:MOST]]
            if len(every) > MOST:
                text = f"and {len(every) - MOST} more: run `guardrails check`"
                diagnostics.append(lsp.Diagnostic(_FIRST_LINE, text, lsp.DiagnosticSeverity.Error, source="guardrails"))
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, diagnostics))
        self._shown = {uri: every for uri, every in found.items() if every}

    def _diagnostics(self, analysis: Analysis, lines: _Lines) -> Iterator[tuple[str, _Shown]]:
        """Each with the path of its file; the worst of a file come first."""
        safe = cleaned(analysis.report)
        pairs = zip(analysis.report.findings, safe.findings, strict=True)
        for finding, shown in sorted(pairs, key=lambda pair: -pair[0].severity.rank):
            place = finding.origin.location
            if isinstance(place, Location):
                diagnostic = lsp.Diagnostic(
                    lines.range(place),
                    "\n".join([shown.message, *shown.details, shown.hint]),
                    _SEVERITIES[finding.severity],
                    code=finding.check,
                    code_description=self._description(finding),
                    source="guardrails",
                    related_information=list(_related(finding, shown, lines)),
                )
                yield place.path, _Shown(diagnostic, finding)
        for problem, said in zip(analysis.report.problems, safe.problems, strict=True):
            if isinstance(problem.location, Location):
                text = f"incomplete: {said.message}"
                yield _plain(problem.location, text, "incomplete", lsp.DiagnosticSeverity.Error, lines)
        for undecided, said_of in zip(analysis.report.undecided, safe.undecided, strict=True):
            if isinstance(undecided.origin.location, Location):
                text = f"{undecided.check} cannot be decided: {said_of.reason}"
                severity = lsp.DiagnosticSeverity.Hint
                yield _plain(undecided.origin.location, text, undecided.check, severity, lines)

    def _description(self, finding: Finding) -> lsp.CodeDescription | None:
        check = self._checks.get(finding.check)
        return lsp.CodeDescription(check.references[0]) if check and check.references else None

    # -- what is asked

    def hover(self, uri: str, at: lsp.Position) -> lsp.Hover | None:
        """The pages of the checks whose diagnostics are there, or whose suppression is."""
        here = [each for each in self._shown.get(uri, ()) if _within(at, each.diagnostic.range)]
        names = dict.fromkeys(str(each.diagnostic.code) for each in here)
        names.update(dict.fromkeys(self._suppressed_at(uri, at)))
        pages = [markdown(self._checks[name]) for name in names if name in self._checks]
        if not pages:
            return None
        said = [f"{prose(each.diagnostic.message.partition(chr(10))[0])}\n" for each in here]
        text = "\n---\n\n".join([*said, *pages])
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text))

    def _suppressed_at(self, uri: str, at: lsp.Position) -> Iterator[str]:
        """The check that a suppression names under the cursor."""
        lines = self.workspace.get_text_document(uri).lines
        line = lines[at.line] if at.line < len(lines) else ""
        column = self.workspace.position_codec.position_from_client_units(lines, at).character
        for comment in _NAMED.finditer(line):
            for word in re.finditer(r"[\w-]+", comment[0]):
                if word.start() <= column - comment.start() <= word.end():
                    yield word[0]

    async def actions(self, uri: str, span: lsp.Range) -> list[lsp.CodeAction]:
        """How to mend, and how to suppress, the findings that are there."""
        found: list[lsp.CodeAction] = []
        for each in list(self._shown.get(uri, ())):
            if each.finding is not None and _meet(span, each.diagnostic.range):
                found += await self._fixes(uri, each.finding, each.diagnostic)
                found += self._suppressions(uri, each.finding, each.diagnostic)
        return found

    async def _fixes(self, uri: str, finding: Finding, diagnostic: lsp.Diagnostic) -> list[lsp.CodeAction]:
        """The fix, if there is one to apply. It is proved when the editor wants to have it."""
        fix = finding.fix
        if fix is None or not fix.edits or fix.safety is Safety.MANUAL:
            return []
        action = lsp.CodeAction(
            f"{fix.title}{'' if fix.safety is Safety.SAFE else ' (unsafe: look at it)'}",
            lsp.CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            is_preferred=fix.safety is Safety.SAFE,
            data={"uri": uri, "fingerprint": finding.fingerprint},
        )
        if self._resolves:
            return [action]
        action = await self.resolve(action)
        return [action] if action.edit else []

    @property
    def _resolves(self) -> bool:
        """Whether the editor asks for the edit of an action only when the user wants it."""
        given = self.client_capabilities.text_document
        support = given.code_action.resolve_support if given and given.code_action else None
        return support is not None and "edit" in support.properties

    async def resolve(self, action: lsp.CodeAction) -> lsp.CodeAction:
        """An action with its edit. Without one the fix would do harm, and the user is told."""
        data = action.data if isinstance(action.data, dict) else {}
        shown = self._shown.get(data.get("uri", ""), ())
        finding = next(
            (each.finding for each in shown if each.finding and each.finding.fingerprint == data.get("fingerprint")),
            None,
        )
        if finding is None:
            return action
        uris, unsaved = self._open()
        loop = asyncio.get_running_loop()
        paths = [Path(path) for path in dict.fromkeys(map(_on_disk, unsaved))]
        changes = await loop.run_in_executor(None, self._repair, finding, paths, unsaved)
        if changes:
            edits = {uris.get(each.path) or from_fs_path(each.path) or "": list(_edits(each)) for each in changes}
            action.edit = lsp.WorkspaceEdit(changes=edits)
        elif self._resolves:
            text = f"guardrails: the fix of {finding.check} does not hold here: `guardrails fix --diff` says why"
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, text))
        return action

    def _suppressions(self, uri: str, finding: Finding, diagnostic: lsp.Diagnostic) -> Iterator[lsp.CodeAction]:
        """A comment above the culprit. It has no effect before somebody writes the reason."""
        document = self.workspace.get_text_document(uri)
        place = finding.origin.location
        if uri.endswith(".json") or not isinstance(place, Location):
            return
        lines = document.lines
        if not _starts_statement(lines, place):
            place = finding.block.location
        if not isinstance(place, Location) or not _starts_statement(lines, place):
            return
        text = lines[place.line - 1]
        indent = text[: len(text) - len(text.lstrip())]
        start = lsp.Position(place.line - 1, 0)
        comment = f'{indent}# guardrails: ignore[{finding.check}] reason=""\n'
        yield lsp.CodeAction(
            f"Suppress {finding.check} here (write the reason)",
            lsp.CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            edit=lsp.WorkspaceEdit(changes={uri: [lsp.TextEdit(lsp.Range(start, start), comment)]}),
        )


_FIRST_LINE = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))


class _Lines:
    """The lines of files as the editor has them or as they are saved, for positions in the editor's units."""

    def __init__(self, server: Server) -> None:
        workspace = server.workspace
        self._codec: PositionCodec = workspace.position_codec
        self._files: dict[str, Sequence[str]] = {}
        for uri, document in list(workspace.text_documents.items()):
            path = to_fs_path(uri) if uri.startswith("file:") else None
            if path:
                self._files[os.path.realpath(path)] = document.lines

    def range(self, place: Location) -> lsp.Range:
        """A span; of several lines only the first."""
        lines = self._of(place.path)
        first = lines[place.line - 1].rstrip("\r\n") if place.line <= len(lines) else ""
        start = lsp.Position(place.line - 1, max(place.column - 1, 0))
        if place.end_column and place.end_line <= place.line:
            end = lsp.Position(place.line - 1, place.end_column - 1)
        else:
            end = lsp.Position(place.line - 1, max(len(first), start.character))
        return self._codec.range_to_client_units(lines, lsp.Range(start, end))

    def _of(self, path: str) -> Sequence[str]:
        real = os.path.realpath(path)
        if real not in self._files:
            try:
                self._files[real] = Path(real).read_text(encoding="utf-8-sig").splitlines(keepends=True)
            except (OSError, UnicodeDecodeError):
                self._files[real] = []
        return self._files[real]


def _on_disk(path: str) -> str:
    """A path that can be read: for a file that was never saved, its folder."""
    return os.path.relpath(path if os.path.exists(path) else os.path.dirname(path))


def _plain(
    place: Location, text: str, code: str, severity: lsp.DiagnosticSeverity, lines: _Lines
) -> tuple[str, _Shown]:
    return place.path, _Shown(lsp.Diagnostic(lines.range(place), text, severity, code=code, source="guardrails"))


def _related(finding: Finding, shown: Finding, lines: _Lines) -> Iterator[lsp.DiagnosticRelatedInformation]:
    places = dict.fromkeys(
        zip((*finding.related, *finding.origin.calls), (*shown.related, *shown.origin.calls), strict=True)
    )
    for label, said in places:
        if isinstance(label.location, Location):
            uri = from_fs_path(os.path.realpath(label.location.path)) or ""
            yield lsp.DiagnosticRelatedInformation(lsp.Location(uri, lines.range(label.location)), said.text)


def _edits(change: Change) -> Iterator[lsp.TextEdit]:
    """The lines that differ."""
    before, after = (re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text) for text in (change.before, change.after))
    for kind, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield lsp.TextEdit(lsp.Range(lsp.Position(i, 0), lsp.Position(j, 0)), "".join(after[k:m]))


def _starts_statement(lines: Sequence[str], place: Place) -> bool:
    """Whether an attribute or a block begins there, so that a comment can stand above it."""
    if not isinstance(place, Location) or place.line > len(lines):
        return False
    text = lines[place.line - 1]
    return place.column == len(text) - len(text.lstrip()) + 1 and bool(_STATEMENT.match(text))


def _within(at: lsp.Position, span: lsp.Range) -> bool:
    return (span.start.line, span.start.character) <= (at.line, at.character) <= (span.end.line, span.end.character)


def _meet(one: lsp.Range, other: lsp.Range) -> bool:
    return _within(one.start, other) or _within(other.start, one)


def server(analyse: Analyse, repair: Repair) -> Server:
    """A server that has not started."""
    made = Server(analyse, repair)

    @made.feature(lsp.INITIALIZED)
    def _initialized(_: lsp.InitializedParams) -> None:
        # Paths, the configuration and the repository are found from where the user stands: the folder that is open.
        root = made.workspace.root_path
        if root and os.path.isdir(root):
            os.chdir(root)

    @made.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def _opened(_: lsp.DidOpenTextDocumentParams) -> None:
        made.changed()

    @made.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def _changed(_: lsp.DidChangeTextDocumentParams) -> None:
        made.changed()

    @made.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def _saved(_: lsp.DidSaveTextDocumentParams) -> None:
        made.changed()

    @made.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def _closed(_: lsp.DidCloseTextDocumentParams) -> None:
        made.changed()

    @made.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def _others(_: lsp.DidChangeWatchedFilesParams) -> None:
        made.changed()  # another branch, modules that were fetched, the configuration

    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def _hover(given: lsp.HoverParams) -> lsp.Hover | None:
        return made.hover(given.text_document.uri, given.position)

    @made.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix], resolve_provider=True),
    )
    async def _actions(given: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        return await made.actions(given.text_document.uri, given.range)

    @made.feature(lsp.CODE_ACTION_RESOLVE)
    async def _resolved(given: lsp.CodeAction) -> lsp.CodeAction:
        return await made.resolve(given)

    return made
