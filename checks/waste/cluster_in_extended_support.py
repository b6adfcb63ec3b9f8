from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from guardrails import Example, Finding, Resource, Severity, Waste, monthly_cost, read_at

# The last days of standard support, from the calendar of the page below.
STANDARD_UNTIL = {
    "1.23": date(2023, 10, 11),
    "1.24": date(2024, 1, 31),
    "1.25": date(2024, 5, 1),
    "1.26": date(2024, 6, 11),
    "1.27": date(2024, 7, 24),
    "1.28": date(2024, 11, 26),
    "1.29": date(2025, 3, 23),
    "1.30": date(2025, 7, 23),
    "1.31": date(2025, 11, 26),
    "1.32": date(2026, 3, 23),
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
}


class ClusterInExtendedSupport(Waste):
    """An EKS cluster runs a version that is billed as extended support.

    ## Why is this bad?
    Fourteen months after its release a Kubernetes version of EKS leaves standard support. A cluster that stays on it is
    billed six times as much. A cluster whose upgrade policy is `STANDARD` is upgraded instead, and not reported.
    """

    id = "cluster-in-extended-support"
    severity = Severity.HIGH
    hint = "Upgrade the cluster, one minor version after the other."
    hazard = "Removed Kubernetes APIs break what still uses them."
    types = ("aws_eks_cluster",)
    references = ("https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html",)
    examples = (
        Example(
            bad="""
            resource "aws_eks_cluster" "main" {
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/eks"
              version  = "1.29" # finding

              vpc_config {
                subnet_ids              = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]
                endpoint_public_access  = false
                endpoint_private_access = true
              }

              access_config {
                authentication_mode                         = "API"
                bootstrap_cluster_creator_admin_permissions = true
              }
            }
            """,
            fixed="""
            resource "aws_eks_cluster" "main" {
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/eks"
              version  = "1.99"

              vpc_config {
                subnet_ids              = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]
                endpoint_public_access  = false
                endpoint_private_access = true
              }

              access_config {
                authentication_mode                         = "API"
                bootstrap_cluster_creator_admin_permissions = true
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        version = subject.text("version", default="")
        end = STANDARD_UNTIL.get(version)
        if end is None or read_at(subject.model).date() < end:
            return
        if any(each.text("support_type", default="") == "STANDARD" for each in subject.blocks("upgrade_policy")):
            return
        yield self.waste(
            subject,
            f"version {version} left standard support on {end}",
            monthly_cost("eks-extended-support", subject),
            path="version",
        )
