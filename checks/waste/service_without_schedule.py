from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, environment


class ServiceWithoutSchedule(Waste):
    """A non-production ECS service runs around the clock.

    ## Why is this bad?
    People use a development or test environment some 40 of the 168 hours of a week. Scheduled actions of Application
    Auto Scaling take the tasks away in the evening and bring them back in the morning. The environment is told by a tag
    (`Environment`, `Env`, `Stage`); what has none is left alone.
    """

    id = "service-without-schedule"
    severity = Severity.LOW
    hint = "Add scheduled actions that scale the service to zero in the evening and back in the morning."
    hazard = "Jobs that run at night find no service; give the schedule the time zone of those who work there."
    types = ("aws_ecs_service",)
    references = (
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-schedulescaling.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_ecs_service" "web" { # finding
              name            = "web"
              cluster         = "test"
              task_definition = "web:1"
              desired_count   = 2

              tags = {
                Environment = "test"
              }
            }
            """,
            fixed="""
            resource "aws_ecs_service" "web" {
              name            = "web"
              cluster         = "test"
              task_definition = "web:1"
              desired_count   = 2

              tags = {
                Environment = "test"
              }
            }

            resource "aws_appautoscaling_target" "web" {
              service_namespace  = "ecs"
              resource_id        = "service/test/${aws_ecs_service.web.name}"
              scalable_dimension = "ecs:service:DesiredCount"
              min_capacity       = 0
              max_capacity       = 2
            }

            resource "aws_appautoscaling_scheduled_action" "evening" {
              name               = "evening"
              service_namespace  = "ecs"
              resource_id        = aws_appautoscaling_target.web.resource_id
              scalable_dimension = "ecs:service:DesiredCount"
              schedule           = "cron(0 19 ? * MON-FRI *)"
              timezone           = "Europe/Berlin"

              scalable_target_action {
                min_capacity = 0
                max_capacity = 0
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        name = environment(subject)
        count = subject.number("desired_count")
        if not name.non_production or count == 0 or subject.text("scheduling_strategy", default="REPLICA") == "DAEMON":
            return
        service = subject.text("name")
        for action in subject.model.resources("aws_appautoscaling_scheduled_action"):
            target = action.text("resource_id")
            if target.endswith(f"/{service}"):
                return
        yield self.waste(
            subject, f"the {count} task{'s' if count != 1 else ''} of the environment `{name.name}` never stop"
        )
