"""Patterns with `*` and `?`, and strings with parts that are not known, in one encoding.

An encoded string is made of ordinary characters and of *tokens*: a token stands for a value that has a name but is not
known here (a policy variable, an attribute known after apply). It equals itself alone; `*` spans it, `?` does not,
since its length is not known. `*` and `?` are wildcards in patterns; where they are meant literally they are encoded
as other characters, in patterns and in subjects alike.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from guardrails.model import Ref, Symbolic

LITERAL_STAR, LITERAL_ANY = "\ue002", "\ue003"
OPEN, CLOSE = "\ue004", "\ue005"
_SHIFT = 0xF0000
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
TOKEN = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
ONE = "[^\ue004\ue005\U000f0000-\U0010ffff]"
"""What `?` matches, as a regular expression."""
_DOTALL = re.DOTALL


def token(name: str) -> str:
    """The token of a name. Names of variables start with `$`, of attributes with `@`."""
    return OPEN + "".join(chr(_SHIFT + ord(char)) if ord(char) < 0xFFFF else "" for char in name) + CLOSE


def token_names(encoded: str) -> list[str]:
    """The names of the tokens of a string, in order."""
    if OPEN not in encoded:
        return []
    return ["".join(chr(ord(char) - _SHIFT) for char in found) for found in TOKEN.findall(encoded)]


def replace_tokens(encoded: str, by: Callable[[str], str | None]) -> str:
    """The string with each token replaced by what its name gives, None leaves it."""
    if OPEN not in encoded:
        return encoded

    def one(found: re.Match[str]) -> str:
        made = by("".join(chr(ord(char) - _SHIFT) for char in found[1]))
        return found[0] if made is None else made

    return TOKEN.sub(one, encoded)


def literal(text: str) -> str:
    """A plain text encoded: nothing in it is a wildcard."""
    if "*" in text or "?" in text:
        text = text.replace("*", LITERAL_STAR).replace("?", LITERAL_ANY)
    return text if text.isascii() else _clean(text)


def _clean(text: str) -> str:
    # Private characters mean nothing in a name of AWS; left in, they could be taken for our own marks.
    return _PRIVATE.sub(lambda found: found[0] if found[0] in (LITERAL_STAR, LITERAL_ANY) else "\ufffd", text)


def pattern(text: str) -> str:
    """A text encoded whose `*` and `?` are wildcards."""
    text = text if text.isascii() else _PRIVATE.sub("\ufffd", text)
    return _runs(text) if "*" in text else text


def _runs(text: str) -> str:
    """The same pattern with `?` before `*` in each run of wildcards, and one `*` a run: equal patterns look equal."""
    if "**" not in text and "*?" not in text:
        return text
    return re.sub(r"[*?]*\*[*?]*", lambda run: "?" * run[0].count("?") + "*", text)


def encode(text: str, make: Callable[[str], str] = literal) -> str:
    """A string of a policy or request with its attributes known after apply as tokens, its unknown parts as well.

    `make` encodes the known pieces: `literal` or `pattern`.
    """
    if type(text) is str:
        return make(text)
    if not isinstance(text, Symbolic):
        return make("".join(text))  # a sensitive string prints as a mask; joined, it is itself
    made = "".join(
        make(part) if isinstance(part, str) else token(f"@{part}" if isinstance(part, Ref) else f"#{part.reason}")
        for part in text.parts
    )
    return _runs(made) if make is pattern else made


def unsure(encoded: str) -> bool:
    """Whether the string has parts that are not known, apart from policy variables."""
    return any(name[:1] in ("@", "#") for name in token_names(encoded))


def loosen(encoded: str) -> str:
    """The pattern of all strings that the unknown parts may make of this one."""
    return _runs(replace_tokens(encoded, _shape))


def _shape(name: str) -> str | None:
    if name[:1] == "@":
        attribute = name.rsplit(".", 1)[-1]
        if attribute == "arn":
            return _ARN_SHAPES.get(_type(name), "arn:*")
        return "*"
    return "*" if name[:1] == "#" else None


def _type(name: str) -> str:
    found = re.search(r"(?:^@|\.)(aws_[a-z0-9_]+)\.[^.]+\.arn$", name)
    return found[1] if found else ""


_ARN_SHAPES = {
    "aws_s3_bucket": "arn:*:s3:::*",
    "aws_iam_role": "arn:*:iam::*:role/*",
    "aws_iam_user": "arn:*:iam::*:user/*",
    "aws_iam_group": "arn:*:iam::*:group/*",
    "aws_iam_policy": "arn:*:iam::*:policy/*",
    "aws_kms_key": "arn:*:kms:*:*:key/*",
    "aws_sqs_queue": "arn:*:sqs:*:*:*",
    "aws_sns_topic": "arn:*:sns:*:*:*",
    "aws_lambda_function": "arn:*:lambda:*:*:function:*",
    "aws_dynamodb_table": "arn:*:dynamodb:*:*:table/*",
    "aws_secretsmanager_secret": "arn:*:secretsmanager:*:*:secret:*",
    "aws_cloudwatch_log_group": "arn:*:logs:*:*:log-group:*",
    "aws_ecr_repository": "arn:*:ecr:*:*:repository/*",
    "aws_ssm_parameter": "arn:*:ssm:*:*:parameter/*",
}
"""What an ARN that is known after apply looks like (Service Authorization Reference, resource types)."""


@functools.lru_cache(maxsize=16384)
def matcher(glob: str) -> Callable[[str], bool]:
    """The test of an encoded pattern. Linear in the text times the pattern, whatever they are."""
    if "?" in glob:
        pieces = ["".join(ONE if char == "?" else re.escape(char) for char in piece) for piece in glob.split("*")]
        if len(pieces) == 1:
            expression = pieces[0]
        else:
            # First match of each middle piece is the right one, so atomic groups lose nothing and never backtrack.
            middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece)
            expression = f"{pieces[0]}{middle}.*{pieces[-1]}"
        return _full(re.compile(expression, _DOTALL))
    if "*" not in glob:
        return glob.__eq__
    if glob == "*":
        return _always
    first, *middles, last = glob.split("*")
    if not middles:
        if not last:
            return functools.partial(_starts, first)
        return functools.partial(_ends, first, last, len(first) + len(last))
    return functools.partial(_spans, first, tuple(middles), last)


def _full(expression: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: expression.fullmatch(text) is not None


def _always(text: str) -> bool:
    return True


def _starts(first: str, text: str) -> bool:
    return text.startswith(first)


def _ends(first: str, last: str, least: int, text: str) -> bool:
    return len(text) >= least and text.startswith(first) and text.endswith(last)


def _spans(first: str, middles: tuple[str, ...], last: str, text: str) -> bool:
    if not text.startswith(first):
        return False
    at, end = len(first), len(text) - len(last)
    if end < at or not text.endswith(last):
        return False
    for piece in middles:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def matches(glob: str, text: str) -> bool:
    """Whether an encoded pattern matches an encoded text."""
    return glob == "*" or matcher(glob)(text)


@functools.lru_cache(maxsize=16384)
def segments(arn: str) -> tuple[str, ...]:
    """The six segments of an ARN or of a pattern of one; fewer if it has fewer."""
    return tuple(arn.split(":", 5))


def arn_matches(glob: str, text: str) -> bool:
    """Whether an encoded ARN pattern matches an encoded ARN, segment by segment; the last one may have colons.

    A pattern of fewer segments: its last one stands for the rest. `*` matches everything, no ARN included.
    """
    if glob == "*":
        return True
    theirs = segments(glob)
    ours = segments(text) if len(theirs) == 6 else tuple(text.split(":", len(theirs) - 1))
    if len(ours) != len(theirs):
        return False
    return all(one == other or matcher(one)(other) for one, other in zip(theirs, ours, strict=True))


@functools.lru_cache(maxsize=65536)
def covers(general: str, special: str) -> bool:
    """Whether every string of the pattern `special` is one of `general`. True is proven, False may be wrong only
    for patterns with `?`.
    """
    if general in ("*", special):
        return True
    if "*" not in special and "?" not in special:
        return matcher(general)(special)
    if "*" not in general:
        return "*" not in special and len(general) == len(special) and _absorbs(general, special)
    first, *middles, last = general.split("*")
    # Each piece of the general pattern must be found in the special one, where its wildcards count as characters
    # of which `?` alone can be taken for a `?`; what is between the pieces is spanned by `*`.
    size = len(special)
    if size < len(first) + len(last):
        return False
    if not _absorbs(first, special[: len(first)]) or (last and not _absorbs(last, special[size - len(last) :])):
        return False
    at, end = len(first), size - len(last)
    for piece in middles:
        width = len(piece)
        while at + width <= end and not _absorbs(piece, special[at : at + width]):
            at += 1
        if at + width > end:
            return False
        at += width
    return True


def _absorbs(piece: str, part: str) -> bool:
    """Whether a piece without `*` takes a part of another pattern character by character."""
    if "?" not in piece:
        return piece == part
    if len(piece) != len(part):
        return False
    for mine, other in zip(piece, part, strict=True):
        if mine == "?":
            if other == "*" or other in (OPEN, CLOSE) or ord(other) >= _SHIFT:
                return False
        elif mine != other:
            return False
    return True


@functools.lru_cache(maxsize=16384)
def overlaps(one: str, other: str) -> bool:
    """Whether some string matches both patterns. Exact."""
    if "*" not in one and "?" not in one:
        return matches(other, one)
    if "*" not in other and "?" not in other:
        return matches(one, other)
    # Quick refusals by what is before the first and after the last wildcard.
    row = [True] + [False] * len(other)
    for j, char in enumerate(other):
        if char != "*":
            break
        row[j + 1] = True
    for mine in one:
        new = [mine == "*" and row[0]]
        for j, theirs in enumerate(other):
            if mine == "*" or theirs == "*":
                new.append(new[j] or row[j + 1] if mine == "*" and theirs == "*" else _step(mine, theirs, row, new, j))
            else:
                new.append(row[j] and (mine == theirs or _single(mine, theirs)))
        row = new
    return row[-1]


def _step(mine: str, theirs: str, row: list[bool], new: list[bool], j: int) -> bool:
    """One cell of `overlaps` where exactly one side is `*`: it spans nothing, or one more of the other side."""
    if mine == "*":
        return row[j + 1] or new[j]
    return new[j] or row[j + 1] if theirs == "*" else False


def _single(mine: str, theirs: str) -> bool:
    if mine == "?":
        return theirs == "?" or (theirs not in (OPEN, CLOSE) and ord(theirs) < _SHIFT)
    return theirs == "?" and mine not in (OPEN, CLOSE) and ord(mine) < _SHIFT


def arn_overlaps(one: str, other: str) -> bool:
    """`overlaps` for patterns of whole ARNs, segment by segment."""
    if one == "*" or other == "*":
        return True
    ours, theirs = segments(one), segments(other)
    if len(ours) != len(theirs):
        fewer = min(len(ours), len(theirs)) - 1
        ours, theirs = tuple(one.split(":", fewer)), tuple(other.split(":", fewer))
    return len(ours) == len(theirs) and all(a == b or overlaps(a, b) for a, b in zip(ours, theirs, strict=True))
