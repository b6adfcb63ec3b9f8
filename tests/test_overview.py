"""What a design opens and grants, and what a plan changes about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from guardrails import Model, Resource, catalog
from guardrails.model import Resources
from guardrails.overview import Change, Overview, Route, Step, overview
from guardrails.sources import read

CHECKS = list(catalog.load(installed=False).checks.values())
FIXTURES = Path(__file__).parent.parent / "fixtures"
OPEN = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_subnet" "public" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "web" {
  vpc_id = aws_vpc.main.id

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "web" {
  ami                         = "ami-1"
  instance_type               = "t3.micro"
  subnet_id                   = aws_subnet.public.id
  vpc_security_group_ids      = [aws_security_group.web.id]
  associate_public_ip_address = true
}
"""


def test_what_the_internet_reaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route from the internet to the instance, and nothing of changes: configuration has no before."""
    monkeypatch.chdir(tmp_path)
    Path("main.tf").write_text(OPEN)

    found = overview(read([Path()]), CHECKS)

    (route,) = found.exposed
    assert (route.title, route.note, route.certain, route.place) == (
        "aws_instance.web",
        "TCP 443 (HTTPS) from the whole IPv4 internet",
        True,
        "main.tf:47",
    )
    assert route.steps[0] == Step("", "internet")
    assert "aws_internet_gateway.main" in [step.name for step in route.steps]
    assert found.changes is None


def test_who_can_become_an_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way is a route with a step for each call, and says how to break it."""
    monkeypatch.chdir(FIXTURES / "labs" / "policy-version" / "open")
    (route,) = overview(read([Path()]), CHECKS).escalations

    assert route.title == "aws_iam_role.app can become an administrator"
    assert [(step.kind, step.text) for step in route.steps] == [
        ("principal", ""),
        ("iam-001", "write a new version of the attached policy: iam:CreatePolicyVersion"),
    ]
    assert (
        route.note
        == "to break it: take iam:CreatePolicyVersion on aws_iam_policy.app out of aws_iam_policy.app (statement 1)"
    )


def test_what_a_plan_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user that becomes an administrator is a change of access, and nothing else changes."""
    monkeypatch.chdir(tmp_path)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    values = {"name": "all", "user": "ada", "policy": json.dumps(policy)}
    user = {"name": "ada", "path": "/", "arn": "arn:aws:iam::111122223333:user/ada"}
    resources = [
        ("aws_iam_user", user, user),
        ("aws_iam_user_policy", None, values),
    ]
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {
            "root_module": {
                "resources": [
                    {
                        "address": f"{type_}.a",
                        "mode": "managed",
                        "type": type_,
                        "name": "a",
                        "provider_name": "registry.terraform.io/hashicorp/aws",
                        "schema_version": 0,
                        "values": after,
                    }
                    for type_, _, after in resources
                ]
            }
        },
        "prior_state": {
            "format_version": "1.0",
            "values": {
                "root_module": {
                    "resources": [
                        {
                            "address": f"{type_}.a",
                            "mode": "managed",
                            "type": type_,
                            "name": "a",
                            "provider_name": "registry.terraform.io/hashicorp/aws",
                            "schema_version": 0,
                            "values": before,
                        }
                        for type_, before, _ in resources
                        if before
                    ]
                }
            },
        },
        "resource_changes": [
            {
                "address": f"{type_}.a",
                "mode": "managed",
                "type": type_,
                "name": "a",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {
                    "actions": ["no-op"] if before else ["create"],
                    "before": before,
                    "after": after,
                    "after_unknown": {},
                },
            }
            for type_, before, after in resources
        ],
    }
    Path("plan.json").write_text(json.dumps(plan))

    found = overview(read([Path("plan.json")]), CHECKS)

    assert found.changes == (Change("access", True, "arn:aws:iam::111122223333:user/ada", "* on *", ("admin",)),)


def designs(folder: Path, text: str) -> list[Model]:
    """The design of one file."""
    folder.mkdir()
    (folder / "main.tf").write_text(text)
    return read([folder])


def test_what_a_change_of_configuration_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports that are newly open to the internet, and a permission; what nobody knows (the account) is no change."""
    monkeypatch.chdir(tmp_path)
    policy = """
    resource "aws_iam_user" "ada" {
      name = "ada"
    }

    resource "aws_iam_user_policy" "ada" {
      user   = aws_iam_user.ada.name
      policy = jsonencode({
        Version   = "2012-10-17"
        Statement = [{ Effect = "Allow", Action = "%s", Resource = aws_iam_user.ada.arn }]
      })
    }
    """
    before = designs(tmp_path / "before", OPEN + policy % "iam:GetUser")
    after = designs(tmp_path / "after", OPEN.replace("443", "22") + policy % "iam:*")
    for models in (before, after):
        models[0].name = "."

    same = overview(before, CHECKS, before)
    found = overview(after, CHECKS, before)

    assert same.changes == ()
    assert [(each.subject, each.worse, each.name, each.text) for each in found.changes or ()] == [
        ("reachability", True, "aws_instance.web", "TCP 22 (SSH) from the whole IPv4 internet"),
        ("reachability", False, "aws_instance.web", "TCP 443 (HTTPS) from the whole IPv4 internet"),
        ("access", True, "arn:aws:iam::${account}:user/ada", "iam:* on arn:aws:iam::${account}:user/ada"),
    ]


def test_a_design_that_is_new_or_gone_is_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root module that there was not before opens what it has, one that is gone closes it."""
    monkeypatch.chdir(tmp_path)
    models = designs(tmp_path / "web", OPEN)

    for given, base, worse in ((models, [], True), ([], models, False)):
        (change,) = overview(given, CHECKS, base).changes or ()
        assert (change.worse, change.name) == (worse, "aws_instance.web")


def test_a_lens_that_breaks_takes_nothing_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report is written without the picture, and says that it is missing."""
    monkeypatch.chdir(tmp_path)

    class Broken(Resources):
        def of_type(self, type: str, /) -> Sequence[Resource]:  # noqa: A002  # as in the protocol
            raise ValueError("no such thing")

    models = [Model("broken", "state", Broken([Resource("aws_vpc", "main", {})]))]

    assert "the reachability of broken could not be computed: ValueError: no such thing" in overview(models, ()).unknown


def test_every_text_is_passed_through() -> None:
    """What a report cleans is all that an overview says."""
    route = Route("a", "b", True, (Step("c", "d", "e"),), "f")
    found = Overview((route,), (route,), (Change("cost", True, "g", "h", ("i",)),), ("j",)).mapped(str.upper)

    upper = Route("A", "B", True, (Step("C", "D", "E"),), "F")
    assert found == Overview((upper,), (upper,), (Change("cost", True, "G", "H", ("I",)),), ("J",))
