from __future__ import annotations

from collections.abc import Iterator

from guardrails import AddressSet, Check, Example, Finding, Kind, Resource, Severity, Symbolic, Unknown

CLUSTER = """
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"
"""


class ClusterNodesShutOut(Check[Resource]):
    """An EKS cluster's own nodes cannot reach its API.

    ## Why is this bad?
    With the private endpoint off, nodes go to the public one, from the addresses of the VPC's NAT gateways. If
    `public_access_cidrs` does not list those, nodes never join (`NodeCreationFailure: Instances failed to join the
    kubernetes cluster`), and nodes that are there turn `NotReady`.
    """

    id = "cluster-nodes-shut-out"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Set `endpoint_private_access = true`, or list the NAT gateways' addresses in `public_access_cidrs`."
    types = ("aws_eks_cluster",)
    references = (
        "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
        "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2149",
    )
    examples = (
        Example(
            bad=f"""
            resource "aws_eks_cluster" "main" {{
{CLUSTER}
              vpc_config {{
                subnet_ids          = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
                public_access_cidrs = ["203.0.113.0/24"] # finding
              }}
            }}
            """,
            fixed=f"""
            resource "aws_eks_cluster" "main" {{
{CLUSTER}
              vpc_config {{
                subnet_ids              = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
                endpoint_private_access = true
                public_access_cidrs     = ["203.0.113.0/24"]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        config = subject.block("vpc_config")
        if config is None or config.flag("endpoint_private_access"):
            return
        if not config.flag("endpoint_public_access", default=True):
            yield self.finding(config, "both of its API endpoints are off", path="endpoint_public_access")
            return
        if not config.is_set("public_access_cidrs"):
            return  # open to the internet
        if any(
            ".aws_eip." in f".{ref.address}" or "nat_gateway" in ref.address
            for ref in config.refs("public_access_cidrs")
        ):
            return  # made from the NAT gateways' addresses, which are known after apply
        cidrs = list(config.texts("public_access_cidrs"))
        for cidr in cidrs:
            if isinstance(cidr, Symbolic):
                raise Unknown(f"{subject.address}: whether {str.__str__(cidr)} has the NAT gateways' addresses")
        try:
            allowed = AddressSet.of(*cidrs)
        except ValueError as error:
            raise Unknown(f"{subject.address}: public_access_cidrs: {error}") from None
        if allowed.wide:
            return
        for address in subject.model.all("aws_eip", "data.aws_eip", "data.aws_nat_gateway"):
            known = address.raw("public_ip")
            if isinstance(known, str) and not isinstance(known, Symbolic) and AddressSet.of(known) <= allowed:
                return
        yield self.finding(
            config,
            f"the private endpoint is off and the public one answers {allowed.describe()} only",
            path="public_access_cidrs",
            fix=self.set_attribute(config, "endpoint_private_access", "true"),
        )
