"""Make `guardrails/sources/terraform/data/aws_<version>.schema`: the AWS provider's schema, as Terraform tells it.

    python scripts/build_schema.py [--version 5.100.0] [--date 2026-11-24]

Needs `terraform` on PATH, and the provider from the registry or from the mirror that `TF_CLI_CONFIG_FILE` names.
The same provider and date give the same bytes. `guardrails/sources/terraform/schema.py` tells what the file looks like.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import tempfile
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


def provider_schema(version: str) -> dict[str, Any]:
    """What `terraform providers schema -json` says of this version of the provider."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf").write_text(MAIN % version)
        subprocess.run(["terraform", "init", "-input=false", "-no-color"], cwd=folder, check=True, timeout=600)
        out = subprocess.run(
            ["terraform", "providers", "schema", "-json"], cwd=folder, check=True, timeout=600, stdout=subprocess.PIPE
        )
    schema: dict[str, Any] = json.loads(out.stdout)["provider_schemas"][PROVIDER]
    return schema


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

    def block(self, block: Any) -> int:
        """The offset of a block: its attributes, and its nested blocks by the offsets of theirs."""
        attributes = {}
        for name, a in sorted(block.get("attributes", {}).items()):
            cty = self.nested_type(a["nested_type"]) if "nested_type" in a else a["type"]
            attributes[name] = [self.type(cty), sum(1 << bit for bit, flag in enumerate(FLAGS) if a.get(flag))]
        blocks = {
            name: [b["nesting_mode"], b.get("min_items", 0), b.get("max_items", 0), self.block(b["block"])]
            for name, b in sorted(block.get("block_types", {}).items())
        }
        return self.line([attributes, blocks])


def main() -> None:
    """Build the file and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="5.100.0")
    parser.add_argument("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat())
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    output: Path = args.output or DATA / f"aws_{args.version}.schema"

    schema = provider_schema(args.version)
    writer = Writer()
    head = {
        "about": f"Facts about the arguments and attributes of the Terraform provider hashicorp/aws {args.version} "
        "(https://github.com/hashicorp/terraform-provider-aws, MPL-2.0), told by `terraform providers schema -json`. "
        "Made by scripts/build_schema.py.",
        "provider": PROVIDER,
        "version": args.version,
        "date": args.date,
        "managed": {n: writer.block(t["block"]) for n, t in sorted(schema["resource_schemas"].items())},
        "data": {n: writer.block(t["block"]) for n, t in sorted(schema["data_source_schemas"].items())},
        "config": writer.block(schema["provider"]["block"]),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(json.dumps(head, separators=(",", ":")).encode() + b"\n" + writer.body)
    print(f"{output}: {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
