"""Record what checkov answers, for the tests that run where there is none: `record_checkov.py CHECKOV...`.

Each argument is a checkov: the oldest and the newest supported version are wanted. Its answers about the folders of
`fixtures/checkov` and about one plan go to `fixtures/checkov/answers/<version>/` as they came, but for the passed
checks, which nothing reads, and the folder, which becomes `@ROOT@`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures" / "checkov"
FOLDERS = ("configuration", "broken", "nothing")
PLAN = ROOT / "fixtures" / "plans" / "security-groups" / "plan.json"


def answer(program: str, *what: str) -> Any:
    """What checkov says, as JSON."""
    command = [program, *what, "--output=json", "--compact", "--skip-download", "--download-external-modules=false"]
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": "/usr/bin:/bin", "HOME": home, "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "LOG_LEVEL": "ERROR"}
        done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def recorded(said: Any, folder: Path) -> str:
    """The text to keep."""
    for part in said if isinstance(said, list) else [said]:
        if "results" in part:
            part["results"]["passed_checks"] = []
    text = json.dumps(said, indent=1).replace(str(folder), "@ROOT@")
    return f"{text}\n"


def main() -> None:
    """Ask each checkov about everything."""
    for program in sys.argv[1:]:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        answers = FIXTURES / "answers" / done.stdout.split()[-1]
        answers.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            folder = FIXTURES / name
            said = answer(program, f"--directory={folder}", "--framework", "terraform", "terraform_json")
            (answers / f"{name}.json").write_text(recorded(said, folder))
        said = answer(program, f"--file={PLAN}", "--framework", "terraform_plan")
        (answers / "plan.json").write_text(recorded(said, PLAN.parent))
        print(answers)


if __name__ == "__main__":
    main()
