from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PortSet, SecurityGroup, Severity, standing

# A service has a few ports. Who opens more than this many to the internet has opened "everything".
MANY = 1024
TCP, UDP = PortSet.of("tcp"), PortSet.of("udp")


class OpenToEverything(Check[SecurityGroup]):
    """A security group lets the whole internet reach every port.

    ## Why is this bad?
    The group no longer filters. Whatever listens on its members today, and whatever somebody will start tomorrow, is
    on the internet: debug servers, agents, databases.
    """

    id = "open-to-everything"
    kind = Kind.SECURITY
    severity = Severity.CRITICAL
    hint = "Open the ports of the service alone, 443 for most."
    same_as = ("CKV_AWS_277", "AWS-0107")
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-rules.html",)
    compliance = ("AWS-FSBP:EC2.18",)
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "web" {
              name = "web"

              ingress {
                from_port   = 0
                to_port     = 0
                protocol    = "-1"
                cidr_blocks = ["0.0.0.0/0"] # finding
              }
            }
            """,
            fixed="""
            resource "aws_security_group" "web" {
              name = "web"

              ingress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }
            }
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        for rule, traffic in subject.open_to_internet():
            ports = traffic.ports()
            if not _many(ports):
                continue
            found = standing(subject, traffic)
            said = f"{traffic.addresses().describe()} may connect to {ports.describe()}"
            if found.latent:
                severity = Severity.LOW
            elif not _many(found.ports):
                severity, said = Severity.MEDIUM, f"{said}; today the internet reaches {found.ports.describe()} of it"
            else:
                severity = self.severity if ports >= TCP else Severity.HIGH
            yield self.finding(rule.block, found.told(said), path=rule.path(traffic.addresses()), severity=severity)


def _many(ports: PortSet) -> bool:
    return any(sum(b - a + 1 for a, b in (ports & p).ranges(n)) > MANY for p, n in ((TCP, 6), (UDP, 17)))
