"""Record `fixtures/twins/<name>/`: one infrastructure as Terraform's plan and state, and as the account that has it.

    python -m scripts.record_twins [name ...]

Needs `terraform` on PATH with the AWS provider (from the registry, or from the mirror that `TF_CLI_CONFIG_FILE` names)
and moto's server. Each twin is applied to an empty simulated account; `plan.json`, `state.json` and `account.json` are
what Terraform and guardrails then say of it. What the simulator does not know is answered as AWS documents it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from guardrails.sources.aws.audit import Options, collect
from guardrails.sources.aws.session import Limits, forget_sessions
from guardrails.sources.snapshot import write_snapshot
from tests.sources.aws.simulator import Proxy, proxy

TWINS = Path(__file__).parent.parent / "fixtures" / "twins"
REGION = "us-east-1"
COLLECTED = "2026-11-24T08:00:00Z"

ANALYZER = {
    "arn": "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/main",
    "name": "main",
    "type": "ACCOUNT",
    "createdAt": "2026-11-24T08:00:00Z",
    "status": "ACTIVE",
    "tags": {},
}
CIS = "cis-aws-foundations-benchmark/v/1.2.0"
STANDARDS = {
    "StandardsSubscriptions": [
        {
            "StandardsSubscriptionArn": f"arn:aws:securityhub:us-east-1:123456789012:subscription/{CIS}",
            "StandardsArn": f"arn:aws:securityhub:::ruleset/{CIS}",
            "StandardsInput": {},
            "StandardsStatus": "READY",
        }
    ]
}
QUOTA = {
    "ServiceCode": "vpc",
    "ServiceName": "Amazon Virtual Private Cloud (Amazon VPC)",
    "QuotaArn": "arn:aws:servicequotas:us-east-1:123456789012:vpc/L-F678F1CE",
    "QuotaCode": "L-F678F1CE",
    "QuotaName": "VPCs per Region",
    "Value": 5.0,
    "Unit": "None",
    "Adjustable": True,
    "GlobalQuota": False,
}


def ec2(operation: str, body: str) -> tuple[tuple[str, str], str]:
    """An answer in EC2's protocol."""
    space = "http://ec2.amazonaws.com/doc/2016-11-15/"
    return ("ec2", operation), f'<{operation}Response xmlns="{space}">{body}</{operation}Response>'


def iam(operation: str, body: str) -> tuple[tuple[str, str], str]:
    """An answer in the query protocol, as IAM speaks it."""
    space = "https://iam.amazonaws.com/doc/2010-05-08/"
    return ("iam", operation), (
        f'<{operation}Response xmlns="{space}"><{operation}Result>{body}</{operation}Result></{operation}Response>'
    )


