"""Mends Terraform where a check carries an edit, and proves each change before anything is written."""

from guardrails.fix.live import manual_steps
from guardrails.fix.session import Applied, Outcome, Refused, mend
from guardrails.fix.text import Change, diff
from guardrails.fix.write import WriteError, write

__all__ = ["Applied", "Change", "Outcome", "Refused", "WriteError", "diff", "manual_steps", "mend", "write"]
