from __future__ import annotations

from collections.abc import Iterator

from guardrails import Block, Check, Example, Finding, Fix, Kind, Resource, Safety, Severity, Symbolic, related


class PinnedTemplateVersion(Check[Resource]):
    """A group keeps to one version of a launch template that the design changes.

    ## Why is this bad?
    Whoever changes the image, the type or the script in the template sees a clean apply, and nothing of it ever
    arrives: the group keeps to the number. Patches that are believed to be rolled out are not.

    A number is fine for a template that another design keeps.
    """

    id = "pinned-template-version"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Use the template's `latest_version`, so that a change of the template is a change of the group."
    types = ("aws_autoscaling_group", "aws_eks_node_group", "aws_instance")
    references = (
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/autoscaling_group#launch_template",
    )
    examples = (
        Example(
            bad="""
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f00001"
              instance_type = "m7g.large"

              metadata_options {
                http_tokens = "required"
              }
            }

            resource "aws_autoscaling_group" "web" {
              name                = "web"
              min_size            = 2
              max_size            = 4
              vpc_zone_identifier = ["subnet-0a1b2c3d4e5f00001", "subnet-0a1b2c3d4e5f00002"]

              launch_template {
                id      = aws_launch_template.web.id
                version = "1" # finding
              }
            }
            """,
            fixed="""
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f00001"
              instance_type = "m7g.large"

              metadata_options {
                http_tokens = "required"
              }
            }

            resource "aws_autoscaling_group" "web" {
              name                = "web"
              min_size            = 2
              max_size            = 4
              vpc_zone_identifier = ["subnet-0a1b2c3d4e5f00001", "subnet-0a1b2c3d4e5f00002"]

              launch_template {
                id      = aws_launch_template.web.id
                version = aws_launch_template.web.latest_version
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.model.kind == "account":
            return  # an account does not tell who keeps the template
        for block in subject.blocks("launch_template"):
            version = block.raw("version")
            if isinstance(version, Symbolic) or not isinstance(version, str | int) or not str(version).isdigit():
                continue
            template = subject.model.resolve(
                block.raw("id") if block.is_set("id") else block.raw("name"), "aws_launch_template"
            )
            if template is None or template.mode == "data":
                continue
            yield self.finding(
                block,
                f"it keeps to version {version} of {template.address}",
                path="version",
                related=related((template.place(), "changes here do not arrive")),
                fix=self._fix(block, template),
            )

    def _fix(self, block: Block, template: Resource) -> Fix | None:
        if template.module != block.resource.module:
            return None  # it has another name there
        latest = f"{template.type}.{template.name}{template.key}.latest_version"
        # Machines may be started anew with whatever the template says by now.
        return self.set_attribute(block, "version", latest, safety=Safety.UNSAFE)
