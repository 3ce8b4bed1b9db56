"""The page's text: one file, the same bytes, hashes that fit, and folium kept in one module."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import planner
from planner.publish.page import write as page
from planner.telling.words.phrases import words_of
from tests.publish.toy import toy_bundle

PACKAGE = Path(planner.__file__).parent
ASSETS = PACKAGE / "publish" / "page" / "assets"


@pytest.fixture(scope="module")
def text() -> str:
    return page.page_html(toy_bundle())


class Reader(HTMLParser):
    """Collects what a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self.attributes: list[str] = []
        self.policy = ""
        self._open = ""

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.attributes += list(values)
        self.links += [v for k, v in attrs if k in ("src", "href", "data", "srcset", "action") and v]
        if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        self._open = tag if tag in self.inline and values.get("type") is None else ""

    def handle_data(self, data):
        if self._open:
            self.inline[self._open].append(data)

    def handle_endtag(self, tag):
        self._open = ""


def test_only_page_imports_folium():
    users = [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if re.search(r"^\s*(import|from)\s+(folium|branca)\b", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert users == ["publish/page/write.py"]


def test_the_page_links_to_nothing(text):
    reader = Reader()
    reader.feed(text)
    assert reader.links == []
    assert "url(" not in "".join(reader.inline["style"])
    assert not [a for a in reader.attributes if a.startswith("on") or a == "style"]


def test_every_inline_script_and_style_is_named_by_its_hash(text):
    reader = Reader()
    reader.feed(text)
    rules = dict(rule.strip().split(" ", 1) for rule in reader.policy.split(";"))
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    assert "unsafe" not in reader.policy
    assert "http" not in reader.policy
    for kind in ("script", "style"):
        digests = [
            base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in reader.inline[kind]
        ]
        assert rules[f"{kind}-src"].split() == [f"'sha256-{d}'" for d in digests]
        assert len(digests) >= 2


def test_the_policy_comes_before_anything_that_runs(text):
    assert text.index("Content-Security-Policy") < min(text.index("<script"), text.index("<style"))


def test_two_pages_of_one_bundle_are_the_same_bytes(text):
    assert page.page_html(toy_bundle()) == text


def test_written_whole(tmp_path, text):
    path = page.write_page(toy_bundle(), tmp_path / "map.html")
    assert path.read_bytes() == text.encode()
    assert [p.name for p in tmp_path.iterdir()] == ["map.html"]


def test_data_never_stands_in_the_page_as_text(text):
    for name in ("石路驿站", "工商银行石路支行", "金鸡湖"):
        assert name not in text


def test_the_notebook_frame_is_escaped(text):
    frame = page.show(toy_bundle(), height=321)._repr_html_()
    found = re.fullmatch(
        r'<iframe srcdoc="([^"<>]*)" title="([^"<>]*)" width="100%" height="321" [^<>]*></iframe>', frame
    )
    assert found
    assert html.unescape(found[1]) == text
    assert 'sandbox="allow-scripts"' in frame


def test_scripts_only_ever_set_text():
    scripts = sorted(ASSETS.glob("*.js"))
    assert len(scripts) >= 9
    for path in scripts:
        code = path.read_text("utf-8")
        for way in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "XMLHttpRequest",
            "fetch(",
            "import(",
        ):
            assert way not in code, (path.name, way)


def test_scripts_only_use_words_that_exist():
    code = "\n".join(p.read_text("utf-8") for p in ASSETS.glob("*.js"))
    used = set(re.findall(r'(?:\bt|\bcolumn)\("(\w+)"', code))
    for stem, names in (
        ("road_", ("motorway", "trunk", "primary", "secondary")),
        ("status_", ("planned", "suspended", "withdrawn")),
        ("layer_", ("before", "added")),
    ):
        used |= {stem + name for name in names}
    for language in ("zh", "en"):
        assert used <= {key.removeprefix("page_") for key in words_of("page", language)}
    assert len(used) > 60


def test_leaflets_licence_is_in_the_page(text):
    assert "BSD 2-Clause License" in text
    assert "Agafonkin" in text
