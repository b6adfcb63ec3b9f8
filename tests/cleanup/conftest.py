from __future__ import annotations

from tests.sources.aws.conftest import aws, moto_url, proxy_to_moto

__all__ = ["aws", "moto_url", "proxy_to_moto"]
