"""What functions make of unknown, symbolic and sensitive values, of files, and of hostile sizes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from guardrails.model import Ref, Sensitive, Symbolic, UnknownValue, Value, decode_json
from guardrails.sources.terraform.functions import FunctionContext, call
from guardrails.sources.terraform.types import EvaluationError, ListValue, SetValue

ID = Ref("aws_subnet.a", "id")
ARN = Ref("aws_s3_bucket.b", "arn")
WHY = UnknownValue("var.x has no value", (ARN,))
MANY = UnknownValue("var.x has no value", (ARN,), many=True)


def template(text: str, path: str, variables: Mapping[str, Value]) -> Value:
    """Stands in for the evaluator: it shows what it was given."""
    return f"{path}: {text} {sorted(variables)}"


def context(root: Path, limit: int = 1_000_000) -> FunctionContext:
    """A module at the top of the scanned tree."""
    return FunctionContext(root, root, root, template, limit)


HERE = context(Path(__file__).parent / "files")


def run(name: str, *arguments: Value) -> Value:
    """Call a function."""
    return call(name, arguments, HERE)


def parts(value: Value) -> tuple[object, ...]:
    """The parts of a symbolic string."""
    assert isinstance(value, Symbolic)
    return value.parts


def test_unknown_argument_makes_the_result_unknown() -> None:
    """The reason is the first one's, the references are everybody's."""
    result = run("cidrsubnet", WHY, 8, UnknownValue("later", (ID,)))

    assert result == UnknownValue("var.x has no value", (ARN, ID))


def test_symbolic_argument_is_unknown_where_its_text_matters() -> None:
    """An attribute that is known after apply has no hash yet."""
    assert run("sha256", Symbolic(ARN)) == UnknownValue("known after apply: aws_s3_bucket.b.arn", (ARN,))


def test_sensitive_argument_makes_the_result_sensitive() -> None:
    """What is computed from a secret is one."""
    assert run("upper", Sensitive("secret")) == Sensitive("SECRET")
    assert run("join", "-", ["a", Sensitive("b")]) == Sensitive("a-b")


def test_sensitive_element_does_not_hide_the_list() -> None:
    """Functions of collections keep marks where they are."""
    assert run("concat", ["a"], [Sensitive("b")]) == ["a", Sensitive("b")]
    assert run("length", ["a", Sensitive("b")]) == 2
    assert run("length", Sensitive(["a"])) == Sensitive(1)


def test_error_about_a_secret_does_not_show_it() -> None:
    """The message keeps silent where Terraform's would quote the value."""
    with pytest.raises(EvaluationError) as caught:
        run("parseint", Sensitive("hunter2"), 10)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(EvaluationError) as caught:
        run("tonumber", Sensitive("hunter2"))
    assert "hunter2" not in str(caught.value)


def test_json_keeps_holes() -> None:
    """Symbolic strings stay in their quotes, unknown values stand for themselves."""
    text = run("jsonencode", {"b": [Symbolic(ARN, "/<x>"), WHY, 1.5], "a": None})

    assert parts(text) == ('{"a":null,"b":["', ARN, '/\\u003cx\\u003e",', WHY, ",1.5]}")
    assert isinstance(text, str)
    assert decode_json(text) == {"a": None, "b": [Symbolic(ARN, "/<x>"), WHY, 1.5]}
    assert run("jsondecode", text) == decode_json(text)


