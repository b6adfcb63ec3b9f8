"""Terraform configuration as models."""

from guardrails.sources.terraform.configuration import read_configuration

__all__ = ["read_configuration"]
