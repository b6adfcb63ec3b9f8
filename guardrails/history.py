"""An earlier state of the repository, beside the working tree.

Objects are read with git's plumbing alone: nothing is checked out, and nothing that the repository's own configuration
names is run, be it a hook, a filter, a text conversion, a file system monitor or the transport of a partial clone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

from msgspec import Struct

from guardrails import workspace

FILE_BYTES = 10_000_000
"""A larger file is left out: no source reads one."""
TOTAL_BYTES = 2 << 30
SECONDS = 300
"""How long one question to git may take."""
_OVERRULED = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false")
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # stronger than `protocol.*` of the configuration
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
# What Terraform reads and git does not keep: the values of variables, and modules that `terraform init` installed.
_IGNORED_INPUT = ("*.tfvars", "*.tfvars.json", ":(glob)**/.terraform/modules/**")


class HistoryError(Exception):
    """Why there is no earlier state to look at."""


class _Blob(Struct, frozen=True):
    name: str
    """The object's name."""
    path: str
    link: bool


@contextlib.contextmanager
def state_before(reference: str, root: str) -> Iterator[str]:
    """A folder with the files of the commit that the work since `reference` started from, as long as the context lasts.

    That is the merge base of HEAD and `reference`, or `reference` where there is none. Raises `HistoryError`.
    """
    git = workspace.program("git")
    if git is None or not os.path.exists(os.path.join(root, ".git")):
        raise HistoryError(f"{root} is no git repository" if git else "there is no git on PATH")
    repository = _Repository(git, root)
    commit = repository.start_of(reference)
    with tempfile.TemporaryDirectory(prefix="guardrails-") as folder:
        target = os.path.join(os.path.realpath(folder), "tree")
        os.mkdir(target)
        repository.write(commit, target)
        repository.copy_ignored(target)
        # The tree that files and modules may come from ends here.
        os.makedirs(os.path.join(target, ".git"), exist_ok=True)
        yield target


class _Repository:
    def __init__(self, git: str, root: str) -> None:
        self._root = root
        settings = [part for each in _OVERRULED for part in ("-c", each)]
        self._git = [git, "--no-pager", *settings, "-C", root]
        self._env = {**os.environ, **_ENVIRONMENT}

    def start_of(self, reference: str) -> str:
        commit = self._line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
        if not commit:
            raise HistoryError(f"there is no commit {reference}: a shallow clone has to fetch it first")
        return self._line("merge-base", "HEAD", commit) or commit

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [*self._git, *command],
                env=self._env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise HistoryError(f"git {command[0]} did not answer within {SECONDS} s") from None

    def _line(self, *command: str) -> str:
        """The first line of an answer; empty where git has none."""
        done = self._run(command)
        return os.fsdecode(done.stdout.split(b"\n")[0]) if done.returncode == 0 else ""

    def _paths(self, *command: str) -> list[str]:
        done = self._run(command)
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise HistoryError(f"git {command[0]}: {last[-1] if last else done.returncode}")
        return [os.fsdecode(each) for each in done.stdout.split(b"\0") if each]

    def write(self, commit: str, target: str) -> None:
        """Write the files of a commit into a folder, then its links that stay inside."""
        blobs = list(self._blobs(commit))
        with tempfile.TemporaryFile() as names, tempfile.TemporaryFile() as errors:
            names.write("".join(f"{blob.name}\n" for blob in blobs).encode())
            names.seek(0)
            command = [*self._git, "cat-file", "--batch"]
            with subprocess.Popen(
                command, env=self._env, stdin=names, stdout=subprocess.PIPE, stderr=errors
            ) as process:
                assert process.stdout is not None  # noqa: S101  # it was asked for
                links: list[tuple[str, str]] = []
                for blob in blobs:
                    data = _object(process.stdout)
                    if data is None:
                        raise HistoryError(f"{blob.path} of {commit[:12]} is not in this clone")
                    if blob.link:
                        links.append((blob.path, os.fsdecode(data)))
                    else:
                        _put(os.path.join(target, blob.path), data)
        for path, to in links:
            place = os.path.join(target, path)
            if workspace.is_inside(os.path.join(os.path.dirname(place), to), target):
                with contextlib.suppress(OSError):
                    os.makedirs(os.path.dirname(place), exist_ok=True)
                    os.symlink(to, place)

    def _blobs(self, commit: str) -> Iterator[_Blob]:
        total = 0
        for row in self._paths("ls-tree", "-r", "-z", "-l", "--full-tree", commit):
            facts, _, path = row.partition("\t")
            mode, kind, name, size = facts.split()
            # A tree that was made by hand can say anything.
            strange = {"", ".", "..", ".git"}.intersection(path.lower().split("/"))
            if kind != "blob" or strange:
                continue
            if not size.isdigit():  # git writes BAD
                raise HistoryError(f"{path} of {commit[:12]} is not in this clone")
            if int(size) > FILE_BYTES:
                continue
            total += int(size)
            if total > TOTAL_BYTES:
                raise HistoryError(f"the tree at {commit[:12]} is larger than {TOTAL_BYTES >> 30} GB")
            yield _Blob(name, path, link=mode == "120000")

    def copy_ignored(self, target: str) -> None:
        """Copy what Terraform reads and git does not keep: it is the same before and after."""
        found = self._paths("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *_IGNORED_INPUT)
        for path in found:
            source, place = os.path.join(self._root, path), os.path.join(target, path)
            with contextlib.suppress(OSError):
                status = os.lstat(source)
                fits = stat.S_ISREG(status.st_mode) and status.st_size <= FILE_BYTES
                if fits and workspace.is_inside(source, self._root) and not os.path.lexists(place):
                    os.makedirs(os.path.dirname(place), exist_ok=True)
                    shutil.copyfile(source, place)


def _object(answers: IO[bytes]) -> bytes | None:
    """The next object of `cat-file --batch`, None for one that is missing."""
    head: Sequence[bytes] = answers.readline().split()
    if len(head) != 3 or not head[2].isdigit():
        return None
    size = int(head[2])
    data = answers.read(size)
    return data if len(data) == size and answers.read(1) == b"\n" else None


def _put(path: str, data: bytes) -> None:
    """Write a new file. Where two names of a commit are one here, the first stays."""
    with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as file:
            file.write(data)
