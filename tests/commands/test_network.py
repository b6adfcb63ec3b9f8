"""`guardrails network`: answers, exit codes, formats and the picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from guardrails.cli import application

DESIGN = """\
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.2.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "lb" {
  vpc_id = aws_vpc.main.id

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    from_port   = 8080
    to_port     = 8080
    protocol    = "tcp"
    cidr_blocks = ["10.0.2.0/24"]
  }
}

resource "aws_security_group" "app" {
  vpc_id = aws_vpc.main.id

  ingress {
    from_port       = 8080
    to_port         = 8080
    protocol        = "tcp"
    security_groups = [aws_security_group.lb.id]
  }
}

resource "aws_lb" "web" {
  subnets         = [aws_subnet.public.id]
  security_groups = [aws_security_group.lb.id]
}

resource "aws_lb_listener" "web" {
  load_balancer_arn = aws_lb.web.arn
  port              = 443
  protocol          = "HTTPS"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_lb_target_group" "web" {
  port     = 8080
  protocol = "HTTP"
}

resource "aws_lb_target_group_attachment" "web" {
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.app.id
}

resource "aws_instance" "app" {
  subnet_id              = aws_subnet.private.id
  private_ip             = "10.0.2.10"
  vpc_security_group_ids = [aws_security_group.app.id]
}

resource "aws_instance" "other" {
  subnet_id              = "subnet-0a1b2c3d4e5f60718"
  vpc_security_group_ids = [aws_security_group.lb.id]
}

resource "aws_lb" "silent" {
  subnets         = [aws_subnet.public.id]
  security_groups = [aws_security_group.lb.id]
}
"""
WAY = [
    {"kind": "internet-gateway", "component": "aws_internet_gateway.main", "text": ""},
    {"kind": "interface", "component": "aws_lb.web", "text": ""},
    {"kind": "load-balancer", "component": "aws_lb.web", "text": ""},
    {"kind": "route-table", "component": "aws_route_table.public", "text": ""},
    {"kind": "interface", "component": "aws_instance.app", "text": ""},
]
HTTPS = [{"protocol": "tcp", "ports": [[443, 443]], "sources": ["0.0.0.0/0"]}]


@pytest.fixture(autouse=True)
def _design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.tf").write_text(DESIGN)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    """The result of a command line."""
    return CliRunner().invoke(application(["network"]), ["network", *arguments])


def answer(*arguments: str) -> dict[str, object]:
    """Its JSON."""
    found: dict[str, object] = json.loads(run(*arguments, "--format", "json").stdout)
    return found


# -- reach


@pytest.mark.parametrize(
    ("asked", "verdict", "code"),
    [
        (["internet", "aws_lb.web", "--port", "443"], "must", 0),
        (["internet", "aws_lb.web", "--port", "22"], "blocked", 1),
        (["internet", "aws_instance.app"], "must", 0),
        (["aws_lb.web", "10.0.2.10", "--port", "8000-8999"], "must", 0),
        (["aws_instance.app", "s3"], "blocked", 1),
        (["aws_instance.other", "aws_instance.app", "--port", "8080"], "unknown", 4),
    ],
)
def test_the_exit_code_is_the_verdict(asked: list[str], verdict: str, code: int) -> None:
    """0 reachable, 1 blocked, 4 not known."""
    result = run("reach", *asked)

    assert (result.stdout.partition(":")[0], result.exit_code) == (verdict, code)
    assert answer("reach", *asked)["verdict"] == verdict


def test_reach_as_text() -> None:
    """People read what gets through and by which way."""
    assert run("reach", "internet", "aws_instance.app").stdout == (
        "must: internet reaches aws_instance.app\n"
        "  TCP 443 (HTTPS) from the whole IPv4 internet\n"
        "  path:\n"
        "    internet-gateway aws_internet_gateway.main\n"
        "    interface aws_lb.web\n"
        "    load-balancer aws_lb.web\n"
        "    route-table aws_route_table.public\n"
        "    interface aws_instance.app\n"
    )


def test_reach_as_json() -> None:
    """Version 1 has verdict, flows, path and blockers."""
    assert answer("reach", "internet", "aws_instance.app") == {
        "version": 1,
        "from": "internet",
        "to": "aws_instance.app",
        "verdict": "must",
        "flows": HTTPS,
        "path": WAY,
        "blockers": [],
        "doubts": [],
        "needs": [],
    }


def test_what_blocks_as_json() -> None:
    """Every change that it takes, with AWS's code and the place of what is to be changed."""
    assert answer("reach", "internet", "aws_lb.web", "--port", "22")["blockers"] == [
        {
            "code": "ELBV2_LISTENERS_MISMATCH",
            "resource": "aws_lb.web",
            "location": {"path": "main.tf", "line": 64, "end_line": 67},
            "change": "Add a listener for TCP 22 (SSH) to aws_lb.web.",
        }
    ]
    assert answer("reach", "aws_instance.app", "aws_lb.web", "--port", "443")["blockers"] == [
        {
            "code": "SG_HAS_NO_RULES",
            "resource": "aws_security_group.app",
            "location": {"path": "main.tf", "line": 53, "end_line": 62},
            "change": "Let aws_security_group.app send TCP 443 (HTTPS) from 10.0.2.10 to aws_lb.web.",
        }
    ]


