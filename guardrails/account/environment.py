"""Which environment a resource belongs to, by its tags."""

from __future__ import annotations

import re

from msgspec import Struct

from guardrails.model import Resource

TAGS = frozenset({"environment", "env", "stage", "lifecycle"})
_TEMPORARY = frozenset({"preview", "ephemeral", "sandbox", "pr", "review", "temp", "temporary", "tmp", "ci"})
_WORKING_HOURS = _TEMPORARY | {
    "dev", "development", "develop", "test", "testing", "tst", "qa", "uat", "int", "integration", "stage", "staging",
    "stg", "demo", "training", "lab", "nonprod", "nonproduction", "preprod", "preproduction",
}  # fmt: skip
_PRODUCTION = frozenset({"prod", "production", "prd", "live"})


class Environment(Struct, frozen=True):
    """An environment as a tag names it, such as `preview-42`; empty where no tag says."""

    name: str = ""

    @property
    def words(self) -> frozenset[str]:
        """The words of the name in lower case."""
        return frozenset(re.split(r"[^a-z]+", self.name.lower())) - {""}

    @property
    def temporary(self) -> bool:
        """Whether it comes and goes with a branch, a test run or an experiment."""
        return not self.production and not self.words.isdisjoint(_TEMPORARY)

    @property
    def production(self) -> bool:
        """Whether customers depend on it. `non-prod` and `pre-prod` are not production."""
        return not self.words.isdisjoint(_PRODUCTION) and self.words.isdisjoint({"non", "pre", "not"})

    @property
    def non_production(self) -> bool:
        """Whether its name says that customers do not depend on it; False where it says nothing of that."""
        if not self.words.isdisjoint(_PRODUCTION):
            return not self.words.isdisjoint({"non", "pre", "not"})
        return not self.words.isdisjoint(_WORKING_HOURS)


def environment(resource: Resource) -> Environment:
    """The environment of a resource by its tags, the provider's default tags included.

    Raises `Unknown` if a tag that would say is not known.
    """
    for attribute in ("tags_all", "tags"):
        tags = resource.raw(attribute)
        if isinstance(tags, dict):
            for key in tags:
                if key.lower() in TAGS and (name := resource.text(attribute, key)):
                    return Environment(name)
    return Environment()
