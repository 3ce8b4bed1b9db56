"""``study.board()`` in a real JupyterLab on 127.0.0.1: what is changed on the page arrives in Python, and back."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.study.town import Place, street_town

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
CELLS = (
    "import warnings; warnings.simplefilter('ignore')\nimport planner\nstudy = planner.open_study('town/study.toml')\nboard = study.board(height=520)\nboard",
    "print('HAVE', sorted(board.sites['name']), board.evaluation.sites, round(board.evaluation.wished.covered))",
    "board.sites = study.candidates[study.candidates['name'].isin(['B', 'D'])]; print('SET')",
)


@pytest.fixture
def lab(tmp_path):
    """Address of a JupyterLab in a folder of its own, with its notebook; stopped at the end."""
    for needed in ("anywidget", "jupyterlab"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"the extra notebook is not installed: {needed}")
    folder = tmp_path / "lab"
    hosts = [Place(name, x) for name, x in (("A", 500), ("B", 1500), ("C", 2500), ("D", 3500))]
    street_town(folder / "town", stations=[Place("S", 100), Place("T", 3900)], hosts=hosts, siting="p = 2")
    cells = [
        {"cell_type": "code", "id": f"c{k}", "execution_count": None, "metadata": {}, "outputs": [], "source": text}
        for k, text in enumerate(CELLS)
    ]  # fmt: skip
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": spec, "nbformat": 4, "nbformat_minor": 5}
    (folder / "board.ipynb").write_text(json.dumps(notebook), "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    own = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "PLANNER_CACHE")}  # fmt: skip
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
               f"--IdentityProvider.token={token}", "--LabApp.extension_manager=readonly", "--LabApp.news_url=None", f"--ServerApp.root_dir={folder}"]  # fmt: skip
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(
            command, env=os.environ | own | {"PYTHONPATH": paths}, stdout=log, stderr=log
        )
        try:
            address = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 90
            while True:
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=5):
                        break
                except OSError:
                    assert time.monotonic() < end, (tmp_path / "lab.log").read_text()
                    time.sleep(0.3)
            yield f"{address}/lab/tree/board.ipynb?token={token}", address
        finally:
            server.terminate()
            server.wait(timeout=30)


def framed(page, within_s=240):
    """The page inside its frame, ready."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        for frame in page.frames:
            if frame.url == "about:srcdoc" and frame.evaluate("window.__ready === true"):
                return frame
        page.wait_for_timeout(300)
    raise AssertionError("the page was not shown: " + page.locator(".jp-Cell").first.inner_text()[-800:])


def run_cell(page, n, within_s=240):
    """Run a cell to its end. A kernel that is only being connected drops an order without a word: it is given again."""
    cell = page.locator(".jp-Notebook .jp-Cell").nth(n)
    said = cell.locator(".jp-InputPrompt").first
    before, end, again = said.inner_text(), time.monotonic() + within_s, 0.0
    while (now := said.inner_text()) in (before, "[ ]:", "[*]:"):
        assert time.monotonic() < end, page.locator("body").inner_text()[-1500:]
        if now != "[*]:" and time.monotonic() > again:
            again = time.monotonic() + 2
            cell.locator(".cm-content").click()
            page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(100)
    return cell


def test_edits_arrive_in_python_and_sites_set_there_are_drawn(chromium, lab):
    address, own = lab
    context = chromium.new_context(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce")
    try:
        page = context.new_page()
        asked = []
        page.on("request", lambda r: asked.append(r.url))
        dialog = page.locator(
            "dialog.jp-Dialog"
        )  # on a slow machine JupyterLab asks which kernel, or says it waits
        page.add_locator_handler(dialog, lambda: dialog.locator(".jp-mod-accept").last.click())
        page.goto(address)
        page.wait_for_selector(".jp-Notebook .jp-Cell .cm-content", timeout=90_000)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=90_000)
        run_cell(page, 0)
        frame = framed(page)
        names = frame.evaluate(
            "async () => { await planner.state(); const d = __planner.desk; return Object.fromEntries(d.candidate.name.map((name, k) => [name, d.ids[k + d.board.nStations]])); }"
        )
        run_cell(page, 1).get_by_text("HAVE [").wait_for(timeout=60_000)
        first = frame.evaluate("async () => (await planner.state()).edits")
        assert first["add"] == first["drop"] == []
        proposal = frame.evaluate(
            "() => __planner.desk.plan().sites.filter((i) => i >= __planner.desk.board.nStations).map((i) => __planner.desk.ids[i])"
        )
        drop, add = proposal[0], next(i for i in names.values() if i not in proposal)
        figures = frame.evaluate(
            "async ([add, drop]) => { await planner.edit({ add: [add], drop: [drop] }); return planner.figures(); }",
            [add, drop],
        )
        page.wait_for_timeout(1500)
        of_id = {i: name for name, i in names.items()}
        expected = f"HAVE {sorted(of_id[i] for i in (proposal[1], add))} 2 {round(figures['covered'])}"
        run_cell(page, 1).get_by_text(expected).wait_for(timeout=60_000)
        run_cell(page, 2).get_by_text("SET", exact=True).wait_for(timeout=60_000)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            drawn = frame.evaluate(
                "() => __planner.desk.plan().sites.filter((i) => i >= __planner.desk.board.nStations).map((i) => __planner.desk.ids[i]).sort()"
            )
            if drawn == sorted([names["B"], names["D"]]):
                break
            page.wait_for_timeout(200)
        assert drawn == sorted([names["B"], names["D"]])
        if os.environ.get("PLANNER_SHOTS"):
            page.locator(".jp-Notebook .jp-Cell").first.scroll_into_view_if_needed()
            page.screenshot(path=str(Path(os.environ["PLANNER_SHOTS"]) / "jupyter.png"))
        beyond = [
            url
            for url in asked
            if not url.startswith((own, own.replace("http", "ws"), "about:", "data:", "blob:"))
        ]
        assert beyond == []
    finally:
        context.close()
