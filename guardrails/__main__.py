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

    run()


def _leave_the_working_directory() -> None:
    """Import nothing from where the user stands: `python -m guardrails` puts that folder first, and it is scanned."""
    import os  # noqa: PLC0415  # not needed for `--version`

    here = os.getcwd()
    sys.path[:] = [path for path in sys.path if path and os.path.abspath(path) != here]


if __name__ == "__main__":
    main()
