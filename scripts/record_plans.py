"""Record what real Terraform makes of the configurations in `fixtures/plans/<case>/`.

    python scripts/record_plans.py [CASE ...]

Each case is a root module. Its plan becomes `plan.json` there. Where it has a folder `before`, that is applied first,
and the state that this leaves becomes `state.json` (as `terraform show -json` tells it) and `terraform.tfstate`.

AWS is moto's server on the loopback interface, started for the run (the `test` group has it). Needs `terraform`
on PATH, and the provider from the registry or from the mirror that `TF_CLI_CONFIG_FILE` names.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent.parent / "fixtures" / "plans"
NOISE = ("timestamp", "relevant_attributes", "checks", "resource_drift", "applyable")
RECORDED = ("plan.json", "state.json", "terraform.tfstate")


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """The address of an AWS of our own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/moto-api/")
                break
        yield url
    finally:
        server.terminate()
        server.wait()


def terraform(folder: Path, url: str, *args: str) -> str:
    """The output of a Terraform command."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    env |= {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "NO_COLOR": "1",
    }
    command = ["terraform", *args]
    done = subprocess.run(command, cwd=folder, env=env, timeout=600, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"terraform {' '.join(args)}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def copy(source: Path, target: Path) -> None:
    """Copy a case's configuration, and nothing that was recorded of it."""
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("before", *RECORDED))


def write(path: Path, shown: str, folder: str) -> None:
    """Write what `terraform show` said, without what differs from run to run and from machine to machine."""
    document: dict[str, Any] = {key: value for key, value in json.loads(shown).items() if key not in NOISE}
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    if folder in text or str(Path.home()) in text:
        raise SystemExit(f"{path}: the plan holds a path of this machine")
    path.write_text(text)


def record(case: Path, url: str) -> None:
    """Record one case."""
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "root"
        folder.mkdir()
        if (case / "before").is_dir():
            shutil.copytree(case / "before", folder, dirs_exist_ok=True)
            terraform(folder, url, "init", "-input=false")
            terraform(folder, url, "apply", "-input=false", "-auto-approve")
            write(case / "state.json", terraform(folder, url, "show", "-json"), temporary)
            shutil.copy(folder / "terraform.tfstate", case)
            for path in [*folder.rglob("*.tf"), *folder.rglob("*.tfvars")]:
                path.unlink()
        copy(case, folder)
        terraform(folder, url, "init", "-input=false")
        terraform(folder, url, "plan", "-input=false", "-out=plan")
        write(case / "plan.json", terraform(folder, url, "show", "-json", "plan"), temporary)


def main() -> None:
    """Record the cases that are named, or all."""
    names = sys.argv[1:] or sorted(path.name for path in CASES.iterdir() if path.is_dir())
    with moto() as url:
        for name in names:
            record(CASES / name, url)
            print(name, flush=True)


if __name__ == "__main__":
    main()
