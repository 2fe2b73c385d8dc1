"""Tests of tfrec.data.hourly_parts."""

import pandas as pd
import pytest

from tests.data.interaction_logs import NOON
from tfrec.data.hourly_parts import NUMBER, TEXT, WHOLE, read_parts
from tfrec.errors import DataError

COLUMNS = {"name": TEXT, "size": WHOLE, "worth": NUMBER}
HOUR = 3600


@pytest.fixture
def folder(tmp_path):
    """Parts of 11, 12 and 13 o'clock, and things that are none."""
    for hour in (11, 12, 13):
        path = tmp_path / "log" / f"2026-11-29T{hour}"
        path.mkdir(parents=True)
        frame = pd.DataFrame({"name": [str(hour)], "size": [hour], "worth": [0.5]})
        frame.to_parquet(path / "part-0.parquet")
        (path / ".part-1.123.parquet").write_text("half written")
    (tmp_path / "log" / "lost+found").mkdir()
    (tmp_path / "log" / "2026-11-29T14").write_text("no folder")
    return tmp_path / "log"


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        (None, None, ["11", "12", "13"]),
        (NOON + 1800, None, ["12", "13"]),  # in the middle of an hour
        (NOON + HOUR, None, ["13"]),
        (None, NOON, ["11"]),
        (None, NOON + 1, ["11", "12"]),
        (NOON, NOON + HOUR, ["12"]),
        (NOON + 9 * HOUR, None, []),
    ],
)
def test_the_hours_that_a_span_touches_are_read(folder, since, until, hours):
    frame = read_parts(folder, COLUMNS, since, until)
    assert frame["name"].tolist() == hours
    assert [*frame] == [*COLUMNS]


def test_texts_may_be_categories_and_whole_numbers_may_be_numbers(folder):
    part = folder / "2026-11-29T13" / "part-0.parquet"
    frame = pd.DataFrame({"name": ["x"], "size": [1], "worth": [2]})
    frame.astype({"name": "category"}).to_parquet(part)
    found = read_parts(folder, COLUMNS, since=NOON + HOUR)
    assert found.iloc[0].tolist() == ["x", 1, 2.0]
    frame.assign(worth="much", size=1.5).to_parquet(part)
    with pytest.raises(DataError) as caught:
        read_parts(folder, COLUMNS)
    assert "`size` must have whole numbers. Received: double" in str(caught.value)
    assert "`worth` must have numbers. Received:" in str(caught.value)
