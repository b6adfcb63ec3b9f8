from __future__ import annotations

from collections.abc import Iterator

from guardrails import Cost, Example, Finding, Resource, Severity, Waste, is_live


class EmptyDedicatedHost(Waste):
    """A Dedicated Host has no instances.

    ## Why is this bad?
    A host is billed whole, whatever runs on it.
    """

    id = "empty-dedicated-host"
    severity = Severity.HIGH
    hint = "Release the host."
    hazard = "Licences that are bound to its sockets or cores have to move."
    types = ("aws_ec2_host",)
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/dedicated-hosts-releasing.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_ec2_host", "name": "h-0a1b2c3d4e5f60718", # finding
             "values": {"state": "available", "instance_family": "m5", "instance_type": null, "instances": []}}
            """,
            fixed="""
            {"type": "aws_ec2_host", "name": "h-0a1b2c3d4e5f60718",
             "values": {"state": "available", "instance_family": "m5", "instance_type": null, "instances":
             ["i-0a1b2c3d4e5f60718"]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if is_live(subject) and subject.text("state") == "available" and not any(subject.items("instances")):
            kind = subject.text("instance_family") or subject.text("instance_type")
            yield self.waste(subject, "no instance runs on it", Cost(None, missing=f"a host of {kind}"))
