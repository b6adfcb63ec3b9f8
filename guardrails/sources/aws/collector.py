"""How a service is declared: the calls it needs, the types they give, and the mapping from answers to records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from guardrails.sources.aws.record import Record

if TYPE_CHECKING:
    from guardrails.sources.aws.scope import Scope

Answer = Mapping[str, Any]
"""What botocore made of an answer, or one element of it. Untyped: AWS's own shapes."""

ACCOUNT = "{account}"
"""As a parameter of a call: the id of the account that is read."""

Where = Literal["regional", "global", "organization"]

# Where the prefix of a service's IAM actions is not its client's name.
_PREFIXES = {
    "accessanalyzer": "access-analyzer",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "cloudwatch": "cloudwatch",
    "identitystore": "identitystore",
    "opensearch": "es",
    "s3control": "s3",
    "service-quotas": "servicequotas",
    "sso-admin": "sso",
}


class Call(Struct, frozen=True):
    """A read-only operation of AWS, and what it takes to ask it."""

    client: str
    """botocore's name of the service, such as `elbv2`."""
    operation: str
    """In AWS's spelling, such as `DescribeVpcs`."""
    items: str = ""
    """Where the answer holds its list, as a dotted path; empty: the answer is the one item."""
    action: str = ""
    """The IAM action it needs; empty: the one that is named as the operation is."""
    params: Mapping[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    """Error codes that mean "there is none", such as `NoSuchBucketPolicy`."""
    also: tuple[str, ...] = ()
    """Further IAM actions that AWS wants for it."""

    @property
    def actions(self) -> tuple[str, ...]:
        """Every IAM action it needs, the first of which stands for it in messages."""
        own = self.action or f"{_PREFIXES.get(self.client, self.client)}:{self.operation}"
        return (own, *self.also)

    @property
    def name(self) -> str:
        """As messages name it: `ec2:DescribeVpcs`."""
        return self.actions[0]


TAGS = Call("resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", action="tag:GetResources")
"""The tags of every resource of a kind: for services whose own lists leave them out."""

Mapper = Callable[["Scope", Answer], Iterator[Record]]


class Part(Struct, frozen=True):
    """One list of a service, and the records that each of its items gives."""

    types: tuple[str, ...]
    """Everything that may be missing if the list cannot be had, data sources as `data.<type>`."""
    list: Call
    map: Mapper
    details: tuple[Call, ...] = ()
    """Further calls that the mapping makes, for an item at a time."""
    parallel: bool = False
    """Whether items are mapped side by side: for mappings that make calls."""
    where: Where | None = None
    """Where it differs from its service's: a regional service's account-wide list."""


class Service(Struct, frozen=True):
    """A service of AWS: its parts, each of which fails alone."""

    name: str
    """As the user writes it: `ec2`."""
    parts: tuple[Part, ...]
    where: Where = "regional"
    rate: float = 20.0
    """Requests per second to each region, retries included: what AWS allows for most of its describing calls."""

    @property
    def types(self) -> frozenset[str]:
        """Every type that it can give."""
        return frozenset(type_ for part in self.parts for type_ in part.types)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call that it can make."""
        return tuple(call for part in self.parts for call in (part.list, *part.details))
