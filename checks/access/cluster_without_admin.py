from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

CLUSTER = """
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {
                subnet_ids              = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
                endpoint_private_access = true
                endpoint_public_access  = false
              }
"""


class ClusterWithoutAdmin(Check[Resource]):
    """Nobody but the creator's role can use an EKS cluster.

    ## Why is this bad?
    With `bootstrap_cluster_creator_admin_permissions = false` and neither an access entry nor a way to write the
    `aws-auth` map, nobody can reach the Kubernetes API: `error: You must be logged in to the server (Unauthorized)`.
    With the default, the one administrator is the role that ran the first apply, often a pipeline's, and people are
    locked out as soon as that role is gone.
    """

    id = "cluster-without-admin"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Add an `aws_eks_access_entry` with `AmazonEKSClusterAdminPolicy` for the role that operates the cluster."
    types = ("aws_eks_cluster",)
    references = ("https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",)
    examples = (
        Example(
            bad=f"""
            resource "aws_eks_cluster" "main" {{
              name     = "main"
{CLUSTER}
              access_config {{
                authentication_mode                         = "API"
                bootstrap_cluster_creator_admin_permissions = false # finding
              }}
            }}
            """,
            fixed=f"""
            resource "aws_eks_cluster" "main" {{
              name     = "main"
{CLUSTER}
              access_config {{
                authentication_mode                         = "API"
                bootstrap_cluster_creator_admin_permissions = false
              }}
            }}

            resource "aws_eks_access_entry" "operators" {{
              cluster_name  = aws_eks_cluster.main.name
              principal_arn = "arn:aws:iam::111122223333:role/operators"
            }}

            resource "aws_eks_access_policy_association" "operators" {{
              cluster_name  = aws_eks_cluster.main.name
              principal_arn = "arn:aws:iam::111122223333:role/operators"
              policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

              access_scope {{
                type = "cluster"
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        config = subject.block("access_config")
        if config is None or config.flag("bootstrap_cluster_creator_admin_permissions", default=True):
            return
        model = subject.model
        for entry in model.resources("aws_eks_access_entry", "aws_eks_access_policy_association"):
            if model.resolve(entry.raw("cluster_name"), "aws_eks_cluster") is subject:
                return
        if config.text("authentication_mode", default="CONFIG_MAP") != "API":
            for maps in model.types():
                if maps.startswith("kubernetes_config_map"):
                    return
        yield self.finding(
            config,
            "the creator gets no access and there is no access entry: nobody can use the Kubernetes API",
            path="bootstrap_cluster_creator_admin_permissions",
        )
