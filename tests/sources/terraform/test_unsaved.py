"""Texts that an editor has not saved stand for those on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guardrails.sources import ReadOptions, read

SAVED = 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\nvariable "cidr" {}\n'


def cidrs(folder: Path, unsaved: dict[str, str], **options: object) -> list[object]:
    """The blocks of all VPCs, with some files as an editor has them."""
    texts = {os.path.realpath(folder / name): text for name, text in unsaved.items()}
    (model,) = read([folder], ReadOptions(unsaved=texts, **options))  # type: ignore[arg-type]  # by name
    return [vpc.values["cidr_block"] for vpc in model.all("aws_vpc")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module whose VPC gets its addresses from a file of values."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").write_text(SAVED)
    (tmp_path / "terraform.tfvars").write_text('cidr = "10.0.0.0/16"\n')
    (tmp_path / "other.tfvars").write_text('cidr = "10.1.0.0/16"\n')
    return tmp_path


def test_a_buffer_stands_for_its_file(folder: Path) -> None:
    """Configuration and values alike; without a buffer the file counts."""
    assert cidrs(folder, {}) == ["10.0.0.0/16"]
    assert cidrs(folder, {"main.tf": SAVED.replace("var.cidr", '"10.9.0.0/16"')}) == ["10.9.0.0/16"]
    assert cidrs(folder, {"terraform.tfvars": 'cidr = "10.8.0.0/16"'}) == ["10.8.0.0/16"]


def test_so_does_one_of_a_file_that_the_user_names(folder: Path) -> None:
    """`--var-file` is read through the editor, too."""
    given = {"var_files": (folder / "other.tfvars",)}
    assert cidrs(folder, {}, **given) == ["10.1.0.0/16"]
    assert cidrs(folder, {"other.tfvars": 'cidr = "10.7.0.0/16"'}, **given) == ["10.7.0.0/16"]


def test_a_file_that_was_never_saved_is_part_of_its_folder(folder: Path) -> None:
    """It adds to the module; one that is no Terraform does not."""
    more = 'resource "aws_vpc" "more" {\n  cidr_block = "10.2.0.0/16"\n}\n'
    assert cidrs(folder, {"new.tf": more, "new.txt": more}) == ["10.0.0.0/16", "10.2.0.0/16"]
