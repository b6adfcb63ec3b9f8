from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live

USERS = {
    "aws_db_parameter_group": (
        ("aws_db_instance", "parameter_group_name"),
        ("aws_rds_cluster_instance", "db_parameter_group_name"),
        ("aws_rds_cluster", "db_instance_parameter_group_name"),
        ("aws_docdb_cluster_instance", "db_parameter_group_name"),
        ("aws_neptune_cluster_instance", "db_parameter_group_name"),
    ),
    # AWS lists those of DocumentDB and Neptune among them.
    "aws_rds_cluster_parameter_group": (
        ("aws_rds_cluster", "db_cluster_parameter_group_name"),
        ("aws_docdb_cluster", "db_cluster_parameter_group_name"),
        ("aws_neptune_cluster", "db_cluster_parameter_group_name"),
    ),
    "aws_db_subnet_group": (
        ("aws_db_instance", "db_subnet_group_name"),
        ("aws_rds_cluster", "db_subnet_group_name"),
        ("aws_docdb_cluster", "db_subnet_group_name"),
        ("aws_neptune_cluster", "neptune_subnet_group_name"),
        ("aws_neptune_cluster", "db_subnet_group_name"),
    ),
    "aws_elasticache_subnet_group": (
        ("aws_elasticache_cluster", "subnet_group_name"),
        ("aws_elasticache_replication_group", "subnet_group_name"),
    ),
    "aws_redshift_subnet_group": (("aws_redshift_cluster", "cluster_subnet_group_name"),),
}


class UnusedDatabaseGroup(Waste):
    """A parameter or subnet group of a database is used by none.

    ## Why is this bad?
    It costs nothing, and is mostly what an upgrade left behind. A subnet group also keeps its subnets from being
    deleted.
    """

    id = "unused-database-group"
    severity = Severity.INFO
    hint = "Delete the group."
    hazard = "A database that is restored from a snapshot may want it."
    removable = True
    types = tuple(USERS)
    references = ("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_db_instance", "aws_rds_cluster_instance", "aws_rds_cluster",
                          "aws_docdb_cluster_instance", "aws_neptune_cluster_instance"]}
            {"type": "aws_db_parameter_group", "name": "orders-14", # finding
             "values": {"name": "orders-14", "family": "postgres14"}}
            """,
            fixed="""
            {"complete": ["aws_db_instance", "aws_rds_cluster_instance", "aws_rds_cluster",
                          "aws_docdb_cluster_instance", "aws_neptune_cluster_instance"]}
            {"type": "aws_db_parameter_group", "name": "orders-14",
             "values": {"name": "orders-14", "family": "postgres14"}}
            {"type": "aws_db_instance", "name": "orders",
             "values": {"identifier": "orders", "parameter_group_name": "orders-14", "publicly_accessible": false,
             "deletion_protection": false, "storage_encrypted": true}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        for type_, attribute in USERS[subject.type]:
            for user in subject.model.resources(type_):
                if is_live(user) and attribute not in user.values:
                    continue  # an account tells it by another one
                if not user.is_set(attribute):
                    continue
                if is_live(subject):  # a name is one of its region's
                    same = user.text(attribute) == subject.text("name") and user.region == subject.region
                else:
                    same = subject.model.resolve(user.raw(attribute), subject.type) is subject
                if same:
                    return
        if is_live(subject) or not subject.model.exports(subject):
            yield self.waste(subject, "no database uses it")