def test_what_blocks_as_text() -> None:
    """All changes together, each with its code and line."""
    assert run("reach", "aws_instance.app", "internet", "--port", "443").stdout == (
        "blocked: aws_instance.app cannot reach internet\n"
        "  to open it, all of:\n"
        "    Let aws_security_group.app send TCP 443 (HTTPS) from 10.0.2.10 to the internet."
        " [SG_HAS_NO_RULES] (main.tf:53)\n"
        "    Route the internet to aws_internet_gateway.main in main route table of aws_vpc.main."
        " [NO_ROUTE_TO_DESTINATION]\n"
        "    Give aws_instance.app a public address. [IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS] (main.tf:90)\n"
        "  path as far as it goes:\n"
        "    interface aws_instance.app\n"
        "    route-table main route table of aws_vpc.main\n"
        "    internet-gateway aws_internet_gateway.main\n"
    )


def test_a_load_balancer_without_a_listener_takes_nothing() -> None:
    """The answer names the listener, not the network."""
    result = run("reach", "internet", "aws_lb.silent")

    assert result.stdout == (
        "blocked: internet cannot reach aws_lb.silent\n"
        "  to open it:\n"
        "    Add a listener to aws_lb.silent. [ELBV2_LISTENERS_MISMATCH] (main.tf:101)\n"
    )


def test_reach_as_markdown() -> None:
    """The path is a Mermaid diagram."""
    assert run("reach", "internet", "aws_instance.app", "--format", "markdown").stdout == (
        "✅ **internet reaches aws\\_instance.app** (must)\n"
        "\n"
        "- TCP 443 (HTTPS) from the whole IPv4 internet\n"
        "\n"
        "```mermaid\n"
        "flowchart LR\n"
        '  n0["internet-gateway: aws_internet_gateway.main"]\n'
        '  n1["interface: aws_lb.web"]\n'
        '  n2["route-table: aws_route_table.public"]\n'
        '  n3["interface: aws_instance.app"]\n'
        "  n0 --> n1\n"
        "  n1 --> n2\n"
        "  n2 --> n3\n"
        "```\n"
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["foo", "aws_lb.web"], "nothing in view is called foo, and no AWS service is"),
        (["internet", "aws_lb.nobody"], "nothing in view is called aws_lb.nobody, and no AWS service is"),
        (["i-0a1b2c3d4e5f60718", "internet"], "nothing in view is called i-0a1b2c3d4e5f60718, and no AWS service is"),
        (["s3", "aws_lb.web"], "s3 is an AWS service, which opens no connections: ask for it as the target"),
        (["internet", "aws_vpc.main"], "aws_vpc.main has no network interface in view"),
        (["internet", "aws_lb.web", "--port", "x/y"], "`--port x/y`: write 443, 8000-8999, 53/udp or icmp"),
        (["internet", "aws_lb.web", "--port", "99999"], "`--port 99999`: write 443, 8000-8999, 53/udp or icmp"),
    ],
)
def test_a_question_that_means_nothing_is_a_usage_error(asked: list[str], said: str) -> None:
    """An unknown name is said, with exit code 2."""
    result = run("reach", *asked)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"guardrails: {said}\n")


