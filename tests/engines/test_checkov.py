"""checkov as an engine, with its recorded answers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from guardrails import cli
from tests.engines.checkovs import NOTHING, PLAN, RECORDED, VERSIONS, Run, recorded, runner, said, stand_in, told


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `check` in the folder `tree`."""
    return runner(monkeypatch, capsys, tmp_path / "tree")


@pytest.fixture
def tree(run: Run) -> Path:
    """The recorded configuration, in the working directory."""
    del run
    shutil.copytree(RECORDED / "configuration", ".", dirs_exist_ok=True)
    return Path.cwd()


def use(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program be the checkov of the run."""
    monkeypatch.setenv("GUARDRAILS_CHECKOV", str(program))


def messages(report: dict[str, Any]) -> list[str]:
    """What the engine could not do."""
    return [each["message"] for each in report["errors"] if each["stage"] == "engine"]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("version", VERSIONS)
def test_everything_that_it_says_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """Ids and resources of a folder are those of checkov alone, less what a comment to us hides."""
    use(stand_in(tmp_path / "checkov", recorded("configuration", version), version=version).path, monkeypatch)

    code, report, _ = run("--with", "checkov")

    alone = said(json.loads(recorded("configuration", version).read_text()))
    assert told(report) == [each for each in alone if each != ("CKV_AWS_18", "aws_s3_bucket.ignored")]
    assert (code, messages(report)) == (1, [])


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_that_it_says_of_a_plan_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """Ids and resources of a plan are those of checkov alone."""
    shutil.copyfile(PLAN, "plan.json")
    use(stand_in(tmp_path / "checkov", recorded("plan", version), version=version).path, monkeypatch)

    _, report, _ = run("--with", "checkov", "plan.json")

    assert told(report) == said(json.loads(recorded("plan", version).read_text()))
    assert messages(report) == []


@pytest.mark.usefixtures("tree")
def test_what_ours_say_too_is_said_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A native finding of each instance carries checkov's id, and checkov's own finding of it is not told."""
    use(stand_in(tmp_path / "checkov", recorded("configuration")).path, monkeypatch)

    _, report, _ = run("--with", "checkov", "--select", "open-admin-port,CKV_AWS_24,CKV_AWS_23")

    assert [(each["check"], each["resource"], each["details"]) for each in report["findings"]] == [
        ("CKV_AWS_23", 'aws_security_group.each["a"]', []),
        ("CKV_AWS_23", 'aws_security_group.each["b"]', []),
        ("open-admin-port", 'aws_security_group.each["a"]', ["checkov says so, too: CKV_AWS_24"]),
        ("open-admin-port", 'aws_security_group.each["b"]', ["checkov says so, too: CKV_AWS_24"]),
    ]


@pytest.mark.usefixtures("tree")
def test_a_finding_stands_where_its_resource_does(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Severity and words are from our table, the lines those of the block, the module call is named."""
    use(stand_in(tmp_path / "checkov", recorded("configuration")).path, monkeypatch)

    _, report, _ = run("--with", "checkov", "--select", "CKV_AWS_27")

    first = report["findings"][0]
    assert (first["severity"], first["message"], first["hint"], first["type"]) == (
        "medium",
        "not ensured: all data stored in the SQS queue is encrypted",
        "Ensure all data stored in the SQS queue is encrypted.",
        "aws_sqs_queue",
    )
    place = first["location"]
    assert (place["path"], place["line"], place["end_line"]) == ("modules/queue/main.tf", 1, 3)
    assert [(each["path"], each["line"]) for each in first["related"]] == [("main.tf", 32)]
    assert [each["resource"] for each in report["findings"]] == [
        "module.one.aws_sqs_queue.q",
        'module.several["k"].aws_sqs_queue.q',
    ]


@pytest.mark.usefixtures("tree")
def test_comments_hide_and_are_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment to checkov and one to us both suppress its finding, each with its reason."""
    use(stand_in(tmp_path / "checkov", recorded("configuration")).path, monkeypatch)

    _, report, _ = run("--with", "checkov", "--select", "CKV_AWS_18")

    assert [(each["resource"], each["reason"]) for each in report["suppressed"]] == [
        ("aws_s3_bucket.skipped", "nobody reads these logs"),
        ("aws_s3_bucket.ignored", "the logs go elsewhere"),
    ]
    assert [each["resource"] for each in report["findings"]] == ["aws_s3_bucket.plain"]


@pytest.mark.usefixtures("tree")
def test_what_nobody_may_suppress_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rule in `unsuppressible`, a comment to checkov hides nothing either."""
    use(stand_in(tmp_path / "checkov", recorded("configuration")).path, monkeypatch)
    Path("guardrails.toml").write_text('unsuppressible = ["CKV_AWS_18"]\nengines = ["checkov"]')

    _, report, _ = run("--select", "CKV_AWS_18")

    assert [each["resource"] for each in report["findings"]] == [
        "aws_s3_bucket.plain",
        "aws_s3_bucket.skipped",
        "aws_s3_bucket.ignored",
    ]


@pytest.mark.usefixtures("tree")
def test_settings_mean_its_rules_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Globs of its ids are ignored, and graded, as ids of ours are."""
    use(stand_in(tmp_path / "checkov", recorded("configuration")).path, monkeypatch)
    Path("guardrails.toml").write_text('ignore = ["CKV_AWS_1*"]\n[severity]\n"CKV_AWS_23" = "critical"')

    _, report, _ = run("--with", "checkov", "--select", "critical")

    assert {(each["check"], each["severity"]) for each in report["findings"]} == {("CKV_AWS_23", "critical")}


@pytest.mark.usefixtures("tree")
def test_a_selection_of_its_rules_needs_it(run: Run) -> None:
    """Else a run that asks nothing would look clean."""
    assert run("--select", "CKV_AWS_18") == (
        2,
        {},
        "guardrails: CKV_AWS_18 is a rule of checkov: add `--with checkov`\n",
    )


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("pattern", ["CKV*", "CKV2_AWS_*", "CKV_AWS_18"])
def test_a_configuration_may_speak_of_its_rules_without_it(run: Run, pattern: str) -> None:
    """The same configuration serves runs with checkov and runs without."""
    Path("guardrails.toml").write_text(f'ignore = ["{pattern}"]\nunsuppressible = ["{pattern}"]')
    assert run("--select", "open-admin-port")[0] == 1


@pytest.mark.usefixtures("tree")
def test_suppressions_of_its_rules_are_judged_where_it_ran(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without checkov a comment about its rule is let be; with it, one that hides nothing is told."""
    main = Path("main.tf")
    main.write_text(main.read_text().replace("ignore[CKV_AWS_18]", "ignore[CKV_AWS_18, CKV_AWS_20]"))
    use(stand_in(tmp_path / "checkov", recorded("configuration")).path, monkeypatch)

    def faults(report: dict[str, Any]) -> list[str]:
        return [each["message"] for each in report["findings"] if "suppression" in each["check"]]

    assert faults(run()[1]) == []
    assert faults(run("--with", "checkov")[1]) == ["nothing here sets off `CKV_AWS_20`"]


def test_a_file_that_it_cannot_parse_makes_the_run_incomplete(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told beside our own words about the file."""
    shutil.copytree(RECORDED / "broken", ".", dirs_exist_ok=True)
    use(stand_in(tmp_path / "checkov", recorded("broken"), code=0).path, monkeypatch)

    code, report, _ = run("--with", "checkov")

    assert (code, messages(report)) == (4, ["checkov could not parse main.tf"])


BROKEN = "gave an answer that cannot be read: "
WRONG = [
    ({"answer": "", "code": 2, "errors": "no\nTraceback: it broke"}, "ended with code 2: Traceback: it broke"),
    ({"answer": "", "code": 0}, "ended with code 0: it says nothing"),
    ({"answer": "[]{"}, f"{BROKEN}JSON is malformed: trailing characters (byte 3)"),
    ({"answer": '{"passed": 1}'}, f"{BROKEN}Object missing required field `failed`"),
    ({"answer": json.dumps(NOTHING), "code": 0}, "saw nothing, though there is aws_s3_bucket"),
    (
        {"answer": json.dumps({**NOTHING, "parsing_errors": 1}), "code": 0},
        f"{BROKEN}Object missing required field `check_type`",
    ),
]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_no_answer_makes_the_run_incomplete(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], message: str
) -> None:
    """A crash, an empty, a broken and an unlikely answer are told, and the findings of ours are there all the same."""
    use(stand_in(tmp_path / "checkov", **wrong).path, monkeypatch)

    code, report, _ = run("--with", "checkov", "--select", "open-admin-port")

    assert (code, messages(report)) == (4, [f"checkov {message}"])
    assert len(report["findings"]) == 2


@pytest.mark.usefixtures("tree")
def test_a_late_answer_makes_the_run_incomplete(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time it is ended and told."""
    program = stand_in(tmp_path / "checkov", recorded("configuration"), seconds=600)
    use(program.path, monkeypatch)
    Path("guardrails.toml").write_text("[checkov]\ntimeout = 2")

    code, report, _ = run("--with", "checkov")

    assert (code, messages(report)) == (4, ["checkov did not answer within 2 s"])
    assert not is_running(program.runs()[0]["pid"])


@pytest.mark.usefixtures("tree")
def test_a_run_that_ends_early_ends_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A usage error does not leave it at work."""
    program = stand_in(tmp_path / "checkov", recorded("configuration"), seconds=600)
    use(program.path, monkeypatch)

    assert run("--with", "checkov", "--select", "no-such-check")[0] == 2
    assert [each["pid"] for each in program.runs() if is_running(each["pid"])] == []


def is_running(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.usefixtures("tree")
def test_no_checkov_makes_the_run_incomplete(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told how to get one. A relative entry of PATH finds none: it is a folder of what is scanned."""
    stand_in(Path("planted"), recorded("nothing"))
    monkeypatch.setenv("PATH", f"planted/bin{os.pathsep}.{os.pathsep}")

    code, report, _ = run("--with", "checkov")

    assert (code, messages(report)) == (
        4,
        ["checkov is not there: `guardrails engines install checkov` installs it"],
    )
    assert not Path("planted/runs.jsonl").exists()


@pytest.mark.usefixtures("tree")
def test_one_planted_in_the_cache_of_the_tree_is_not_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder inside the scanned tree, as some CI has, is not trusted."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path.cwd() / ".cache"))
    monkeypatch.setenv("PATH", "/nowhere")
    planted = stand_in(Path.cwd() / ".cache/guardrails/engines/checkov-3.3.30", recorded("nothing"))
    (planted.path.parent.parent / ".complete").touch()

    assert (run("--with", "checkov")[0], planted.runs()) == (4, [])


@pytest.mark.usefixtures("tree")
def test_a_configuration_that_was_found_cannot_name_it(run: Run, tmp_path: Path) -> None:
    """The file that is in the tree cannot choose what is run; the file that the user names can."""
    program = stand_in(tmp_path / "checkov", recorded("configuration"))
    Path("guardrails.toml").write_text(f'engines = ["checkov"]\n[checkov]\nexecutable = "{program.path}"\n')

    code, _, error = run()
    assert (code, error.partition(":3: ")[2].partition(",")[0]) == (
        2,
        "`checkov.executable` names a program to run",
    )
    assert program.runs() == []

    assert (run("--config", "guardrails.toml")[0], len(program.runs())) == (1, 1)


@pytest.mark.usefixtures("tree")
def test_it_stands_in_an_empty_folder_without_our_environment(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credential, no setting of its own and no configuration reaches it; variables of Terraform do."""
    program = stand_in(tmp_path / "checkov", recorded("configuration"))
    use(program.path, monkeypatch)
    Path(".checkov.yaml").write_text("skip-check: [CKV_AWS_18]")
    for name in ("AWS_SECRET_ACCESS_KEY", "BC_API_KEY", "CKV_IGNORED_DIRECTORIES", "PYTHONPATH", "GITHUB_PAT"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("TF_VAR_size", "1")
    Path("variables.tf").write_text('variable "name" {}\nvariable "size" {}\n')

    run("--with", "checkov", "--var", "name=a b")

    (only,) = program.runs()
    given = only["environment"]
    assert only["folder"] == []
    assert only["arguments"] == [
        f"--directory={Path.cwd()}",
        "--framework",
        "terraform",
        "terraform_json",
        "--output=json",
        "--compact",
        "--skip-download",
        "--download-external-modules=false",
    ]
    assert given.keys() - {"PATH", "LANG", "LC_ALL", "TZ", "LC_CTYPE", "__CF_USER_TEXT_ENCODING"} == {
        *("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TF_VAR_size", "TF_VAR_name"),
        *("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
        *("CKV_SKIP_PACKAGE_UPDATE_CHECK", "LOG_LEVEL"),
    }
    assert (given["TF_VAR_name"], given["TF_VAR_size"], given["https_proxy"]) == ("a b", "1", "http://127.0.0.1:9")
    assert not Path(given["HOME"]).exists()


@pytest.mark.usefixtures("tree")
def test_an_old_one_makes_the_run_incomplete(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says is told, and that nobody has tried it."""
    answer = recorded("configuration").read_text().replace(VERSIONS[1], "3.2.299")
    use(stand_in(tmp_path / "checkov", answer).path, monkeypatch)

    code, report, _ = run("--with", "checkov")

    assert (code, messages(report)) == (4, ["checkov 3.2.299 is older than 3.2.300, the oldest that is supported"])


def test_what_it_does_not_read_makes_the_run_incomplete(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenTofu's files, and the modules that `terraform init` installed."""
    Path("a.tofu").write_text('module "net" {\n  source = "example/net/aws"\n}\n')
    module = Path(".terraform/modules/net")
    module.mkdir(parents=True)
    (module / "main.tf").write_text('resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n}\n')
    (module.parent / "modules.json").write_text(
        json.dumps({"Modules": [{"Key": "net", "Source": "example/net/aws", "Dir": str(module)}]})
    )
    use(stand_in(tmp_path / "checkov", json.dumps(NOTHING), code=0).path, monkeypatch)

    code, report, _ = run("--with", "checkov")

    assert (code, messages(report)) == (
        4,
        [
            "checkov does not read OpenTofu's own files: a.tofu",
            "checkov does not read the modules of `terraform init` (net): check a plan too",
        ],
    )


def test_nothing_for_it_to_say_is_fine(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without anything that it has rules for is clean."""
    shutil.copytree(RECORDED / "nothing", ".", dirs_exist_ok=True)
    use(stand_in(tmp_path / "checkov", recorded("nothing"), code=0).path, monkeypatch)

    assert run("--with", "checkov")[0] == 0


@pytest.mark.usefixtures("tree")
def test_a_file_stands_for_its_folder_alone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What checkov says of folders below that no module of the file calls is not told."""
    answer = json.loads(recorded("configuration").read_text())
    stray = answer[-1]["results"]["failed_checks"][0] | {
        "resource": "aws_vpc.stray",
        "file_abs_path": "@ROOT@/stray/main.tf",
    }
    answer[-1]["results"]["failed_checks"].append(stray)
    use(stand_in(tmp_path / "checkov", json.dumps(answer)).path, monkeypatch)

    def resources(*paths: str) -> set[str]:
        return {resource for _, resource in told(run("--with", "checkov", *paths)[1])}

    assert resources(".") - resources("main.tf") == {"aws_vpc.stray"}
    assert "module.one.aws_sqs_queue.q" in resources("main.tf")
    assert resources("main.tf", ".") == resources(".")


def test_a_plan_that_it_would_pass_over_makes_the_run_incomplete(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks at the name of a file, and says nothing of one that does not end in `.json`."""
    shutil.copyfile(PLAN, "plan.txt")
    program = stand_in(tmp_path / "checkov", recorded("plan"))
    use(program.path, monkeypatch)

    code, report, _ = run("--with", "checkov", "plan.txt")

    assert (code, messages(report)) == (4, ["checkov reads no plan whose name does not end in .json"])
    assert program.runs() == []


def test_states_are_not_for_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told that checkov does not look at a state."""
    program = stand_in(tmp_path / "checkov", recorded("nothing"))
    use(program.path, monkeypatch)
    Path("state.json").write_text('{"format_version": "1.0", "terraform_version": "1.9.0", "values": {}}')

    _, _, error = run("--with", "checkov", "state.json")

    assert error.splitlines()[0] == (
        "guardrails: checkov reads configuration and plans: it does not look at state.json"
    )
    assert program.runs() == []


@pytest.mark.usefixtures("tree")
def test_a_baseline_covers_its_findings(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once written, they are suppressed; without checkov in the run, none of them is called stale."""
    use(stand_in(tmp_path / "checkov", recorded("configuration")).path, monkeypatch)
    with pytest.raises(SystemExit):
        cli.run(["baseline", "write", "--with", "checkov"])
    capsys.readouterr()

    code, report, _ = run("--with", "checkov")
    assert (code, report["findings"]) == (0, [])
    code, report, _ = run()
    assert (code, report["findings"]) == (0, [])
