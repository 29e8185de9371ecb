"""The documentation site: pages of the repository laid out with links that hold there, built, and checked.

`python docs/website.py FOLDER` writes `FOLDER/site`, which is read without a server and loads nothing from elsewhere.
Pages are written for the repository, in CommonMark with tables. Here they are put at their places on the site, links
between them follow, and links to what the site does not hold become plain words. A site is refused if its generator
warns, a page is missing in its menu, a link or an anchor leads nowhere, something is loaded from another host, or a
page reads otherwise than in the repository.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from latex2mathml.converter import convert
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ELSEWHERE = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "scenarios/README.md": "scenarios.md",
    "benchmarks/README.md": "benchmarks.md",
    "forecast/data/README.md": "data.md",
    "forecast/data/sectors.README.md": "sectors.md",
}
"""Pages that lie outside `docs`, and their places on the site."""

SHOWN = {".md", ".png", ".csv", ".css"}
"""Files of `docs` that the site holds."""

SPAN = re.compile(
    r"^( *)```.*?^\1```|`[^`\n]+`|<!--.*?-->\n?|(!?)\[((?:[^\[\]]|\[[^\]]*\])+)\]\(([^)\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
"""Code, in which no link stands; marks of what is generated; links and pictures."""

MATH = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROWS = re.compile(r"\\begin\{aligned\}(.*)\\end\{aligned\}", re.DOTALL)
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
NOISE = re.compile(r"\x1b\[[\d;]*m|Traceback(?:.*\n)*?RuntimeError: Aborted because --strict.*\n")
"""What the generator says beside its warnings: colours, and that these end it."""

WORKER = "https://unpkg.com/iframe-worker/shim"
"""Where the generator lets a page that is read without a server load what its search needs."""

SHIM = "assets/javascripts/iframe-worker.js"
BLOCKS = {"p", "li", "td", "th", "pre", "blockquote", "br", "h1", "h2", "h3", "h4", "h5", "h6"}
"""Tags that part words."""


@cache
def places() -> dict[Path, str]:
    """Place on the site of every file that it holds."""
    files = sorted(path for path in DOCS.rglob("*") if path.suffix in SHOWN)
    outside = {ROOT / source: place for source, place in ELSEWHERE.items()}
    return {**outside, **{path: path.relative_to(DOCS).as_posix() for path in files}}


def laid_out(page: Path) -> str:
    """A page as the site takes it.

    Links lead to places of the site, marks of what is generated are left out, what belongs to an entry of a list stands
    four spaces in, where the generator looks for it, and equations are MathML, which browsers set by themselves.
    """

    def changed(match: re.Match[str]) -> str:
        _, picture, words, target = match.groups()
        if target is not None:
            return _link(page, picture, words, target)
        if match[0].startswith("<!--"):
            return ""
        in_table = match.string[match.string.rfind("\n", 0, match.start()) + 1] == "|"
        return match[0].replace("\\|", "|") if in_table else match[0]

    text = _indented(SPAN.sub(changed, page.read_text(encoding="utf-8")))
    return MATH.sub(lambda match: f'<div class="equation">{mathml(match[1])}</div>', text)


def _link(page: Path, picture: str, words: str, target: str) -> str:
    """A link to a place of the site; its words alone where it leads to what only the repository holds."""
    if "://" in target or target.startswith("#"):
        return f"{picture}[{words}]({target})"
    name, mark, anchor = target.partition("#")
    path = (page.parent / name).resolve()
    place = places().get(path / "README.md" if path.is_dir() else path)
    if place is None:
        return words if path.exists() else f"{picture}[{words}]({target})"
    return f"{picture}[{words}]({posixpath.relpath(place, posixpath.dirname(places()[page]) or '.')}{mark}{anchor})"


def _indented(text: str) -> str:
    """Text with what belongs to an entry of a list two spaces further in, and a blank line after code in one."""
    pieces = FENCED.split(text)
    for place in range(0, len(pieces), 2):
        moved = re.sub(r"^  ", "    ", pieces[place], flags=re.MULTILINE)
        pieces[place] = moved.replace("\n    ```\n", "\n    ```\n\n")
    return "".join(pieces)


def mathml(tex: str) -> str:
    """Equations in LaTeX as one formula in MathML; where they are aligned, a table, as the converter makes none."""
    rows = ROWS.search(tex)
    if rows is None:
        return convert(" ".join(tex.split()), display="block")
    cells = [[convert(f"\\displaystyle {cell}") for cell in row.split("&")] for row in rows[1].strip().split("\\\\")]
    lines = "".join(f"<mtr>{''.join(f'<mtd>{_inside(cell)}</mtd>' for cell in row)}</mtr>" for row in cells)
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mtable>{lines}</mtable></math>'


def _inside(formula: str) -> str:
    return re.sub(r"^<math[^>]*>|</math>$", "", formula)


class Reader(HTMLParser):
    """What a page of HTML holds.

    Attributes:
        anchors: that links may lead to.
        targets: of its links.
        loaded: what is loaded with it: pictures, styles, scripts.
        text: words of its article, without those of the generator and without equations.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self._words: list[str] = []
        self._silent = ""
        self._inside = "<article" not in html
        self.feed(html)
        self.text = " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names, leads to or loads."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a":
            self.targets.append(given.get("href", ""))
        elif tag == "link":
            self.loaded += [given["href"]] if given.get("rel") in ("stylesheet", "icon", "preload") else []
        elif "src" in given:
            self.loaded.append(given["src"])
        if tag == "math" or given.get("class") in ("headerlink", "language-math"):
            self._silent = tag
        self._inside |= tag == "article"
        if tag in BLOCKS:
            self._words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Note the end of the article, and where words part."""
        self._inside &= tag != "article"
        self._silent = "" if tag == self._silent else self._silent
        if tag in BLOCKS:
            self._words.append(" ")

    def handle_data(self, data: str) -> None:
        """Note words."""
        if self._inside and not self._silent:
            self._words.append(data)


def as_in_the_repository(page: Path) -> str:
    """Words of a page as CommonMark with tables reads them."""
    return Reader(MarkdownIt().enable("table").render(page.read_text(encoding="utf-8"))).text


def missing_in_menu() -> Iterator[str]:
    """Pages that the menu does not name."""
    menu = set(_named(tomllib.loads((DOCS / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]))
    for place in places().values():
        if place.endswith(".md") and place not in menu:
            yield f"{place}: got a page that is not in the menu, expected every page there"


def _named(entry: object) -> Iterator[str]:
    """Pages of an entry of the menu and of those below it."""
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, (list, dict)):
        for inner in entry.values() if isinstance(entry, dict) else entry:
            yield from _named(inner)


def dead_links(site: Path) -> Iterator[str]:
    """Links and anchors of a built site that lead nowhere, and what its pages load from elsewhere."""
    read = {path: Reader(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in read.items():
        name = path.relative_to(site).as_posix()
        yield from (f"{name}: loads {target} from elsewhere" for target in page.loaded if _foreign(target))
        for target in [*page.targets, *page.loaded]:
            if _foreign(target) or target.startswith("mailto:"):
                continue
            place, _, anchor = unquote(target).partition("#")
            leads_to = (path.parent / place.partition("?")[0]).resolve() if place else path
            if leads_to.is_dir():
                leads_to /= "index.html"
            if not leads_to.exists():
                yield f"{name}: {target} leads nowhere"
            elif anchor and leads_to in read and anchor not in read[leads_to].anchors:
                yield f"{name}: {target} leads to no such anchor"


def _foreign(target: str) -> bool:
    return target.startswith("//") or "://" in target


def read_otherwise(site: Path) -> Iterator[str]:
    """Pages of a built site whose words are not those that the repository shows."""
    for page, place in places().items():
        if not place.endswith(".md"):
            continue
        built = site / re.sub(r"(^|/)README\.md$", r"\1index.md", place).replace(".md", ".html")
        found, expected = Reader(built.read_text(encoding="utf-8")).text, as_in_the_repository(page)
        if found != expected:
            at = len(posixpath.commonprefix([found, expected]))
            yield f"{place}: got {found[at - 40 : at + 40]!r}, expected {expected[at - 40 : at + 40]!r}"


def build(folder: Path) -> list[str]:
    """Build the site below a folder, what was built there before left out, and name what is wrong with it."""
    folder.mkdir(parents=True, exist_ok=True)
    for inner in ("pages", "site", ".cache"):
        shutil.rmtree(folder / inner, ignore_errors=True)
    for path, place in places().items():
        target = folder / "pages" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            target.write_text(laid_out(path), encoding="utf-8")
        else:
            shutil.copy(path, target)
    shutil.copy(DOCS / "zensical.toml", folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    site, said = folder / "site", NOISE.sub("", done.stdout + done.stderr)
    if done.returncode or "arning" in said:
        return [f"{' '.join(command[1:])} says\n{said}"]
    _keep_at_home(site)
    return [*missing_in_menu(), *dead_links(site), *read_otherwise(site)]


def _keep_at_home(site: Path) -> None:
    """Leave out the page of a server, let all others find their search's worker on the site, and name Korean ones."""
    (site / "404.html").unlink()
    shutil.copy(DOCS / "iframe-worker.js", site / SHIM)
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8").replace(WORKER, posixpath.relpath(SHIM, path.parent.relative_to(site)))
        if path.name.endswith(".ko.html"):
            text = text.replace('<html lang="en"', '<html lang="ko"', 1)
        path.write_text(text, encoding="utf-8")


def main(folder: Path) -> int:
    """Build the site; the exit code is 1 where something is wrong with it."""
    faults = build(folder)
    for fault in faults:
        print(f"error: {fault}")
    if not faults:
        print(f"{folder / 'site' / 'index.html'}: {len(list((folder / 'site').rglob('*.html')))} pages")
    return int(bool(faults))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/website.py FOLDER")
    sys.exit(main(Path(sys.argv[1])))
