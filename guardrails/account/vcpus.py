"""How many vCPUs an instance type has, by the rule that its name follows.

Source: EC2 User Guide, "Amazon EC2 instance type naming conventions", and its tables of vCPUs per type (2026-11).
"""

from __future__ import annotations

import re

from guardrails.model import Unknown

# The one quota "Running On-Demand Standard" counts these families together.
_STANDARD = re.compile(r"(?:[acdimrtz]\d|h1|im\d|is\d)[a-z0-9-]*\.")
_FEWER = {
    "t1.micro": 1, "t2.nano": 1, "t2.micro": 1, "t2.small": 1, "m1.small": 1, "m1.medium": 1, "m3.medium": 1,
    "c1.medium": 2, "m1.large": 2, "m1.xlarge": 4, "c1.xlarge": 8, "m2.xlarge": 2, "m2.2xlarge": 4, "m2.4xlarge": 8,
    "r3.8xlarge": 32, "i2.8xlarge": 32, "c4.8xlarge": 36, "d2.8xlarge": 36, "m4.10xlarge": 40, "c5.9xlarge": 36,
    "c5.18xlarge": 72, "c5d.18xlarge": 72, "c5d.9xlarge": 36, "c5n.18xlarge": 72, "c5n.9xlarge": 36,
}  # fmt: skip
"""Types older than the rule, and sizes that are written for the reader."""
_GRAVITON = re.compile(r"(?!t4g)(?:a1|[a-z]+\d+g[a-z0-9-]*)\.medium")
_OWN_RULE = ("hpc", "mac", "u-", "u7")
_SIZES = {"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}


def is_standard(type_: str) -> bool:
    """Whether an instance type counts against the quota of Standard instances (A, C, D, H, I, M, R, T, Z)."""
    return _STANDARD.match(type_) is not None


def vcpus(type_: str) -> int:
    """The vCPUs of an instance type. Raises `Unknown` for a name that does not tell, such as a `metal` one."""
    if type_ in _FEWER:
        return _FEWER[type_]
    if _GRAVITON.fullmatch(type_):
        return 1
    size = "" if type_.startswith(_OWN_RULE) else type_.partition(".")[2]
    if size in _SIZES:
        return _SIZES[size]
    if found := re.fullmatch(r"(\d+)xlarge", size):
        return 4 * int(found[1])
    if found := re.fullmatch(r"metal-(\d+)xl", size):
        return 4 * int(found[1])
    raise Unknown(f"how many vCPUs {type_ or 'an instance'} has is not known")
