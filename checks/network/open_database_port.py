from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PortSet, SecurityGroup, Severity, standing

DATABASES = PortSet.tcp(
    1433,  # SQL Server
    1521,  # Oracle
    2379,  # etcd
    3306,  # MySQL, Aurora
    5432,  # PostgreSQL
    5439,  # Redshift
    5601,  # Kibana
    6379,  # Redis, Valkey
    7000,  # Cassandra
    8086,  # InfluxDB
    9042,  # Cassandra
    9092,  # Kafka
    9200,  # Elasticsearch, OpenSearch
    9300,
    11211,  # Memcached
    27017,  # MongoDB, DocumentDB
    27018,
) | PortSet.udp(11211)


class OpenDatabasePort(Check[SecurityGroup]):
    """A security group lets the whole internet reach a database or cache port.

    ## Why is this bad?
    Databases are asked for passwords all day as soon as they can be reached, and many caches and search engines ask
    for none. The one who connects has the data.
    """

    id = "open-database-port"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Allow the security group of the application instead of addresses."
    same_as = ("AWS-0107",)
    references = ("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.RDSSecurityGroups.html",)
    compliance = ("AWS-FSBP:EC2.19",)
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "database" {
              name = "database"
            }

            resource "aws_security_group_rule" "postgres" {
              type              = "ingress"
              security_group_id = aws_security_group.database.id
              from_port         = 5432
              to_port           = 5432
              protocol          = "tcp"
              ipv6_cidr_blocks  = ["::/0"] # finding
            }
            """,
            fixed="""
            resource "aws_security_group" "application" {
              name = "application"
            }

            resource "aws_security_group" "database" {
              name = "database"
            }

            resource "aws_security_group_rule" "postgres" {
              type                     = "ingress"
              security_group_id        = aws_security_group.database.id
              from_port                = 5432
              to_port                  = 5432
              protocol                 = "tcp"
              source_security_group_id = aws_security_group.application.id
            }
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        for rule, traffic in subject.open_to_internet(DATABASES):
            found = standing(subject, traffic)
            said = f"{traffic.addresses().describe()} may connect to {traffic.ports().describe()}"
            yield self.finding(
                rule.block,
                found.told(said),
                path=rule.path(traffic.addresses()),
                severity=Severity.LOW if found.latent else None,
            )
