from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import botocore.session
import pytest

from guardrails.model import Unknown
from guardrails.sources.aws.audit import Options, Unit, collect, run_unit
from guardrails.sources.aws.collector import Call, Part, Service
from guardrails.sources.aws.collectors import services
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Outcome, Scope
from guardrails.sources.aws.session import Access, Limits, session_for
from tests.sources.aws.population import fill, operation_of
from tests.sources.aws.simulator import Asked, Fault, Proxy

ACCOUNT = "123456789012"
LIMITS = Limits(connect=10, read=30, attempts=1, unit=300, pace=1000, mode="standard")


def _units(service: Service, limits: Limits = LIMITS) -> list[Unit]:
    wheres = {part.where or service.where for part in service.parts}
    return [Unit(Access(), service.name, where, ACCOUNT, "us-east-1", limits) for where in sorted(wheres)]


def _run(service: Service, limits: Limits = LIMITS) -> Outcome:
    whole = Outcome()
    for unit in _units(service, limits):
        outcome = run_unit(unit)
        whole.records += outcome.records
        whole.gaps += outcome.gaps
        whole.problems += outcome.problems
    return whole


@pytest.mark.parametrize("fault", ["denied", "throttled"])
@pytest.mark.parametrize("name", sorted(services()))
def test_a_list_that_cannot_be_had_is_a_gap_that_names_its_action(name: str, fault: Fault, nobody: Proxy) -> None:
    """Every list of every service, denied and throttled: no record, a problem with the action, a gap with the types."""
    nobody.fault = lambda _: fault
    service = services()[name]

    outcome = _run(service)

    word = {"denied": "AccessDenied", "throttled": "throttled through 1 attempts"}[fault]
    assert outcome.records == []
    for part in service.parts:
        reason = f"{word}: {part.list.name} in us-east-1 of {ACCOUNT}"
        assert reason in {problem.message for problem in outcome.problems}
        if part.types:
            assert frozenset(part.types) in {gap.types for gap in outcome.gaps if gap.reason == reason}


@pytest.mark.parametrize("fault", ["error", "garbage", "empty", "cut", "closed", "hang"])
def test_an_answer_that_is_none_is_a_gap(fault: Fault, nobody: Proxy) -> None:
    """Errors, pages of a captive portal, cut and hanging connections lose no type in silence, in any service."""
    nobody.fault = lambda _: fault
    nobody.hang = 0.3
    limits = Limits(connect=0.2, read=0.2, attempts=1, unit=60, pace=1000, mode="standard")

    with ThreadPoolExecutor(8) as executor:
        outcomes = list(executor.map(lambda service: (service, _run(service, limits)), services().values()))

    for service, outcome in outcomes:
        assert outcome.records == [], service.name
        missing = frozenset().union(*(gap.types for gap in outcome.gaps))
        assert missing == service.types, service.name
        assert outcome.problems, service.name


def test_a_throttle_that_ends_costs_nothing_but_time(aws: Proxy) -> None:
    """A call that is throttled twice and then answered leaves neither gap nor problem."""
    throttled: list[Asked] = []

    def fault(asked: Asked) -> Fault:
        if asked.operation == "DescribeFlowLogs" and len(throttled) < 2:
            throttled.append(asked)
            return "throttled"
        return ""

    aws.fault = fault
    limits = Limits(attempts=4, pace=1000)

    [unit] = _units(services()["vpc"], limits)
    outcome = run_unit(unit)

    assert len(throttled) == 2
    assert [p.message for p in outcome.problems if "FlowLogs" in p.message] == []


def test_a_dead_region_does_not_hold_up_the_others(aws: Proxy) -> None:
    """A region where nothing answers costs each of its services two calls at most; the others are complete."""
    aws.fault = lambda asked: "closed" if asked.region == "eu-west-1" else ""
    options = Options(
        regions=("us-east-1", "eu-west-1"),
        services=("vpc", "rds", "sqs", "sns"),
        limits=Limits(connect=10, read=30, attempts=1, pace=1000),
    )

    with ThreadPoolExecutor(8) as executor:
        [model] = collect(options, executor)

    asked = sum(count for one, count in aws.seen.items() if one.region == "eu-west-1")
    assert asked <= 8
    assert {r.raw("vpc_id") is not None for r in model.all("aws_default_subnet")} == {True}
    assert any("aws_db_instance" in gap.types for gap in model.gaps)
    assert not any("rds:" in p.message and "us-east-1" in p.message for p in model.problems)


def test_the_regions_that_cannot_be_listed_leave_everything_open(aws: Proxy) -> None:
    """Without the list of regions one is read, and nothing can be said to be absent."""
    aws.fault = lambda asked: "denied" if asked.operation == "DescribeRegions" else ""

    with ThreadPoolExecutor(8) as executor:
        [model] = collect(Options(services=("sqs",), limits=LIMITS), executor)

    [gap] = [gap for gap in model.gaps if not gap.types]
    assert gap.reason == f"AccessDenied: ec2:DescribeRegions in us-east-1 of {ACCOUNT}: only us-east-1 is read"


def test_a_service_that_is_not_asked_for_is_open_and_no_problem(aws: Proxy) -> None:
    """Of what the user left out nothing can be said to be absent, and nothing went wrong."""
    with ThreadPoolExecutor(8) as executor:
        [model] = collect(Options(regions=("us-east-1",), services=("sqs",), limits=LIMITS), executor)

    assert list(model.resources("aws_sqs_queue")) == []
    with pytest.raises(Unknown, match="guardduty was not asked for"):
        list(model.resources("aws_guardduty_detector"))
    assert model.incomplete() == []