def test_strings_keep_holes_where_the_result_is_exact() -> None:
    """Joining and formatting move holes; cutting does so only where it stays clear of them."""
    assert parts(run("join", "-", ["a", Symbolic(ID), "b"])) == ("a-", ID, "-b")
    assert parts(run("join", ",", ["a", WHY])) == ("a,", WHY)
    assert parts(run("join", ",", ["a", MANY, "b"])) == ("a", MANY, "b")
    assert parts(run("format", "%s/%q/%d", Symbolic(ID, "x"), Symbolic(ARN), WHY)) == (ID, 'x/"', ARN, '"/', WHY)
    assert parts(run("trimsuffix", Symbolic(ID, ".com."), ".")) == (ID, ".com")
    assert parts(run("trimprefix", Symbolic("https://", ID), "https://")) == (ID,)
    assert parts(run("trimspace", Symbolic(" a", ID, "b\n"))) == ("a", ID, "b")
    assert run("substr", Symbolic("prefix-", ID), 0, 6) == "prefix"
    assert run("trimspace", Symbolic(ID)) == UnknownValue("known after apply: aws_subnet.a.id", (ID,))
    assert run("trimprefix", Symbolic(ID), "x") == UnknownValue("known after apply: aws_subnet.a.id", (ID,))
    assert parts(run("tostring", Symbolic(ID))) == (ID,)


def test_formatlist_takes_lists_with_holes() -> None:
    """Each result has the holes of its own elements."""
    made = run("formatlist", "%s/*", ["a", Symbolic(ARN)])
    assert isinstance(made, list)
    first, second = made

    assert first == "a/*"
    assert parts(second) == (ARN, "/*")


def test_questions_about_symbolic_strings_are_answered_where_certain() -> None:
    """A prefix that is written out is known whatever follows it."""
    assert run("startswith", Symbolic("arn:", ID), "arn:") is True
    assert run("endswith", Symbolic(ID, "/x"), "/y") is False
    assert isinstance(run("strcontains", Symbolic(ID), "x"), UnknownValue)


def test_unknown_list_among_others_stands_for_any_number() -> None:
    """The known elements stay known."""
    assert run("concat", ["a"], WHY, ["b"]) == ["a", MANY, "b"]
    assert run("flatten", [["a"], WHY]) == ["a", MANY]
    assert run("setunion", ["b", WHY], ["a"]) == SetValue(["a", "b", WHY])


def test_length_counts_unknown_elements_but_not_unknown_numbers_of_them() -> None:
    """A list knows its length though not its elements; a set does not, for they may be equal."""
    assert run("length", ["a", WHY]) == 2
    assert run("length", ["a", MANY]) == WHY
    assert run("length", {"a": WHY}) == 1
    assert run("length", SetValue(["a", WHY])) == WHY
    assert run("length", WHY) == WHY


def test_elements_are_found_where_their_place_is_known() -> None:
    """An unknown number of elements makes those behind it uncertain, not those before it."""
    assert run("element", ["a", MANY], 0) == "a"
    assert isinstance(run("element", ["a", MANY], 1), UnknownValue)
    assert run("slice", ["a", "b", MANY], 0, 2) == ["a", "b"]
    assert isinstance(run("slice", ["a", MANY, "b"], 0, 2), UnknownValue)
    assert run("keys", {"b": WHY, "a": 1}) == ["a", "b"]
    assert run("values", {"b": WHY, "a": 1}) == [1, WHY]
    assert run("lookup", {"a": WHY}, "a") == WHY
    assert run("reverse", ["a", WHY]) == [WHY, "a"]


def test_unknown_map_makes_a_merge_unknown() -> None:
    """It may hold any key, and override any."""
    assert run("merge", {"a": 1}, WHY) == WHY


def test_contains_is_true_for_a_known_element_beside_unknown_ones() -> None:
    """Only "no" needs to know everything."""
    assert run("contains", [WHY, "a"], "a") is True
    assert run("contains", [WHY, "a"], "b") == WHY
    assert run("contains", [Symbolic("x", ID)], "b") is False
    assert run("contains", [Symbolic(ID)], Symbolic(ID)) is True
    assert isinstance(run("contains", [Symbolic(ID)], Symbolic(ARN)), UnknownValue)


def test_coalesce_goes_on_only_where_a_value_is_certainly_absent() -> None:
    """An attribute that is known after apply may be null."""
    assert run("coalesce", None, "a", WHY) == "a"
    assert run("coalesce", WHY, "a") == WHY
    assert isinstance(run("coalesce", Symbolic(ARN), "a"), UnknownValue)
    assert parts(run("coalesce", None, Symbolic(ARN))) == (ARN,)
    assert parts(run("coalesce", Symbolic("a", ARN), "b")) == ("a", ARN)


