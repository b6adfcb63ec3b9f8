from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from guardrails import Example, Finding, Model, Resource, Severity, Unknown, Waste, is_live

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
        if is_live(subject):
            if self._is_named(subject):
                return
        else:
            used, doubt = self._referred_to(subject.model, subject.type)
            if subject.address in used or (not doubt and subject.model.exports(subject)):
                return
            if doubt:
                raise doubt
        yield self.waste(subject, "no database uses it")

    def _is_named(self, subject: Resource) -> bool:
        """Whether a database of an account has it: a name is one of its region's."""
        for type_, attribute in USERS[subject.type]:
            for user in subject.model.resources(type_):
                if attribute not in user.values or not user.is_set(attribute):
                    continue  # an account tells it by another one
                if user.text(attribute) == subject.text("name") and user.region == subject.region:
                    return True
        return False

    def _referred_to(self, model: Model, type_: str) -> tuple[frozenset[str], Unknown | None]:
        """The addresses of the groups of a type that a design's databases have, and why there may be others."""
        key = (self.id, type_)
        if key not in model.cache:
            used: set[str] = set()
            doubt: Unknown | None = None
            for user_type, attribute in USERS[type_]:
                for user in model.all(user_type):
                    try:
                        if user.is_set(attribute) and (group := model.resolve(user.raw(attribute), type_)):
                            used.add(group.address)
                    except Unknown as unknown:
                        doubt = doubt or unknown
                try:
                    deque(model.resources(user_type), maxlen=0)
                except Unknown as unknown:
                    doubt = doubt or unknown
            model.cache[key] = frozenset(used), doubt
        return model.cache[key]  # type: ignore[return-value]  # a cache of several owners is untyped
