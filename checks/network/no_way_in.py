from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    Check,
    Example,
    Finding,
    Fix,
    Kind,
    Network,
    PortSet,
    Resource,
    Severity,
    Shortfall,
    Unknown,
    related,
)

# SSH and its usual other ports, RDP, WinRM.
LOGIN = PortSet.tcp(22, 2222, 22022, 3389, 5985, 5986)
# What else may be a way in, for every instance of the account.
PATCH = """resource "aws_iam_role_policy_attachment" "session" {
  role       = aws_iam_role.instance.name # that of its instance profile
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}"""


class NoWayIn(Check[Resource]):
    """An instance has a login key, but nobody can log in.

    ## Why is this bad?
    Closing SSH to the internet is right, and often the last way in goes with it. Where no rule lets anything in on a
    login port and the instance's role does not let Session Manager manage it, the first incident ends at `Connection
    timed out` and `TargetNotConnected`: the disk must be mounted elsewhere to read a log.
    """

    id = "no-way-in"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = (
        "Attach `AmazonSSMManagedInstanceCore` to the instance's role, or let your own networks in on the login port."
    )
    types = ("aws_instance",)
    references = (
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-instance-profile.html",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-with-ec2-instance-connect-endpoint.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "app" {
              name = "app"

              ingress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/8"]
              }

              egress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }
            }

            resource "aws_instance" "app" {
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = "subnet-0a1b2c3d4e5f60718"
              vpc_security_group_ids = [aws_security_group.app.id]
              key_name               = "ops" # finding

              metadata_options {
                http_tokens = "required"
              }
            }
            """,
            fixed="""
            resource "aws_iam_role" "app" {
              name = "app"

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
              role       = aws_iam_role.app.name
              policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
            }

            resource "aws_iam_instance_profile" "app" {
              name = "app"
              role = aws_iam_role.app.name
            }

            resource "aws_security_group" "app" {
              name = "app"

              ingress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/8"]
              }

              egress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }
            }

            resource "aws_instance" "app" {
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = "subnet-0a1b2c3d4e5f60718"
              vpc_security_group_ids = [aws_security_group.app.id]
              key_name               = "ops"
              iam_instance_profile   = aws_iam_instance_profile.app.name

              metadata_options {
                http_tokens = "required"
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        if not subject.text("key_name", default="") or any(model.all("aws_ssm_service_setting")):
            return
        if any(each.flag("enabled", default=True) for each in model.all("aws_ec2_serial_console_access")):
            return
        network = Network.of(model)
        groups = []
        for interface in network.interfaces(subject):
            if not interface.filtered:
                return
            groups += [network.picture.groups[key] for key in interface.groups if key in network.picture.groups]
        if any(not permit.ports.isdisjoint(LOGIN) for group in groups for permit in group.ingress):
            return
        if any(each.workload.kind == "session" and each.resource is subject for each in Shortfall.subjects(model)):
            return  # whether its agent gets through is a question of its own
        for interface in network.interfaces(subject):
            if interface.groups_doubt:
                raise Unknown(f"{subject.address}: {interface.groups_doubt}")
        for group in groups:
            if not group.ingress_doubt.on(LOGIN):
                continue
            raise Unknown(f"{subject.address}: {(*group.doubts, f'the rules of {group.key}')[0]}")
        if subject.is_set("iam_instance_profile") or any(subject.blocks("launch_template")):
            profile = model.resolve(subject.raw("iam_instance_profile"), "aws_iam_instance_profile")
            role = model.resolve(profile.raw("role"), "aws_iam_role") if profile is not None else None
            if role is None or role.mode == "data":
                raise Unknown(f"{subject.address}: what its role allows is not in view")
            for each in model.resources("aws_iam_role_policy", "aws_iam_role_policy_attachment"):
                own = model.resolve(each.raw("role"), "aws_iam_role") is role
                if own and "ssmmessages" in str(each.raw("policy")):
                    return  # a policy of its own for Session Manager
        places = [group.resource for group in groups if group.resource is not None]
        yield self.finding(
            subject,
            "it has a login key, but no rule lets anything in on SSH or RDP, and Session Manager may not manage it",
            path="key_name",
            related=related(*((place.place(), "its security group") for place in places)),
            fix=Fix("Let Session Manager in", terraform=PATCH),
        )
