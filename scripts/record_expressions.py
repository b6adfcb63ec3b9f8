"""Record what Terraform makes of `tests/sources/terraform/expressions.txt`: expressions with lines of `---` between.

    python scripts/record_expressions.py

Needs `terraform` 1.11 on PATH, no provider. Writes expressions.json beside it: each expression with its value and
its type in cty's JSON form, as a plan shows outputs.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "tests" / "sources" / "terraform"


def run(*arguments: str, folder: Path) -> str:
    """What a Terraform command prints; raises with its messages if it fails."""
    done = subprocess.run(
        ["terraform", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "NO_COLOR": "1"},
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def main() -> None:
    """Write expressions.json."""
    expressions = (HERE / "expressions.txt").read_text().rstrip("\n").split("\n---\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        outputs = [f'output "o{i}" {{\n  value = {each}\n}}\n' for i, each in enumerate(expressions)]
        (folder / "main.tf").write_text("".join(outputs))
        run("init", folder=folder)
        run("plan", "-out=plan", folder=folder)
        planned = json.loads(run("show", "-json", "plan", folder=folder))["planned_values"]["outputs"]
    found = [planned.get(f"o{i}", {}) for i in range(len(expressions))]
    records = [
        {"expression": text, "value": each.get("value"), "type": each.get("type", "dynamic")}
        for text, each in zip(expressions, found, strict=True)
    ]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in records)
    (HERE / "expressions.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(records)} expressions")


if __name__ == "__main__":
    main()
