from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, monthly_cost, related


class AddressOnStoppedInstance(Waste):
    """An Elastic IP address is held by something that does not run.

    ## Why is this bad?
    The address of a stopped instance, or of a network interface that is attached to nothing, is billed like one that
    works.
    """

    id = "address-on-stopped-instance"
    severity = Severity.LOW
    hint = "Release the address until the instance runs again, or remove the instance."
    hazard = "An instance that starts again without it is not found under its old address."
    types = ("aws_eip",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/WorkWithEIPs.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_eip", "name": "eipalloc-0a1b2c3d4e5f60718", # finding
             "values": {"public_ip": "52.0.2.1", "association_id": "eipassoc-0a1b2c3d4e5f60718",
                        "instance": "i-0a1b2c3d4e5f60718", "network_interface": "eni-0a1b2c3d4e5f60718",
                        "service_managed": null,
                        "public_ipv4_pool": "amazon"}}
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718",
             "values": {"id": "i-0a1b2c3d4e5f60718", "instance_state": "stopped"}}
            """,
            fixed="""
            {"type": "aws_eip", "name": "eipalloc-0a1b2c3d4e5f60718",
             "values": {"public_ip": "52.0.2.1", "association_id": "eipassoc-0a1b2c3d4e5f60718",
                        "instance": "i-0a1b2c3d4e5f60718", "network_interface": "eni-0a1b2c3d4e5f60718",
                        "service_managed": null,
                        "public_ipv4_pool": "amazon"}}
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718",
             "values": {"id": "i-0a1b2c3d4e5f60718", "instance_state": "running"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or not subject.text("association_id") or subject.text("service_managed"):
            return
        if name := subject.text("instance"):
            holder = subject.model.resolve(name, "aws_instance")
            idle, state = holder is not None and holder.text("instance_state") == "stopped", f"{name} is stopped"
        else:
            name = subject.text("network_interface")
            holder = subject.model.resolve(name, "aws_network_interface")
            idle = holder is not None and holder.text("status") == "available"
            state = f"{name} is attached to nothing"
        own = subject.text("public_ipv4_pool") not in ("", "amazon")
        cost = None if own else monthly_cost("public-ipv4", subject)  # one's own addresses are free
        if holder is not None and idle:
            yield self.waste(
                subject,
                f"the address {subject.text('public_ip')} is of no use while {state}",
                cost,
                related=related((holder.place(), "which has it")),
            )
