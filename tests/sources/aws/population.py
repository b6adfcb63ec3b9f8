"""An account with one of everything that takes further calls to read, as far as the simulator knows it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from functools import cache
from typing import Any

import botocore.session

from tests.sources.aws.simulator import Asked

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        ],
    }
)


def fill() -> None:
    """Create it all."""
    session = botocore.session.Session()

    def client(name: str) -> Any:
        return session.create_client(name, region_name="us-east-1")

    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    ec2.create_managed_prefix_list(
        PrefixListName="office", AddressFamily="IPv4", MaxEntries=1, Entries=[{"Cidr": "192.0.2.0/24"}]
    )
    ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro", "UserData": "aHVudGVyMg=="}
    )
    ec2.create_transit_gateway()
    role = client("iam").create_role(RoleName="run", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("iam").create_user(UserName="alice")
    client("iam").create_access_key(UserName="alice")
    client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ThumbprintList=["6938fd4d98bab03faadb97b34396831e3780aea1"]
    )
    client("s3").create_bucket(Bucket="things")
    client("kms").create_key()
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "")
    client("lambda").create_function(
        FunctionName="api",
        Role=role,
        Runtime="python3.12",
        Handler="main.handler",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"TOKEN": "hunter2"}},
    )
    client("sqs").create_queue(QueueName="jobs")
    topic = client("sns").create_topic(Name="alerts")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="https", Endpoint="https://user:hunter2@hook.example/hunter2")
    client("autoscaling").create_launch_configuration(
        LaunchConfigurationName="old", ImageId="ami-12c6146b", InstanceType="t3.micro", UserData="echo hunter2"
    )
    client("ecr").create_repository(repositoryName="web")
    cluster = client("ecs").create_cluster(clusterName="main")["cluster"]["clusterArn"]
    client("ecs").register_task_definition(
        family="web",
        containerDefinitions=[
            {
                "name": "web",
                "image": "nginx",
                "memory": 128,
                "environment": [{"name": "TOKEN", "value": "hunter2"}],
                "command": ["serve", "--token=hunter2"],
                "entryPoint": ["env", "TOKEN=hunter2"],
                "dockerLabels": {"token": "hunter2"},
                "healthCheck": {"command": ["CMD", "curl", "http://user:hunter2@localhost"]},
                "logConfiguration": {
                    "logDriver": "splunk",
                    "options": {"splunk-token": "hunter2", "splunk-url": "https://splunk.example"},
                },
            }
        ],
    )
    client("ecs").create_service(cluster=cluster, serviceName="web", taskDefinition="web", desiredCount=1)
    client("eks").create_cluster(name="main", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
    client("eks").create_nodegroup(clusterName="main", nodegroupName="main", subnets=subnets, nodeRole=role)
    client("eks").create_fargate_profile(
        clusterName="main", fargateProfileName="jobs", podExecutionRoleArn=role, selectors=[{"namespace": "jobs"}]
    )
    balancer = client("elbv2").create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    group = client("elbv2").create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    client("elbv2").create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )
    client("elb").create_load_balancer(
        LoadBalancerName="old",
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}],
        AvailabilityZones=["us-east-1a"],
    )
    client("rds").create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="orders",
        MasterUserPassword="hunter2hunter2",
    )
    client("rds").create_db_snapshot(DBSnapshotIdentifier="before", DBInstanceIdentifier="orders")
    client("secretsmanager").create_secret(Name="db", SecretString="hunter2")
    client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    files = client("efs").create_file_system(CreationToken="shared")["FileSystemId"]
    client("efs").create_mount_target(FileSystemId=files, SubnetId=subnets[0])
    client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    client("acm").request_certificate(DomainName="example.com")
    client("guardduty").create_detector(Enable=True)
    client("cloudtrail").create_trail(Name="main", S3BucketName="things")
    client("redshift").create_cluster(
        ClusterIdentifier="dwh", NodeType="ra3.large", MasterUsername="dwh", MasterUserPassword="Hunter2hunter2"
    )
    client("opensearch").create_domain(DomainName="search")
    client("organizations").create_organization()
    client("budgets").create_budget(
        AccountId="123456789012",
        Budget={
            "BudgetName": "month",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "100", "Unit": "USD"},
        },
    )


def operation_of(asked: Asked, client: str) -> frozenset[str]:
    """The operations of a client that a request may be, by what its protocol shows of it."""
    signing, rest = _routes(client)
    if signing != asked.service:
        return frozenset()
    if not asked.operation.startswith(("GET ", "POST ", "PUT ")):
        return frozenset({asked.operation})
    method, _, url = asked.operation.partition(" ")
    path, _, query = url.partition("?")
    keys = {pair.partition("=")[0] for pair in query.split("&") if pair}
    found = {
        name: len(needs)
        for name, (verb, pattern, needs) in rest.items()
        if verb == method and needs <= keys and pattern.fullmatch(path)
    }
    best = max(found.values(), default=0)
    return frozenset(name for name, count in found.items() if count == best)


@cache
def _routes(client: str) -> tuple[str, dict[str, tuple[str, re.Pattern[str], frozenset[str]]]]:
    """How a service signs, and for each operation its verb, path and the fixed keys of its query."""
    model = botocore.session.Session().get_service_model(client)
    found = {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, fixed = http["requestUri"].partition("?")
        pattern = re.sub(r"\\{[^}]*\\\+\\}", ".+", re.escape(path))
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", pattern)
        needs = frozenset(pair.partition("=")[0] for pair in fixed.split("&") if pair)
        found[name] = (http["method"], re.compile(pattern.rstrip("/") + "/?"), needs)
    return model.signing_name, found
