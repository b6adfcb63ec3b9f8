from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used

SERVICES = ("AWS Lambda VPC ENI", "aws-K8S-", "aws-k8s-", "ELB ", "EFS mount target", "RDSNetworkInterface")


class UnattachedInterface(Waste):
    """A network interface is attached to nothing.

    ## Why is this bad?
    It keeps a private address of its subnet, and the security groups and the subnet cannot be deleted while it is
    there. Interfaces that AWS keeps for its services are not reported.
    """

    id = "unattached-interface"
    severity = Severity.INFO
    hint = "Delete the network interface."
    hazard = "Lambda and EKS attach and detach interfaces; theirs disappear by themselves after a while."
    removable = True
    types = ("aws_network_interface",)
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/delete_eni.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_nat_gateway", "aws_vpc_endpoint"]}
            {"type": "aws_network_interface", "name": "eni-0a1b2c3d4e5f60718", # finding
             "values": {"id": "eni-0a1b2c3d4e5f60718", "status": "available", "requester_managed": false,
             "interface_type": "interface", "description": "", "subnet_id": "subnet-0a1b2c3d4e5f60718", "vpc_id":
             "vpc-0a1b2c3d4e5f60718"}}
            """,
            fixed="""
            {"complete": ["aws_nat_gateway", "aws_vpc_endpoint"]}
            {"type": "aws_network_interface", "name": "eni-0a1b2c3d4e5f60718",
             "values": {"id": "eni-0a1b2c3d4e5f60718", "status": "in-use", "requester_managed": false,
             "interface_type": "interface", "description": "", "subnet_id": "subnet-0a1b2c3d4e5f60718", "vpc_id":
             "vpc-0a1b2c3d4e5f60718"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("status") != "available" or subject.flag("requester_managed"):
            return
        if subject.text("interface_type") != "interface" or subject.text("description").startswith(SERVICES):
            return
        if is_used(subject, "aws_nat_gateway", "aws_vpc_endpoint"):
            return
        yield self.waste(subject, f"it is attached to nothing in {subject.text('subnet_id')}")
