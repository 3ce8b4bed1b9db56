"""Host venues from a list of one's own."""

import pytest

from planner import tables
from planner.inputs.hosts import read_hosts
from tests.inputs.nasty import CRS, codes, one, table, text, write

HEADER = ["编号", "名称", "类型", "经度", "纬度", "营业时间"]


def read(tmp_path, rows, header=None, **options):
    frame, found = read_hosts(table(write(tmp_path, text(rows, header or HEADER)), **options), crs=CRS)
    return tables.check("hosts", frame), found


@pytest.mark.parametrize(
    ("word", "kind"),
    [("银行", "bank"), ("中国银行网点", "bank"), ("加油站", "fuel"), ("便利店", "convenience"), ("社区服务中心", "community"),
     ("公厕", "toilet"), ("fuel", "fuel"), ("truck_parking", "truck_parking"), ("bus_station", "bus_station")],
)  # fmt: skip
def test_kinds_in_words_people_use(tmp_path, word, kind):
    frame, found = read(tmp_path, [["001", "店", word, "120.60001", "31.30001", "8:00-20:00"]])
    assert frame[["host_id", "host_kind", "open_hours"]].to_numpy().tolist() == [["001", kind, "08:00-20:00"]]
    assert codes(found, "EW") == []


def test_unknown_kinds_are_dropped_and_listed(tmp_path):
    frame, found = read(
        tmp_path,
        [
            ["1", "店", "business", "120.60001", "31.30001", ""],
            ["2", "店", "银行", "120.61001", "31.30001", ""],
        ],
    )
    assert frame["host_id"].tolist() == ["2"]
    assert (one(found, "HOST-001").row, one(found, "HOST-001").severity) == (2, "W")


def test_a_list_without_kinds_is_refused(tmp_path):
    frame, found = read(tmp_path, [["1", "店", "120.60001", "31.30001"]], ["编号", "名称", "经度", "纬度"])
    assert frame.empty
    assert one(found, "TAB-008").field == "host_kind"


def test_a_repeated_id_keeps_its_first_row(tmp_path):
    rows = [
        ["1", "甲", "银行", "120.60001", "31.30001", ""],
        ["1", "乙", "银行", "120.61001", "31.30001", ""],
    ]
    frame, found = read(tmp_path, rows)
    assert frame["name"].tolist() == ["甲"]
    assert one(found, "ID-005").row == 3


def test_an_absent_file_gives_an_empty_table_and_the_reason(tmp_path):
    frame, found = read_hosts(table(tmp_path / "no.csv"), crs=CRS)
    assert len(tables.check("hosts", frame)) == 0
    assert codes(found, "E") == ["SET-004"]
