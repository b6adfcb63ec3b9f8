from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Safety, Severity, standing


class PublicBroker(Check[Resource]):
    """A message broker has public addresses.

    ## Why is this bad?
    Whoever gets in reads and writes what every service says to the others. Amazon MQ and MSK give their brokers public
    addresses only where somebody asks for it; then a password or a certificate is all that is left.
    """

    id = "public-broker"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Keep the brokers private, and reach them from inside the VPC, by peering or by a VPN."
    types = ("aws_mq_broker", "aws_msk_cluster")
    same_as = ("CKV_AWS_69", "CKV_AWS_291", "AWS-0072")
    references = (
        "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/using-amazon-mq-securely.html",
        "https://docs.aws.amazon.com/msk/latest/developerguide/public-access.html",
    )
    compliance = ("AWS-FSBP:MSK.4",)
    examples = (
        Example(
            bad="""
            resource "aws_mq_broker" "orders" {
              broker_name                = "orders"
              engine_type                = "RabbitMQ"
              engine_version             = "3.13"
              host_instance_type         = "mq.m5.large"
              auto_minor_version_upgrade = true
              publicly_accessible        = true # finding

              user {
                username = "orders"
                password = var.password
              }
            }

            variable "password" {
              type      = string
              sensitive = true
            }
            """,
            fixed="""
            resource "aws_mq_broker" "orders" {
              broker_name                = "orders"
              engine_type                = "RabbitMQ"
              engine_version             = "3.13"
              host_instance_type         = "mq.m5.large"
              auto_minor_version_upgrade = true

              user {
                username = "orders"
                password = var.password
              }
            }

            variable "password" {
              type      = string
              sensitive = true
            }
            """,
        ),
        Example(
            title="Kafka",
            bad="""
            resource "aws_msk_cluster" "events" {
              cluster_name           = "events"
              kafka_version          = "3.8.x"
              number_of_broker_nodes = 2

              broker_node_group_info {
                instance_type   = "kafka.m7g.large"
                client_subnets  = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
                security_groups = ["sg-0a1b2c3d4e5f60718"]

                connectivity_info {
                  public_access {
                    type = "SERVICE_PROVIDED_EIPS" # finding
                  }
                }
              }
            }
            """,
            fixed="""
            resource "aws_msk_cluster" "events" {
              cluster_name           = "events"
              kafka_version          = "3.8.x"
              number_of_broker_nodes = 2

              broker_node_group_info {
                instance_type   = "kafka.m7g.large"
                client_subnets  = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
                security_groups = ["sg-0a1b2c3d4e5f60718"]

                connectivity_info {
                  public_access {
                    type = "DISABLED"
                  }
                }
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        path: tuple[str, ...] = ("publicly_accessible",)
        if subject.type == "aws_mq_broker":
            public = subject.flag(*path)
        else:
            path = ("broker_node_group_info", "connectivity_info", "public_access", "type")
            public = subject.text(*path, default="DISABLED") == "SERVICE_PROVIDED_EIPS"
        if public:
            found = standing(subject)
            yield self.finding(
                subject,
                found.told("its brokers have public addresses"),
                path=path,
                severity=Severity.LOW if found.latent else None,
                fix=self.set_attribute(
                    subject,
                    path,
                    "false" if subject.type == "aws_mq_broker" else '"DISABLED"',
                    safety=Safety.UNSAFE,  # a broker of Amazon MQ is made anew for it
                ),
            )
