"""Where values come from: the exact place, the places that they came through, and the module calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardrails.model import Location, Model, Origin, Resource
from guardrails.model import Path as Steps
from guardrails.sources import read

PASSED = "the value is passed here"
SOURCE = "the value comes from here"

MAIN = """\
variable "open" {
  type    = set(string)
  default = ["10.0.0.0/8", "0.0.0.0/0"]
}
variable "name" {}
locals {
  rules = {
    ssh = { port = 22, cidrs = var.open }
    web = {
      port = 443, cidrs = ["1.2.3.4/32"]
    }
  }
  big = true
}
module "net" {
  source = "./net"
  rules  = local.rules
  name   = "n-${var.name}"
}
resource "aws_instance" "i" {
  ami           = local.big ? "ami-big" : "ami-small"
  instance_type = module.net.kind
  tags = {
    Name = "one"
    Sort = merge({ a = "b" }, { c = var.name })["c"]
  }
  root_block_device {
    encrypted = true
  }
}
resource "aws_db_instance" "d" {
  vpc_security_group_ids = [
    "sg-2",
    "sg-1",
  ]
}
"""
NET = """\
variable "rules" {}
variable "name" {}
resource "aws_security_group" "g" {
  name = var.name
  ingress {
    from_port = 1
  }
  dynamic "ingress" {
    for_each = var.rules
    content {
      from_port   = ingress.value.port
      cidr_blocks = ingress.value.cidrs
    }
  }
}
resource "aws_security_group_rule" "r" {
  for_each    = var.rules
  from_port   = each.value.port
  cidr_blocks = each.value.cidrs
}
output "kind" {
  value = "t3.micro"
}
"""


@pytest.fixture
def design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A root module with a call, a tfvars file, and values that come through all kinds of names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net").mkdir()
    (tmp_path / "main.tf").write_text(MAIN)
    (tmp_path / "net" / "main.tf").write_text(NET)
    (tmp_path / "terraform.tfvars").write_text('\nname = "x"\n')
    (model,) = read([Path()])
    return model


def resource(model: Model, address: str) -> Resource:
    """The resource with this address."""
    found = model.at(address)
    assert found is not None
    return found


def told(origin: Origin) -> tuple[str, list[tuple[str, str]], list[str]]:
    """An origin in short: `path:line:column`, the related places with their labels, and the calls."""

    def short(place: object) -> str:
        assert isinstance(place, Location)
        return f"{place.path}:{place.line}:{place.column}"

    return (
        short(origin.location),
        [(short(label.location), label.text) for label in origin.related],
        [short(label.location) for label in origin.calls],
    )


@pytest.mark.parametrize(
    ("address", "path", "place", "related"),
    [
        ("aws_instance.i", (), "main.tf:20:1", []),
        ("aws_instance.i", ("monitoring",), "main.tf:20:1", []),
        ("aws_instance.i", ("metadata_options", 0, "http_tokens"), "main.tf:20:1", []),
        ("aws_instance.i", ("tags",), "main.tf:23:3", [("terraform.tfvars:2:1", SOURCE)]),
        ("aws_instance.i", ("tags", "Name"), "main.tf:24:5", []),
        ("aws_instance.i", ("tags", "Sort"), "main.tf:25:5", [("terraform.tfvars:2:1", SOURCE)]),
        ("aws_instance.i", ("ami",), "main.tf:21:3", []),
        ("aws_instance.i", ("instance_type",), "main.tf:22:3", [("net/main.tf:22:3", SOURCE)]),
        ("aws_instance.i", ("root_block_device",), "main.tf:27:3", []),
        ("aws_instance.i", ("root_block_device", 0), "main.tf:27:3", []),
        ("aws_instance.i", ("root_block_device", 0, "encrypted"), "main.tf:28:5", []),
        ("aws_instance.i", ("root_block_device", "encrypted"), "main.tf:28:5", []),
        ("aws_instance.i", ("root_block_device", 0, "kms_key_id"), "main.tf:27:3", []),
        # Sets have an order of their own: "sg-1" comes first.
        ("aws_db_instance.d", ("vpc_security_group_ids", 0), "main.tf:34:5", []),
        ("aws_db_instance.d", ("vpc_security_group_ids", 1), "main.tf:33:5", []),
    ],
)
def test_a_value_is_found_where_it_is_written(
    design: Model, address: str, path: Steps, place: str, related: list[tuple[str, str]]
) -> None:
    """Down into literals, else at the attribute, else at the header of the block that lacks it."""
    assert told(resource(design, address).locate(path)) == (place, related, [])


@pytest.mark.parametrize(
    ("path", "place", "related"),
    [
        (("name",), "net/main.tf:4:3", [("main.tf:18:3", PASSED), ("terraform.tfvars:2:1", SOURCE)]),
        (("ingress", 0, "from_port"), "net/main.tf:6:5", []),
        (
            ("ingress", 1, "from_port"),
            "net/main.tf:11:7",
            [("net/main.tf:9:5", SOURCE), ("main.tf:17:3", PASSED), ("main.tf:8:13", SOURCE)],
        ),
        (
            ("ingress", 1, "cidr_blocks", 0),
            "net/main.tf:12:7",
            [
                ("net/main.tf:9:5", SOURCE),
                ("main.tf:17:3", PASSED),
                ("main.tf:8:24", SOURCE),
                ("main.tf:3:28", SOURCE),
            ],
        ),
        (
            ("ingress", 2, "cidr_blocks", 0),
            "net/main.tf:12:7",
            [("net/main.tf:9:5", SOURCE), ("main.tf:17:3", PASSED), ("main.tf:10:28", SOURCE)],
        ),
        (
            ("ingress", 2),
            "net/main.tf:8:3",
            [("main.tf:17:3", PASSED), ("main.tf:9:5", SOURCE)],
        ),
    ],
)
def test_values_are_followed_through_modules_and_dynamic_blocks(
    design: Model, path: Steps, place: str, related: list[tuple[str, str]]
) -> None:
    """To the argument of the call, the local value, the element of the default and the line of the tfvars file."""
    group = resource(design, "module.net.aws_security_group.g")

    found, labels, calls = told(group.locate(path))

    assert (found, calls) == (place, ["main.tf:15:1"])
    assert labels[: len(related)] == related


def test_values_are_followed_through_for_each(design: Model) -> None:
    """`each.value` is the element of this instance's key."""
    rule = resource(design, 'module.net.aws_security_group_rule.r["web"]')

    assert told(rule.locate(("from_port",)))[1] == [
        ("net/main.tf:17:3", SOURCE),
        ("main.tf:17:3", PASSED),
        ("main.tf:10:7", SOURCE),
    ]


def test_a_call_has_the_span_of_its_whole_block(design: Model) -> None:
    """So that a comment above it can speak for everything in it."""
    group = resource(design, "module.net.aws_security_group.g")

    assert [label.location for label in group.locate(()).calls] == [Location("main.tf", 15, 1, 19, 2)]
    assert group.locate(()).location == Location("net/main.tf", 3, 1, 15, 2)
