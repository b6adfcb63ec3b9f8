"""Terraform configuration as models."""

from guardrails.sources.terraform.configuration import read_configuration, read_root

__all__ = ["read_configuration", "read_root"]
