"""The HTML report, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from guardrails import Kind, Severity
from guardrails.finding import Report
from guardrails.model import Location, Origin, Problem
from guardrails.overview import Change, Overview, Route, Step
from guardrails.reporters import Context, Format, render
from tests.chromium import MISSING, PROGRAM, Page, page
from tests.reporters.reports import LIVE, OPEN, REPORT, context

BAD = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'><style>*{display:none}</style>"
ROUTE = Route(BAD, BAD, False, (Step(BAD, BAD, BAD), Step("", BAD)), BAD)
OVERVIEW = Overview(
    exposed=(
        Route(
            "aws_instance.web",
            "tcp 22 from 0.0.0.0/0",
            True,
            (Step("", "internet"), Step("internet-gateway", "aws_internet_gateway.main"), Step("", "aws_instance.web")),
            "main.tf:3",
        ),
    ),
    changes=(Change("reachability", True, "aws_instance.web", "tcp 22 from 0.0.0.0/0", ("not certain",)),),
)
VOID = {"meta", "input", "br"}


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A context whose repository is the working directory."""
    monkeypatch.chdir(tmp_path)
    return context(tmp_path, overview=lambda: OVERVIEW)


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    """One tab for all tests of the module."""
    if not PROGRAM:
        pytest.skip(MISSING)
    with page() as opened:
        yield opened


def show(tab: Page, report: Report, given: Context, folder: Path) -> None:
    """Open a report and forget what was noted of the one before."""
    path = folder / "report.html"
    path.write_text(render(Format.HTML, report, given), encoding="utf-8")
    tab.errors.clear()
    tab.requests.clear()
    tab.open(path)


def seen(tab: Page) -> list[str]:
    """The messages of the findings that are shown, in their order."""
    found: list[str] = tab.evaluate(
        "Array.from(document.querySelectorAll('.finding'), e => e)"
        ".filter(e => e.checkVisibility()).map(e => e.querySelector('.message').textContent)"
    )
    return found


def headings(tab: Page) -> list[str]:
    """The headings of the groups that are shown, with their counts."""
    found: list[str] = tab.evaluate(
        "Array.from(document.querySelectorAll('#findings :is(h2, h3)')).filter(e => e.checkVisibility())"
        ".map(e => e.textContent)"
    )
    return found


