from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, instance_cost, is_live


class UnusedCapacityReservation(Waste):
    """Nobody uses reserved capacity.

    ## Why is this bad?
    A capacity reservation is billed like running instances until it is cancelled, whether instances run in it or not.
    """

    id = "unused-capacity-reservation"
    severity = Severity.HIGH
    hint = "Cancel the reservation."
    hazard = "The capacity may not be there when it is wanted again."
    types = ("aws_ec2_capacity_reservation",)
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-pricing-billing.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_ec2_capacity_reservation", "name": "cr-0a1b2c3d4e5f60718", # finding
             "values": {"instance_count": 2, "available_instance_count": 2, "instance_type": "m5.large"}}
            """,
            fixed="""
            {"type": "aws_ec2_capacity_reservation", "name": "cr-0a1b2c3d4e5f60718",
             "values": {"instance_count": 2, "available_instance_count": 1, "instance_type": "m5.large"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject):
            return
        count = subject.number("instance_count")
        if count and subject.number("available_instance_count") == count:
            kind = subject.text("instance_type")
            yield self.waste(
                subject, f"none of its {count} places for {kind} is taken", instance_cost("ec2", kind, subject, count)
            )
