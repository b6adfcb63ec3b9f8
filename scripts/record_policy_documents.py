"""Record what the AWS provider makes of `tests/sources/terraform/policy_documents.tf`.

    TF_CLI_CONFIG_FILE=mirror.tfrc python scripts/record_policy_documents.py

Needs `terraform` 1.11 on PATH and hashicorp/aws 5.100.0, from a mirror or the registry; no account: these data sources
are read without one. Writes policy_documents.json beside it: the evaluated arguments and the documents, by name.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "tests" / "sources" / "terraform"
PROVIDER = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

output "names" { # a plan without resources or outputs holds no state
  value = "recorded"
}
"""


def terraform(folder: Path, *arguments: str) -> str:
    """Run Terraform in a folder; its output."""
    done = subprocess.run(
        ["terraform", *arguments], cwd=folder, capture_output=True, text=True, timeout=180, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def main() -> None:
    """Write policy_documents.json."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copy(HERE / "policy_documents.tf", folder)
        (folder / "provider.tf").write_text(PROVIDER)
        terraform(folder, "init", "-input=false")
        terraform(folder, "plan", "-input=false", "-out=plan")
        plan = json.loads(terraform(folder, "show", "-json", "plan"))
    resources = plan["prior_state"]["values"]["root_module"]["resources"]
    documents = {each["name"]: each["values"] for each in resources}
    (HERE / "policy_documents.json").write_text(json.dumps(documents, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(documents)} documents")


if __name__ == "__main__":
    main()
