from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live

COUNTS = ("active_services_count", "running_tasks_count", "registered_container_instances_count")


class EmptyContainerCluster(Waste):
    """An ECS cluster runs nothing.

    ## Why is this bad?
    It has no services, no tasks and no instances. It costs nothing and is one more place to look.
    """

    id = "empty-container-cluster"
    severity = Severity.INFO
    hint = "Delete the cluster."
    hazard = "Batch jobs may start tasks in it from time to time."
    removable = True
    types = ("aws_ecs_cluster",)
    references = ("https://docs.aws.amazon.com/AmazonECS/latest/developerguide/delete_cluster-new-console.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_ecs_cluster", "name": "old", # finding
             "values": {"name": "old", "active_services_count": 0, "running_tasks_count": 0,
             "registered_container_instances_count": 0}}
            """,
            fixed="""
            {"type": "aws_ecs_cluster", "name": "old",
             "values": {"name": "old", "active_services_count": 1, "running_tasks_count": 1,
             "registered_container_instances_count": 0}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if is_live(subject) and not any(subject.number(each) for each in COUNTS):
            yield self.waste(subject, "it has no services, tasks or instances")