def test_nothing_to_look_at(tmp_path: Path) -> None:
    """A folder without resources has no network."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "main.tf").write_text("# nothing\n")

    assert run("exposed", "--on", "empty").exit_code == 3


# -- exposed


def test_exposed_as_json() -> None:
    """What the internet reaches, and what stands behind it."""
    result = run("exposed", "--format", "json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "version": 1,
        "exposed": [
            {
                "resource": "aws_instance.other",
                "flows": HTTPS,
                "certainty": "unknown",
                "path": [
                    {
                        "kind": "internet-gateway",
                        "component": "an internet gateway of the VPC of subnet-0a1b2c3d4e5f60718",
                        "text": "",
                    },
                    {"kind": "interface", "component": "aws_instance.other", "text": ""},
                ],
                "through": None,
                "doubts": [
                    "what subnet-0a1b2c3d4e5f60718 gives at launch",
                    "the internet gateway of the VPC of subnet-0a1b2c3d4e5f60718",
                    "the network ACL of subnet-0a1b2c3d4e5f60718",
                    "the route table of subnet-0a1b2c3d4e5f60718",
                ],
                "location": {"path": "main.tf", "line": 96, "end_line": 99},
            },
            {
                "resource": "aws_lb.web",
                "flows": HTTPS,
                "certainty": "must",
                "path": WAY[:2],
                "through": None,
                "doubts": [],
                "location": {"path": "main.tf", "line": 64, "end_line": 67},
            },
            {
                "resource": "aws_instance.app",
                "flows": HTTPS,
                "certainty": "must",
                "path": WAY,
                "through": "aws_lb.web",
                "doubts": [],
                "location": {"path": "main.tf", "line": 90, "end_line": 94},
            },
        ],
    }


def test_exposed_as_text(tmp_path: Path) -> None:
    """One paragraph for each thing that the internet reaches."""
    (tmp_path / "main.tf").write_text(DESIGN.partition('resource "aws_instance" "other"')[0])

    assert run("exposed").stdout == (
        "aws_lb.web (main.tf:64)\n"
        "  TCP 443 (HTTPS) from the whole IPv4 internet\n"
        "    internet-gateway aws_internet_gateway.main\n"
        "    interface aws_lb.web\n"
        "\n"
        "aws_instance.app through aws_lb.web (main.tf:90)\n"
        "  TCP 443 (HTTPS) from the whole IPv4 internet\n"
        "    internet-gateway aws_internet_gateway.main\n"
        "    interface aws_lb.web\n"
        "    load-balancer aws_lb.web\n"
        "    route-table aws_route_table.public\n"
        "    interface aws_instance.app\n"
        "\n"
        "2 reachable from the internet.\n"
    )


def test_exposed_as_markdown(tmp_path: Path) -> None:
    """A table, and one diagram of all paths."""
    (tmp_path / "main.tf").write_text(DESIGN.partition('resource "aws_instance" "other"')[0])

    assert run("exposed", "--format", "markdown").stdout == (
        "| resource | ports | from | certainty |\n"
        "| --- | --- | --- | --- |\n"
        "| aws\\_lb.web | TCP 443 (HTTPS) | the whole IPv4 internet | must |\n"
        "| aws\\_instance.app through aws\\_lb.web | TCP 443 (HTTPS) | the whole IPv4 internet | must |\n"
        "\n"
        "```mermaid\n"
        "flowchart LR\n"
        '  n0["internet-gateway: aws_internet_gateway.main"]\n'
        '  n1["interface: aws_lb.web"]\n'
        '  n2["route-table: aws_route_table.public"]\n'
        '  n3["interface: aws_instance.app"]\n'
        "  n0 --> n1\n"
        "  n1 --> n2\n"
        "  n2 --> n3\n"
        "```\n"
    )


# -- the picture

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_shows_what_stands_where(tmp_path: Path) -> None:
    """Every subnet and interface has a box, and what the internet reaches is marked."""
    run("exposed", "--svg", "net.svg")
    root = ET.fromstring((tmp_path / "net.svg").read_text(encoding="utf-8"))  # noqa: S314  # our own file
    texts = [t.text if t.find(f"{SVG}title") is None else "" for t in root.iter(f"{SVG}text")]
    kinds = [r.get("class") for r in root.iter(f"{SVG}rect")]

    assert [t for t in texts if t and t.startswith(("aws_subnet", "aws_lb", "aws_instance", "internet:"))] == [
        "aws_subnet.public",
        "aws_lb.web",
        "internet: TCP 443 (HTTPS)",
        "aws_lb.silent",
        "aws_subnet.private",
        "aws_instance.app",
        "internet: TCP 443 (HTTPS)",
        "aws_instance.other",
        "internet: TCP 443 (HTTPS)",
    ]
    assert (kinds.count("open"), kinds.count("maybe")) == (2 + 1, 1 + 1)  # one of each is in the legend
    assert [p.get("class") for p in root.iter(f"{SVG}path")][1:] == ["way", "way", "led"]


def test_the_picture_of_a_path_numbers_its_steps(tmp_path: Path) -> None:
    """The answer's path is listed, and what stands on it bears its number."""
    run("reach", "internet", "aws_instance.app", "--svg", "net.svg")
    root = ET.fromstring((tmp_path / "net.svg").read_text(encoding="utf-8"))  # noqa: S314  # our own file
    numbers = [t.text for t in root.iter(f"{SVG}text") if t.get("class") == "number"]

    assert sorted(filter(None, numbers)) == ["1", "1", "2", "2", "3", "4", "4"]


