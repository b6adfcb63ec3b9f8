"""What a collector gives for each thing it finds, and how that becomes a `Resource`."""

from __future__ import annotations

from msgspec import Struct

from guardrails.model import LiveLocation, Mode, Resource, Value
from guardrails.sources.live import Providers, live_resource


class Record(Struct, frozen=True):
    """One thing of an account in the words of Terraform's AWS provider. Plain data: it travels between machines."""

    type: str
    name: str
    """The id that AWS gave, else the name that its owner gave."""
    values: dict[str, Value]
    account: str
    region: str
    """For a global service, the region that answers for it."""
    arn: str = ""
    key: str = ""
    """What sets it apart from others of its type and name: the region, for names that are unique in one alone."""
    mode: Mode = "managed"

    @property
    def address(self) -> str:
        """Stable over runs: `aws_vpc.vpc-0abc`, `aws_lambda_function.api["eu-west-1"]`."""
        key = f'["{self.key}"]' if self.key else ""
        return f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}{key}"


def resource_of(record: Record, providers: Providers) -> Resource:
    """The resource that a record describes. Its place is its ARN; where AWS gives none, its address."""
    return live_resource(
        record.type,
        record.name,
        record.values,
        address=record.address,
        mode=record.mode,
        place=LiveLocation(record.arn or record.address, record.account, record.region),
        provider=providers.of(record.region),
    )
