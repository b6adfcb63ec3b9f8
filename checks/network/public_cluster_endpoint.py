from __future__ import annotations

from collections.abc import Iterator

from guardrails import AddressSet, Check, Example, Finding, Kind, Resource, Severity

SUBNETS = '["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]'


class PublicClusterEndpoint(Check[Resource]):
    """The whole internet can reach the API of an EKS cluster.

    ## Why is this bad?
    Every flaw in the API server's authentication, and every leaked token, can be used from anywhere. The default of
    EKS is public and open to the world.
    """

    id = "public-cluster-endpoint"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "List the networks that you work from in `public_access_cidrs`, and switch the private endpoint on."
    types = ("aws_eks_cluster",)
    same_as = ("CKV_AWS_38", "CKV_AWS_39", "AWS-0040", "AWS-0041")
    counter_checks = ("cluster-nodes-shut-out",)
    references = ("https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",)
    compliance = ("AWS-FSBP:EKS.1",)
    examples = (
        Example(
            bad=f"""
            resource "aws_eks_cluster" "main" {{
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {{ # finding
                subnet_ids = {SUBNETS}
              }}
            }}
            """,
            fixed=f"""
            resource "aws_eks_cluster" "main" {{
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {{
                subnet_ids              = {SUBNETS}
                endpoint_private_access = true
                public_access_cidrs     = ["203.0.113.0/24"]
              }}
            }}
            """,
        ),
        Example(
            title="Two halves of the internet",
            bad=f"""
            resource "aws_eks_cluster" "main" {{
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {{
                subnet_ids              = {SUBNETS}
                endpoint_private_access = true
                public_access_cidrs     = ["0.0.0.0/1", "128.0.0.0/1"] # finding
              }}
            }}
            """,
            fixed=f"""
            resource "aws_eks_cluster" "main" {{
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {{
                subnet_ids              = {SUBNETS}
                endpoint_private_access = true
                endpoint_public_access  = false
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        config = subject.block("vpc_config")
        if config is None or not config.flag("endpoint_public_access", default=True):
            return
        if not config.is_set("public_access_cidrs"):
            # EKS's default is 0.0.0.0/0.
            yield self.finding(config, "its API endpoint is open to the whole internet", path="public_access_cidrs")
            return
        allowed = AddressSet.of(*config.texts("public_access_cidrs"))
        if allowed.wide:
            yield self.finding(config, f"its API endpoint is open to {allowed.describe()}", path="public_access_cidrs")
