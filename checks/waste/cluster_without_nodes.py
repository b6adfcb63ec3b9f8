from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Value, Waste, is_live, monthly_cost, older


class ClusterWithoutNodes(Waste):
    """An EKS cluster has nothing to run on.

    ## Why is this bad?
    The control plane is billed by the hour, with or without nodes. Nodes are told by node groups, Fargate profiles and
    the tags of instances.
    """

    id = "cluster-without-nodes"
    severity = Severity.MEDIUM
    hint = "Delete the cluster, or give it nodes."
    hazard = "What is kept in the cluster's own database, such as the state of GitOps controllers, is lost with it."
    types = ("aws_eks_cluster",)
    references = ("https://docs.aws.amazon.com/eks/latest/userguide/delete-cluster.html",)
    days: int = 7
    examples = (
        Example(
            bad="""
            {"complete": ["aws_eks_node_group", "aws_eks_fargate_profile", "aws_instance"]}
            {"type": "aws_eks_cluster", "name": "dev", # finding
             "values": {"name": "dev", "status": "ACTIVE", "version": "1.99", "created_at": "2025-06-01T00:00:00Z",
             "vpc_config": [{"endpoint_public_access": false, "endpoint_private_access": true, "public_access_cidrs":
             []}]}}
            """,
            fixed="""
            {"complete": ["aws_eks_node_group", "aws_eks_fargate_profile", "aws_instance"]}
            {"type": "aws_eks_cluster", "name": "dev",
             "values": {"name": "dev", "status": "ACTIVE", "version": "1.99", "created_at": "2025-06-01T00:00:00Z",
             "vpc_config": [{"endpoint_public_access": false, "endpoint_private_access": true, "public_access_cidrs":
             []}]}}
            {"type": "aws_eks_node_group", "name": "dev:workers",
             "values": {"cluster_name": "dev", "scaling_config": [{"desired_size": 2, "min_size": 1, "max_size": 3}]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("status") != "ACTIVE" or not older(subject, "created_at", self.days):
            return
        name, model = subject.text("name"), subject.model
        for group in model.resources("aws_eks_node_group"):
            if group.text("cluster_name") == name and group.region == subject.region:
                sizes = list(group.blocks("scaling_config"))
                if not sizes or any(size.number("desired_size") for size in sizes):
                    return
        for profile in model.resources("aws_eks_fargate_profile"):
            if profile.text("cluster_name") == name and profile.region == subject.region:
                return
        for instance in model.resources("aws_instance"):
            tags = instance.get("tags_all")
            if isinstance(tags, dict) and any(_of(name, key, value) for key, value in tags.items()):
                return
        yield self.waste(subject, "it has no nodes", monthly_cost("eks-cluster", subject))


def _of(cluster: str, key: str, value: Value) -> bool:
    """Whether a tag says that an instance is a node of a cluster."""
    return key == f"kubernetes.io/cluster/{cluster}" or ("eks" in key and value == cluster)
