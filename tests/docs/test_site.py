"""The documentation as a site: built without a warning, every local link leads somewhere, nothing is fetched."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

import planner

ROOT = Path(__file__).resolve().parents[2]
HINT = "the site needs the extra docs: pip install -c constraints.txt -e '.[docs]'"


class Page(HTMLParser):
    """What a page links to, what it loads, and the names that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.names: set[str] = set()
        self.formulas = 0
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names |= {given[k] or "" for k in ("id", "name") if k in given}
        self.formulas += tag == "math"
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        loaded = given.get("src") if tag in ("script", "img", "iframe", "source") else None
        if tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon"):
            loaded = given.get("href")
        if loaded:
            self.loads.append(loaded)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("sphinx") is None or importlib.util.find_spec("myst_nb") is None:
        if os.environ.get("CI"):
            pytest.fail(HINT)
        pytest.skip(HINT)
    out = tmp_path_factory.mktemp("site")
    command = [
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-n",
        "-q",
        "-E",
        "-b",
        "html",
        "-c",
        "docs",
        "-d",
        str(out / "trees"),
    ]
    done = subprocess.run(
        [sys.executable, *command, ".", str(out / "html")], cwd=ROOT, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return out / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return read_pages(site)


def read_pages(site: Path) -> dict[Path, Page]:
    own = (path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts)  # there: templates
    return {path.resolve(): Page(path) for path in own}


def dead_links(site: Path, pages: dict[Path, Page]) -> tuple[list[str], int]:
    """Local links that lead nowhere, and how many were followed."""
    dead, followed = [], 0
    for path, page in pages.items():
        for link in {*page.links, *page.loads}:
            split = urlsplit(link)
            if split.scheme or link.startswith("//"):
                continue
            file, place = urldefrag(unquote(link))
            target = (path.parent / file.partition("?")[0]).resolve() if file else path
            followed += 1
            if not target.is_file() or (place and target in pages and place not in pages[target].names):
                dead.append(f"{path.relative_to(site.resolve())} -> {link}")
    return sorted(dead), followed


def test_every_local_link_leads_to_a_page_and_a_place_on_it(site: Path, pages: dict[Path, Page]) -> None:
    dead, followed = dead_links(site, pages)
    assert followed > 1000
    assert not dead, "\n".join(dead[:40])


def test_a_dead_link_and_a_dead_place_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there"></a><a href="b.html#gone"></a><a href="#x">', "utf-8"
    )
    (tmp_path / "b.html").write_text(
        '<p id="there"><a href="c.html?v=1"></a><img src="http://x/y.png">', "utf-8"
    )
    dead, followed = dead_links(tmp_path, read_pages(tmp_path))
    assert dead == ["a.html -> #x", "a.html -> b.html#gone", "b.html -> c.html?v=1"]
    assert followed == 4


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page], site: Path) -> None:
    fetched = {
        f"{path.relative_to(site)}: {source}"
        for path, page in pages.items()
        for source in page.loads
        if urlsplit(source).scheme not in ("", "data") or source.startswith("//")
    }
    assert not fetched
    assert not [
        p.name
        for p in (site / "_static").rglob("*.css")
        if "@import url(http" in p.read_text("utf-8", "replace")
    ]


def test_what_the_site_is_to_hold_is_there(site: Path, pages: dict[Path, Page]) -> None:
    wanted = (
        "first-plan your-own-city concepts five-verbs union-networks keys findings api gallery extending "
        "from-a-city-to-the-country worker-density driver-homes evidence zh/index zh/concepts zh/keys"
    )
    assert not [name for name in wanted.split() if not (site / "docs" / f"{name}.html").is_file()]
    notebooks = {p.stem for p in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks == {p.stem for p in (site / "notebooks").glob("*.html")}
    for language in ("", "zh/"):
        assert pages[site / "docs" / f"{language}concepts.html"].formulas > 15
    api = (site / "docs" / "api.html").read_text("utf-8")
    assert not [name for name in planner.__all__ if f'id="planner.{name}"' not in api]
    code = re.sub(r"<[^>]+>", "", (site / "docs" / "extending.html").read_text("utf-8"))
    assert "def _kinds(siting: Siting" in code
    assert "cell_output" in (site / "notebooks" / "04_siting_200.html").read_text("utf-8")
    assert 'url=docs/index.html"' in (site / "index.html").read_text("utf-8")


def test_a_plan_needs_nothing_of_it() -> None:
    make = (ROOT / "Makefile").read_text("utf-8")
    rule = next(line for line in make.splitlines() if line.startswith("plan:"))
    assert rule == "plan: $(STAMP)"
    stamp = make.split("$(STAMP): ", 1)[1].split("\n\n")[0]
    assert "docs" not in stamp