def test_every_tag_is_closed_where_it_was_opened(given: Context) -> None:
    """The document is well formed, with everything in it that a report can have."""

    class Balance(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.wrong: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in VOID:
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if self.open.pop() != tag:
                self.wrong.append(f"{self.getpos()}: {tag}")

    parser = Balance()
    parser.feed(render(Format.HTML, REPORT, given))

    assert (parser.open, parser.wrong) == ([], [])


def test_nothing_is_loaded_and_nothing_complains(tab: Page, given: Context, tmp_path: Path) -> None:
    """The file is all that the browser asks for, its content security policy refuses none of its parts."""
    show(tab, REPORT, given, tmp_path)

    assert tab.requests == [(tmp_path / "report.html").as_uri()]
    assert tab.errors == []
    assert tab.evaluate("document.title") == f"guardrails: {tmp_path.name}"


def test_what_a_design_says_is_never_markup(tab: Page, tmp_path: Path, given: Context) -> None:
    """Scripts, images and styles in every text of a report and of its overview are shown as they are written."""
    hostile = replace(
        OPEN,
        message=BAD,
        resource=BAD,
        hint=BAD,
        details=(BAD,),
        fingerprint=BAD,
        check=BAD,
        same_as=(BAD,),
        origin=Origin(Location(BAD, 1)),
        fix=replace(OPEN.fix, terraform=BAD, cli=BAD) if OPEN.fix else None,
    )
    overview = Overview((ROUTE,), (ROUTE,), (Change("access", True, BAD, BAD, (BAD,)),), (BAD,))
    report = replace(
        REPORT,
        findings=[hostile],
        problems=[Problem("parse", BAD, Location(BAD, 1))],
        undecided=[replace(REPORT.undecided[0], reason=BAD)],
        suppressed=[replace(REPORT.suppressed[0], finding=hostile, reason=BAD)],
    )
    show(tab, report, replace(given, overview=lambda: overview), tmp_path)

    assert tab.errors == []
    assert tab.evaluate("[document.scripts.length, document.images.length, document.styleSheets.length]") == [1, 0, 1]
    assert seen(tab) == [BAD]


def test_findings_stand_by_side_and_severity(tab: Page, given: Context, tmp_path: Path) -> None:
    """Security comes first, in it the worst, each group with its count."""
    worse = replace(OPEN, severity=Severity.CRITICAL, message="worse", fingerprint="f02")
    show(tab, Report([LIVE, OPEN, worse]), given, tmp_path)

    assert headings(tab) == ["security2", "critical1", "high1", "cost1", "low1"]
    assert seen(tab) == ["worse", "the internet may connect to 22", "nothing uses it"]


def test_a_click_filters_and_a_second_one_takes_it_back(tab: Page, given: Context, tmp_path: Path) -> None:
    """A side and a severity are chosen with the mouse; groups without a finding go."""
    show(tab, REPORT, given, tmp_path)

    tab.click("label:has(input[value=cost])")
    chosen = seen(tab), headings(tab), tab.evaluate("document.getElementById('count').textContent")
    tab.click("label:has(input[value=high])")
    nothing = seen(tab), tab.evaluate("document.getElementById('nothing').checkVisibility()")
    tab.click("label:has(input[value=cost])")
    tab.click("label:has(input[value=high])")

    assert chosen == (["nothing uses it"], ["cost1", "low1"], "1 of 2")
    assert nothing == ([], True)
    assert len(seen(tab)) == 2


def test_words_filter_over_everything_that_a_finding_says(tab: Page, given: Context, tmp_path: Path) -> None:
    """A word of a hint and one of a file find it together, in any case; markup is no word."""
    show(tab, REPORT, given, tmp_path)

    found = []
    for words in ("NETWORKS modules/web", "eipalloc", "networks eipalloc", "<b>", ""):
        tab.type("#search", words)
        found.append(len(seen(tab)))

    assert found == [1, 1, 0, 0, 2]


def test_findings_can_be_grouped_otherwise(tab: Page, given: Context, tmp_path: Path) -> None:
    """By check, and back."""
    show(tab, REPORT, given, tmp_path)
    choose = "(() => { const e = document.getElementById('grouping'); e.value = '%s';"
    choose += " e.dispatchEvent(new Event('change', {bubbles: true})); })()"

    tab.evaluate(choose % "check")
    by_check = headings(tab)
    tab.evaluate(choose % "side severity")

    assert by_check == ["idle-address1", "open-port1"]
    assert headings(tab) == ["security1", "high1", "cost1", "low1"]


def test_a_finding_unfolds_to_its_lines_its_path_and_its_fix(tab: Page, given: Context, tmp_path: Path) -> None:
    """A click shows it, on the screen, too: the line, where the value comes from, and what to write."""
    show(tab, REPORT, given, tmp_path)
    before = tab.screenshot()

    tab.click("#f-f00 summary")

    text = "document.querySelector('#f-f00 %s').textContent"
    assert tab.screenshot() != before
    assert tab.evaluate(text % "pre mark") == "cidr_blocks = var.open"
    assert tab.evaluate(
        "Array.from(document.querySelectorAll('#f-f00 .route:first-of-type small'), e => e.textContent)"
    ) == [
        "main.tf:1",
        "variables.tf:2",
        "modules/web/main.tf:8",
    ]
    assert 'cidr_blocks = ["10.0.0.0/8"]' in tab.evaluate(text % ".body")
    assert "CIS-AWS-3.0:5.2" in tab.evaluate(text % ".tags")


def test_routes_and_changes_are_drawn(tab: Page, given: Context, tmp_path: Path) -> None:
    """What the internet reaches is a row of stops, what a plan changes a list."""
    show(tab, REPORT, given, tmp_path)

    stops = tab.evaluate("Array.from(document.querySelectorAll('.card .route b'), e => e.textContent)")
    assert stops == ["internet", "aws_internet_gateway.main", "aws_instance.web"]
    assert tab.evaluate("document.querySelector('li.worse').textContent") == (
        "new aws_instance.web tcp 22 from 0.0.0.0/0 not certain"
    )


def test_of_very_many_routes_the_first_are_drawn(given: Context) -> None:
    """The rest is counted, so that the file of a large account can still be opened."""
    many = Overview(exposed=OVERVIEW.exposed * 700, changes=OVERVIEW.changes * 700 if OVERVIEW.changes else None)
    text = render(Format.HTML, REPORT, replace(given, overview=lambda: many))

    assert (text.count('class="card"'), text.count('class="worse"')) == (500, 500)
    assert text.count("<li>and 200 more</li>") == 2


def test_what_was_not_seen_is_on_the_page(tab: Page, given: Context, tmp_path: Path) -> None:
    """Problems stand open, undecided and suppressed results are folded, and no design is called clean for them."""
    show(tab, replace(REPORT, findings=[]), given, tmp_path)

    assert tab.evaluate("document.querySelector('.notice.bad').innerText").splitlines() == [
        "Incomplete: 1 thing could not be read or run.",
        "broken.tf:7 a block does not end",
    ]
    assert tab.evaluate("document.querySelector('.notice.good')") is None
    summaries = tab.evaluate("Array.from(document.querySelectorAll('.plain summary'), e => e.innerText)")
    assert summaries[-2:] == ["Could not be decided (1)", "Suppressed (1)"]


def test_five_thousand_findings(tab: Page, given: Context, tmp_path: Path) -> None:
    """They are all there, are found by a word, filtered by a click and grouped, and nothing complains."""
    kinds, severities = list(Kind), list(Severity)
    many = [
        replace(
            OPEN,
            kind=kinds[number % 3],
            severity=severities[number % 5],
            check=f"check-{number % 40}",
            resource=f"aws_security_group.group{number:04}",
            fingerprint=f"f{number}",
        )
        for number in range(5000)
    ]
    show(tab, Report(many), given, tmp_path)

    count = "document.getElementById('count').textContent"
    counts = [tab.evaluate(count)]
    tab.type("#search", "group0042")
    counts.append(tab.evaluate(count))
    tab.type("#search", "")
    tab.click("label:has(input[value=cost])")
    counts.append(tab.evaluate(count))

    assert counts == ["5000 of 5000", "1 of 5000", "1666 of 5000"]
    assert tab.errors == []
