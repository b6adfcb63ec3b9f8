from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, environment, instance_cost, is_live


class DatabaseWithoutSchedule(Waste):
    """A non-production database runs around the clock.

    ## Why is this bad?
    People use a development or test environment some 40 of the 168 hours of a week. A stopped database is billed for
    its storage alone. RDS starts it again after seven days, so a schedule has to stop it each evening. A schedule is
    told by a tag that AWS's Instance Scheduler reads, or by an EventBridge schedule that stops databases. The
    environment is told by a tag (`Environment`, `Env`, `Stage`); what has none is left alone.
    """

    id = "database-without-schedule"
    severity = Severity.LOW
    hint = (
        "Stop the database in the evening and start it in the morning, with Instance Scheduler or an "
        "EventBridge schedule."
    )
    hazard = "It takes minutes to start, and RDS starts it by itself after seven days."
    types = ("aws_db_instance", "aws_rds_cluster")
    references = (
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html",
        "https://docs.aws.amazon.com/solutions/latest/instance-scheduler-on-aws/solution-overview.html",
    )
    tags: tuple[str, ...] = ("schedule", "scheduler", "auto-stop", "autostop")
    examples = (
        Example(
            bad="""
            resource "aws_db_instance" "orders" { # finding
              identifier                  = "orders"
              engine                      = "postgres"
              instance_class              = "db.t4g.medium"
              allocated_storage           = 20
              storage_encrypted           = true
              username                    = "admin_user"
              manage_master_user_password = true
              skip_final_snapshot         = true

              tags = {
                Environment = "test"
              }
            }
            """,
            fixed="""
            resource "aws_db_instance" "orders" {
              identifier                  = "orders"
              engine                      = "postgres"
              instance_class              = "db.t4g.medium"
              allocated_storage           = 20
              storage_encrypted           = true
              username                    = "admin_user"
              manage_master_user_password = true
              skip_final_snapshot         = true

              tags = {
                Environment = "test"
                Schedule    = "office-hours"
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        name = environment(subject)
        if not name.non_production or subject.text("engine_mode", default="") == "serverless":
            return
        if is_live(subject) and subject.text("status") == "stopped":
            return
        for attribute in ("tags_all", "tags"):
            tags = subject.raw(attribute)
            if isinstance(tags, dict) and any(key.lower() in self.tags for key in tags):
                return
        if not is_live(subject):
            for schedule in subject.model.resources("aws_scheduler_schedule"):
                if any(":rds:stop" in target.text("arn") for target in schedule.blocks("target")):
                    return
        cost = None
        if subject.type == "aws_db_instance":
            copies = 2 if subject.flag("multi_az") else 1
            cost = instance_cost("rds", subject.text("instance_class"), subject, copies)
        yield self.waste(
            subject,
            f"the database of the environment `{name.name}` never stops",
            cost,
            details=(f"40 hours a week would cost {cost * (40 / 168)}",) if cost and cost.usd else (),
        )
