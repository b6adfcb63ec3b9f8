"""Make `guardrails/sources/terraform/data/aws_<version>.schema`: the AWS provider's schema, as Terraform tells it.

    python scripts/build_schema.py [--version 5.100.0] [--date 2026-11-24]

Needs `terraform` on PATH, and the provider from the registry or from the mirror that `TF_CLI_CONFIG_FILE` names.
The same provider and date give the same bytes. `guardrails/sources/terraform/schema.py` tells what the file looks like.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROVIDER = "registry.terraform.io/hashicorp/aws"
FLAGS = ("required", "optional", "computed", "sensitive", "deprecated", "write_only")
DATA = Path(__file__).parent.parent / "guardrails" / "sources" / "terraform" / "data"

MAIN = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "%s"
    }
  }
}
"""


UNKNOWN = "jsondecode(terraform_data.unknown.output)"
"""Of every type, and known only after apply."""

PROBE = """
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

resource "terraform_data" "unknown" {
  input = timestamp()
}
"""

ENOUGH = {
    "aws_autoscaling_group": ("launch_configuration", "availability_zones"),
    "aws_elasticache_cluster": ("engine", "node_type", "num_cache_nodes"),
    "aws_flow_log": ("vpc_id", "log_destination"),
    "aws_instance": ("ami", "instance_type"),
    "aws_kinesis_stream": ("shard_count",),
    "aws_lambda_function": ("filename", "handler", "runtime"),
    "aws_lb": ("subnets",),
    "aws_lb_target_group": ("port", "protocol", "vpc_id"),
    "aws_route53_record": ("records", "ttl"),
    "aws_s3_bucket_acl": ("acl",),
    "aws_spot_instance_request": ("ami", "instance_type"),
}
"""Arguments without which the provider refuses a resource, though none of them is called required."""