OPEN = "<internetGatewayBlockMode>off</internetGatewayBlockMode><state>default-state</state>"
IMAGES = "block-new-sharing"
METADATA = (
    "<accountLevel><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit>"
    "<httpEndpoint>enabled</httpEndpoint></accountLevel>"
)
CANNED = {
    ("application-autoscaling", "ListTagsForResource"): json.dumps({"Tags": {}}),
    ("access-analyzer", "PUT /analyzer?"): json.dumps({"arn": ANALYZER["arn"]}),
    ("access-analyzer", "GET /analyzer/main?"): json.dumps({"analyzer": ANALYZER}),
    ("access-analyzer", "GET /analyzer?"): json.dumps({"analyzers": [ANALYZER]}),
    ("securityhub", "PATCH /accounts?"): "{}",
    ("securityhub", "POST /standards/register?"): json.dumps(STANDARDS),
    ("securityhub", "POST /standards/get?"): json.dumps(STANDARDS),
    ("servicequotas", "ListServiceQuotas"): json.dumps({"Quotas": [QUOTA]}),
    ("servicequotas", "GetServiceQuota"): json.dumps({"Quota": QUOTA}),
    ("servicequotas", "GetAWSDefaultServiceQuota"): json.dumps({"Quota": QUOTA}),
    ("sso", "ListTagsForResource"): json.dumps({"Tags": []}),
    ("sso", "GetPermissionsBoundaryForPermissionSet"): "{}",
    ("sso", "DescribePermissionSetProvisioningStatus"): json.dumps(
        {
            "PermissionSetProvisioningStatus": {
                "Status": "SUCCEEDED",
                "RequestId": "00000000-0000-0000-0000-000000000000",
            }
        }
    ),
    ("budgets", "ListTagsForResource"): json.dumps({"ResourceTags": []}),
    ("budgets", "DescribeSubscribersForNotification"): json.dumps(
        {"Subscribers": [{"SubscriptionType": "EMAIL", "Address": "money@example.com"}]}
    ),
    **dict(
        (
            iam("ListMFADeviceTags", "<IsTruncated>false</IsTruncated><Tags/>"),
            ec2(
                "GetImageBlockPublicAccessState", "<imageBlockPublicAccessState>unblocked</imageBlockPublicAccessState>"
            ),
            ec2("GetSnapshotBlockPublicAccessState", "<state>unblocked</state>"),
            ec2("GetSerialConsoleAccessStatus", "<serialConsoleAccessEnabled>false</serialConsoleAccessEnabled>"),
            ec2("GetInstanceMetadataDefaults", "<accountLevel/>"),
            ec2("GetEbsDefaultKmsKeyId", "<kmsKeyId>alias/aws/ebs</kmsKeyId>"),
            ec2(
                "DescribeVpcBlockPublicAccessOptions",
                f"<vpcBlockPublicAccessOptions>{OPEN}</vpcBlockPublicAccessOptions>",
            ),
            ec2("DescribeClientVpnEndpoints", "<clientVpnEndpoint/>"),
            ec2("DescribeCapacityReservations", "<capacityReservationSet/>"),
            ec2("DescribeVpcBlockPublicAccessExclusions", "<vpcBlockPublicAccessExclusionSet/>"),
        )
    ),
    ("eks", "GET /clusters/main/addons?"): json.dumps({"addons": []}),
    ("lambda", "GET /2019-09-30/functions/api/provisioned-concurrency?List=ALL"): json.dumps(
        {"ProvisionedConcurrencyConfigs": []}
    ),
    ("network-firewall", "ListFirewallPolicies"): json.dumps({"FirewallPolicies": []}),
}
DOMAIN = {
    "ARN": "arn:aws:es:us-east-1:123456789012:domain/search",
    "AccessPolicies": "",
    "AdvancedOptions": {"rest.action.multi.allow_explicit_index": "true"},
    "AdvancedSecurityOptions": {"Enabled": False, "InternalUserDatabaseEnabled": False},
    "AutoTuneOptions": {"State": "DISABLED"},
    "ClusterConfig": {
        "InstanceType": "t3.small.search",
        "InstanceCount": 1,
        "DedicatedMasterEnabled": False,
        "ZoneAwarenessEnabled": False,
        "WarmEnabled": False,
        "ColdStorageOptions": {"Enabled": False},
        "MultiAZWithStandbyEnabled": False,
    },
    "CognitoOptions": {"Enabled": False},
    "Created": True,
    "Deleted": False,
    "DomainEndpointOptions": {
        "EnforceHTTPS": True,
        "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07",
        "CustomEndpointEnabled": False,
    },
    "DomainId": "123456789012/search",
    "DomainName": "search",
    "EBSOptions": {"EBSEnabled": True, "VolumeType": "gp2", "VolumeSize": 10},
    "EncryptionAtRestOptions": {"Enabled": True, "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/aws-es"},
    "Endpoint": "search-search-abcdefghijklmnopqrstuvwxyz.us-east-1.es.amazonaws.com",
    "EngineVersion": "OpenSearch_2.11",
    "IPAddressType": "ipv4",
    "NodeToNodeEncryptionOptions": {"Enabled": True},
    "Processing": False,
    "SnapshotOptions": {"AutomatedSnapshotStartHour": 0},
    "UpgradeProcessing": False,
}
CREATE_DOMAIN = ("es", "POST /2021-01-01/opensearch/domain?")
OF_DOMAIN = {
    ("es", "GET /2021-01-01/opensearch/domain/search?"): json.dumps({"DomainStatus": DOMAIN}),
    ("es", "POST /2021-01-01/opensearch/domain-info?"): json.dumps({"DomainStatusList": [DOMAIN]}),
}


class Answers(dict[tuple[str, str], str]):
    """Those for one twin, of which those about a domain are given once there is one."""

    def __init__(self, twin: str, settings: Proxy) -> None:
        super().__init__({**CANNED, **OWN.get(twin, {})})
        self._settings = settings

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        """As of a dictionary."""
        if key in OF_DOMAIN and any((one.service, one.operation) == CREATE_DOMAIN for one in self._settings.seen):
            return OF_DOMAIN[key]
        return super().get(key, default)


