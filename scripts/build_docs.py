"""Builds the documentation's site from `docs/` and from the code, and keeps what is generated in `docs/` up to date.

    python scripts/build_docs.py            # the site, into site/, and the generated parts of docs/
    python scripts/build_docs.py --check    # whether these parts are what the code says

A page is a Markdown file of `docs/`; where it says `<!-- generated: NAME -->`, what the code says is put in. The pages
of checks come from the checks themselves. Every page works from the disk, without a server.
"""

from __future__ import annotations

import argparse
import json
import posixpath
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from guardrails import catalog, explain  # noqa: E402  # of this checkout, whatever is installed
from guardrails.catalog import AnyCheck  # noqa: E402
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS  # noqa: E402
from scripts import docs_reference as reference  # noqa: E402

DOCS = ROOT / "docs"
SITE = ROOT / "site"
ASSETS = Path(__file__).resolve().parent / "site"
REPOSITORY = "https://github.com/guardrails-aws/guardrails/blob/main"

NAVIGATION = (
    "index",
    "quick-start",
    "checks",
    "living-with-findings",
    "questions",
    "configuration",
    "commands",
    "output-formats",
    "editors",
    "writing-checks",
    "architecture",
    "comparison",
    "benchmark",
)
_GENERATED = re.compile(r"<!-- generated: (\w+) -->\n(?:.*?<!-- end generated -->\n)?", re.DOTALL)
_KEPT = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end generated -->\n)", re.DOTALL)
_AREAS = {"access": "Access", "account": "Account", "network": "Network", "waste": "Waste", "": "Suppressions"}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the site."""

    name: str
    """Its address without `.html`, from the site's root."""
    text: str
    """Markdown."""
    about: str = ""
    """What it is about, for the search."""
    check: AnyCheck | None = None

    @property
    def title(self) -> str:
        """The text of its first heading."""
        return self.text.partition("\n")[0].lstrip("# ")


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks, by area and by id."""

    by_id: Mapping[str, AnyCheck]
    area: Callable[[str], str]

    @classmethod
    def load(cls) -> Checks:
        """The built-in ones. Raises `RuntimeError` for one that does not load."""
        found = catalog.load(installed=False)
        if found.problems:
            raise RuntimeError("\n".join(problem.message for problem in found.problems))
        every = {**found.checks, **{each.id: each for each in CHECKS_OF_SUPPRESSIONS}}
        return cls(dict(sorted(every.items())), found.area)

    def table(self) -> str:
        """The list of them, as Markdown."""
        lines = [f"There are {len(self.by_id)}.", ""]
        areas: dict[str, list[AnyCheck]] = {}
        for check in self.by_id.values():
            areas.setdefault(self.area(check.id), []).append(check)
        for area in sorted(areas, key=lambda name: (not name, name)):
            lines += [f"## {_AREAS.get(area, area.capitalize())}", "", "| check | side | severity | |"]
            lines += ["| --- | --- | --- | --- |"]
            for check in areas[area]:
                title = check.title.replace("|", "\\|")
                lines.append(f"| `{check.id}` | {check.kind.value} | {check.severity.value} | {title} |")
            lines.append("")
        return "\n".join(lines)


# -- what is generated in docs/


def generated() -> dict[Path, str]:
    """The files of `docs/` that hold what the code says, as they should be."""
    path = DOCS / "configuration.md"
    parts = {"configuration": reference.configuration()}
    text = _KEPT.sub(lambda match: f"{match[1]}\n{parts[match[2]]}\n{match[4]}", path.read_text(encoding="utf-8"))
    return {
        path: text,
        DOCS / "guardrails.schema.json": reference.schema(),
        DOCS / "report.schema.json": reference.report_schema(),
    }


def stale() -> list[str]:
    """The names of those that are not."""
    return [
        path.name for path, text in generated().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


# -- pages


def pages(checks: Checks) -> Iterator[Page]:
    """Every page, those of the navigation first."""
    parts: dict[str, Callable[[], str]] = {
        "checks": checks.table,
        "commands": reference.commands,
        "configuration": reference.configuration,
    }
    for name in NAVIGATION:
        text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
        text = _GENERATED.sub(lambda match: parts[match[1]](), text)
        yield Page(name, text)
    for check in checks.by_id.values():
        yield Page(f"checks/{check.id}", explain.markdown(check), f"{check.kind.value}: {check.title}", check)


class Renderer:
    """Markdown to HTML, with highlighted code, anchors, and links from names of checks to their pages."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._markdown = MarkdownIt("commonmark", {"html": False, "highlight": _highlighted}).enable("table")

    def body(self, page: Page) -> str:
        """The page's own part."""
        tokens = self._markdown.parse(page.text)
        if page.check is not None:
            # Heading, title, and the sentence about severity and side, of three tokens each.
            tokens = [*tokens[:6], _meta(page.check), *tokens[9:]]
        _anchored(tokens)
        for token in tokens:
            if token.type == "inline" and token.children:
                token.children = list(self._linked(token.children, page))
        made: str = self._markdown.renderer.render(tokens, self._markdown.options, {})
        return made.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")

    def _linked(self, tokens: Iterable[Token], page: Page) -> Iterator[Token]:
        depth = 0
        for token in tokens:
            depth += token.nesting if token.type.startswith("link_") else 0
            if token.type == "link_open":
                token.attrSet("href", _address(str(token.attrGet("href")), page.name))
            own = page.check is not None and token.content == page.check.id
            if token.type == "code_inline" and token.content in self._checks.by_id and not depth and not own:
                yield Token("link_open", "a", 1, attrs={"href": _from(page.name, f"checks/{token.content}.html")})
                yield token
                yield Token("link_close", "a", -1)
                continue
            yield token