def terraform(folder: str, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a Terraform command."""
    command = ["terraform", *args]
    return subprocess.run(command, cwd=folder, check=check, timeout=900, capture_output=True, text=True)


def provider_schema(folder: str) -> dict[str, Any]:
    """What `terraform providers schema -json` says of the provider."""
    out = terraform(folder, "providers", "schema", "-json").stdout
    schema: dict[str, Any] = json.loads(out)["provider_schemas"][PROVIDER]
    return schema


def computed_blocks(folder: str, schema: dict[str, Any]) -> dict[str, frozenset[str]]:
    """The blocks that the provider fills in itself where the configuration has none, by type.

    The schema does not say so; a plan does, since such a block is known after apply. So a resource of every type is
    planned, with nothing but its required arguments. A type that the provider refuses so is left out.
    """
    types = {name: t["block"] for name, t in schema["resource_schemas"].items() if t["block"].get("block_types")}
    for _ in range(20):
        blocks = (
            f'resource "{name}" "x" {{\n{_least(block, ENOUGH.get(name, ()))}}}\n' for name, block in types.items()
        )
        Path(folder, "probe.tf").write_text(PROBE + "".join(blocks))
        planned = terraform(folder, "plan", "-no-color", "-refresh=false", "-out=plan", check=False)
        if planned.returncode == 0:
            break
        said = planned.stdout + planned.stderr
        refused = set(re.findall(r'with (aws_\w+)\.x,|in resource "(aws_\w+)"', said))
        if not refused:
            raise SystemExit(said[-3000:])
        for name in {name for pair in refused for name in pair if name}:
            types.pop(name, None)
    plan = json.loads(terraform(folder, "show", "-json", "plan").stdout)
    return {
        change["type"]: frozenset(
            name for name in types[change["type"]]["block_types"] if change["change"]["after_unknown"].get(name) is True
        )
        for change in plan["resource_changes"]
        if change["type"] in types
    }


def _least(block: Any, more: Sequence[str] = ()) -> str:
    """The required arguments and blocks of a block."""
    lines = [
        f"{name} = {UNKNOWN}\n" for name, a in block.get("attributes", {}).items() if a.get("required") or name in more
    ]
    for name, nested in block.get("block_types", {}).items():
        lines += [f"{name} {{\n{_least(nested['block'])}}}\n"] * nested.get("min_items", 0)
    return "".join(lines)


class Writer:
    """Writes each distinct block and type once: the provider repeats its nested blocks thousands of times."""

    def __init__(self) -> None:
        self.body = bytearray()
        self._seen: dict[bytes, int] = {}

    def line(self, value: object) -> int:
        """The offset of a line that holds this value."""
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
        if text not in self._seen:
            self._seen[text] = len(self.body)
            self.body += text
        return self._seen[text]

    def type(self, cty: Any) -> str | int:
        """A primitive type as its name, any other as the offset of its line."""
        match cty:
            case str():
                return cty
            case ["list" | "set" | "map" as kind, inner]:
                return self.line([kind, self.type(inner)])
            case ["object", fields]:
                return self.line(["object", {name: self.type(inner) for name, inner in sorted(fields.items())}])
            case ["tuple", items]:
                return self.line(["tuple", [self.type(item) for item in items]])
        raise ValueError(f"unknown type {cty!r}")

    def nested_type(self, nested: Any) -> Any:
        """A framework provider's nested attributes as the object type that their values have."""
        fields = {
            name: self.nested_type(a["nested_type"]) if "nested_type" in a else a["type"]
            for name, a in nested["attributes"].items()
        }
        mode = nested["nesting_mode"]
        return ["object", fields] if mode == "single" else [mode, ["object", fields]]

    def block(self, block: Any, computed: frozenset[str] | None = None) -> int:
        """The offset of a block: its attributes, and its nested blocks by the offsets of theirs.

        `computed` names the nested ones that the provider fills in; without it, those that hold a computed attribute.
        """
        attributes = {}
        for name, a in sorted(block.get("attributes", {}).items()):
            cty = self.nested_type(a["nested_type"]) if "nested_type" in a else a["type"]
            attributes[name] = [self.type(cty), sum(1 << bit for bit, flag in enumerate(FLAGS) if a.get(flag))]
        blocks = {
            name: [
                b["nesting_mode"],
                b.get("min_items", 0),
                b.get("max_items", 0),
                self.block(b["block"]),
                _holds_computed(b["block"]) if computed is None else name in computed,
            ]
            for name, b in sorted(block.get("block_types", {}).items())
        }
        return self.line([attributes, blocks])


def _holds_computed(block: Any) -> bool:
    return any(a.get("computed") for a in block.get("attributes", {}).values()) or any(
        _holds_computed(nested["block"]) for nested in block.get("block_types", {}).values()
    )


def main() -> None:
    """Build the file and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="5.100.0")
    parser.add_argument("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat())
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    output: Path = args.output or DATA / f"aws_{args.version}.schema"

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf").write_text(MAIN % args.version)
        terraform(folder, "init", "-input=false")
        schema = provider_schema(folder)
        computed = computed_blocks(folder, schema)
    writer = Writer()
    head = {
        "about": f"Facts about the arguments and attributes of the Terraform provider hashicorp/aws {args.version} "
        "(https://github.com/hashicorp/terraform-provider-aws, MPL-2.0), told by `terraform providers schema -json` "
        "and `terraform plan`. Made by scripts/build_schema.py.",
        "provider": PROVIDER,
        "version": args.version,
        "date": args.date,
        "managed": {
            n: writer.block(t["block"], computed.get(n)) for n, t in sorted(schema["resource_schemas"].items())
        },
        "data": {n: writer.block(t["block"]) for n, t in sorted(schema["data_source_schemas"].items())},
        "config": writer.block(schema["provider"]["block"]),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(json.dumps(head, separators=(",", ":")).encode() + b"\n" + writer.body)
    print(f"{output}: {output.stat().st_size} bytes, {len(computed)} types planned")


if __name__ == "__main__":
    main()
