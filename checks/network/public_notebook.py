from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class PublicNotebook(Check[Resource]):
    """A SageMaker notebook has a way to the internet past the VPC.

    ## Why is this bad?
    With direct internet access, the notebook has an interface in a network of SageMaker's: data that somebody loads
    into it can leave without passing a route table, a firewall or a flow log of yours.
    """

    id = "public-notebook"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = 'Set `direct_internet_access = "Disabled"` and give it a subnet with the way out that it needs.'
    types = ("aws_sagemaker_notebook_instance",)
    same_as = ("CKV_AWS_122",)
    counter_checks = ("managed-job-cut-off",)
    references = ("https://docs.aws.amazon.com/sagemaker/latest/dg/appendix-notebook-and-internet-access.html",)
    compliance = ("AWS-FSBP:SageMaker.1", "AWS-FSBP:SageMaker.2")
    examples = (
        Example(
            bad="""
            resource "aws_sagemaker_notebook_instance" "lab" { # finding
              name          = "lab"
              role_arn      = "arn:aws:iam::111122223333:role/lab"
              instance_type = "ml.t3.medium"
              subnet_id     = "subnet-0a1b2c3d4e5f60718"

              security_groups = ["sg-0a1b2c3d4e5f60718"]
            }
            """,
            fixed="""
            resource "aws_sagemaker_notebook_instance" "lab" {
              name          = "lab"
              role_arn      = "arn:aws:iam::111122223333:role/lab"
              instance_type = "ml.t3.medium"
              subnet_id     = "subnet-0a1b2c3d4e5f60718"

              security_groups        = ["sg-0a1b2c3d4e5f60718"]
              direct_internet_access = "Disabled"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.text("direct_internet_access", default="Enabled") == "Enabled":
            yield self.finding(
                subject,
                "it reaches the internet by a network that is not yours",
                path="direct_internet_access",
                fix=self.set_attribute(subject, "direct_internet_access", '"Disabled"'),
            )
