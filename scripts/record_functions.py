"""Record what Terraform makes of `tests/sources/terraform/functions.txt`: one expression a line, results as JSON.

    python scripts/record_functions.py

Needs `terraform` 1.11 on PATH. Writes functions.json beside it: for each expression `result` (its JSON text) and `kind`
(the type's first word), or `error` (the message), or `unknown` or `sensitive`; and the signatures of all functions.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "tests" / "sources" / "terraform"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def console(line: str, folder: Path, timeout: float = 30) -> tuple[str, str]:
    """Feed one line through a console (it prints the result of the last alone); its output and its errors."""
    done = subprocess.run(
        ["terraform", "console", "-state=../empty.tfstate"],  # beside the folder, which fileset lists
        input=line + "\n",
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=folder,
        env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "NO_COLOR": "1"},
        check=False,
    )
    return done.stdout.strip(), COLOUR.sub("", done.stderr)


def message(errors: str) -> str:
    """The detail of an error, in one line."""
    text = " ".join(line.lstrip("│╷╵ ").strip() for line in errors.splitlines())
    text = re.sub(r"goroutine \d+ .*", "", text)
    _, _, detail = text.partition("(source code not available)")
    return re.sub(r"\s+", " ", detail or text).strip()


def record(expression: str, folder: Path) -> dict[str, str]:
    """What Terraform makes of one expression."""
    out, errors = console(f"base64encode(jsonencode({expression}))", folder)
    if errors:
        _, direct = console(expression, folder)
        return {"expression": expression, "error": message(direct or errors)}
    if not out.startswith('"'):
        return {"expression": expression, "sensitive" if "sensitive" in out else "unknown": "yes"}
    kind, _ = console(f"type({expression})", folder)
    result = base64.b64decode(json.loads(out)).decode()
    return {"expression": expression, "result": result, "kind": re.split(r"\W", kind)[0]}


def main() -> None:
    """Write functions.json."""
    expressions = (HERE / "functions.txt").read_text().splitlines()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "files"
        shutil.copytree(HERE / "files", folder)
        records = [record(each, folder) for each in expressions]
        signatures = subprocess.run(
            ["terraform", "metadata", "functions", "-json"], capture_output=True, timeout=60, check=True, cwd=folder
        )
    names = sorted(name for name in json.loads(signatures.stdout)["function_signatures"] if "::" not in name)
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in records)
    text = f'{{"names": {json.dumps(names)},\n"records": [\n{lines}\n]}}\n'
    (HERE / "functions.json").write_text(text)
    errors = sum("error" in entry for entry in records)
    print(f"{len(names)} functions, {len(records)} expressions, {errors} of them errors")


if __name__ == "__main__":
    main()
