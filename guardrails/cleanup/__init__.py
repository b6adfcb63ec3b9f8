"""Removes what the waste checks found: a plan to read, a script to review, or the removal itself with a journal."""
