"""The summary for pull requests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from guardrails import Severity
from guardrails.finding import Report
from guardrails.model import Problem
from guardrails.overview import Change, Overview
from guardrails.reporters import Context, Format, render
from guardrails.reporters.summary import MAX_CHARACTERS
from tests.reporters.reports import LIVE, OPEN, REPORT, context

OVERVIEW = Overview(
    changes=(
        Change("reachability", False, "aws_instance.old", "tcp 443 from 0.0.0.0/0"),
        Change("reachability", True, "aws_instance.web", "tcp 22 from 0.0.0.0/0", ("not certain",)),
        Change("access", True, "arn:aws:iam::1:role/a", "s3:* on *", ("admin",)),
        Change("cost", True, "aws_nat_gateway.a", "no route leads to it", monthly=32.85),
        Change("cost", True, "aws_lb.a", "it has no target"),
        Change("cost", False, "aws_eip.a", "nothing uses it", monthly=3.65),
    ),
    unknown=("the access of plan.json: a policy is known after apply",),
)
SUMMARY = """\
<!-- guardrails summary -->
## 🔴 guardrails: 2 findings

**1 high**, **1 low** (1 security, 1 cost) in 12 resources, 3 checks; \
3.65 USD a month paid for without use, 1 suppressed, 1 undecided.

> [!WARNING]
> 1 thing could not be read or run, so more may be wrong:
> - <code>broken.tf&#58;7</code> a block does not end

### What changes

🌐 Reachability: **1 newly reachable from the internet**, **1 no longer reachable**

- 🔺 <code>aws&#95;instance.web</code>: tcp 22 from 0.0.0.0/0 **not certain**
- 🔻 <code>aws&#95;instance.old</code>: tcp 443 from 0.0.0.0/0

🔑 Access: **1 newly granted**

- 🔺 <code>arn&#58;aws&#58;iam&#58;&#58;1&#58;role/a</code>: s3&#58;&#42; on &#42; **admin**

💰 Cost: **2 newly paid for without use**, **1 no longer paid for** \
(+29.20 USD a month by list prices, and more whose price is not known)

- 🔺 <code>aws&#95;nat&#95;gateway.a</code>: no route leads to it
- 🔺 <code>aws&#95;lb.a</code>: it has no target
- 🔻 <code>aws&#95;eip.a</code>: nothing uses it


### Findings

| | Finding | Where | Fix |
| --- | --- | --- | --- |
| 🔴 high | the internet may connect to <code>22</code><br><code>open-port</code> | \
<code>module.web.aws&#95;security&#95;group.ssh</code><br><code>modules/web/main.tf&#58;8</code> | \
Allow only the networks that you work from. |
| 🔵 low | nothing uses it<br><code>idle-address</code> | <code>aws&#95;eip.eipalloc-1</code><br>\
<code>arn&#58;aws&#58;ec2&#58;eu-central-1&#58;111122223333&#58;eip/1</code> | Release it. |

<details><summary>Could not be decided (2)</summary>

- aws&#95;security&#95;group.b&#58; ingress&#91;0&#93;.cidr&#95;blocks&#58; var.b has no value
- the access of plan.json&#58; a policy is known after apply

</details>
"""


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A context with what a plan changes."""
    monkeypatch.chdir(tmp_path)
    return context(tmp_path, overview=lambda: OVERVIEW)


def cells(text: str) -> list[int]:
    """How many cells each row of the tables has, as a Markdown reader counts them."""
    counts: list[int] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "tr_open":
            counts.append(0)
        if token.type in ("td_open", "th_open"):
            counts[-1] += 1
    return counts


def test_the_whole_summary(given: Context) -> None:
    """What changes in reachability, access and cost stands on top, then findings, worst first."""
    assert render(Format.SUMMARY, REPORT, given) == SUMMARY


def test_without_a_plan_nothing_is_said_of_changes(given: Context) -> None:
    """Of configuration alone it is not known what was before: no change is not claimed."""
    text = render(Format.SUMMARY, Report(resources=1, checks=2), replace(given, overview=Overview))
    assert text == "<!-- guardrails summary -->\n## ✅ guardrails: no findings\n\n1 resource, 2 checks.\n"


def test_what_is_incomplete_is_never_called_clean(given: Context) -> None:
    """A run without a finding that missed something says so in its heading."""
    text = render(Format.SUMMARY, Report(problems=[Problem("read", "x")]), given)
    assert text.splitlines()[1] == "## ⚠️ guardrails: no finding, but the picture is incomplete"


def test_a_value_is_never_markup(given: Context) -> None:
    """A table stays a table and holds no link, image, mention or element of a scanned design."""
    bad = "a | b\n| c | </details> [x](https://example.com) ![i](https://example.com/i) @team <img src=x>"
    report = Report([replace(OPEN, message=bad, resource=bad, hint=bad)] * 12)
    text = render(Format.SUMMARY, report, given)
    tokens = [
        token
        for block in MarkdownIt("commonmark").enable("table").parse(text)
        for token in (block, *(block.children or ()))
    ]

    assert set(cells(text)) == {4}
    assert "@team" not in re.sub(
        r"<code>.*?</code>", "", "".join(token.content for token in tokens if not token.children)
    )
    assert {token.type for token in tokens} & {"link_open", "image"} == set()
    assert {token.content.partition(" ")[0] for token in tokens if token.type == "html_inline"} == {
        "<code>",
        "</code>",
        "<br>",
    }


def test_it_fits_into_a_comment(given: Context) -> None:
    """Of 5,000 findings the worst are shown, the rest is folded, then counted; nothing is left open."""
    many = [replace(LIVE, resource=f"aws_eip.a{number}") for number in range(5000)]
    worst = replace(OPEN, severity=Severity.CRITICAL)
    text = render(Format.SUMMARY, Report([*many, worst]), given)
    rows = [line for line in text.splitlines() if line.startswith(("| 🔵", "| 🟣"))]

    assert MAX_CHARACTERS * 0.9 < len(text) < MAX_CHARACTERS
    assert rows[0].startswith("| 🟣 critical")
    assert text.count("<details>") == text.count("</details>") == 2
    assert f"{5001 - len(rows)} findings more did not fit in here." in text