def _anchored(tokens: Sequence[Token]) -> None:
    """Gives headings the anchors that GitHub gives them."""
    seen: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type != "heading_open" or token.tag == "h1":
            continue
        inline = tokens[at + 1]
        words = "".join(child.content for child in inline.children or ())
        name = reference.slug(words)
        seen[name] = seen.get(name, -1) + 1
        name = f"{name}-{seen[name]}" if seen[name] else name
        token.attrSet("id", name)
        inline.children = [
            *(inline.children or ()),
            Token("link_open", "a", 1, attrs={"class": "anchor", "href": f"#{name}", "aria-label": "link"}),
            Token("text", "", 0, content="#"),
            Token("link_close", "a", -1),
        ]


def _meta(check: AnyCheck) -> Token:
    severity, kind = check.severity.value, check.kind.value
    text = f'<p class="meta"><span class="pill {severity}">{severity}</span><span class="pill kind">{kind}</span></p>\n'
    return Token("html_block", "", 0, content=text)


def _address(address: str, page: str) -> str:
    """A link of `docs/` as it is in the site: pages are `.html`, what is not in `docs/` is in the repository."""
    if re.match(r"[a-z]+:|#", address):
        return address
    path, mark, anchor = address.partition("#")
    if path.startswith("../"):
        return f"{REPOSITORY}/{path.removeprefix('../')}"
    if path.endswith(".md"):
        path = f"{path.removesuffix('.md')}.html"
    return _from(page, path) + mark + anchor


def _from(page: str, target: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def _highlighted(code: str, language: str, _: str) -> str:
    try:
        lexer = get_lexer_by_name({"console": "console", "terraform": "terraform"}.get(language, language or "text"))
    except ClassNotFound:
        return f"<pre><code>{escape(code)}</code></pre>\n"
    made: str = highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix="t-"))
    return f"<pre><code>{made}</code></pre>\n"


def _styles() -> str:
    """The site's style with the colours of code, for light and for dark screens."""

    def rules(style: str) -> str:
        lines = HtmlFormatter(style=style, classprefix="t-").get_style_defs("code").splitlines()
        return "\n".join(line for line in lines if line.startswith("code .t-") and "background" not in line)

    dark = f"@media (prefers-color-scheme: dark) {{\n{rules('github-dark')}\n}}\n"
    return f"{(ASSETS / 'style.css').read_text(encoding='utf-8')}{rules('friendly')}\n{dark}"


# -- the site


def build(site: Path) -> list[Page]:
    """Write the whole site into a folder, in place of what is there."""
    checks = Checks.load()
    made = list(pages(checks))
    renderer = Renderer(checks)
    shutil.rmtree(site, ignore_errors=True)
    (site / "checks").mkdir(parents=True)
    for page in made:
        (site / f"{page.name}.html").write_text(_document(page, made, renderer.body(page)), encoding="utf-8")
    (site / "style.css").write_text(_styles(), encoding="utf-8")
    (site / "search.js").write_text(_index(made) + (ASSETS / "search.js").read_text(encoding="utf-8"), encoding="utf-8")
    (site / "guardrails.schema.json").write_text(reference.schema(), encoding="utf-8")
    (site / "report.schema.json").write_text(reference.report_schema(), encoding="utf-8")
    (site / "guardrails.1").write_text(reference.manual(), encoding="utf-8")
    return made


def _document(page: Page, every: Sequence[Page], body: str) -> str:
    base = "../" * page.name.count("/")
    shown = page.name if page.name in NAVIGATION else "checks"
    items = "".join(
        f'<li><a href="{base}{each.name}.html"{" aria-current=page" if each.name == shown else ""}>'
        f"{escape(_menu(each))}</a></li>"
        for each in every
        if each.name in NAVIGATION
    )
    source = f"{REPOSITORY}/docs/{page.name}.md"
    foot = (
        f'<a href="{source}">This page in the repository</a>' if page.check is None else "This page is the check's own."
    )
    return (
        f'<!doctype html>\n<html lang="en" data-base="{base}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)} · guardrails</title>\n"
        f'<link rel="stylesheet" href="{base}style.css">\n</head>\n<body>\n'
        f'<nav aria-label="Pages"><a class="home" href="{base}index.html">guardrails</a>'
        '<input id="search" type="search" placeholder="Search" aria-label="Search" hidden>'
        f'<ul id="found"></ul><ul id="pages">{items}</ul></nav>\n'
        f'<main>{body}<p class="foot">{foot}</p></main>\n<script src="{base}search.js"></script>\n</body>\n</html>\n'
    )


def _menu(page: Page) -> str:
    return "What it is for" if page.name == "index" else page.title


def _index(every: Iterable[Page]) -> str:
    """What the search knows: address, title, words and a line about it."""
    rows = [
        (f"{page.name}.html", _menu(page), re.sub(r"\W+", " ", page.text.lower())[:20_000], page.about)
        for page in every
    ]
    # The words with marks in them, too: `open-admin-port`, `CKV_AWS_24`.
    rows = [(address, title, f"{title.lower()} {words}", about) for address, title, words, about in rows]
    return f"const INDEX = {json.dumps(rows, separators=(',', ':'))};\n"


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether the generated parts are up to date")
    arguments = parser.parse_args()
    if arguments.check:
        if found := stale():
            sys.exit(f"not what the code says: {', '.join(found)} (make docs)")
        return
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
    made = build(SITE)
    print(f"{len(made)} pages: open {(SITE / 'index.html').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
