"""A report with everything in it, for every format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from guardrails import Check, Example, Finding, Fix, Kind, Resource, Safety, Severity
from guardrails.finding import Report, Suppressed, Undecided
from guardrails.model import Label, LiveLocation, Location, Origin, Problem
from guardrails.reporters import Context
from guardrails.reporters.source import Sources

FILES = {
    "main.tf": """\
module "web" {
  source = "./modules/web"
  open   = var.open_to
}
""",
    "modules/web/main.tf": """\
resource "aws_security_group" "ssh" {
  name = "ssh"

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = var.open
  }
}
""",
    "variables.tf": """\
variable "open_to" {
  default = ["0.0.0.0/0"]
}
""",
}


class OpenPort(Check[Resource]):
    """A security group is open.

    ## Why is this bad?
    It is scanned
    all day.

    A second paragraph.
    """

    id = "open-port"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Allow only the networks that you work from."
    types = ("aws_security_group",)
    same_as = ("CKV_AWS_24",)
    references = ("https://docs.aws.amazon.com/vpc/",)
    compliance: ClassVar[tuple[str, ...]] = ("CIS-AWS-3.0:5.2",)
    examples = (Example(bad='resource "aws_security_group" "a" {} # finding', fixed="# nothing"),)

    def check(self, group: Resource, /) -> Iterator[Finding]:
        """See `Check.check`."""
        raise NotImplementedError


CALL = Label(Location("main.tf", 1, 1, 4, 2), "the module is called here")
OPEN = Finding(
    check="open-port",
    kind=Kind.SECURITY,
    severity=Severity.HIGH,
    message="the internet may connect to `22`",
    resource="module.web.aws_security_group.ssh",
    type="aws_security_group",
    origin=Origin(Location("modules/web/main.tf", 8, 5, 8, 27), (), (CALL,)),
    block=Origin(Location("modules/web/main.tf", 1, 1, 10, 2), (), (CALL,)),
    related=(Label(Location("variables.tf", 2, 3, 2, 26), "the value comes from here"),),
    hint="Allow only the networks that you work from.",
    fix=Fix("Set ingress[0].cidr_blocks", Safety.UNSAFE, 'cidr_blocks = ["10.0.0.0/8"]', "aws ec2 revoke"),
    same_as=("CKV_AWS_24",),
    path="ingress[0].cidr_blocks",
    details=("0.0.0.0/0 -> 22",),
    fingerprint="f00",
)
LIVE = Finding(
    check="idle-address",
    kind=Kind.COST,
    severity=Severity.LOW,
    message="nothing uses it",
    resource="aws_eip.eipalloc-1",
    type="aws_eip",
    origin=Origin(LiveLocation("arn:aws:ec2:eu-central-1:111122223333:eip/1", "111122223333", "eu-central-1")),
    block=Origin(None),
    hint="Release it.",
    fix=Fix("Release it", terraform="removed {}", cli="aws ec2 release-address --allocation-id eipalloc-1"),
    monthly=3.65,
    fingerprint="f01",
)
REPORT = Report(
    findings=[OPEN, LIVE],
    undecided=[
        Undecided(
            "open-port",
            "aws_security_group.b",
            "aws_security_group.b: ingress[0].cidr_blocks: var.b has no value",
            Origin(Location("b.tf", 3)),
        )
    ],
    suppressed=[Suppressed(LIVE, "a demo", "2027-01-31", Origin(Location("main.tf", 1)))],
    problems=[Problem("parse", "a block does not end", Location("broken.tf", 7))],
    resources=12,
    checks=3,
    files=tuple(FILES),
)


def context(folder: Path, **options: object) -> Context:
    """Write the files into a folder, which must be the working directory, and know them."""
    for path, text in FILES.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    check = OpenPort()
    return Context({check.id: check}, Sources(FILES), root=str(folder), **options)  # type: ignore[arg-type]  # by name
