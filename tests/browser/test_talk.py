"""Who may talk with the page: the notebook that made its frame, by one port; nobody where the page was opened from a file."""

from __future__ import annotations

import json

import pytest

from tests.browser.test_search import html, study  # noqa: F401

pytestmark = pytest.mark.browser

#: A host with a frame: `given` is the page (srcdoc) or its address (src); what comes back over the port is kept in `heard`.
HOST = """async ([given, how]) => {
  const frame = document.createElement("iframe");
  if (how === "srcdoc") frame.setAttribute("sandbox", "allow-scripts");
  frame[how] = given;
  frame.style.cssText = "width: 1200px; height: 700px";
  window.heard = [];
  window.connect = () => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => heard.push(data);
    frame.contentWindow.postMessage({ planner: "connect" }, "*", [port2]);
    return port1;
  };
  await new Promise((done) => { frame.onload = done; document.body.append(frame); });
  window.port = connect();
}"""


def heard(page, wanted, within_ms=15_000):
    """What came, once ``wanted(list)`` holds."""
    for _ in range(within_ms // 100):
        found = page.evaluate("heard")
        if wanted(found):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(page.evaluate("heard"))


@pytest.fixture
def host(chromium):
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def test_a_frame_of_the_notebook_tells_its_edits_and_takes_plans(host, html):  # noqa: F811
    host.evaluate(HOST, [html, "srcdoc"])
    heard(host, lambda all_: {"ready": True} in all_)
    frame = next(f for f in host.frames if f.url == "about:srcdoc")
    frame.evaluate("async () => planner.edit({ drop: [__planner.head.sites.id[0]] })")
    found = heard(host, lambda all_: any("plan" in m for m in all_) and any("state" in m for m in all_))
    plan = json.loads(next(m["plan"] for m in found if "plan" in m))
    assert plan["forbidden"] == [frame.evaluate("__planner.head.sites.id[0]")]
    assert json.loads(next(m["state"] for m in found if "state" in m))["plan"] == "mine"
    sent = host.evaluate("heard.length")
    host.evaluate(
        "(plan) => port.postMessage({ plan })",
        json.dumps({**plan, "sites": plan["sites"][:1], "forbidden": []}),
    )
    host.wait_for_timeout(800)
    assert frame.evaluate("async () => (await planner.figures()).sites") == 1
    more = host.evaluate("heard")[sent:]
    assert not any("plan" in m for m in more)  # who sent it knows it: no echo
    host.evaluate("() => port.postMessage({ state: JSON.stringify({ periods: 'night' }) })")
    heard(host, lambda all_: any("night" in m.get("state", "") for m in all_))
    host.evaluate("() => port.postMessage({ plan: 'no plan' })")
    heard(host, lambda all_: any("refused" in m for m in all_))
    assert frame.evaluate("async () => (await planner.figures()).sites") == 1


def test_only_the_first_port_is_taken(host, html):  # noqa: F811
    host.evaluate(HOST, [html, "srcdoc"])
    heard(host, lambda all_: {"ready": True} in all_)
    host.evaluate(
        '() => { heard.length = 0; window.second = connect(); second.postMessage({ state: \'{"periods": "night"}\' }); }'
    )
    host.wait_for_timeout(800)
    assert host.evaluate("heard") == []
    frame = next(f for f in host.frames if f.url == "about:srcdoc")
    assert frame.evaluate("async () => (await planner.state()).periods") == "all"


def test_a_page_opened_from_a_file_listens_to_nobody(host, html, tmp_path):  # noqa: F811
    (tmp_path / "map.html").write_text(html, "utf-8")
    (tmp_path / "host.html").write_text("<!DOCTYPE html><body></body>", "utf-8")
    host.goto((tmp_path / "host.html").as_uri())
    host.evaluate(HOST, [(tmp_path / "map.html").as_uri(), "src"])
    host.wait_for_timeout(3000)
    assert host.evaluate("heard") == []
