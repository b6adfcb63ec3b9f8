from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PortSet, SecurityGroup, Severity, standing

ADMIN = PortSet.tcp(22, 23, 2375, 2376, 3389, 5900, 5985, 5986) | PortSet.udp(3389)


class OpenAdminPort(Check[SecurityGroup]):
    """A security group lets the whole internet reach an administration port.

    ## Why is this bad?
    SSH, RDP, WinRM, VNC, Telnet and the Docker API give whoever gets in the whole machine. They are scanned for
    all day, by everybody, and one weak password, leaked key or unpatched flaw is enough.

    What counts is what all rules of the group allow together, however they are written: `0.0.0.0/1` and `128.0.0.0/1`
    are the internet, and so is `::/0`.
    """

    id = "open-admin-port"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Reach instances through SSM Session Manager, or allow only the networks that you work from."
    same_as = ("CKV_AWS_24", "CKV_AWS_25", "AWS-0107")
    counter_checks = ("no-way-in",)
    references = (
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-rules.html",
    )
    compliance = ("CIS-AWS-3.0:5.2", "CIS-AWS-3.0:5.3", "AWS-FSBP:EC2.19")
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "ssh" {
              name = "ssh"

              ingress {
                from_port   = 22
                to_port     = 22
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"] # finding
              }
            }
            """,
            fixed="""
            resource "aws_security_group" "ssh" {
              name = "ssh"

              ingress {
                from_port   = 22
                to_port     = 22
                protocol    = "tcp"
                cidr_blocks = ["203.0.113.0/24"]
              }
            }
            """,
        ),
        Example(
            title="A range of ports, in two halves of the internet",
            bad="""
            resource "aws_security_group" "ssh" {
              name = "ssh"
            }

            resource "aws_vpc_security_group_ingress_rule" "half" {
              for_each          = toset(["0.0.0.0/1", "128.0.0.0/1"])
              security_group_id = aws_security_group.ssh.id
              from_port         = 20
              to_port           = 30
              ip_protocol       = "tcp"
              cidr_ipv4         = each.value # finding # finding
            }
            """,
            fixed="""
            resource "aws_security_group" "ssh" {
              name = "ssh"
            }

            resource "aws_vpc_security_group_ingress_rule" "half" {
              for_each          = toset(["198.51.100.0/25", "198.51.100.128/25"])
              security_group_id = aws_security_group.ssh.id
              from_port         = 20
              to_port           = 30
              ip_protocol       = "tcp"
              cidr_ipv4         = each.value
            }
            """,
        ),
        Example(
            title="An instance that Session Manager gets into instead",
            bad="""
            resource "aws_instance" "bastion" {
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = "subnet-0a1b2c3d4e5f60718"
              vpc_security_group_ids = [aws_security_group.bastion.id]
              key_name               = "ops"

              metadata_options {
                http_tokens = "required"
              }
            }

            resource "aws_vpc_security_group_egress_rule" "https" {
              security_group_id = aws_security_group.bastion.id
              from_port         = 443
              to_port           = 443
              ip_protocol       = "tcp"
              cidr_ipv4         = "0.0.0.0/0"
            }

            resource "aws_security_group" "bastion" {
              name = "bastion"
            }

            resource "aws_vpc_security_group_ingress_rule" "ssh" {
              security_group_id = aws_security_group.bastion.id
              from_port         = 22
              to_port           = 22
              ip_protocol       = "tcp"
              cidr_ipv4         = "0.0.0.0/0" # finding
            }
            """,
            fixed="""
            resource "aws_iam_role" "bastion" {
              name = "bastion"

              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "session" {
              role       = aws_iam_role.bastion.name
              policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
            }

            resource "aws_iam_instance_profile" "bastion" {
              name = "bastion"
              role = aws_iam_role.bastion.name
            }

            resource "aws_instance" "bastion" {
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = "subnet-0a1b2c3d4e5f60718"
              vpc_security_group_ids = [aws_security_group.bastion.id]
              key_name               = "ops"
              iam_instance_profile   = aws_iam_instance_profile.bastion.name

              metadata_options {
                http_tokens = "required"
              }
            }

            resource "aws_vpc_security_group_egress_rule" "https" {
              security_group_id = aws_security_group.bastion.id
              from_port         = 443
              to_port           = 443
              ip_protocol       = "tcp"
              cidr_ipv4         = "0.0.0.0/0"
            }

            resource "aws_security_group" "bastion" {
              name = "bastion"
            }
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        for rule, traffic in subject.open_to_internet(ADMIN):
            found = standing(subject, traffic)
            said = f"{traffic.addresses().describe()} may connect to {traffic.ports().describe()}"
            yield self.finding(
                rule.block,
                found.told(said),
                path=rule.path(traffic.addresses()),
                severity=Severity.LOW if found.latent else None,
            )
