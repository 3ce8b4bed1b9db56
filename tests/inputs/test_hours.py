"""Opening hours as lists of stations really write them."""

import numpy as np
import pytest

from planner.hours.parse import open_share, parse_hours
from planner.settings.groups import Period

PERIODS = (
    Period(name="06_10", start_h=6, end_h=10),
    Period(name="10_14", start_h=10, end_h=14),
    Period(name="14_17", start_h=14, end_h=17),
    Period(name="17_22", start_h=17, end_h=22),
    Period(name="22_06", start_h=22, end_h=6),
)


@pytest.mark.parametrize(
    ("text", "canonical", "days"),
    [
        ("8:00-20:00", "08:00-20:00", "1234567"),
        ("08：00—18：00", "08:00-18:00", "1234567"),
        ("08:00 ~ 20:00", "08:00-20:00", "1234567"),
        ("全天", "00:00-24:00", "1234567"),
        ("24小时", "00:00-24:00", "1234567"),
        ("全天24小时开放", "00:00-24:00", "1234567"),
        ("7*24小时", "00:00-24:00", "1234567"),
        ("24/7", "00:00-24:00", "1234567"),
        ("00:00-23:59", "00:00-24:00", "1234567"),
        ("0:00-0:00", "00:00-24:00", "1234567"),
        ("周一至周五 9:00-17:30", "09:00-17:30", "12345"),
        ("周一至周五8:30-17:30", "08:30-17:30", "12345"),
        ("周一至五 8:00-17:00", "08:00-17:00", "12345"),
        ("周1至5 8:00-17:00", "08:00-17:00", "12345"),
        ("周一、三、五 8:00-12:00", "08:00-12:00", "135"),
        ("星期一至星期六8:00-18:00", "08:00-18:00", "123456"),
        ("8:00-17:00（周一至周五）", "08:00-17:00", "12345"),
        ("上午8:30-11:00 下午13:30-17:00", "08:30-11:00;13:30-17:00", "1234567"),
        ("上午8:30-11:00；下午1:30-5:00", "08:30-11:00;13:30-17:00", "1234567"),
        ("周一到周五：上午9点-11点30分，下午14点-17点", "09:00-11:30;14:00-17:00", "12345"),
        ("周一至周五 08:30-12:00,13:00-17:30", "08:30-12:00;13:00-17:30", "12345"),
        ("6点到22点", "06:00-22:00", "1234567"),
        ("八点至二十点", "08:00-20:00", "1234567"),
        ("早上6点半—晚上9点", "06:30-21:00", "1234567"),
        ("早8点至晚10点", "08:00-22:00", "1234567"),
        ("下午2点-6点", "14:00-18:00", "1234567"),
        ("8时30分至17时", "08:30-17:00", "1234567"),
        ("0830-1730", "08:30-17:30", "1234567"),
        ("8.30-17.30", "08:30-17:30", "1234567"),
        ("8-20", "08:00-20:00", "1234567"),
        ("9:00 AM - 6:00 PM", "09:00-18:00", "1234567"),
        ("22:00-次日6:00", "22:00-06:00", "1234567"),
        ("22:00-6:00", "22:00-06:00", "1234567"),
        ("每日06:30-次日01:00", "00:00-01:00;06:30-24:00", "1234567"),
        ("8:00-20:00（节假日除外）", "08:00-20:00", "1234567"),
        ("8:00至18:00，周末休息", "08:00-18:00", "1234567"),
        ("Mo-Su 07:00-22:00; PH off", "07:00-22:00", "1234567"),
        ("Mo,Tu,Th 09:00-17:00", "09:00-17:00", "124"),
        ("暂停开放", "closed", ""),
    ],
)
def test_hours_are_read_however_they_are_written(text, canonical, days):
    hours = parse_hours(text)
    assert (hours.text, hours.days, hours.problem) == (canonical, days, "")


@pytest.mark.parametrize(
    ("text", "canonical", "problem"),
    [
        ("周一至周五：8:00-17:00；周六、周日：9:00-16:00", "08:00-17:00", "several_days"),
        ("Mo-Fr 08:00-18:00; Sa 09:00-12:00", "08:00-18:00", "several_days"),
        ("夏季6:00-19:00 冬季6:30-18:00", "06:30-18:00", "seasons"),
        ("7:00-19:00（夏）7:30-18:30（冬）", "07:30-18:30", "seasons"),
        ("6月1日-9月30日 7:00-21:00，10月1日-5月31日 8:00-18:00", "08:00-18:00", "seasons"),
        ("工作日开放", None, "days_only"),
        ("9:00-5:00", None, "ambiguous"),
        ("25:00-26:00", None, "ambiguous"),
        ("随银行营业时间", None, "unparsable"),
        ("电话0512-65881234", None, "unparsable"),
        ("2024.05.01-2024.12.31", None, "unparsable"),
        ("sunrise-sunset", None, "unparsable"),
        ("", None, "empty"),
        ("/", None, "empty"),
        (None, None, "empty"),
    ],
)
def test_doubtful_hours_say_why_they_are_doubtful(text, canonical, problem):
    hours = parse_hours(text)
    assert (hours.text, hours.problem) == (canonical, problem)


def test_canonical_text_reads_back_as_itself():
    for text in ("08:00-20:00", "00:00-24:00", "22:00-06:00", "08:30-11:00;13:30-17:00", "closed"):
        assert parse_hours(text).text == text


@pytest.mark.parametrize("hour", range(1, 24))
def test_hours_past_midnight_are_still_known_when_their_canonical_text_is_read(hour):
    told = parse_hours(f"{hour}:00-次日0:30")
    assert told.spans == ((0, 30), (60 * hour, 1440))
    assert parse_hours(told.text).spans == told.spans


def test_open_share_by_hand():
    share = open_share(["08:00-20:00", "22:00-06:00", "00:00-24:00", "closed", "12:00-15:30"], PERIODS)
    by_hand = [
        [2 / 4, 1, 1, 3 / 5, 0],
        [0, 0, 0, 0, 1],
        [1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0],
        [0, 2 / 4, 1.5 / 3, 0, 0],
    ]
    np.testing.assert_allclose(share, by_hand)


def test_a_night_that_begins_in_the_morning_counts_as_it_is_and_not_as_the_default():
    share = open_share([parse_hours("6:30-次日1:00").text], PERIODS, default="10:00-14:00")
    np.testing.assert_allclose(share, [[3.5 / 4, 1, 1, 1, 3 / 8]])


def test_unknown_hours_count_as_the_studys_default():
    share = open_share([None, float("nan"), "随缘"], PERIODS, default="06:00-10:00")
    np.testing.assert_array_equal(share, np.tile([1, 0, 0, 0, 0], (3, 1)))


def test_a_default_that_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="default"):
        open_share([None], PERIODS, default="whenever")


def test_no_places_give_no_rows():
    assert open_share([], PERIODS).shape == (0, 5)