def test_a_detail_that_is_denied_is_told(aws: Proxy) -> None:
    """Each further call of each service, denied alone: a problem names its action, and what is lost is a gap."""
    fill()
    silent: list[str] = []
    checked: set[str] = set()

    for service in services().values():
        for part in service.parts:
            if not part.details:
                continue
            whole = _part(service, part)
            for call in part.details:
                if call.name not in whole.calls or call.name in checked:
                    continue
                checked.add(call.name)
                aws.fault = partial(_denied, call)
                outcome = _part(service, part)
                aws.fault = lambda _: ""
                if not any(f"AccessDenied: {call.name} " in problem.message for problem in outcome.problems):
                    silent.append(f"{call.name}: no problem")
                gone = {_kind(record) for record in whole.records if record.address not in _addresses(outcome)}
                if not gone <= frozenset().union(*(gap.types for gap in outcome.gaps)):
                    silent.append(f"{call.name}: {gone}")

    print(f"{len(checked)} calls, each denied alone")
    assert silent == []
    assert len(checked) >= 50


def _part(service: Service, part: Part) -> Outcome:
    scope = Scope(session_for(Access(), LIMITS), service, ACCOUNT, "us-east-1", LIMITS)
    scope.run(part)
    return scope.outcome


def _denied(call: Call, asked: Asked) -> Fault:
    return "denied" if call.operation in operation_of(asked, call.client) else ""


def _kind(record: Record) -> str:
    return f"data.{record.type}" if record.mode == "data" else record.type


def _addresses(outcome: Outcome) -> set[str]:
    return {record.address for record in outcome.records}


# What the simulator does not know at all, or not for every parameter.
NOT_SIMULATED = {
    "access-analyzer:ListAnalyzers",
    "application-autoscaling:DescribeScalableTargets",
    "ec2:DescribeCapacityReservations",
    "ec2:DescribeClientVpnEndpoints",
    "ec2:DescribeVpcBlockPublicAccessExclusions",
    "ec2:DescribeVpcBlockPublicAccessOptions",
    "ec2:GetEbsDefaultKmsKeyId",
    "ec2:GetImageBlockPublicAccessState",
    "ec2:GetInstanceMetadataDefaults",
    "ec2:GetSerialConsoleAccessStatus",
    "ec2:GetSnapshotBlockPublicAccessState",
    "iam:ListOrganizationsFeatures",
    "network-firewall:ListFirewallPolicies",
    "securityhub:GetEnabledStandards",
    "servicequotas:ListServiceQuotas",
}


def test_an_empty_account_has_no_gap(aws: Proxy) -> None:
    """An empty list is an answer, in each of AWS's protocols: nothing is missing but what the simulator lacks."""
    with ThreadPoolExecutor(8) as executor:
        [model] = collect(Options(regions=("us-east-1",), limits=LIMITS), executor)

    assert {
        problem.message.partition(" in us-east-1")[0].rpartition(" ")[2] for problem in model.problems
    } == NOT_SIMULATED


def test_what_the_management_account_alone_sees_is_a_gap_and_no_problem(aws: Proxy) -> None:
    """In a member account no permission would help: its policies are not known, and the audit is complete."""
    organization = {"Id": "o-1", "MasterAccountId": "111122223333", "Arn": "arn:aws:organizations::111122223333:o/o-1"}
    aws.canned = {("organizations", "DescribeOrganization"): json.dumps({"Organization": organization})}
    aws.fault = lambda asked: "denied" if asked.operation in ("ListPolicies", "ListDelegatedAdministrators") else ""

    outcome = _run(services()["organizations"])

    assert outcome.problems == []
    assert [gap.types for gap in outcome.gaps] == [
        *[frozenset({"aws_organizations_policy", "aws_organizations_policy_attachment"})] * 3,
        frozenset({"aws_organizations_delegated_administrator"}),
    ]
    assert outcome.gaps[0].reason == (
        f"AccessDenied: organizations:ListPolicies in us-east-1 of {ACCOUNT}: "
        "111122223333 sees it, the organisation's management account"
    )


def test_a_trail_is_told_where_its_home_is_not_read(aws: Proxy) -> None:
    """Asked for one region, the audit knows of the trail that another one's logs it; asked for both, it is one."""
    session: Any = botocore.session.Session()
    session.create_client("s3", region_name="us-east-1").create_bucket(Bucket="trail")
    trails = session.create_client("cloudtrail", region_name="us-east-1")
    trails.create_trail(Name="main", S3BucketName="trail", IsMultiRegionTrail=True)

    def audited(*regions: str) -> list[tuple[str, str]]:
        with ThreadPoolExecutor(4) as executor:
            [model] = collect(Options(regions=regions, services=("cloudtrail",), limits=LIMITS), executor)
        return [(trail.text("arn"), trail.region) for trail in model.all("aws_cloudtrail")]

    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
    assert audited("eu-west-1") == audited("eu-west-1", "us-east-1") == [(arn, "us-east-1")]


def test_an_empty_answer_with_a_request_id_is_one(aws: Proxy) -> None:
    """A bucket that is not logged has no gap, whichever of S3's two names for its protocol the answer has."""
    session: Any = botocore.session.Session()
    session.create_client("s3", region_name="us-east-1").create_bucket(Bucket="things")
    aws.canned = {
        ("s3", "GET /things?logging"): '<BucketLoggingStatus xmlns="http://doc.s3.amazonaws.com/2006-03-01" />',
        ("s3", "GET /things?versioning"): '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
    }

    outcome = _run(services()["s3"])

    assert {("s3", asked.operation) for asked in aws.seen} >= aws.canned.keys()
    assert outcome.problems == []
