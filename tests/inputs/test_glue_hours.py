"""Opening hours minute by minute: every end of every rule, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from planner.hours.parse import ALWAYS, Hours, merged, open_share, parse_hours
from planner.settings.groups import Period

NIGHT = Period(name="22_06", start_h=22, end_h=6)


def text(written: str) -> str | None:
    return parse_hours(written).text


def test_hours_by_default_are_every_day_and_known() -> None:
    hours = Hours(((60, 120),))
    assert (hours.known, hours.days, hours.problem, hours.text) == (True, "1234567", "", "01:00-02:00")
    assert Hours().text == "closed"
    assert Hours(known=False).text is None
    assert ALWAYS == "00:00-24:00"


@pytest.mark.parametrize(
    ("spans", "written"),
    [
        (((0, 360), (1320, 1440)), "22:00-06:00"),
        (((0, 360), (600, 720), (1320, 1440)), "10:00-12:00;22:00-06:00"),
        (((0, 360),), "00:00-06:00"),
        (((1, 360), (1320, 1440)), "00:01-06:00;22:00-24:00"),
        (((0, 1440),), "00:00-24:00"),
        (((65, 605),), "01:05-10:05"),
    ],
)
def test_spans_in_words(spans, written: str) -> None:
    assert Hours(spans).text == written
    assert parse_hours(written).spans == spans


@pytest.mark.parametrize(
    ("hours", "share"),
    [
        ("00:00-06:00", 6 / 8), ("22:00-24:00", 2 / 8), ("22:00-06:00", 1.0), ("23:00-01:00", 2 / 8), ("05:00-23:00", 2 / 8),
        ("06:00-22:00", 0.0), ("00:00-24:00", 1.0), ("21:30-22:30", 0.5 / 8), ("05:30-06:30", 0.5 / 8), ("closed", 0.0),
    ],
)  # fmt: skip
def test_the_night_is_before_and_after_midnight(hours: str, share: float) -> None:
    assert open_share([hours], [NIGHT]).tolist() == [[pytest.approx(share)]]


def test_a_period_of_the_whole_day_and_one_with_half_hours() -> None:
    day = Period(name="day", start_h=6, end_h=6.0)
    late = Period(name="late", start_h=18.5, end_h=24)
    early = Period(name="early", start_h=0, end_h=6.25)
    share = open_share(["06:00-12:00", "18:00-19:30", "00:00-00:15"], [day, late, early])
    np.testing.assert_allclose(
        share, [[6 / 24, 0, 0.25 / 6.25], [1.5 / 24, 1 / 5.5, 0], [0.25 / 24, 0, 0.25 / 6.25]]
    )


def test_each_place_keeps_its_row_whatever_repeats() -> None:
    day = Period(name="d", start_h=8, end_h=20)
    given = ["08:00-14:00", None, "08:00-20:00", "08:00-14:00", "随缘", float("nan"), "closed"]
    assert open_share(given, [day], default="08:00-11:00").ravel().tolist() == [
        0.5,
        0.25,
        1,
        0.5,
        0.25,
        0.25,
        0,
    ]
    assert open_share([None], [day]).tolist() == [[1.0]]  # the default's default is 08–20
    assert open_share([None], [Period(name="e", start_h=7, end_h=9)]).tolist() == [[0.5]]
    assert open_share([None], [Period(name="e", start_h=19, end_h=21)]).tolist() == [[0.5]]
    assert open_share([None], [Period(name="e", start_h=20, end_h=21)]).tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        # parts of the day
        ("下午1点-下午5点", "13:00-17:00"), ("中午12点-下午2点", "12:00-14:00"),         ("中午11点-13点", "11:00-13:00"), ("凌晨12点-6点", "00:00-06:00"),         ("晚上8点-12点", "20:00-24:00"), ("晚上10点-凌晨2点", "22:00-02:00"), ("晚上10点-次日2点", "22:00-02:00"),
        ("傍晚6点-晚上9点", "18:00-21:00"), ("下午2点-18点", "14:00-18:00"), ("夜间23点-5点", "23:00-05:00"),
        ("早上6点-9点", "06:00-09:00"), ("12点-13点", "12:00-13:00"), ("下午12点-5点", "12:00-17:00"),
        # English halves of the day
        ("8am-5pm", "08:00-17:00"), ("8-11am", "08:00-11:00"), ("12am-6am", "00:00-06:00"), ("12pm-3pm", "12:00-15:00"),
        ("1pm-5pm", "13:00-17:00"),
        # quarters and halves
        ("8点半-11点三刻", "08:30-11:45"), ("8点一刻-9点整", "08:15-09:00"), ("7点05分-8点", "07:05-08:00"),
        ("8点-8点59", "08:00-08:59"), ("08:00:00-20:30:00", "08:00-20:30"),
        # Chinese numerals
        ("十点-二十二点", "10:00-22:00"), ("十一点至十二点", "11:00-12:00"), ("二十点-二十一点半", "20:00-21:30"),
        ("两点-九点", "02:00-09:00"), ("零点-六点", "00:00-06:00"),
        # midnight
        ("0:00-24:00", ALWAYS), ("00:00-00:00", ALWAYS), ("8:00-0:00", "08:00-24:00"), ("8:00-24:00", "08:00-24:00"),
        ("8:00-23:59", "08:00-24:00"), ("24:00-8:00", "00:00-08:00"), ("8:00-次日8:00", ALWAYS), ("8:00-次日9:00", ALWAYS),
        ("12:00-次日11:59", "12:00-11:59"), ("12:00-11:00", "12:00-11:00"), ("22:00-次日23:59", ALWAYS),
        # several spans
        ("8:00-12:00 14:00-18:00", "08:00-12:00;14:00-18:00"), ("8:00-12:00,11:00-18:00", "08:00-18:00"),
        ("8:00-12:00;12:00-18:00", "08:00-18:00"), ("14:00-18:00,8:00-12:00", "08:00-12:00;14:00-18:00"),
        ("8:00-18:00,9:00-10:00", "08:00-18:00"), ("08001200-", None), ("0800-1200,1330-1730", "08:00-12:00;13:30-17:30"),
        ("22:00-2:00, 10:00-12:00", "10:00-12:00;22:00-02:00"),
        # always
        ("24h", ALWAYS), ("24 hours", ALWAYS), ("二十四小时", ALWAYS), ("全天候", ALWAYS), ("通宵", ALWAYS), ("7x24", ALWAYS),
        ("open all day", ALWAYS), ("昼夜", ALWAYS),
        # never
        ("停业", "closed"), ("已关闭", "closed"), ("暂不开放", "closed"), ("closed", "closed"), ("off", "closed"),
        ("不对外开放", "closed"),
        # not hours
        ("9:00-5:00", None), ("8:75-9:00", None), ("25:00-26:00", None), ("8:00-8:00", None), ("24:30-25:00", None),
        ("11:59-11:58", None), ("12-5月", None),
    ],
)  # fmt: skip
def test_one_text_after_the_other(written: str, canonical: str | None) -> None:
    assert text(written) == canonical


@pytest.mark.parametrize(
    ("written", "canonical", "days", "problem"),
    [
        ("周六至周一 8:00-9:00", "08:00-09:00", "167", ""),
        ("周五-周二 8:00-9:00", "08:00-09:00", "12567", ""),
        ("周末 8:00-9:00", "08:00-09:00", "67", ""),
        ("周日 8:00-9:00", "08:00-09:00", "7", ""),
        ("星期天8:00-9:00", "08:00-09:00", "7", ""),
        ("礼拜三 8:00-9:00", "08:00-09:00", "3", ""),
        ("Saturday 08:00-09:00", "08:00-09:00", "6", ""),
        ("Tue-Thu 08:00-09:00", "08:00-09:00", "234", ""),
        ("工作日 8:00-9:00", "08:00-09:00", "12345", ""),
        ("weekends 8:00-9:00", "08:00-09:00", "67", ""),
        ("每天 8:00-9:00", "08:00-09:00", "1234567", ""),
        ("周一至周日 8:00-9:00", "08:00-09:00", "1234567", ""),
        ("周一、三 8:00-9:00", "08:00-09:00", "13", ""),
        ("周一，周六 8:00-9:00", "08:00-09:00", "16", ""),
        ("周一到周四 8:00-17:00 周五 8:00-16:00", "08:00-17:00", "1234", "several_days"),
        ("周五 8:00-16:00；周一到周四 8:00-17:00", "08:00-17:00", "1234", "several_days"),
        ("周六周日 9:00-10:00；周五 8:00-16:00", "08:00-16:00", "5", "several_days"),
        ("周六 8:00-16:00；周六周日 9:00-10:00", "09:00-10:00", "67", "several_days"),
        ("工作日8:00-17:00 节假日9:00-12:00", "08:00-17:00", "12345", "several_days"),
        ("节假日9:00-12:00 工作日8:00-17:00", "08:00-17:00", "12345", "several_days"),
        ("夏季 6:00-19:00", "06:00-19:00", "1234567", ""),
        ("夏 6:00-10:00 冬 9:00-12:00", "09:00-10:00", "1234567", "seasons"),
        ("夏 6:00-8:00 冬 9:00-12:00", None, "1234567", "ambiguous"),
        ("5月-9月 8:00-20:00；10月-4月 9:00-18:00；节假日 10:00-11:00", "09:00-18:00", "1234567", "seasons"),
        ("工作日开放", None, "12345", "days_only"),
        ("周末", None, "67", "days_only"),
        ("看情况", None, "1234567", "unparsable"),
        ("8:00-17:00(周末休息)", "08:00-17:00", "1234567", ""),
        ("8:00-17:00（周三除外）", "08:00-17:00", "1234567", ""),
        ("8:00-17:00（周一至周五）", "08:00-17:00", "12345", ""),
        ("  - ", None, "1234567", "empty"),
        ("N/A", None, "1234567", "empty"),
        ("nan", None, "1234567", "empty"),
        ("停用", "closed", "", ""),
    ],
)
def test_days_and_seasons(written: str, canonical: str | None, days: str, problem: str) -> None:
    hours = parse_hours(written)
    assert (hours.text, hours.days, hours.problem) == (canonical, days, problem)
    assert hours.known == (canonical is not None)


@pytest.mark.parametrize("written", ["", " ", "-", "--", "/", "无", "不详", "未知", "nan", "None", "N/A"])
def test_every_way_to_say_nothing(written: str) -> None:
    assert parse_hours(written).problem == "empty"


@pytest.mark.parametrize("word", ["下午", "午后", "傍晚", "晚上", "晚间", "夜间", "夜里", "夜晚", "晚", "夜"])
def test_every_word_for_the_second_half_of_the_day(word: str) -> None:
    assert text(f"{word}7点-{word}9点") == "19:00-21:00"
    assert text(f"{word}11点半-{word}11点45分") == "23:30-23:45"


@pytest.mark.parametrize("word", ["凌晨", "清晨", "早上", "早晨", "早间", "早", "上午"])
def test_every_word_for_the_first_half_of_the_day(word: str) -> None:
    expected = "02:00-05:00" if word != "凌晨" else "00:00-24:00"
    assert text(f"{word}2点-5点") == "02:00-05:00"
    assert text(f"{word}2点-{word}5点") == expected  # to an early morning means to the next one


@pytest.mark.parametrize("word", ["次日", "翌日", "第二天", "隔天", "次晨", "次"])
def test_every_word_for_the_next_day(word: str) -> None:
    assert text(f"8:00-{word}7:00") == "00:00-07:00;08:00-24:00"


@pytest.mark.parametrize(
    ("day", "number"),
    [
        *zip("一二三四五六日天", "12345677", strict=True),
        ("1", "1"),
        ("7", "7"),
    ],
)
def test_every_day_by_its_name(day: str, number: str) -> None:
    for week in ("周", "星期", "礼拜"):
        assert parse_hours(f"{week}{day} 8:00-9:00").days == number


@pytest.mark.parametrize(
    ("names", "number"),
    [
        ("Mo Mon Monday", "1"), ("Tu Tue Tues Tuesday", "2"), ("We Wed Wednesday", "3"), ("Th Thu Thurs Thursday", "4"),
        ("Fr Fri Friday", "5"), ("Sa Sat Saturday", "6"), ("Su Sun Sunday", "7"),
    ],
)  # fmt: skip
def test_every_day_in_english(names: str, number: str) -> None:
    for name in names.split():
        assert parse_hours(f"{name} 08:00-09:00").days == number, name


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("每天 每日 天天 全周 全年 全年无休 无休 daily everyday 一周七天 365天", "1234567"),
        ("工作日 法定工作日 平日 平时 weekday weekdays", "12345"),
        ("周末 双休日 休息日 节假日 法定节假日 假日 weekend weekends PH SH", "67"),
    ],
)
def test_every_word_for_several_days(words: str, days: str) -> None:
    for word in words.replace("everyday", "every_day").split():
        found = parse_hours(f"{word.replace('_', ' ')} 08:00-09:00")
        assert (found.text, found.days) == ("08:00-09:00", days), word


@pytest.mark.parametrize(
    "word",
    [
        "夏季",
        "夏令时间",
        "冬季",
        "冬",
        "春秋季",
        "春季",
        "秋天",
        "旺季",
        "淡季",
        "5月-9月",
        "5月1日-次年2月28日",
    ],
)
def test_every_word_for_a_season(word: str) -> None:
    found = parse_hours(f"{word} 8:00-12:00 {word} 9:00-13:00")
    assert (found.text, found.problem) == ("09:00-12:00", "seasons")


@pytest.mark.parametrize(
    ("numeral", "hour"),
    [
        ("一", 1),
        ("九", 9),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十三", 23),
        ("两", 2),
        ("零", 0),
        ("〇", 0),
    ],
)
def test_every_chinese_numeral(numeral: str, hour: int) -> None:
    assert text(f"{numeral}点-23点30分") == f"{hour:02d}:00-23:30"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("中午1点-下午2点", "13:00-14:00"),
        ("午间1点-下午2点", "13:00-14:00"),
        ("中午3点-下午5点", "15:00-17:00"),
        ("中午4点-14点", "04:00-14:00"),
        ("中午0点-14点", "00:00-14:00"),
        ("晚上0点-早上6点", "00:00-06:00"),
        ("晚上8点-晚上11点", "20:00-23:00"),
        ("晚上11点-次日1点", "23:00-01:00"),
        ("12-6am", "00:00-06:00"),
        ("12pm-6am", "12:00-06:00"),
        ("晚上8点-次日9点", "20:00-09:00"),
        ("下午5点-14点", "17:00-14:00"),
        ("下午2点-凌晨6点", "14:00-06:00"),
        ("下午2点-早上6点", "14:00-06:00"),
        ("下午1点-1点", "13:00-01:00"),
        ("晚上8点-8点", "20:00-08:00"),
        ("晚上8点-9点", "20:00-21:00"),
        ("下午3点-4点", "15:00-16:00"),
        ("12 a.m.-6:00", "00:00-06:00"),
        ("12-6 a.m., 13:00-14:00", "00:00-06:00;13:00-14:00"),
        ("9-5pm", "09:00-17:00"),
        ("8:00-10:00,12:00-18:00,13:00-14:00", "08:00-10:00;12:00-18:00"),
        ("8:00-9:00 夏季10:00-11:00", "08:00-09:00;10:00-11:00"),
        # two bare figures beside other words are no hours, one mark makes them so
        ("开放 8-12", None),
        ("开放 8:00-12", "08:00-12:00"),
        ("开放 8-12:30", "08:00-12:30"),
        ("开放 8点-12", "08:00-12:00"),
        ("开放 8-12点", "08:00-12:00"),
        ("开放 8-11am", "08:00-11:00"),
        ("开放 8am-12", "08:00-12:00"),
        ("开放 早8-12", "08:00-12:00"),
        ("开放 8-晚10", "08:00-22:00"),
        ("开放 9-次日8", "00:00-08:00;09:00-24:00"),
        ("8-12", "08:00-12:00"),
    ],
)
def test_the_edges_of_noon_and_midnight(written: str, canonical: str | None) -> None:
    assert text(written) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "工作日8:00-17:00 节假日9:00-12:00",
        "节假日9:00-12:00 工作日8:00-17:00",
        "平日8:00-17:00，双休日9:00-12:00",
    ],
)
def test_working_days_and_holidays_in_one_breath(written: str) -> None:
    hours = parse_hours(written)
    assert (hours.text, hours.days, hours.problem) == ("08:00-17:00", "12345", "several_days")


# -- ends of rules that mutants moved ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("08:75-10:00", None), ("08:60-10:00", None), ("08:59-10:00", "08:59-10:00"), ("08:00-10:60", None),
        ("下午5:59-6:00", "17:59-18:00"), ("下午6:00-6:00", "18:00-06:00"), ("下午6:01-6:00", "18:01-06:00"),
        ("下午1:00-1:00", "13:00-01:00"), ("8:00-8:00", None), ("0:00-0:00", "00:00-24:00"),
    ],
)  # fmt: skip
def test_minutes_past_the_hour_and_spans_of_no_length(written: str, canonical: str | None) -> None:
    assert text(written) == canonical


@pytest.mark.parametrize(
    ("written", "canonical", "days"),
    [
        ("9:00 a.m.-5:00 p.m. daily", "09:00-17:00", "1234567"), ("晚上0:30-6:00", "00:30-06:00", "1234567"),
        ("下午1:00-12:01", "13:00-12:01", "1234567"), ("下午1:00-12:00", "13:00-24:00", "1234567"),
        ("全天 08:00-20:00", "08:00-20:00", "1234567"), ("周一至周五;8:00-17:00", "08:00-17:00", "12345"),
        ("周一至周五;欢迎光临;8:00-17:00", "08:00-17:00", "12345"), ("夏季;8:00-17:00", "08:00-17:00", "1234567"),
        ("周一至周五 8:00-17:00(夏季)", "08:00-17:00", "12345"), ("周六 9:00-12:00;周一至周五开放", "09:00-12:00", "6"),
        ("周一至周五 7:00-19:00;周六周日 8:00-18:00(夏季)", "07:00-19:00", "12345"), ("夏季 周一 6:00-8:00;冬季 周一 9:00-10:00", None, "1"),
        ("8点整-17点一刻", "08:00-17:15", "1234567"), ("8点-17点三刻", "08:00-17:45", "1234567"), ("8点半-17点20分", "08:30-17:20", "1234567"),
        ("8-9am", "08:00-09:00", "1234567"), ("1pm-9am", "13:00-09:00", "1234567"), ("周一、三、五 8:00-17:00", "08:00-17:00", "135"),
    ],
)  # fmt: skip
def test_parts_of_the_day_days_and_seasons_at_their_edges(
    written: str, canonical: str | None, days: str
) -> None:
    assert (text(written), parse_hours(written).days) == (canonical, days)


def test_every_day_without_hours_is_days_alone() -> None:
    assert parse_hours("每天开放").problem == "days_only"
    assert parse_hours("欢迎光临").problem == "unparsable"


def test_days_are_told_apart_in_the_order_in_which_they_stand() -> None:
    """Marks at 11 and 17, which a set holds the other way round."""
    assert text("08:00-12:00周六9-13周日10:00-11:00") == "08:00-12:00"


def test_spans_are_merged_and_empty_ones_left_out() -> None:
    assert merged([(5, 9), (3, 3), (1, 2), (2, 4), (6, 7)]) == ((1, 4), (5, 9))
    assert merged([(3, 3)]) == merged([]) == ()
