"""Addresses to coordinates, asked of a stub on this machine: each answer with its datum, nothing silently."""

from __future__ import annotations

import csv
import http.server
import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import NoInternetError, PlannerError
from planner.fetch.geocode import geocode, host_of, rows_with_addresses
from planner.inputs.stations import read_stations
from tests.inputs.nasty import CRS, codes, table, write

pytest.importorskip("geopy")

LIST = "名称,地址,经度,纬度\n甲,人民路1号,,\n乙,无名路9号,,\n丙,,,\n丁,人民路1号,,\n"
KNOWN = {"人民路1号": (120.62, 31.31), "苏州市人民路1号": (120.63, 31.32)}


def answer(path: str) -> object:
    """What each service would say."""
    asked = urlsplit(path)
    query = {k: v[0] for k, v in parse_qs(asked.query).items()}
    text = query.get("q") or query.get("address") or ""
    there = KNOWN.get(text)
    if asked.path == "/search":
        return (
            []
            if there is None
            else [{"lat": str(there[1]), "lon": str(there[0]), "display_name": f"OSM {text}"}]
        )
    if query.get("key", query.get("ak")) != "right":
        return (
            {"status": "0", "infocode": "10001", "info": "INVALID_USER_KEY"}
            if "geocode/geo" in asked.path
            else {"status": 5, "msg": "ak"}
        )
    if asked.path == "/v3/geocode/geo":
        places = (
            []
            if there is None
            else [{"formatted_address": f"江苏省{text}", "location": f"{there[0]},{there[1]}"}]
        )
        return {"status": "1", "geocodes": places}
    return (
        {"status": 1, "msg": "x", "result": []}
        if there is None
        else {"status": 0, "result": {"location": {"lng": there[0], "lat": there[1]}, "level": "门址"}}
    )


@pytest.fixture
def server():
    asked: list[str] = []

    class Stub(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = json.dumps(answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    made = http.server.HTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}", asked
    made.shutdown()
    thread.join()
    made.server_close()


URLS = {"nominatim": "/search", "amap": "/v3/geocode/geo"}


@pytest.mark.parametrize(("service", "datum"), [("nominatim", "wgs84"), ("amap", "gcj02")])
def test_each_answer_carries_its_datum_and_what_it_was_taken_for(
    tmp_path, server, monkeypatch, service, datum
):
    monkeypatch.setenv("PLANNER_AMAP_KEY", "right")
    url, asked = server
    rows, column = rows_with_addresses(write(tmp_path, LIST))
    found = geocode(rows, column, service, url=url + URLS[service], pause_s=0)
    assert found.rows["lng"].tolist()[0::3] == [120.62, 120.62]
    assert found.rows["datum"].tolist()[0] == datum
    assert "人民路1号" in found.rows["found_as"].tolist()[0]
    assert found.rows["lng"].isna().tolist() == [False, True, True, False]
    assert [f.row for f in found.findings] == [2, 3]
    assert codes(found.findings) == ["GEC-004"]
    assert len(asked) == 2  # the same address once, none for the row without


def test_baidu_answers_in_its_own_datum(tmp_path, server, monkeypatch):
    monkeypatch.setenv("PLANNER_BAIDU_KEY", "right")
    url, _ = server
    rows, column = rows_with_addresses(write(tmp_path, "名称,地址\n甲,人民路1号\n"))
    found = geocode(rows, column, "baidu", url=url + "/geocoding/v3/", pause_s=0)
    assert (found.rows["lng"][0], found.rows["datum"][0], found.rows["found_as"][0]) == (
        120.62,
        "bd09",
        "门址",
    )
    monkeypatch.setenv("PLANNER_BAIDU_KEY", "wrong")
    with pytest.raises(NoInternetError, match="refuses the key"):
        geocode(rows, column, "baidu", url=url + "/geocoding/v3/", pause_s=0)


def test_a_city_goes_before_addresses_that_do_not_name_it(tmp_path, server):
    url, asked = server
    rows, column = rows_with_addresses(write(tmp_path, "名称,地址\n甲,人民路1号\n乙,苏州市人民路1号\n"))
    found = geocode(rows, column, "nominatim", city="苏州市", url=url + "/search", pause_s=0)
    assert found.rows["lng"].tolist() == [120.63, 120.63]
    assert len(asked) == 1


def test_what_is_wrong_is_said(tmp_path, server, monkeypatch):
    url, _ = server
    rows, column = rows_with_addresses(write(tmp_path, LIST))
    monkeypatch.delenv("PLANNER_AMAP_KEY", raising=False)

    def code(kind, call):
        with pytest.raises(kind) as told:
            call()
        assert told.value.told is not None
        return told.value.told.code

    assert code(PlannerError, lambda: geocode(rows, column, "amap", url=url + URLS["amap"])) == "GEC-003"
    monkeypatch.setenv("PLANNER_AMAP_KEY", "wrong")
    ask = lambda service, where: geocode(rows, column, service, url=where, pause_s=0)  # noqa: E731
    assert code(NoInternetError, lambda: ask("amap", url + URLS["amap"])) == "GEC-005"
    assert code(NoInternetError, lambda: ask("nominatim", "http://127.0.0.1:9/search")) == "GEC-006"
    assert (
        code(PlannerError, lambda: rows_with_addresses(write(tmp_path, "名称,经度\n甲,1\n", "b.csv")))
        == "GEC-001"
    )
    monkeypatch.setitem(__import__("sys").modules, "geopy", None)
    assert code(PlannerError, lambda: ask("nominatim", url)) == "GEC-002"


def test_the_command_names_the_server_asks_first_and_its_file_is_read_back_in_its_datum(
    tmp_path, server, monkeypatch
):
    monkeypatch.setenv("PLANNER_AMAP_KEY", "right")
    url, asked = server
    path = write(tmp_path, "名称,地址\n甲,人民路1号\n")
    arguments = ["geocode", str(path), "--service", "amap", "--url", url + URLS["amap"]]
    refused = CliRunner().invoke(app, arguments, input="n\n")
    assert refused.exit_code == 1
    assert host_of("amap", url) in refused.output
    assert asked == []
    done = CliRunner().invoke(app, [*arguments, "--yes"])
    assert done.exit_code == 0, done.output
    made = tmp_path / "stations_geocoded.csv"
    with made.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["lng"], row["lat"], row["datum"], row["geocoder"]) == ("120.62", "31.31", "gcj02", "amap")
    frame, found = read_stations(table(made, datum=None), crs=CRS)
    assert not codes(found, "E")
    assert abs(frame["lng_wgs84"].iloc[0] - 120.62) > 0.003  # half a kilometre: it was taken for GCJ-02