# What one twin sets for the whole region.
OWN = {
    "people": dict(
        (
            ec2("EnableImageBlockPublicAccess", f"<imageBlockPublicAccessState>{IMAGES}</imageBlockPublicAccessState>"),
            ec2(
                "GetImageBlockPublicAccessState", f"<imageBlockPublicAccessState>{IMAGES}</imageBlockPublicAccessState>"
            ),
            ec2("EnableSnapshotBlockPublicAccess", "<state>block-all-sharing</state>"),
            ec2("GetSnapshotBlockPublicAccessState", "<state>block-all-sharing</state>"),
            ec2("EnableSerialConsoleAccess", "<serialConsoleAccessEnabled>true</serialConsoleAccessEnabled>"),
            ec2("GetSerialConsoleAccessStatus", "<serialConsoleAccessEnabled>true</serialConsoleAccessEnabled>"),
            ec2("ModifyInstanceMetadataDefaults", "<return>true</return>"),
            ec2("GetInstanceMetadataDefaults", METADATA),
        )
    )
}

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
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  s3_use_path_style           = true
}
"""


def environment(server: str) -> dict[str, str]:
    """What sends every AWS client to the simulated account."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": server,
        # S3's account settings have the account's id in the host's name: the server takes them as a proxy.
        "AWS_ENDPOINT_URL_S3_CONTROL": "http://aws.test",
        "AWS_ENDPOINT_URL_S3CONTROL": "http://aws.test",
        "HTTP_PROXY": server,
        "NO_PROXY": "127.0.0.1",
    }


def terraform(folder: Path, *arguments: str, keep: bool = False) -> str:
    """Run Terraform there; what it printed if `keep`."""
    try:
        done = subprocess.run(
            ["terraform", *arguments], cwd=folder, check=True, timeout=900, stdout=subprocess.PIPE, text=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(error.stdout)
        raise
    if not keep:
        sys.stdout.write(done.stdout[-400:])
    return done.stdout


def scrubbed(document: str) -> str:
    """Laid out for readable differences, without the schema of the provider and the time of the day."""
    value: dict[str, Any] = json.loads(document)
    value.pop("provider_schemas", None)
    value.pop("timestamp", None)
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def record(twin: Path, port: int) -> None:
    """Apply one twin to an empty account, and write what everybody says of it."""
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/moto-api/reset", method="POST"), timeout=60)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in twin.iterdir():
            if source.suffix in (".tf", ".zip"):
                shutil.copy(source, folder)
        (folder / "provider.tf").write_text(PROVIDER)
        terraform(folder, "init", "-input=false", "-no-color")
        terraform(folder, "plan", "-input=false", "-no-color", "-out=plan.bin")
        plan = terraform(folder, "show", "-json", "plan.bin", keep=True)
        terraform(folder, "apply", "-input=false", "-no-color", "-auto-approve", "plan.bin")
        # What the provider reads back, not what it remembers of its own writing.
        terraform(folder, "apply", "-refresh-only", "-input=false", "-no-color", "-auto-approve")
        state = terraform(folder, "show", "-json", keep=True)
    (twin / "plan.json").write_text(scrubbed(plan))
    (twin / "state.json").write_text(scrubbed(state))
    forget_sessions()
    with ThreadPoolExecutor(16) as executor:
        options = Options(regions=(REGION,), limits=Limits(attempts=1))
        models = list(collect(options, executor))
    for model in models:
        model.cache["collected"] = COLLECTED
    write_snapshot(twin / "account.json", models)
    (twin / "account.json").chmod(0o644)
    print(f"{twin.name}: {sum(1 for _ in models[0].all())} resources, {len(models[0].problems)} problems")


def main() -> None:
    """Record the twins that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--port", type=int, default=5998)
    arguments = parser.parse_args()
    twins = [TWINS / name for name in arguments.names] or sorted(p for p in TWINS.iterdir() if p.is_dir())
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(arguments.port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment(""), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
    )
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{arguments.port}/moto-api/", timeout=5)
                break
            except OSError:
                time.sleep(0.2)
        with proxy(Proxy(upstream=f"127.0.0.1:{arguments.port}")) as settings:
            os.environ.update(environment(settings.url))
            for twin in twins:
                settings.canned = Answers(twin.name, settings)
                record(twin, arguments.port)
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    main()