def test_the_picture_shows_what_is_on_the_internet_by_itself(tmp_path: Path) -> None:
    """A cluster's public API is no interface of the VPC, and stands below it."""
    cluster = 'resource "aws_eks_cluster" "m" {\n  vpc_config {\n    subnet_ids = [aws_subnet.private.id]\n  }\n}\n'
    (tmp_path / "main.tf").write_text(DESIGN.partition('resource "aws_security_group"')[0] + cluster)
    run("exposed", "--svg", "net.svg")
    root = ET.fromstring((tmp_path / "net.svg").read_text(encoding="utf-8"))  # noqa: S314  # our own file

    assert [t.text for t in root.iter(f"{SVG}text") if t.text and t.text.startswith("aws_eks")] == [
        "aws_eks_cluster.m",
        "aws_eks_cluster.m  TCP 443 (HTTPS)",
    ]
    assert [r.get("class") for r in root.iter(f"{SVG}rect")].count("open") == 1 + 1  # one is in the legend


def test_names_in_the_picture_are_text(tmp_path: Path) -> None:
    """A name with markup in it stays a name."""
    (tmp_path / "main.tf").write_text(
        'resource "aws_vpc" "m" {\n  cidr_block = "10.0.0.0/16"\n}\n'
        'resource "aws_subnet" "s" {\n  for_each = toset(["<script>"])\n  vpc_id = aws_vpc.m.id\n'
        '  cidr_block = "10.0.1.0/24"\n}\n'
    )
    run("exposed", "--svg", "net.svg")

    assert "<script>" not in (tmp_path / "net.svg").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in (tmp_path / "net.svg").read_text(encoding="utf-8")


# -- diff


