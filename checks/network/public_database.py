from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, standing


class PublicDatabase(Check[Resource]):
    """A database has a public address.

    ## Why is this bad?
    With a route to an internet gateway, one open security group rule is all that stands between the internet and the
    database's login: scanners find a new database port within minutes. Without a public address, no rule that somebody
    opens later can expose it.
    """

    id = "public-database"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Set `publicly_accessible = false` and reach the database from inside the VPC, or through Session Manager."
    types = (
        "aws_db_instance",
        "aws_rds_cluster_instance",
        "aws_neptune_cluster_instance",
        "aws_redshift_cluster",
        "aws_redshiftserverless_workgroup",
        "aws_dms_replication_instance",
    )
    same_as = ("CKV_AWS_17", "CKV_AWS_87", "CKV_AWS_89", "CKV_AWS_102", "AWS-0180")
    references = (
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html#USER_VPC.Hiding",
    )
    compliance = ("CIS-AWS-3.0:2.3.3", "AWS-FSBP:RDS.2")
    examples = (
        Example(
            bad="""
            resource "aws_db_instance" "orders" {
              identifier                  = "orders"
              engine                      = "postgres"
              instance_class              = "db.t4g.micro"
              allocated_storage           = 20
              username                    = "orders"
              manage_master_user_password = true
              final_snapshot_identifier   = "orders-final"
              storage_encrypted           = true
              publicly_accessible         = true # finding
            }
            """,
            fixed="""
            resource "aws_db_instance" "orders" {
              identifier                  = "orders"
              engine                      = "postgres"
              instance_class              = "db.t4g.micro"
              allocated_storage           = 20
              username                    = "orders"
              manage_master_user_password = true
              final_snapshot_identifier   = "orders-final"
              storage_encrypted           = true
              publicly_accessible         = false
            }
            """,
        ),
        Example(
            title="Not known",
            bad="""
            variable "public" {
              type = bool
            }

            resource "aws_rds_cluster_instance" "orders" {
              cluster_identifier  = "orders"
              engine              = "aurora-postgresql"
              instance_class      = "db.t4g.medium"
              publicly_accessible = var.public # undecided
            }
            """,
            fixed="""
            resource "aws_rds_cluster_instance" "orders" {
              cluster_identifier = "orders"
              engine             = "aurora-postgresql"
              instance_class     = "db.t4g.medium"
            }
            """,
        ),
    )

    def check(self, database: Resource, /) -> Iterator[Finding]:
        if database.flag("publicly_accessible"):
            found = standing(database)
            name = _COMMANDS.get(database.type, "")
            yield self.finding(
                database,
                found.told("`publicly_accessible` is true: the database has a public address"),
                path="publicly_accessible",
                severity=Severity.LOW if found.latent else None,
                fix=self.set_attribute(
                    database,
                    "publicly_accessible",
                    "false",
                    cli=f"aws {name} ID --no-publicly-accessible" if name else "",
                ),
            )


_COMMANDS = {
    "aws_db_instance": "rds modify-db-instance --db-instance-identifier",
    "aws_rds_cluster_instance": "rds modify-db-instance --db-instance-identifier",
    "aws_redshift_cluster": "redshift modify-cluster --cluster-identifier",
    "aws_redshiftserverless_workgroup": "redshift-serverless update-workgroup --workgroup-name",
}
