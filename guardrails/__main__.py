"""The command's way in: answers `--version` at once, and leaves the rest to `cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit."""
    import guardrails  # noqa: PLC0415  # the only import that `--version` needs

    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"guardrails {guardrails.__version__}")  # the answer
        return
    _leave_the_working_directory()
    from guardrails.cli import run  # noqa: PLC0415  # loads Typer

    try:
        run()
    except SystemExit as ended:
        if sys.argv[1:2] == ["check"]:
            _leave_at_once(ended.code)
        raise


def _leave_at_once(code: object) -> None:
    """End without taking apart what the run has made, as mypy does: that costs 40 ms, a sixth of a small run.

    Returns where something else still runs, or output is not written yet.
    """
    import os  # noqa: PLC0415  # not needed for `--version`
    import threading  # noqa: PLC0415  # as above

    if threading.active_count() > 1 or not isinstance(code, int | None):
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(code or 0)


def _leave_the_working_directory() -> None:
    """Import nothing from where the user stands: `python -m guardrails` puts that folder first, and it is scanned."""
    import os  # noqa: PLC0415  # not needed for `--version`

    here = os.getcwd()
    sys.path[:] = [path for path in sys.path if path and os.path.abspath(path) != here]


if __name__ == "__main__":
    main()