def test_compact_and_distinct_may_drop_unknown_elements() -> None:
    """What may be left out of the result is no certain element of it."""
    assert run("compact", ["a", "", WHY]) == ListValue(["a", MANY])
    assert run("distinct", ["a", WHY, "a"]) == ListValue(["a", MANY])


def test_sort_does_not_know_where_unknown_strings_go() -> None:
    """Known strings are in order, unknown ones anywhere."""
    assert run("sort", ["b", WHY, "a"]) == ListValue([MANY, "a", MANY, "b", MANY])


def test_sets_with_unknown_elements_tell_what_may_be_in_them() -> None:
    """An element is certain only if no unknown one can change it."""
    assert run("setsubtract", ["a", "b"], ["a"]) == SetValue(["b"])
    assert run("setsubtract", ["a", "b"], ["a", WHY]) == SetValue([MANY])
    assert run("setintersection", ["a", "b"], ["a", WHY]) == SetValue(["a", MANY])


def test_all_and_any_are_decided_by_one_known_value() -> None:
    """False decides one, true the other."""
    assert run("alltrue", [WHY, False]) is False
    assert run("alltrue", [WHY, True]) == WHY
    assert run("anytrue", [WHY, True]) is True
    assert run("anytrue", [WHY, False]) == WHY


@pytest.mark.parametrize("name", ["timestamp", "uuid", "plantimestamp"])
def test_what_changes_with_each_run_is_unknown(name: str) -> None:
    """No run of ours is the one that counts."""
    result = run(name)

    assert isinstance(result, UnknownValue)
    assert result.reason.startswith(f"{name}() is known")


def test_secret_marks_are_put_on_and_taken_off() -> None:
    """`sensitive` and its opposites."""
    assert run("sensitive", "a") == Sensitive("a")
    assert run("nonsensitive", Sensitive("a")) == "a"
    assert run("issensitive", Sensitive("a")) is True
    assert run("issensitive", WHY) == WHY


def test_core_prefix_means_the_same_function() -> None:
    """`core::upper` is `upper`."""
    assert run("core::upper", "a") == "A"


def test_unknown_function_is_an_error_with_a_guess() -> None:
    """As Terraform says it."""
    with pytest.raises(EvaluationError, match='There is no function named "uper"'):
        run("uper", "a")


# Files


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A scanned tree beside something that is none of its business."""
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "tree"
    root.mkdir()
    (root / "inside.txt").write_text("inside")
    (root / "link.txt").symlink_to("inside.txt")
    (root / "out.txt").symlink_to("../secret.txt")
    (root / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize("path", ["../secret.txt", "out.txt", "up/secret.txt", "up/tree/../secret.txt", "/etc/passwd"])
@pytest.mark.parametrize("name", ["file", "filebase64", "filemd5", "filesha256", "fileexists"])
def test_files_outside_of_the_tree_are_not_looked_at(tree: Path, name: str, path: str) -> None:
    """Neither by `..`, nor by an absolute path, nor by a link."""
    result = call(name, [path], context(tree))

    assert result == UnknownValue(f"{name}(): {path} is outside of the scanned tree tree")


def test_files_inside_are_read(tree: Path) -> None:
    """Links within the tree and absolute paths into it too."""
    for path in ("inside.txt", "link.txt", "./up/tree/inside.txt", str(tree / "inside.txt")):
        assert call("file", [path], context(tree)) == "inside"


def test_missing_file_is_an_error(tree: Path) -> None:
    """A loop of links is no file either."""
    with pytest.raises(EvaluationError, match='no file exists at "nope"'):
        call("file", ["nope"], context(tree))
    assert isinstance(call("file", ["loop"], context(tree)), UnknownValue)


def test_fileset_stays_inside(tree: Path) -> None:
    """A link that leads out makes the set unknown; folders behind links are not listed."""
    assert isinstance(call("fileset", [".", "*.txt"], context(tree)), UnknownValue)
    (tree / "out.txt").unlink()
    assert call("fileset", [".", "**"], context(tree)) == ["inside.txt", "link.txt"]
    assert isinstance(call("fileset", ["..", "*"], context(tree)), UnknownValue)
    assert isinstance(call("fileset", [".", "../*"], context(tree)), UnknownValue)


def test_pipes_are_not_opened(tree: Path) -> None:
    """They would wait for ever."""
    os.mkfifo(tree / "pipe")
    assert call("file", ["pipe"], context(tree)) == UnknownValue("file(): pipe is not a regular file")


def test_large_files_are_not_read(tree: Path) -> None:
    """Beyond the limit the content is unknown."""
    assert call("file", ["inside.txt"], context(tree, 5)) == UnknownValue("file(): inside.txt is larger than 5 bytes")


def test_templates_are_evaluated_by_the_caller(tree: Path) -> None:
    """The callback gets text, name and variables."""
    assert call("templatefile", ["inside.txt", {"b": 1, "a": WHY}], context(tree)) == "inside.txt: inside ['a', 'b']"
    assert call("templatefile", ["inside.txt", WHY], context(tree)) == WHY
    assert isinstance(call("templatefile", ["../secret.txt", {}], context(tree)), UnknownValue)


def test_home_directory_is_unknown(tree: Path) -> None:
    """It is somebody else's."""
    assert isinstance(call("pathexpand", ["~/x"], context(tree)), UnknownValue)
    assert call("abspath", ["a/../b"], context(tree)) == str(tree / "b")


