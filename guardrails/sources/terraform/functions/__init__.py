"""The functions of Terraform 1.11, as values that may be unknown, symbolic or sensitive go through them.

`try` and `can` look at the errors of their arguments: `LAZY` names them, and the evaluator handles them itself.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence

from guardrails.model import Value
from guardrails.sources.terraform.functions.signature import LIMIT, Function, FunctionContext
from guardrails.sources.terraform.types import EvaluationError

__all__ = ["LAZY", "LIMIT", "FunctionContext", "call", "names"]

LAZY = frozenset(("try", "can"))

# A file is imported when one of its functions is first called.
_FILES: Mapping[str, Sequence[str]] = {
    "numeric": ("abs", "ceil", "floor", "log", "max", "min", "parseint", "pow", "signum"),
    "string": (
        "chomp", "endswith", "indent", "join", "lower", "regex", "regexall", "replace", "split", "startswith",
        "strcontains", "strrev", "substr", "title", "trim", "trimprefix", "trimspace", "trimsuffix", "upper",
    ),
    "format": ("format", "formatlist"),
    "collection": (
        "chunklist", "coalesce", "coalescelist", "compact", "concat", "contains", "distinct",
        "element", "flatten", "index", "keys", "length", "lookup", "matchkeys", "merge", "one", "reverse",
        "slice", "sort", "values",
    ),
    "aggregate": ("alltrue", "anytrue", "range", "sum", "transpose", "zipmap"),
    "sets": ("setintersection", "setproduct", "setsubtract", "setunion"),
    "encoding": (
        "base64decode", "base64encode", "base64gzip", "csvdecode", "jsondecode", "jsonencode", "textdecodebase64",
        "textencodebase64", "urlencode",
    ),
    "yaml_read": ("yamldecode",),
    "yaml_write": ("yamlencode",),
    "filesystem": (
        "abspath", "basename", "dirname", "file", "filebase64", "filebase64sha256", "filebase64sha512", "fileexists",
        "filemd5", "fileset", "filesha1", "filesha256", "filesha512", "pathexpand", "templatefile", "templatestring",
    ),
    "date_time": ("formatdate", "plantimestamp", "timeadd", "timecmp", "timestamp"),
    "hash_crypto": (
        "base64sha256", "base64sha512", "bcrypt", "md5", "rsadecrypt", "sha1", "sha256", "sha512", "uuid", "uuidv5",
    ),
    "ip_network": ("cidrhost", "cidrnetmask", "cidrsubnet", "cidrsubnets"),
    "type_conversion": (
        "ephemeralasnull", "issensitive", "nonsensitive", "sensitive", "tobool", "tolist", "tomap", "tonumber",
        "toset", "tostring",
    ),
}  # fmt: skip  # a table reads best as one
_HOME = {name: file for file, names in _FILES.items() for name in names}


def names() -> frozenset[str]:
    """Every function there is, the lazy ones too."""
    return LAZY | _HOME.keys()


@functools.cache
def _function(name: str) -> Function:
    module = importlib.import_module(f"{__name__}.{_HOME[name]}")
    found: Function = module.FUNCTIONS[name]
    return found


def call(name: str, args: Sequence[Value], context: FunctionContext) -> Value:
    """Call a function by name, which may have the prefix `core::`. A list that was expanded with `...` comes expanded.

    Raises `EvaluationError`, worded as Terraform words it, for what Terraform refuses. What cannot be known, and what
    is larger than `context.limit`, is an `UnknownValue` with its reason.
    """
    bare = name.removeprefix("core::")
    if bare not in _HOME:
        import difflib  # noqa: PLC0415  # only to word an error

        nearest = difflib.get_close_matches(bare, _HOME, 1)
        hint = f' Did you mean "{nearest[0]}"?' if nearest else ""
        raise EvaluationError(f'There is no function named "{name}".{hint}')
    return _function(bare)(args, context)
