from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class SerialConsoleAllowed(Check[Resource]):
    """A region gives access to the serial consoles of its instances.

    ## Why is this bad?
    The serial console goes past security groups and network ACLs: whoever may call it reaches a login prompt, and
    with a known password the machine. It is for the hour in which a machine does not boot.
    """

    id = "serial-console-allowed"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Switch it off, and on again when a machine has to be rescued."
    types = ("aws_ec2_serial_console_access",)
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configure-access-to-serial-console.html",)
    examples = (
        Example(
            bad="""
            resource "aws_ec2_serial_console_access" "main" {
              enabled = true # finding
            }
            """,
            fixed="""
            resource "aws_ec2_serial_console_access" "main" {
              enabled = false
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.flag("enabled", default=True):
            yield self.finding(
                subject,
                "the serial console is open to whoever may call it",
                path="enabled",
                fix=self.set_attribute(subject, "enabled", "false", cli="aws ec2 disable-serial-console-access"),
            )