# Hostile sizes

BIG = "a" * 100_000
DEEP: list[Value] = []
for _ in range(5000):
    DEEP = [DEEP]
SHARED: list[Value] = ["x"]
for _ in range(60):
    SHARED = [SHARED, SHARED]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("format", ["%999999999d", 1]),
        ("format", ["%.999999999f", 1]),
        ("format", ["%9999999999999999999d", 1]),
        ("indent", [1_000_000_000, "a\nb\nc"]),
        ("replace", [BIG, "a", BIG]),
        ("replace", [BIG, "/a/", BIG]),
        ("join", [BIG, [BIG] * 100]),
        ("setproduct", [list(range(1000)), list(range(1000)), list(range(1000))]),
        ("concat", [SHARED]),
        ("flatten", [SHARED]),
        ("jsonencode", [SHARED]),
        ("jsonencode", [DEEP]),
        ("tolist", [DEEP]),
        ("yamlencode", [DEEP]),
        ("flatten", [list(range(2_000_000))]),
        ("jsondecode", ["[" * 100_000]),
        ("yamldecode", ["[" * 100_000]),
        ("yamldecode", ["- " * 100_000]),
        ("regex", ["(" * 1000 + "a" + ")" * 1000, "a"]),
        ("regex", ["((a{1000}){1000}){1000}", "a"]),
        ("regexall", ["(x?){500}y", BIG]),
        ("tonumber", ["1e999999999"]),
        ("tonumber", ["9" * 100_000]),
        ("jsondecode", ["1e999999999"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_sizes_end_soon(name: str, arguments: list[Value]) -> None:
    """The result is unknown, or an error, within bounds."""
    start = time.process_time()
    try:
        result = call(name, arguments, HERE)
    except EvaluationError:
        pass
    else:
        assert isinstance(result, UnknownValue)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*x", "a*a*a*a*a*a*b"])
def test_patterns_that_backtracking_dies_of_are_matched(pattern: str) -> None:
    """The matcher takes time in proportion to text and pattern."""
    start = time.process_time()
    with pytest.raises(EvaluationError, match="did not match"):
        run("regex", pattern, "a" * 200 + "!")
    assert time.process_time() - start < 2


def test_reason_about_a_secret_does_not_show_it(tree: Path) -> None:
    """A secret path is not repeated where it is said that it was not followed."""
    result = call("file", [Sensitive("../hunter2")], context(tree))

    assert isinstance(result, UnknownValue)
    assert "hunter2" not in result.reason
