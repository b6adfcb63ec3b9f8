"""Hashes, and what needs chance or keys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from guardrails.model import UnknownValue, Value
from guardrails.sources.terraform.functions.encoding import from_base64, to_base64
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    Beyond,
    Function,
    function,
    num,
    table,
    text,
)
from guardrails.sources.terraform.number import Number
from guardrails.sources.terraform.types import EvaluationError

ALGORITHMS = ("md5", "sha1", "sha256", "sha512")


def digest(algorithm: str, data: bytes) -> bytes:
    """Hash data; what is hashed here protects nothing."""
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def _hex(algorithm: str) -> Function:
    @function(algorithm, text())
    def body(value: str) -> Value:
        return digest(algorithm, value.encode("utf-8", "replace")).hex()

    return body


def _base64(algorithm: str) -> Function:
    @function(f"base64{algorithm}", text())
    def body(value: str) -> Value:
        return to_base64(digest(algorithm, value.encode("utf-8", "replace")))

    return body


@function("uuid")
def _uuid() -> Value:
    return UnknownValue("uuid() is known at apply")


@function("uuidv5", text("namespace"), text("name"))
def _uuidv5(namespace: str, name: str) -> Value:
    import uuid  # noqa: PLC0415  # it looks around in the system when it is imported

    known = {
        "dns": uuid.NAMESPACE_DNS,
        "url": uuid.NAMESPACE_URL,
        "oid": uuid.NAMESPACE_OID,
        "x500": uuid.NAMESPACE_X500,
    }
    space = known.get(namespace)
    if space is None:
        try:
            space = uuid.UUID(namespace)
        except ValueError:
            raise EvaluationError(
                f"uuidv5() doesn't support namespace {namespace} (invalid UUID length: {len(namespace)})"
            ) from None
    return str(uuid.uuid5(space, name))


@function("bcrypt", text(), variadic=num("cost"))
def _bcrypt(_value: str, *costs: Number) -> Value:
    if len(costs) > 1:
        raise EvaluationError("bcrypt() takes no more than two arguments")
    if costs and not 4 <= costs[0] <= 31 and costs[0] > 31:
        raise EvaluationError(
            f"error occured generating password crypto/bcrypt: cost {costs[0]} is outside allowed range (4,31)"
        )
    return UnknownValue("bcrypt() is known at apply")


@function("rsadecrypt", text("ciphertext"), text("privatekey"))
def _rsadecrypt(ciphertext: str, _key: str) -> Value:
    if from_base64(ciphertext) is None:
        raise ArgumentError("ciphertext", "failed to decode input: cipher text must be base64-encoded")
    raise Beyond("what it decrypts to is not computed")


def _made(make: Callable[[str], Function], *algorithms: str) -> tuple[Function, ...]:
    return tuple(make(algorithm) for algorithm in algorithms)


FUNCTIONS = table(*_made(_hex, *ALGORITHMS), *_made(_base64, "sha256", "sha512"), _uuid, _uuidv5, _bcrypt, _rsadecrypt)
