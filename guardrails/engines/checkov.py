"""checkov as an engine: its whole catalogue, asked in a process of its own environment.

It reads nothing that tells it what to do: no `.checkov.yaml` (it looks for one in the folder of a `-d` or `--directory`
argument of its own, which `--directory=` is not, in the folder that it stands in and in the home folder, both of which
are empty), no external checks, no credentials, no network.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.check import Check
from guardrails.engines import Claim, Outcome
from guardrails.engines.cache import Cache
from guardrails.engines.inputs import digest_of_files, digest_of_tree
from guardrails.engines.installation import OLDEST, EngineError, Executable, find, is_supported
from guardrails.engines.process import Process, Unanswered
from guardrails.engines.rules import CheckovRule, fact_of, rule, table
from guardrails.finding import Finding, Kind, Suppressed
from guardrails.model import Location, Model, Origin, Problem, Resource, type_of

NAME = "checkov"
SECONDS = 600.0
"""How long an answer may take, unless the configuration says otherwise."""
_FORMAT = b"guardrails checkov 1"
_SURE = ("aws_s3_bucket", "aws_security_group", "aws_instance", "aws_db_instance", "aws_iam_policy", "aws_kms_key")
"""Types that every version has rules for: an answer about none of them has not seen the input."""
_LISTED = 3


class Target(Struct, frozen=True):
    """A folder of configuration, or a plan."""

    kind: Literal["configuration", "plan"]
    path: str
    """Absolute, links followed."""
    alone: bool = False
    """Whether what lies in folders below was not asked for: a file of the folder was named, not the folder."""


class Options(Struct, frozen=True):
    """What the user says besides the paths."""

    executable: str = ""
    """Named by the user; empty: look for one."""
    seconds: float = SECONDS
    variables: Mapping[str, str] = field(default_factory=dict)
    """`--var name=value`."""
    var_files: Sequence[str] = ()
    avoid: tuple[str, ...] = ()
    """The scanned trees: no program and no cache is taken from there."""


class _Result(msgspec.Struct):
    suppress_comment: str | None = None


class _Raw(msgspec.Struct):
    """A record of checkov's JSON."""

    check_id: str
    check_result: _Result
    file_abs_path: str
    file_line_range: list[int]
    resource: str
    check_name: str | None = None
    resource_address: str | None = None


class _Results(msgspec.Struct):
    failed_checks: list[_Raw]
    skipped_checks: list[_Raw]
    parsing_errors: list[str]


class _Summary(msgspec.Struct):
    passed: int
    checkov_version: str


class _Part(msgspec.Struct):
    """What one of checkov's runners says."""

    check_type: str
    results: _Results
    summary: _Summary


class _Nothing(msgspec.Struct):
    """What checkov says when no runner has anything to say."""

    passed: int
    failed: int
    parsing_errors: int
    checkov_version: str


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A rule that fails on a resource, or that a comment to checkov skips there."""

    check: str
    title: str
    resource: str
    path: str
    """The file, relative to the folder of the target."""
    line: int
    end_line: int
    skipped: str | None = None
    """The comment's reason."""


class Said(msgspec.Struct, frozen=True, array_like=True):
    """checkov's answer about a target, without what depends on where it stands."""

    version: str
    records: list[Record]
    unparsed: list[str]
    passed: int


def decode(output: bytes, base: str) -> Said:
    """checkov's JSON in each of its three shapes; paths become relative to `base`. Raises `Unanswered`."""
    text = output.strip()
    try:
        if text.startswith(b"["):
            parts = msgspec.json.decode(text, type=list[_Part])
        else:
            try:
                parts = [msgspec.json.decode(text, type=_Part)]
            except msgspec.ValidationError:
                nothing = msgspec.json.decode(text, type=_Nothing)
                if nothing.passed or nothing.failed or nothing.parsing_errors:
                    raise
                return Said(nothing.checkov_version, [], [], 0)
    except msgspec.DecodeError as error:
        raise Unanswered(f"gave an answer that cannot be read: {error}") from None
    records: list[Record] = []
    unparsed: list[str] = []
    for part in parts:
        records += (_record(raw, base, None) for raw in part.results.failed_checks)
        records += (_record(raw, base, raw.check_result) for raw in part.results.skipped_checks)
        unparsed += (os.path.relpath(path, base) for path in part.results.parsing_errors)
    return Said(
        parts[0].summary.checkov_version if parts else "",
        records,
        sorted(set(unparsed)),
        sum(part.summary.passed for part in parts),
    )


