"""Workloads that reach what they need, or do not: the spellings that examples do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.network.design import said, terraform

VPC = """
resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_route_table" "a" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route_table_association" "a" {
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.a.id
}
"""
GROUP = """
resource "aws_security_group" "app" {
  name   = "app"
  vpc_id = aws_vpc.main.id

  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
DATA = """
resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

resource "aws_s3_bucket" "data" {
  bucket = "example-data"
}
"""


def function(environment: str = "QUEUE = aws_sqs_queue.jobs.url", role: str = "var.role", subnets: str = "") -> str:
    """A function in the VPC."""
    return f"""
variable "role" {{}}

resource "aws_lambda_function" "app" {{
  function_name = "app"
  role          = {role}

  environment {{
    variables = {{ {environment} }}
  }}

  vpc_config {{
    subnet_ids         = [{subnets or "aws_subnet.a.id"}]
    security_group_ids = [aws_security_group.app.id]
  }}
}}
"""


def endpoint(service: str, more: str = "", *, dns: str = "true", group: str = "aws_security_group.endpoint.id") -> str:
    """An interface endpoint that lets in the VPC."""
    return f"""
resource "aws_security_group" "endpoint" {{
  name   = "endpoint"
  vpc_id = aws_vpc.main.id

  ingress {{
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [aws_vpc.main.cidr_block]
  }}
}}

resource "aws_vpc_endpoint" "service" {{
  vpc_id              = aws_vpc.main.id
  vpc_endpoint_type   = "Interface"
  service_name        = {service}
  subnet_ids          = [aws_subnet.a.id]
  security_group_ids  = [{group}]
  private_dns_enabled = {dns}
  {more}
}}
"""


SQS = '"com.amazonaws.eu-west-1.sqs"'
GATEWAY = """
resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.main.id
  service_name = "com.amazonaws.eu-west-1.s3"
}
"""
NAT = """
resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_eip" "nat" {}

resource "aws_nat_gateway" "main" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id
}

resource "aws_route" "nat" {
  route_table_id         = aws_route_table.a.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main.id
}
"""
HANGS = ("high", "aws_lambda_function.app", "it does not reach sqs: its calls hang until `Task timed out`")
CHECKS = (
    "function-without-way-out", "function-in-public-subnet", "task-cannot-start", "image-layers-unreachable",
    "image-layers-forbidden", "endpoint-closed-to-clients", "endpoint-without-private-name",
    "nodes-cannot-join", "build-cut-off", "managed-job-cut-off", "session-manager-unreachable",
    "container-instances-cannot-register", "vpc-without-dns",
)  # fmt: skip


def test_nothing_leads_out(tmp_path: Path) -> None:
    """Without a way to the service that its environment names, a function hangs."""
    found = terraform(tmp_path, VPC + GROUP + DATA + function(), *CHECKS)
    assert said(found.findings) == [HANGS]
    assert found.undecided == []


WAYS = {
    "a NAT gateway by routes of their own": NAT,
    "an endpoint": endpoint(SQS),
    "an endpoint whose service is a data source's": 'data "aws_vpc_endpoint_service" "sqs" { service = "sqs" }'
    + endpoint("data.aws_vpc_endpoint_service.sqs.service_name"),
    "an endpoint whose region is not known": 'data "aws_region" "here" {}'
    + endpoint('"com.amazonaws.${data.aws_region.here.name}.sqs"'),
    "an endpoint of a region in China": endpoint('"cn.com.amazonaws.cn-north-1.sqs"'),
    "an endpoint for each of several services": endpoint(
        '"com.amazonaws.eu-west-1.${each.key}"', 'for_each = toset(["sqs", "sns"])'
    ),
    "an endpoint that a group of clients may use": endpoint(SQS, group="aws_security_group.service.id")
    + """
resource "aws_security_group" "service" {
  name   = "service"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  security_group_id            = aws_security_group.service.id
  referenced_security_group_id = aws_security_group.app.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
""",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_way_there(tmp_path: Path, way: str) -> None:
    """A function with a way to what it calls has nothing to report."""
    found = terraform(tmp_path, VPC + GROUP + DATA + function() + way, *CHECKS)
    assert said(found.findings) == []
    assert found.undecided == []


UNSEEN = {
    "an endpoint that may not exist": (
        'variable "on" { type = bool }' + endpoint(SQS, "count = var.on ? 1 : 0"),
        "may exist",
    ),
    "an endpoint whose private names are not known": (
        'variable "dns" { type = bool }' + endpoint(SQS, dns="var.dns"),
        "whether aws_vpc_endpoint.service has private names",
    ),
    "an endpoint whose service is not known": (
        'variable "service" {}' + endpoint("var.service"),
        "the service of aws_vpc_endpoint.service",
    ),
    "a private zone for AWS's names": (
        """
resource "aws_route53_zone" "sqs" {
  name = "sqs.eu-west-1.amazonaws.com"
  vpc { vpc_id = aws_vpc.main.id }
}
""",
        "where aws_route53_zone.sqs leads",
    ),
    "a resolver rule": (
        """
resource "aws_route53_resolver_rule_association" "hub" {
  resolver_rule_id = "rslvr-rr-0a1b2c3d4e5f60718"
  vpc_id           = aws_vpc.main.id
}
""",
        "the resolver rule of aws_route53_resolver_rule_association.hub",
    ),
    "a module that is not there": (
        'module "endpoints" { source = "example.com/endpoints/aws" }',
        'module "endpoints"',
    ),
    "a transit gateway of another account": (
        """
resource "aws_route" "hub" {
  route_table_id         = aws_route_table.a.id
  destination_cidr_block = "0.0.0.0/0"
  transit_gateway_id     = "tgw-0a1b2c3d4e5f60718"
}
""",
        "tgw-0a1b2c3d4e5f60718",
    ),
    "routes that are not known": (
        """
variable "gateway" {}
variable "destination" {}
resource "aws_route" "some" {
  route_table_id         = aws_route_table.a.id
  destination_cidr_block = var.destination
  nat_gateway_id         = var.gateway
}
""",
        "var.gateway has no value",
    ),
}


@pytest.mark.parametrize(("more", "reason"), UNSEEN.values(), ids=UNSEEN.keys())
def test_a_piece_is_missing(tmp_path: Path, more: str, reason: str) -> None:
    """Where a piece that is not in view may open the way, the answer is left open and names it."""
    found = terraform(tmp_path, VPC + GROUP + DATA + function() + more, *CHECKS)
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == ["function-without-way-out"]
    assert reason in found.undecided[0].reason


def test_the_vpc_is_elsewhere(tmp_path: Path) -> None:
    """A VPC of a data source may have endpoints that are not in view."""
    text = VPC.replace('resource "aws_vpc" "main" {', 'data "aws_vpc" "main" {').replace(
        "cidr_block           =", "cidr_block =", 1
    )
    text = text.replace("  enable_dns_hostnames = true\n", "").replace("aws_vpc.main.id", "data.aws_vpc.main.id")
    group = GROUP.replace("aws_vpc.main.id", "data.aws_vpc.main.id")
    found = terraform(tmp_path, text + group + DATA + function(), *CHECKS)
    assert said(found.findings) == []
    assert [each.reason for each in found.undecided] == [
        "whether it reaches sqs: the endpoints of data.aws_vpc.main are not in view"
    ]


def test_the_subnets_are_elsewhere(tmp_path: Path) -> None:
    """Subnets by id have a route table that is not in view."""
    found = terraform(tmp_path, VPC + GROUP + DATA + function(subnets='"subnet-0a1b2c3d4e5f60718"'), *CHECKS)
    assert said(found.findings) == []
    (undecided,) = found.undecided
    assert undecided.reason.startswith("whether it reaches sqs: ")
    assert "the route table of subnet-0a1b2c3d4e5f60718" in undecided.reason


def test_a_proxy(tmp_path: Path) -> None:
    """A proxy in its environment may know another way."""
    environment = 'QUEUE = aws_sqs_queue.jobs.url, HTTPS_PROXY = "http://10.9.9.9:3128"'
    found = terraform(tmp_path, VPC + GROUP + DATA + function(environment), *CHECKS)
    assert said(found.findings) == []
    assert [each.reason for each in found.undecided] == ["whether it reaches sqs: its environment names a proxy"]


def test_one_of_two_subnets(tmp_path: Path) -> None:
    """A function that hangs in one of its subnets hangs now and then: the finding names the subnet."""
    second = """
resource "aws_subnet" "b" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.2.0/24"
  availability_zone = "eu-west-1b"
}
"""
    text = VPC + GROUP + DATA + NAT + second + function(subnets="aws_subnet.a.id, aws_subnet.b.id")
    found = terraform(tmp_path, text, *CHECKS)
    assert said(found.findings) == [
        (
            "high",
            "aws_lambda_function.app",
            "it does not reach sqs from aws_subnet.b: its calls hang until `Task timed out`",
        )
    ]


def test_dns_is_off(tmp_path: Path) -> None:
    """An endpoint whose private names do not work for want of the VPC's DNS is reported at the VPC, once."""
    text = VPC.replace("  enable_dns_hostnames = true\n", "")
    found = terraform(tmp_path, text + GROUP + DATA + function() + endpoint(SQS), *CHECKS)
    assert [(each.check, each.resource) for each in found.findings] == [("vpc-without-dns", "aws_vpc.main")]


def test_private_names_are_off(tmp_path: Path) -> None:
    """An endpoint without private names is reported at the endpoint, not at each of its clients."""
    found = terraform(tmp_path, VPC + GROUP + DATA + function() + endpoint(SQS, dns="false"), *CHECKS)
    assert said(found.findings) == [
        (
            "high",
            "aws_vpc_endpoint.service",
            "its private DNS is off, and aws_lambda_function.app has no other way to sqs: calls hang",
        )
    ]


def test_private_names_are_off_beside_a_nat(tmp_path: Path) -> None:
    """Where the public name has a way, an endpoint without private names stops nobody."""
    found = terraform(tmp_path, VPC + GROUP + DATA + NAT + function() + endpoint(SQS, dns="false"), *CHECKS)
    assert said(found.findings) == []


def test_a_closed_endpoint_beside_a_nat(tmp_path: Path) -> None:
    """A closed endpoint with private names stops its clients although there is a NAT gateway: the name leads to it."""
    shut = endpoint(SQS).replace("aws_vpc.main.cidr_block]", '"10.0.9.0/24"]')
    found = terraform(tmp_path, VPC + GROUP + DATA + NAT + function() + shut, *CHECKS)
    assert said(found.findings) == [
        (
            "high",
            "aws_vpc_endpoint.service",
            "it does not let in aws_lambda_function.app on port 443: calls to sqs hang until they time out",
        )
    ]
    fix = found.findings[0].fix
    assert fix is not None
    assert fix.terraform.splitlines()[0] == "# in aws_security_group.endpoint"
    assert "  cidr_blocks = [aws_subnet.a.cidr_block]" in fix.terraform.splitlines()


def test_no_egress(tmp_path: Path) -> None:
    """A group without a rule for the service keeps the function in, and the fix is at the group."""
    text = VPC + GROUP.replace("443", "5432") + DATA + NAT + function()
    found = terraform(tmp_path, text, *CHECKS)
    assert said(found.findings) == [HANGS]
    assert any(line.startswith("aws_security_group.app → aws_subnet.a") for line in found.findings[0].details)
    fix = found.findings[0].fix
    assert fix is not None
    assert fix.terraform.splitlines()[:2] == ["# in aws_security_group.app", "egress {"]


# Roles


def role(actions: str, attach: str = "") -> str:
    """A role with an inline policy from a data source."""
    return f"""
resource "aws_iam_role" "app" {{
  name               = "app"
  assume_role_policy = "{{}}"
}}

data "aws_iam_policy_document" "app" {{
  statement {{
    actions   = [{actions}]
    resources = ["*"]
  }}
}}

resource "aws_iam_role_policy" "app" {{
  role   = aws_iam_role.app.id
  policy = data.aws_iam_policy_document.app.json
}}
{attach}
"""


ROLES = {
    "an action": ('"s3:GetObject"', "", ["s3"]),
    "a pattern": ('"s3:Get*"', "", ["s3"]),
    "what Lambda does itself": ('"sqs:ReceiveMessage", "logs:*", "ec2:CreateNetworkInterface", "kms:Decrypt"', "", []),
    "what a stream needs": ('"dynamodb:GetRecords", "dynamodb:DescribeStream", "kinesis:GetRecords"', "", []),
    "a managed policy of AWS": (
        '"logs:*"',
        """
resource "aws_iam_role_policy_attachment" "app" {
  role       = aws_iam_role.app.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"
}
""",
        ["dynamodb"],
    ),
    "a policy of one's own": (
        '"logs:*"',
        """
resource "aws_iam_policy" "app" {
  name   = "app"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "secretsmanager:*", Resource = "*" } })
}

resource "aws_iam_role_policy_attachment" "app" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.app.arn
}
""",
        ["secretsmanager"],
    ),
    "a denied action": (
        '"logs:*"',
        """
resource "aws_iam_role_policy" "deny" {
  role   = aws_iam_role.app.name
  policy = jsonencode({ Statement = [{ Effect = "Deny", Action = "s3:*", Resource = "*" }] })
}
""",
        [],
    ),
}


@pytest.mark.parametrize(("actions", "attach", "services"), ROLES.values(), ids=ROLES.keys())
def test_what_its_role_allows(tmp_path: Path, actions: str, attach: str, services: list[str]) -> None:
    """A function is taken to call what its role is for, not what Lambda does for it."""
    text = VPC + GROUP + role(actions, attach) + function("MODE = 1", "aws_iam_role.app.arn")
    found = terraform(tmp_path, text, *CHECKS)
    expected = [f"it does not reach {name}: its calls hang until `Task timed out`" for name in services]
    assert [each.message for each in found.findings] == expected
    assert found.undecided == []


def test_its_role_is_elsewhere(tmp_path: Path) -> None:
    """What a function calls whose role is not in view is not known, if it reaches nothing."""
    found = terraform(tmp_path, VPC + GROUP + function("MODE = 1"), *CHECKS)
    assert said(found.findings) == []
    assert [each.reason for each in found.undecided] == [
        "what aws_lambda_function.app may call: its role is not in view"
    ]


def test_its_role_is_elsewhere_and_the_internet_is_there(tmp_path: Path) -> None:
    """What a function calls does not matter if it reaches everything."""
    found = terraform(tmp_path, VPC + GROUP + NAT + function("MODE = 1"), *CHECKS)
    assert said(found.findings) == []
    assert found.undecided == []


def test_rotation(tmp_path: Path) -> None:
    """A function that rotates a secret calls Secrets Manager, whatever else is known of it."""
    rotation = """
resource "aws_secretsmanager_secret_rotation" "db" {
  secret_id           = "db"
  rotation_lambda_arn = aws_lambda_function.app.arn
}
"""
    found = terraform(tmp_path, VPC + GROUP + function("MODE = 1") + rotation, *CHECKS)
    assert said(found.findings) == [
        (
            "high",
            "aws_lambda_function.app",
            "it does not reach secretsmanager: its calls hang until `Task timed out`",
        )
    ]


# Tasks


def task(container: str, service: str = 'launch_type = "FARGATE"', network: str = "") -> str:
    """A service with one container."""
    return f"""
resource "aws_ecs_task_definition" "app" {{
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  container_definitions    = jsonencode([{{ name = "app", {container} }}])
}}

resource "aws_ecs_service" "app" {{
  name            = "app"
  task_definition = aws_ecs_task_definition.app.arn
  {service}

  network_configuration {{
    subnets         = [aws_subnet.a.id]
    security_groups = [aws_security_group.app.id]
    {network}
  }}
}}
"""


ECR = 'image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1"'
LOGS = 'logConfiguration = { logDriver = "awslogs", options = {} }'
AUTH = "they stop with `ResourceInitializationError: unable to pull secrets or registry auth`"
TASKS = {
    "an image in ECR": (task(ECR), f"its tasks do not reach ecr.api, ecr.dkr and s3: {AUTH}"),
    "a repository in view": (
        'resource "aws_ecr_repository" "app" { name = "app" }\n'
        + task('image = "${aws_ecr_repository.app.repository_url}:1"'),
        f"its tasks do not reach ecr.api, ecr.dkr and s3: {AUTH}",
    ),
    "an image of Docker Hub": (
        task('image = "nginx:1.27"'),
        "its tasks do not reach the internet: they stop with `CannotPullContainerError`",
    ),
    "logs by awslogs": (task(f"{ECR}, {LOGS}"), f"its tasks do not reach ecr.api, ecr.dkr, s3 and logs: {AUTH}"),
    "logs by another driver": (
        task(f'{ECR}, logConfiguration = {{ logDriver = "splunk" }}'),
        f"its tasks do not reach ecr.api, ecr.dkr and s3: {AUTH}",
    ),
    "a secret and a parameter": (
        task(
            f'{ECR}, secrets = [{{ name = "A", valueFrom = "arn:aws:secretsmanager:eu-west-1:1111:secret:a" }}, '
            '{ name = "B", valueFrom = "/app/b" }]'
        ),
        f"its tasks do not reach ecr.api, ecr.dkr, s3, secretsmanager and ssm: {AUTH}",
    ),
    "Fargate Spot": (
        task(ECR, 'capacity_provider_strategy {\n    capacity_provider = "FARGATE_SPOT"\n    weight = 1\n  }'),
        f"its tasks do not reach ecr.api, ecr.dkr and s3: {AUTH}",
    ),
}


@pytest.mark.parametrize(("text", "message"), TASKS.values(), ids=TASKS.keys())
def test_what_a_task_needs(tmp_path: Path, text: str, message: str) -> None:
    """Of a task exactly that is asked for which its definition uses, in one finding."""
    found = terraform(tmp_path, VPC + GROUP + text, *CHECKS)
    assert [each.message for each in found.findings] == [message]
    assert found.undecided == []


def test_a_task_on_instances(tmp_path: Path) -> None:
    """What runs on instances gets its image by those, not by its own interface."""
    found = terraform(tmp_path, VPC + GROUP + task(ECR, 'launch_type = "EC2"'), *CHECKS)
    assert said(found.findings) == []


def test_a_task_that_is_elsewhere(tmp_path: Path) -> None:
    """What a task needs whose definition is not in view is not known."""
    text = task(ECR).replace("= aws_ecs_task_definition.app.arn", '= "app:7"')
    found = terraform(tmp_path, VPC + GROUP + text, *CHECKS)
    assert said(found.findings) == []
    assert [(each.check, each.reason) for each in found.undecided] == [
        ("task-cannot-start", "what aws_ecs_service.app runs: its task definition is not in view")
    ]


def test_an_image_that_is_not_known(tmp_path: Path) -> None:
    """Where an image is that a variable names is not known."""
    found = terraform(tmp_path, VPC + GROUP + 'variable "image" {}\n' + task("image = var.image"), *CHECKS)
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == ["task-cannot-start"]


def test_a_public_address(tmp_path: Path) -> None:
    """A task in a public subnet reaches the internet only with a public address."""
    public = NAT.replace(
        "nat_gateway_id         = aws_nat_gateway.main.id", "gateway_id = aws_internet_gateway.main.id"
    )
    with_one = terraform(tmp_path, VPC + GROUP + public + task(ECR, network="assign_public_ip = true"), *CHECKS)
    assert said(with_one.findings) == []
    without = terraform(tmp_path, VPC + GROUP + public + task(ECR), *CHECKS)
    assert [each.message for each in without.findings] == [f"its tasks do not reach ecr.api, ecr.dkr and s3: {AUTH}"]


def ecr_endpoints() -> str:
    """The endpoints of ECR."""
    return endpoint('"com.amazonaws.eu-west-1.${each.key}"', 'for_each = toset(["ecr.api", "ecr.dkr"])')


def layers(found: object) -> str:
    """The message of a task that reaches ECR alone."""
    return f"it reaches ECR, but not S3, where the layers of its images are: `{found}`"


def test_no_way_to_the_layers(tmp_path: Path) -> None:
    """A gateway endpoint for S3 that the subnet's route table does not have is none."""
    found = terraform(tmp_path, VPC + GROUP + ecr_endpoints() + GATEWAY + task(ECR), *CHECKS)
    assert [each.message for each in found.findings] == [layers("CannotPullContainerError")]
    fix = found.findings[0].fix
    assert fix is not None
    assert fix.terraform.splitlines() == [
        'resource "aws_vpc_endpoint_route_table_association" "s3" {',
        "  vpc_endpoint_id = aws_vpc_endpoint.s3.id",
        "  route_table_id = aws_route_table.a.id",
        "}",
    ]


ASSOCIATION = """
resource "aws_vpc_endpoint_route_table_association" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  route_table_id  = aws_route_table.a.id
}
"""


def test_an_association_of_its_own(tmp_path: Path) -> None:
    """A gateway endpoint may be associated by a resource of its own."""
    found = terraform(tmp_path, VPC + GROUP + ecr_endpoints() + GATEWAY + ASSOCIATION + task(ECR), *CHECKS)
    assert said(found.findings) == []
    assert found.undecided == []


def test_egress_to_the_vpc_alone(tmp_path: Path) -> None:
    """Egress to the VPC's addresses covers the endpoints of ECR, but not S3."""
    group = GROUP.replace('"0.0.0.0/0"', "aws_vpc.main.cidr_block")
    found = terraform(tmp_path, VPC + group + ecr_endpoints() + GATEWAY + ASSOCIATION + task(ECR), *CHECKS)
    assert [each.message for each in found.findings] == [layers("CannotPullContainerError")]
    fix = found.findings[0].fix
    assert fix is not None
    assert "  prefix_list_ids = [aws_vpc_endpoint.s3.prefix_list_id]" in fix.terraform.splitlines()


LISTS = {
    "the endpoint's own": ("prefix_list_ids = [aws_vpc_endpoint.s3.prefix_list_id]", ""),
    "a data source": (
        "prefix_list_ids = [data.aws_ec2_managed_prefix_list.s3.id]",
        'data "aws_ec2_managed_prefix_list" "s3" { name = "com.amazonaws.eu-west-1.s3" }',
    ),
}


@pytest.mark.parametrize(("line", "more"), LISTS.values(), ids=LISTS.keys())
def test_egress_to_a_prefix_list(tmp_path: Path, line: str, more: str) -> None:
    """Egress to the prefix list of S3 lets a task get its layers."""
    group = GROUP.replace('["0.0.0.0/0"]', f"[aws_vpc.main.cidr_block]\n    {line}")
    found = terraform(tmp_path, VPC + group + more + ecr_endpoints() + GATEWAY + ASSOCIATION + task(ECR), *CHECKS)
    assert said(found.findings) == []
    assert found.undecided == []


# Others


def test_a_build(tmp_path: Path) -> None:
    """A build with its source and artifacts in S3 and logs needs nothing else."""
    build = """
resource "aws_codebuild_project" "app" {
  name = "app"
  source { type = "CODEPIPELINE" }
  artifacts { type = "CODEPIPELINE" }
  vpc_config {
    vpc_id             = aws_vpc.main.id
    subnets            = [aws_subnet.a.id]
    security_group_ids = [aws_security_group.app.id]
  }
}
"""
    logs = endpoint('"com.amazonaws.eu-west-1.logs"')
    assert said(terraform(tmp_path, VPC + GROUP + build + logs + GATEWAY + ASSOCIATION, *CHECKS).findings) == []
    found = terraform(tmp_path, VPC + GROUP + build + GATEWAY + ASSOCIATION, *CHECKS)
    assert said(found.findings) == [
        ("high", "aws_codebuild_project.app", "its builds do not reach logs: its log stays empty")
    ]


def test_a_public_cluster_endpoint(tmp_path: Path) -> None:
    """Nodes of a cluster that has its public endpoint alone need the internet."""
    cluster = """
resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = "arn:aws:iam::111122223333:role/cluster"
  vpc_config { subnet_ids = [aws_subnet.a.id] }
}

resource "aws_eks_node_group" "main" {
  cluster_name  = aws_eks_cluster.main.name
  node_role_arn = "arn:aws:iam::111122223333:role/node"
  subnet_ids    = [aws_subnet.a.id]
  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }
}
"""
    services = endpoint('"com.amazonaws.eu-west-1.${each.key}"', 'for_each = toset(["ec2", "ecr.api", "ecr.dkr"])')
    found = terraform(tmp_path, VPC + GROUP + cluster + services + GATEWAY + ASSOCIATION, *CHECKS)
    assert [each.message for each in found.findings] == [
        "its nodes do not reach the internet: `NodeCreationFailure: Instances failed to join the kubernetes cluster`"
    ]
    private = cluster.replace(
        "vpc_config { subnet_ids = [aws_subnet.a.id] }",
        """vpc_config {
    subnet_ids              = [aws_subnet.a.id]
    endpoint_private_access = true
  }""",
    )
    assert said(terraform(tmp_path, VPC + GROUP + private + services + GATEWAY + ASSOCIATION, *CHECKS).findings) == []


def test_an_ipv6_only_subnet(tmp_path: Path) -> None:
    """Which services an interface without IPv4 reaches is left open: some have IPv6 addresses, too."""
    text = VPC.replace('cidr_block        = "10.0.1.0/24"', 'ipv6_native = true\n  ipv6_cidr_block = "2600:1f14::/64"')
    text = text.replace('"10.0.0.0/16"', '"10.0.0.0/16"\n  assign_generated_ipv6_cidr_block = true')
    found = terraform(tmp_path, text + GROUP + DATA + function(), "function-without-way-out")
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == ["function-without-way-out"]


def test_a_module_of_endpoints(tmp_path: Path) -> None:
    """Endpoints of a module for a VPC of the root are found."""
    module = """
variable "vpc_id" {}
variable "subnet_ids" { type = list(string) }
variable "group" {}

resource "aws_vpc_endpoint" "this" {
  for_each            = toset(["sqs", "sns"])
  vpc_id              = var.vpc_id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.eu-west-1.${each.value}"
  subnet_ids          = var.subnet_ids
  security_group_ids  = [var.group]
  private_dns_enabled = true
}
"""
    call = (
        endpoint(SQS).split('resource "aws_vpc_endpoint"')[0]
        + """
module "endpoints" {
  source     = "./endpoints"
  vpc_id     = aws_vpc.main.id
  subnet_ids = [aws_subnet.a.id]
  group      = aws_security_group.endpoint.id
}
"""
    )
    files = {"endpoints/main.tf": module}
    found = terraform(tmp_path, VPC + GROUP + DATA + function() + call, *CHECKS, files=files)
    assert said(found.findings) == []
    assert found.undecided == []


def test_a_group_of_instances_for_sessions(tmp_path: Path) -> None:
    """Instances of an Auto Scaling group have the role of their launch template's profile."""
    text = """
resource "aws_iam_role" "app" {
  name                = "app"
  assume_role_policy  = "{}"
  managed_policy_arns = ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
}

resource "aws_iam_instance_profile" "app" {
  role = aws_iam_role.app.name
}

resource "aws_launch_template" "app" {
  vpc_security_group_ids = [aws_security_group.app.id]
  iam_instance_profile {
    arn = aws_iam_instance_profile.app.arn
  }
}

resource "aws_autoscaling_group" "app" {
  min_size            = 1
  max_size            = 1
  vpc_zone_identifier = [aws_subnet.a.id]
  launch_template {
    id = aws_launch_template.app.id
  }
}
"""
    found = terraform(tmp_path, VPC + GROUP + text, *CHECKS)
    assert said(found.findings) == [
        (
            "high",
            "aws_autoscaling_group.app",
            "its agent does not reach ssm and ssmmessages: sessions end in `TargetNotConnected`",
        )
    ]
    ways = endpoint('"com.amazonaws.eu-west-1.${each.key}"', 'for_each = toset(["ssm", "ssmmessages"])')
    assert said(terraform(tmp_path, VPC + GROUP + text + ways, *CHECKS).findings) == []


MANAGED = {
    "a capacity provider": (
        """
resource "aws_launch_template" "app" {
  vpc_security_group_ids = [aws_security_group.app.id]
}

resource "aws_autoscaling_group" "app" {
  min_size            = 1
  max_size            = 1
  vpc_zone_identifier = [aws_subnet.a.id]
  launch_template {
    id = aws_launch_template.app.id
  }
}

resource "aws_ecs_capacity_provider" "app" {
  name = "app"
  auto_scaling_group_provider {
    auto_scaling_group_arn = aws_autoscaling_group.app.arn
  }
}
""",
        (
            "its instances do not reach ecs, ecs-agent and ecs-telemetry: no instance registers with the cluster, and "
            "services are `unable to place a task`"
        ),
    ),
    "a batch environment": (
        """
resource "aws_batch_compute_environment" "app" {
  type = "MANAGED"
  compute_resources {
    type               = "EC2"
    max_vcpus          = 16
    instance_type      = ["m7i.large"]
    subnets            = [aws_subnet.a.id]
    security_group_ids = [aws_security_group.app.id]
  }
}
""",
        "its instances do not reach ecs, ecs-agent and ecs-telemetry: jobs stay in `RUNNABLE`",
    ),
    "a Glue connection with a secret": (
        """
resource "aws_glue_connection" "app" {
  name                  = "app"
  connection_properties = { SECRET_ID = "warehouse" }
  physical_connection_requirements {
    subnet_id              = aws_subnet.a.id
    security_group_id_list = [aws_security_group.app.id]
  }
}
""",
        "it does not reach s3 and secretsmanager: its jobs fail with `VPC S3 endpoint validation failed for SubnetId`",
    ),
    "an Airflow environment": (
        """
resource "aws_mwaa_environment" "app" {
  name = "app"
  network_configuration {
    subnet_ids         = [aws_subnet.a.id]
    security_group_ids = [aws_security_group.app.id]
  }
}
""",
        "it does not reach s3, logs, monitoring, sqs and kms: it is created for up to an hour and then `CREATE_FAILED`",
    ),
    "a notebook": (
        """
resource "aws_sagemaker_notebook_instance" "app" {
  name                   = "app"
  subnet_id              = aws_subnet.a.id
  security_groups        = [aws_security_group.app.id]
  direct_internet_access = "Disabled"
}
""",
        "it does not reach sagemaker.api and s3: calls to SageMaker hang",
    ),
}


@pytest.mark.parametrize(("text", "message"), MANAGED.values(), ids=MANAGED.keys())
def test_other_workloads(tmp_path: Path, text: str, message: str) -> None:
    """Each kind of workload is one finding with everything that it misses, and none behind a NAT gateway."""
    assert [each.message for each in terraform(tmp_path, VPC + GROUP + text, *CHECKS).findings] == [message]
    assert said(terraform(tmp_path, VPC + GROUP + NAT + text, *CHECKS).findings) == []


def test_a_fargate_batch_environment(tmp_path: Path) -> None:
    """A batch environment on Fargate has no instances that would register with ECS."""
    text = MANAGED["a batch environment"][0].replace('"EC2"', '"FARGATE"')
    assert said(terraform(tmp_path, VPC + GROUP + text, *CHECKS).findings) == []


def test_a_notebook_with_direct_internet(tmp_path: Path) -> None:
    """A notebook with direct internet access does not depend on its subnet."""
    text = MANAGED["a notebook"][0].replace('"Disabled"', '"Enabled"')
    assert said(terraform(tmp_path, VPC + GROUP + text, *CHECKS).findings) == []


def test_a_group_that_lets_nothing_out(tmp_path: Path) -> None:
    """A workload that its group keeps in is one finding, with what comes of it."""
    group = """
resource "aws_security_group" "app" {
  name   = "app"
  vpc_id = aws_vpc.main.id
}
"""
    found = terraform(tmp_path, VPC + group + DATA + NAT + function(), *CHECKS, "security-group-without-egress")
    assert [(each.check, each.message) for each in found.findings] == [("function-without-way-out", HANGS[2])]


def test_a_group_that_lets_nothing_out_of_something_without_known_needs(tmp_path: Path) -> None:
    """Where it is not known what a workload calls, its group alone is reported."""
    group = """
resource "aws_security_group" "app" {
  name   = "app"
  vpc_id = aws_vpc.main.id
}
"""
    text = VPC + group + NAT + function("MODE = 1")
    found = terraform(tmp_path, text, *CHECKS, "security-group-without-egress")
    assert [each.check for each in found.findings] == ["security-group-without-egress"]


def test_names_for_on_premises_alone(tmp_path: Path) -> None:
    """Where the name of S3 leads to an interface endpoint for on-premises alone, the VPC uses its gateway endpoint."""
    interface = endpoint(
        '"com.amazonaws.eu-west-1.s3"',
        "dns_options {\n    private_dns_only_for_inbound_resolver_endpoint = true\n  }",
        group="aws_security_group.app.id",
    )
    text = VPC + GROUP + DATA + function("BUCKET = aws_s3_bucket.data.bucket") + interface
    assert said(terraform(tmp_path, text + GATEWAY + ASSOCIATION, *CHECKS).findings) == []
    found = terraform(tmp_path, text + GATEWAY, *CHECKS)
    assert [each.check for each in found.findings] == ["function-without-way-out"]


NODES = """
resource "aws_eks_node_group" "main" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::111122223333:role/node"
  subnet_ids    = [aws_subnet.a.id]
  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }
}
"""
PUBLIC = """
resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.a.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}
"""


def test_nodes_without_an_address(tmp_path: Path) -> None:
    """Nodes in a public subnet that gives no addresses are one finding."""
    found = terraform(tmp_path, VPC + PUBLIC + NODES, *CHECKS, "node-group-without-public-ip")
    assert [(each.check, each.message) for each in found.findings] == [
        (
            "node-group-without-public-ip",
            "aws_subnet.a leads to an internet gateway and gives no public addresses: `NodeCreationFailure`",
        )
    ]


def test_nodes_with_an_address(tmp_path: Path) -> None:
    """Nodes get an address from their subnet, or by their launch template."""
    subnet = VPC.replace(
        'cidr_block        = "10.0.1.0/24"', 'cidr_block = "10.0.1.0/24"\n  map_public_ip_on_launch = true'
    )
    assert said(terraform(tmp_path, subnet + PUBLIC + NODES, "node-group-without-public-ip").findings) == []
    template = """
resource "aws_launch_template" "nodes" {
  network_interfaces {
    associate_public_ip_address = true
  }
}
"""
    nodes = NODES.replace(
        "scaling_config",
        "launch_template {\n    id = aws_launch_template.nodes.id\n    version = 1\n  }\n  scaling_config",
    )
    found = terraform(tmp_path, VPC + PUBLIC + template + nodes, "node-group-without-public-ip")
    assert said(found.findings) == []
    assert found.undecided == []


def test_a_way_out_by_ipv6(tmp_path: Path) -> None:
    """With a way out by IPv6 alone it depends on the service and on the name that code calls."""
    text = VPC.replace('"10.0.0.0/16"', '"10.0.0.0/16"\n  assign_generated_ipv6_cidr_block = true')
    text = text.replace(
        'cidr_block        = "10.0.1.0/24"',
        'cidr_block = "10.0.1.0/24"\n  ipv6_cidr_block = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, 1)',
    )
    group = GROUP.replace('["0.0.0.0/0"]', '["0.0.0.0/0"]\n    ipv6_cidr_blocks = ["::/0"]')
    way = """
resource "aws_egress_only_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "ipv6" {
  route_table_id              = aws_route_table.a.id
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = aws_egress_only_internet_gateway.main.id
}
"""
    dual = function().replace("vpc_config {", "vpc_config {\n    ipv6_allowed_for_dual_stack = true")
    found = terraform(tmp_path, text + group + DATA + way + dual, *CHECKS)
    assert said(found.findings) == []
    assert [each.reason for each in found.undecided] == [
        "whether it reaches sqs: it has a way out by IPv6, where some services have addresses, too"
    ]
    single = terraform(tmp_path, text + group + DATA + way + function(), *CHECKS)
    assert said(single.findings) == [HANGS]


def test_roles_of_pods(tmp_path: Path) -> None:
    """Pods with roles of their own need STS, which stops them and not the nodes."""
    cluster = """
resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = "arn:aws:iam::111122223333:role/cluster"
  vpc_config {
    subnet_ids              = [aws_subnet.a.id]
    endpoint_private_access = true
  }
}

resource "aws_iam_openid_connect_provider" "main" {
  url             = aws_eks_cluster.main.identity[0].oidc[0].issuer
  client_id_list  = ["sts.amazonaws.com"]
}
"""
    nodes = NODES.replace('cluster_name  = "main"', "cluster_name = aws_eks_cluster.main.name")
    services = endpoint('"com.amazonaws.eu-west-1.${each.key}"', 'for_each = toset(["ec2", "ecr.api", "ecr.dkr"])')
    found = terraform(tmp_path, VPC + GROUP + cluster + nodes + services + GATEWAY + ASSOCIATION, *CHECKS)
    assert [each.message for each in found.findings] == [
        (
            "its pods do not reach sts: those with a role of their own get no credentials "
            "(`WebIdentityErr: failed to retrieve credentials`)"
        )
    ]
