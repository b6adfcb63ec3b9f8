"""Functions of files. None is looked at outside of the scanned tree, by `..`, by an absolute path or by a link."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from guardrails.model import Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.functions.encoding import to_base64
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    Beyond,
    Function,
    FunctionContext,
    anything,
    bounded,
    function,
    normalized,
    table,
    text,
)
from guardrails.sources.terraform.types import EvaluationError, SetValue, unknown

_NO_FILE = (
    'no file exists at "{}"; this function works only with files that are distributed as part of the configuration '
    "source code, so if this file will be created by a resource in this configuration you must instead obtain this "
    "result from an attribute of that resource"
)


def _inside(path: str, context: FunctionContext) -> Path:
    """The real path. Raises `Beyond` where it is outside of the fence."""
    if "\0" in path or len(path) > 4096:
        raise EvaluationError("invalid path")
    if path.startswith("~"):
        raise Beyond(f"{path} is in the home directory of whoever runs Terraform")
    fence = Path(os.path.realpath(context.fence))
    try:
        real = Path(os.path.realpath(context.root / path))
    except OSError:
        raise EvaluationError(f"cannot read {path}") from None
    if real != fence and fence not in real.parents:
        raise Beyond(f"{path} is outside of the scanned tree {context.fence.name or context.fence}")
    return real


def _read(path: str, context: FunctionContext) -> bytes:
    """The bytes of a regular file of bounded size."""
    real = _inside(path, context)
    try:
        # Nothing is opened that could block: a pipe or a device is no configuration.
        status = os.stat(real)
        if stat.S_ISDIR(status.st_mode):
            raise ArgumentError("path", f"failed to read file: read {path}: is a directory")
        if not stat.S_ISREG(status.st_mode):
            raise Beyond(f"{path} is not a regular file")
        if status.st_size > context.limit:
            raise Beyond(f"{path} is larger than {context.limit} bytes")
        with open(real, "rb") as file:
            return file.read(context.limit)
    except (FileNotFoundError, NotADirectoryError):
        raise ArgumentError("path", _NO_FILE.format(path)) from None
    except OSError as error:
        raise Beyond(f"{path} cannot be read: {error.strerror}") from None


def _read_text(path: str, context: FunctionContext) -> str:
    try:
        return normalized(_read(path, context).decode())
    except UnicodeDecodeError:
        raise EvaluationError(
            f'contents of "{path}" are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded '
            "contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead"
        ) from None


@function("file", text("path"), context=True)
def _file(context: FunctionContext, path: str) -> Value:
    return _read_text(path, context)


@function("filebase64", text("path"), context=True)
def _filebase64(context: FunctionContext, path: str) -> Value:
    return to_base64(_read(path, context))


@function("fileexists", text("path"), context=True)
def _fileexists(context: FunctionContext, path: str) -> Value:
    real = _inside(path, context)
    try:
        mode = os.stat(real).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Beyond(f"{path} cannot be read: {error.strerror}") from None
    if stat.S_ISREG(mode):
        return True
    what = "a directory" if stat.S_ISDIR(mode) else "something else"
    raise EvaluationError(f'"{path}" is {what}, not a file')


def _hashed(name: str, algorithm: str, *, base64: bool = False) -> Function:
    @function(name, text("path"), context=True)
    def body(context: FunctionContext, path: str) -> Value:
        from guardrails.sources.terraform.functions.hash_crypto import digest  # noqa: PLC0415  # hashlib is slow to import

        hashed = digest(algorithm, _read(path, context))
        return to_base64(hashed) if base64 else hashed.hex()

    return body


_MAX_PATTERN = 1000


def _class(pattern: str, at: int) -> tuple[str, int]:
    """A class of characters that starts at an offset, as Python writes it, and where it ends."""
    negated = pattern.startswith("^", at)
    end = pattern.find("]", at + 1 + negated)
    if end < 0:
        raise _bad_glob(pattern)
    inner = pattern[at + negated : end]
    for special in ("\\", "[", "^", "&&", "||", "~~"):
        inner = inner.replace(special, "\\" + special)
    return f"[{'^/' if negated else ''}{inner}]", end + 1


def _bad_glob(pattern: str) -> EvaluationError:
    return EvaluationError(f'failed to glob pattern "{pattern}": syntax error in pattern')


def _glob(pattern: str) -> re.Pattern[str]:
    """A pattern of doublestar (`**`, `*`, `?`, `[...]`, `{a,b}`) over paths with `/`."""
    if len(pattern) > _MAX_PATTERN:
        raise Beyond("a pattern of this length is not read")
    out, at, depth = "", 0, 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if pattern.startswith("**", at - 1) and (at == 1 or pattern[at - 2] in "/{,"):
            after = pattern[at + 1 : at + 2]
            if after == "/":
                out, at = out + "(?:[^/]+/)*", at + 2
                continue
            if after in {"", "}", ","}:
                out, at = out + ".*", at + 1
                continue
        match char:
            case "*":
                # One star after another means nothing more, and would only make the search slow.
                out += "" if out.endswith("[^/]*") else "[^/]*"
            case "?":
                out += "[^/]"
            case "[":
                piece, at = _class(pattern, at)
                out += piece
            case "/" if depth:
                raise _bad_glob(pattern)  # braces hold no folders
            case "{":
                out, depth = out + "(?:", depth + 1
            case "}" if depth:
                out, depth = out + ")", depth - 1
            case "," if depth:
                out += "|"
            case "\\" if at < len(pattern):
                out += re.escape(pattern[at])
                at += 1
            case _:
                out += re.escape(char)
    if depth:
        raise _bad_glob(pattern)
    if out.count("*") > 12:
        raise Beyond("a pattern with so many stars is not read")
    try:
        return re.compile(out + r"\Z", re.DOTALL)
    except re.error:
        raise _bad_glob(pattern) from None


def _files(folder: Path, context: FunctionContext) -> Iterator[str]:
    """The regular files below a folder, relative to it. Folders that are links are not gone into."""
    count = 0
    for where, folders, names in os.walk(folder):
        folders.sort()
        count += len(folders) + len(names)
        bounded(count, context, "files")
        for name in names:
            full = os.path.join(where, name)
            if not os.path.islink(full):
                regular = stat.S_ISREG(os.lstat(full).st_mode)
            else:
                _inside(full, context)
                regular = os.path.isfile(full)
            if regular:
                yield os.path.relpath(full, folder).replace(os.sep, "/")


@function("fileset", text("path"), text("pattern"), context=True)
def _fileset(context: FunctionContext, path: str, pattern: str) -> Value:
    if ".." in pattern.split("/"):
        raise Beyond("a pattern that leaves its folder is not followed")
    folder = _inside(path, context)
    matcher = _glob(pattern.removeprefix("./"))
    if not folder.is_dir():
        return SetValue()
    try:
        return SetValue(normalized(name) for name in _files(folder, context) if matcher.match(name))
    except OSError as error:
        raise Beyond(f"{path} cannot be read: {error.strerror}") from None


@function("templatefile", text("path"), anything("vars"), holes="all", marks="body", context=True)
def _templatefile(context: FunctionContext, path: Value, variables: Value) -> Value:
    bare = path.value if isinstance(path, Sensitive) else path
    if isinstance(bare, UnknownValue | Symbolic) or not isinstance(bare, str):
        return unknown(bare, variables)
    return _evaluated(context, _read_text(bare, context), bare, variables)


@function("templatestring", text("template"), anything("vars"), holes="all", marks="body", context=True)
def _templatestring(context: FunctionContext, template: Value, variables: Value) -> Value:
    bare = template.value if isinstance(template, Sensitive) else template
    if isinstance(bare, UnknownValue | Symbolic) or not isinstance(bare, str):
        return unknown(bare, variables)
    result = _evaluated(context, bare, "<templatestring argument>", variables)
    return Sensitive(result) if isinstance(template, Sensitive) else result


def _evaluated(context: FunctionContext, template: str, name: str, variables: Value) -> Value:
    secret = isinstance(variables, Sensitive)
    bare = variables.value if isinstance(variables, Sensitive) else variables
    if isinstance(bare, UnknownValue) or (isinstance(bare, Symbolic) and bare.ref):
        return unknown(bare)
    if not isinstance(bare, dict):
        raise ArgumentError("vars", "invalid vars value: must be a map")
    for key in bare:
        if not re.match(r"[^\W\d][\w-]*\Z", key):
            raise ArgumentError(
                "vars",
                f'invalid template variable name "{key}": must start with a letter, '
                "followed by zero or more letters, digits, and underscores",
            )
    result = context.evaluate_template(template, name, bare)
    return Sensitive(result) if secret and not isinstance(result, UnknownValue) else result


@function("basename", text("path"))
def _basename(path: str) -> Value:
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


@function("dirname", text("path"))
def _dirname(path: str) -> Value:
    return _clean(path[: path.rfind("/") + 1]) if "/" in path else "."


def _clean(path: str) -> str:
    return posixpath.normpath(path).replace("//", "/") if path else "."


@function("abspath", text("path"), context=True)
def _abspath(context: FunctionContext, path: str) -> Value:
    return _clean(os.path.abspath(context.root / path))


@function("pathexpand", text("path"))
def _pathexpand(path: str) -> Value:
    if not path.startswith("~"):
        return path
    if len(path) > 1 and path[1] not in "/\\":
        raise EvaluationError("cannot expand user-specific home dir")
    raise Beyond("the home directory is that of whoever runs Terraform")


FUNCTIONS = table(
    _file,
    _filebase64,
    _fileexists,
    _hashed("filemd5", "md5"),
    _hashed("filesha1", "sha1"),
    _hashed("filesha256", "sha256"),
    _hashed("filesha512", "sha512"),
    _hashed("filebase64sha256", "sha256", base64=True),
    _hashed("filebase64sha512", "sha512", base64=True),
    _fileset,
    _templatefile,
    _templatestring,
    _basename,
    _dirname,
    _abspath,
    _pathexpand,
)