def _record(raw: _Raw, base: str, skip: _Result | None) -> Record:
    line, end_line = (*raw.file_line_range, 0, 0)[:2]
    return Record(
        raw.check_id,
        raw.check_name or raw.check_id,
        raw.resource_address or raw.resource,
        os.path.relpath(raw.file_abs_path, base),
        line,
        end_line,
        None if skip is None else skip.suppress_comment or "",
    )


class Checkov:
    """checkov at work on some targets. Use it as a context: what still runs at its end is ended."""

    def __init__(self, targets: Iterable[Target], options: Options) -> None:
        """Start it; where it cannot be, the outcome says so."""
        self._options = options
        self._targets = _without_doubles(targets)
        self._here = os.getcwd()
        self._running: set[Process] = set()
        self._closed = False
        self._lock = threading.Lock()
        self._executable: Executable | None = None
        self._missing = ""
        self._answers: list[Future[Said]] = []
        try:
            self._executable = find(options.executable, options.avoid)
        except EngineError as error:
            self._missing = str(error)
            return
        self._cache = Cache(NAME, options.avoid)
        self._pool = ThreadPoolExecutor(max_workers=max(os.cpu_count() or 1, 1), thread_name_prefix=NAME)
        self._answers = [self._pool.submit(self._ask, self._executable, target) for target in self._targets]

    def __enter__(self) -> Checkov:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what still runs."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            process.close()
        if self._answers:
            self._pool.shutdown(cancel_futures=True)

    def rules(self) -> Sequence[Check[Any]]:
        """See `Engine.rules`."""
        return list(table().values())

    def outcome(self, models: Sequence[Model]) -> Outcome:
        """See `Engine.outcome`."""
        outcome = Outcome()
        if self._missing:
            outcome.problems.append(Problem("engine", self._missing))
        for target, answer in zip(self._targets, self._answers, strict=False):
            try:
                said = answer.result()
            except Unanswered as unanswered:
                outcome.problems.append(Problem("engine", f"checkov {unanswered}", self._place(target.path)))
                continue
            except Exception as error:  # the report of everything else must not be lost
                text = f"checkov could not be asked: {type(error).__name__}: {error}"
                outcome.problems.append(Problem("engine", text, self._place(target.path)))
                continue
            own = [model for model in models if self._is_of(model, target)]
            outcome.problems += self._doubts(target, said, own)
            claims = _Claims(target, own, self._here)
            outcome.claims += claims.of(said)
            outcome.rules += claims.rules.values()
        return outcome

    def _ask(self, executable: Executable, target: Target) -> Said:
        if target.kind == "plan" and not target.path.endswith(".json"):
            raise Unanswered("reads no plan whose name does not end in .json")
        base = target.path if target.kind == "configuration" else os.path.dirname(target.path)
        key = self._key(executable, target)
        if (kept := self._cache.get(key)) is not None:
            try:
                return msgspec.msgpack.decode(kept, type=Said)
            except msgspec.DecodeError:
                pass  # an entry of another version of ours
        with self._lock:
            if self._closed:
                raise Unanswered("was not waited for")
            process = Process(self._command(executable, target), self._options.seconds, self._extra())
            self._running.add(process)
        try:
            answer = process.answer()
        except OSError:
            raise Unanswered("was not waited for") from None
        finally:
            process.close()
            with self._lock:
                self._running.discard(process)
        if answer.code not in {0, 1} or not answer.output.strip():
            last = answer.errors.strip().splitlines()
            raise Unanswered(f"ended with code {answer.code}: {last[-1] if last else 'it says nothing'}")
        said = decode(answer.output, base)
        if key and key == self._key(executable, target):  # else the input has changed under it
            self._cache.put(key, msgspec.msgpack.encode(said))
        return said

    def _command(self, executable: Executable, target: Target) -> list[str]:
        what = (
            [f"--directory={target.path}", "--framework", "terraform", "terraform_json"]
            if target.kind == "configuration"
            else [f"--file={target.path}", "--framework", "terraform_plan"]
        )
        return [
            executable.path,
            *what,
            *(f"--var-file={os.path.abspath(path)}" for path in self._options.var_files),
            "--output=json",
            "--compact",
            "--skip-download",
            "--download-external-modules=false",
        ]

    def _extra(self) -> dict[str, str]:
        given = {name: value for name, value in os.environ.items() if name.startswith("TF_VAR_")}
        given |= {f"TF_VAR_{name}": value for name, value in self._options.variables.items()}
        return {**given, "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "LOG_LEVEL": "ERROR"}

    def _key(self, executable: Executable, target: Target) -> str:
        """The name of the cache entry; empty where it cannot be said what the answer depends on."""
        content = digest_of_tree(target.path) if target.kind == "configuration" else digest_of_files([target.path])
        given = digest_of_files(self._options.var_files)
        if not executable.identity or content is None or given is None:
            return ""
        command = self._command(replace(executable, path=""), replace(target, path=""))
        name = "" if target.kind == "configuration" else os.path.basename(target.path)
        parts = [_FORMAT.decode(), executable.identity, name, *command, *map(str, sorted(self._extra().items()))]
        return self._cache.key("\0".join(parts).encode("utf-8", "surrogateescape") + content + given)

    def _is_of(self, model: Model, target: Target) -> bool:
        if model.kind != target.kind:
            return False
        path = os.path.realpath(os.path.join(self._here, model.name))
        return path == target.path or (
            target.kind == "configuration" and path.startswith(target.path.rstrip(os.sep) + os.sep)
        )

    def _place(self, path: str, line: int = 1) -> Location:
        return Location(_shown(path, self._here), line)

    def _doubts(self, target: Target, said: Said, models: Sequence[Model]) -> Iterable[Problem]:
        """What makes the answer less than whole."""
        base = target.path if target.kind == "configuration" else os.path.dirname(target.path)
        for path in said.unparsed:
            place = self._place(os.path.join(base, path))
            yield Problem("engine", f"checkov could not parse {place.path}", place)
        if said.version and not is_supported(said.version):
            yield Problem("engine", f"checkov {said.version} is older than {OLDEST}, the oldest that is supported")
        files = sorted({path for model in models for path in model.files})
        if tofu := [path for path in files if path.endswith((".tofu", ".tofu.json"))]:
            yield Problem("engine", f"checkov does not read OpenTofu's own files: {_listed(tofu)}")
        installed = sorted({path.split("/.terraform/modules/", 1)[1].split("/")[0] for path in _installed(files)})
        if installed:
            yield Problem(
                "engine",
                f"checkov does not read the modules of `terraform init` ({_listed(installed)}): check a plan too",
            )
        types = {type_ for model in models for type_ in model.types()}
        if not said.passed and not said.records and not said.unparsed and (sure := sorted(types.intersection(_SURE))):
            yield Problem("engine", f"checkov saw nothing, though there is {sure[0]}", self._place(target.path))


def targets(paths: Iterable[str], plans: Iterable[str]) -> list[Target]:
    """The folders of configuration, and the plans."""
    folders = {path: path if os.path.isdir(path) else os.path.dirname(path) or "." for path in paths}
    return [
        *(Target("configuration", os.path.realpath(folder), folder != path) for path, folder in folders.items()),
        *(Target("plan", os.path.realpath(path)) for path in plans),
    ]


def _without_doubles(given: Iterable[Target]) -> list[Target]:
    """Each once, and nothing inside a folder that is looked at with all below it."""
    all_ = {each.path: each for each in sorted(given, key=lambda target: not target.alone)}
    folders = [each.path.rstrip(os.sep) + os.sep for each in all_.values() if each.kind == "configuration"]
    whole = [folder for folder in folders if not all_[folder.rstrip(os.sep) or os.sep].alone]
    return [
        each
        for each in all_.values()
        if each.kind == "plan" or not any(each.path.startswith(folder) for folder in whole)
    ]


def _installed(files: Iterable[str]) -> Iterable[str]:
    return (f"/{path}" for path in files if "/.terraform/modules/" in f"/{path}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _shown(path: str, here: str) -> str:
    try:
        return os.path.relpath(path, here).replace(os.sep, "/")
    except ValueError:  # another drive of Windows
        return path


class _Claims:
    """Brings records home to the resources of the models."""

    def __init__(self, target: Target, models: Sequence[Model], here: str) -> None:
        self._base = target.path if target.kind == "configuration" else os.path.dirname(target.path)
        self._by_line = target.kind == "configuration"
        self._alone = target.alone
        self._models = models
        self._here = here
        self.rules: dict[str, CheckovRule] = {}
        """Those that the records name."""
        self._paths: dict[str, str] = {}
        self._homes: dict[tuple[str, str], list[tuple[Model, Resource, Origin]]] = {}
        self._turns: dict[tuple[str, str, str], int] = {}

    def of(self, said: Said) -> Iterable[Claim]:
        """A claim for each record that was asked for."""
        claims = ((record, self._claim(record)) for record in said.records)
        return [claim for record, claim in claims if claim.model or not (self._alone and os.sep in record.path)]

    def _claim(self, record: Record) -> Claim:
        path = self._paths.get(record.path)
        if path is None:
            path = self._paths[record.path] = _shown(os.path.join(self._base, record.path), self._here)
        model, resource, origin = self._home(record, path)
        known = self.rules.get(record.check)
        if known is None:
            known = self.rules[record.check] = rule(record.check, record.title)
        finding = Finding(
            check=record.check,
            kind=Kind.SECURITY,
            severity=known.severity,
            message=fact_of(known.title),
            resource=record.resource,
            type=resource.type if resource else "",
            origin=origin,
            block=origin,
            hint=known.hint,
            engine=NAME,
        )
        skipped = None if record.skipped is None else Suppressed(finding, record.skipped, by=origin)
        return Claim(finding, model, resource.address if resource else "", skipped)

    def _home(self, record: Record, path: str) -> tuple[Model | None, Resource | None, Origin]:
        key = (record.resource, path if self._by_line else "")
        if key not in self._homes:
            self._homes[key] = list(self._candidates(record.resource, path))
        homes = self._homes[key]
        if not homes:
            return None, None, Origin(Location(path, max(record.line, 1), end_line=record.end_line))
        # Roots that call the same module have the same addresses at the same lines: the first record is the first's.
        turn = (record.check, *key)
        number = self._turns.get(turn, 0)
        self._turns[turn] = number + 1
        model, resource, origin = homes[min(number, len(homes) - 1)]
        if origin.location is None:
            origin = replace(origin, location=Location(path, max(record.line, 1), end_line=record.end_line))
        return model, resource, origin

    def _candidates(self, name: str, path: str) -> Iterable[tuple[Model, Resource, Origin]]:
        for model in self._models:
            for address in _addresses(name):
                try:
                    resource = model.at(address)
                    origin = resource.locate(()) if resource else None
                except Exception:  # noqa: S112  # what breaks here is said by the checks of the resource
                    continue
                if resource is None or origin is None:
                    continue
                place = origin.location
                if not self._by_line or (isinstance(place, Location) and place.path == path):
                    yield model, resource, origin
                    break


def _addresses(name: str) -> Iterable[str]:
    """A resource as checkov names it, and as the data source that it may be: checkov leaves `data.` out."""
    yield name
    type_ = type_of(name)
    if not type_.startswith("data.") and "_" in type_:
        before, _, after = name.rpartition(f"{type_}.")
        yield f"{before}data.{type_}.{after}"