def _plan(path: Path, before: list[str], after: list[str], *, routed: tuple[bool, bool] = (True, True)) -> None:
    """A plan that changes whom a public instance's group lets in to port 22, and whether its subnet is routed."""

    def resources(cidrs: list[str], route: bool) -> list[dict[str, object]]:
        rule = {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": cidrs}
        world = {"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}
        values: dict[str, dict[str, object]] = {
            "aws_vpc.a": {"id": "vpc-1", "cidr_block": "10.0.0.0/16"},
            "aws_internet_gateway.a": {"id": "igw-1", "vpc_id": "vpc-1"},
            "aws_subnet.a": {"id": "subnet-1", "vpc_id": "vpc-1", "cidr_block": "10.0.1.0/24"},
            "aws_route_table.a": {"id": "rtb-1", "vpc_id": "vpc-1", "route": [world] if route else []},
            "aws_route_table_association.a": {"id": "a", "subnet_id": "subnet-1", "route_table_id": "rtb-1"},
            "aws_security_group.a": {"id": "sg-1", "vpc_id": "vpc-1", "ingress": [rule], "egress": []},
            "aws_instance.a": {
                "id": "i-1", "subnet_id": "subnet-1", "public_ip": "54.1.1.1", "associate_public_ip_address": True,
                "private_ip": "10.0.1.10", "vpc_security_group_ids": ["sg-1"],
            },
        }  # fmt: skip
        return [
            {
                "address": address, "mode": "managed", "type": address.partition(".")[0], "name": "a",
                "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 1, "values": each,
                "sensitive_values": {},
            }
            for address, each in values.items()
        ]  # fmt: skip

    old, new = resources(before, routed[0]), resources(after, routed[1])
    changes = [
        {
            **{k: v for k, v in a.items() if k in ("address", "mode", "type", "name", "provider_name")},
            "change": {
                "actions": ["no-op"] if a["values"] == b["values"] else ["update"], "before": a["values"],
                "after": b["values"], "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {},
            },
        }
        for a, b in zip(old, new, strict=True)
    ]  # fmt: skip
    document = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": new}},
        "resource_changes": changes,
        "prior_state": {
            "format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": {"resources": old}}
        },
        "configuration": {"root_module": {}},
    }  # fmt: skip
    path.write_text(json.dumps(document), encoding="utf-8")


def test_diff_shows_what_opens(tmp_path: Path) -> None:
    """What was open before is not told again: only the new sources are."""
    _plan(tmp_path / "plan.json", ["8.8.8.0/24"], ["8.8.8.0/24", "9.9.9.0/24"])
    result = run("diff", "plan.json")

    assert (result.exit_code, result.stdout) == (
        1,
        "Newly reachable from the internet:\n  aws_instance.a (plan.json:1)\n    TCP 22 (SSH) from 9.9.9.0/24\n\n",
    )
    opened = answer("diff", "plan.json")["opened"]
    assert isinstance(opened, list)
    assert opened[0]["flows"] == [{"protocol": "tcp", "ports": [[22, 22]], "sources": ["9.9.9.0/24"]}]


def test_diff_shows_what_closes(tmp_path: Path) -> None:
    """A route that goes away takes the way from the instance, which is no failure."""
    _plan(tmp_path / "plan.json", ["0.0.0.0/0"], ["0.0.0.0/0"], routed=(True, False))
    result = run("diff", "plan.json", "--format", "markdown")

    assert result.exit_code == 0
    assert result.stdout == (
        "### No longer reachable\n"
        "\n"
        "| resource | ports | from | certainty |\n"
        "| --- | --- | --- | --- |\n"
        "| aws\\_instance.a | TCP 22 (SSH) | the whole IPv4 internet | must |\n"
        "\n"
    )
    assert answer("diff", "plan.json")["opened"] == []


def test_diff_of_no_change(tmp_path: Path) -> None:
    """A plan that changes nothing about it says so."""
    _plan(tmp_path / "plan.json", ["0.0.0.0/0"], ["0.0.0.0/0"])
    result = run("diff", "plan.json")

    assert (result.exit_code, result.stdout) == (0, "What the internet reaches does not change.\n")
    assert answer("diff", "plan.json") == {"version": 1, "opened": [], "closed": []}


def test_diff_wants_a_plan() -> None:
    """A configuration has no before."""
    result = run("diff", "main.tf")

    assert (result.exit_code, result.stderr) == (2, "guardrails: main.tf is not a plan\n")
