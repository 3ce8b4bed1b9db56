"""Fetching a place from a server on this machine that answers like Nominatim and Overpass."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs

import pytest

from planner.errors import NoInternetError, PlannerError
from planner.fetch.overpass import fetch, write_osm
from planner.inputs.osm.layers import read_layers
from planner.roads.network import read_network
from planner.settings.reading import read_settings

ox = pytest.importorskip("osmnx")

LNG, LAT, STEP = 120.60, 31.30, 0.002
RING = [[LNG, LAT], [LNG + 0.02, LAT], [LNG + 0.02, LAT + 0.02], [LNG, LAT + 0.02], [LNG, LAT]]
NOMINATIM = {
    "place_id": 1, "osm_type": "relation", "osm_id": 9, "lat": str(LAT), "lon": str(LNG), "class": "boundary",
    "type": "administrative", "place_rank": 16, "importance": 0.5, "addresstype": "city", "name": "姑苏区",
    "display_name": "姑苏区, 苏州市", "boundingbox": [str(LAT), str(LAT + 0.02), str(LNG), str(LNG + 0.02)],
    "geojson": {"type": "Polygon", "coordinates": [RING]},
}  # fmt: skip


def node(i, x, y, **tags):
    return {"type": "node", "id": i, "lon": LNG + x * STEP, "lat": LAT + y * STEP} | (
        {"tags": tags} if tags else {}
    )


GRID = [node(100 * j + i + 1, i, j) for i in range(11) for j in range(11)]
STREETS = GRID + [
    {"type": "way", "id": 1000 + j, "nodes": [100 * j + i + 1 for i in range(11)], "tags": {"highway": "residential"}}
    for j in range(11)
] + [
    {"type": "way", "id": 2000 + i, "nodes": [100 * j + i + 1 for j in range(11)], "tags": {"highway": "primary", "oneway": "yes"}}
    for i in range(11)
]  # fmt: skip
FEATURES = [
    node(1, 0, 0),
    node(5001, 3.2, 3.1, amenity="bank", name="<script>银行</script>"),
    node(5002, 5, 5.1), node(5003, 5.2, 5.1), node(5004, 5.2, 5.3),
    {"type": "way", "id": 3001, "nodes": [5002, 5003, 5004, 5002], "tags": {"building": "residential", "building:levels": "6"}},
    {"type": "relation", "id": 1, "members": [{"type": "way", "ref": 3001, "role": "outer"}], "tags": {"type": "multipolygon", "natural": "water"}},
]  # fmt: skip


class Stub(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []
    known = True
    streets: ClassVar[list[dict]] = STREETS

    def answer(self, content, status=200):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/nominatim/search"):
            type(self).asked.append("place")
            self.answer([NOMINATIM] if self.known else [])
        else:
            self.answer({}, 404)

    def do_POST(self):
        query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["data"][0]
        kind = (
            "streets"
            if 'way["highway"]' in query
            else "ferries"
            if '"route"="ferry"' in query
            else "features"
        )
        type(self).asked.append(kind)
        elements = {"streets": self.streets, "ferries": [], "features": FEATURES}[kind]
        self.answer({"elements": elements})

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    class Fresh(Stub):
        asked: ClassVar[list[str]] = []

    running = ThreadingHTTPServer(("127.0.0.1", 0), Fresh)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{running.server_port}"
    monkeypatch.setenv("PLANNER_OVERPASS_URL", f"{base}/api")
    monkeypatch.setenv("PLANNER_NOMINATIM_URL", f"{base}/nominatim/")
    monkeypatch.setattr(ox.settings, "overpass_rate_limit", False)
    monkeypatch.setattr(ox.settings, "cache_folder", tmp_path / "cache")
    monkeypatch.setattr(ox._nominatim.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)  # osmnx replaces it
    yield Fresh
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_place_becomes_a_study(server, tmp_path):
    told = []
    out = fetch("Gusu, Suzhou", tmp_path / "gusu", progress=lambda label, share: told.append((label, share)))
    assert sorted(p.name for p in out.iterdir()) == ["boundary.geojson", "streets.osm.pbf", "study.toml"]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    settings = read_settings(out / "study.toml")
    assert settings.study.name == "gusu"
    assert settings.inputs.population.kind == "buildings"
    walk, car = (read_network(settings.inputs.streets.path, m) for m in ("walk", "car"))
    assert walk.n_nodes == 121
    assert walk.component.max() == 0
    assert car.component.max() > 0
    layers = read_layers(out / "streets.osm.pbf", crs=walk.crs)
    assert layers.hosts[["host_kind", "name"]].values.tolist() == [["bank", "<script>银行</script>"]]
    assert layers.buildings.levels.tolist() == [6.0]
    assert layers.water.osm_id.tolist() == ["r1"]
    assert (
        json.loads((out / "boundary.geojson").read_text("utf-8"))["features"][0]["properties"]["district"]
        == "姑苏区"
    )
    assert told[0] == ("looking up Gusu, Suzhou", 0.0)
    assert told[-1][1] == 1.0


def test_districts_can_be_read_from_the_boundary(server, tmp_path):
    from planner.inputs.districts import read_districts

    settings = read_settings(fetch("Gusu", tmp_path / "g") / "study.toml")
    districts, found = read_districts(settings.inputs.districts, crs="EPSG:4549")
    assert districts.district.tolist() == ["姑苏区"]
    assert not [f for f in found if f.severity == "E"]


def test_asking_again_asks_osmnx_cache_and_gives_the_same_bytes(server, tmp_path):
    first = fetch("Gusu", tmp_path / "a")
    asked = list(server.asked)
    assert sorted(asked) == ["features", "ferries", "place", "streets"]
    second = fetch("Gusu", tmp_path / "b")
    assert server.asked == asked
    for name in ("streets.osm.pbf", "boundary.geojson", "study.toml"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_settings_of_osmnx_come_back(server, tmp_path):
    before = ox.settings.overpass_url
    fetch("Gusu", tmp_path / "a")
    assert ox.settings.overpass_url == before


def test_without_internet_it_says_so_and_writes_nothing(server, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for urls in (
        {"nominatim_url": f"http://127.0.0.1:{port}/"},
        {"overpass_url": f"http://127.0.0.1:{port}/api"},
    ):
        with pytest.raises(NoInternetError, match="could not be reached"):
            fetch("Gusu", tmp_path / "out" / "gusu", **urls)
    assert not (tmp_path / "out").exists()


def test_an_unknown_place_is_said(server, tmp_path):
    server.known = False
    with pytest.raises(PlannerError, match="knows no outline of 'Nowhere'"):
        fetch("Nowhere", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_place_without_streets_is_said(server, tmp_path):
    server.streets = []
    with pytest.raises(PlannerError, match="no street"):
        fetch("Gusu", tmp_path / "x")


def test_files_that_were_there_are_kept_when_writing_fails(server, tmp_path, monkeypatch):
    out = fetch("Gusu", tmp_path / "g")
    (out / "stations.xlsx").write_text("mine")
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def full(*_a, **_k):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("planner.fetch.overpass._boundary", full)
    with pytest.raises(OSError, match="space"):
        fetch("Gusu", out)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("name", ['"]\n[x]\ny="', "../../etc", "苏州市", "a" * 200, ""])
def test_hostile_names_stay_inside_the_study_file(server, tmp_path, name):
    out = fetch(name, tmp_path / "g", buildings=False)
    settings = read_settings(out / "study.toml")
    assert settings.study.title_en == " ".join(name.split())
    assert settings.inputs.population.kind == "districts"
    assert sorted(p.name for p in out.iterdir()) == ["boundary.geojson", "streets.osm.pbf", "study.toml"]


def test_elements_are_written_once_with_their_tags(tmp_path):
    bare, full = node(7, 1, 1), node(7, 1, 1, barrier="gate")
    write_osm(
        tmp_path / "a.osm", [full, bare, {"type": "count", "id": 0}, {"type": "way", "id": 1, "nodes": [7]}]
    )
    text = (tmp_path / "a.osm").read_text("utf-8")
    assert text.count("<node") == 1
    assert 'v="gate"' in text
