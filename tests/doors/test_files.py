"""Tables from files, through `read_folder`: every row is read or told."""

import csv
import datetime
import gzip
import io
import json
import logging
import pathlib
import re
import subprocess
import sys
import tempfile
import uuid

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tfrec.config import DataConfig
from tfrec.data import text_files
from tfrec.data.clean import clean
from tfrec.data.readers import read_folder, read_items, read_users
from tfrec.errors import DataError

LOG = "user_id,item_id,timestamp\nada,tea,5\nbob,jam,6\n"


@pytest.fixture
def shop(tmp_path):
    """A function that writes files into a folder and reads it as a data set."""

    def write(files, **config):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, dict):
                parquet.write_table(pa.table(content), path)
            else:
                path.write_bytes(
                    content if isinstance(content, bytes) else content.encode()
                )
        return read_folder(tmp_path, DataConfig(**config))

    return write


def events_of(dataset, *names):
    return dataset.events.frame[[*names]].to_records(index=False).tolist()


def message_of(shop, files, **config):
    with pytest.raises(DataError) as info:
        shop(files, **config)
    return str(info.value)


# === Folders ===


def test_folders_named_key_and_value_are_columns(shop):
    rows = {"user_id": ["ada"], "item_id": ["tea"], "timestamp": [5]}
    dataset = shop(
        {
            "events/day=2024-01-01/event=add%20to%20cart/0.parquet": rows,
            "events/day=2024-01-02/event=buy/0.csv": LOG,
            "events/event=__HIVE_DEFAULT_PARTITION__/0.parquet": rows,
            "events/_SUCCESS": "",
        }
    )
    assert dataset.events.frame["event"].tolist() == [
        *("add to cart", "buy", "buy", "view")
    ]


def test_a_folder_and_its_file_agree_about_a_column(shop):
    log = "user_id,item_id,timestamp,event\nada,tea,5,buy\nbob,jam,6,{}\n"
    files = {"events/event=buy/0.csv": log.format("")}
    assert shop(files).events.frame["event"].tolist() == ["buy", "buy"]
    message = message_of(shop, {"events/event=buy/0.csv": log.format("view")})
    assert re.search(
        "`event` must be the same in a file and .* 'view' in .*0.csv", message
    )


def test_files_of_a_folder_may_differ_in_their_columns(shop):
    more = "user_id,item_id,timestamp,event_id,text,value\nada,tea,7,e1,good,2\n"
    dataset = shop({"events/1.csv": LOG, "events/2.csv": more, "events/3.csv": LOG})
    assert dataset.events.frame["event_id"].tolist() == ["", "", "e1", "", ""]
    assert dataset.events.frame["text"].tolist() == ["", "", "good", "", ""]
    # Two rows of 3.csv are those of 1.csv again; the one with an id is another.
    assert clean(dataset.events)[1].num_duplicates == 2


def test_a_mapped_column_may_be_missing_in_some_files(shop):
    rated = "user_id,item_id,timestamp,stars\nada,tea,7,2\n"
    files = {"events/1.csv": LOG, "events/2.csv": rated}
    values = shop(files, columns={"value": "stars"}).events.frame["value"]
    assert values.isna().tolist() == [True, True, False]
    assert "a column `star`. Did you mean `stars`?" in message_of(
        shop, files, columns={"value": "star"}
    )


def test_columns_and_files_that_are_not_read_are_told_once(shop, caplog):
    log = "user_id,item_id,timestamp,device,\nada,tea,5,phone,\n"
    with caplog.at_level(logging.WARNING):
        shop({"events/1.csv": log, "events/2.csv": log, "events/notes.txt": "x"})
    told = [line for line in caplog.messages if "not read" in line]
    assert [line.rsplit("/", 1)[1] for line in told] == [
        "events: files that are not read: notes.txt.",
        "1.csv: columns that are not read: device, one without a name. The model can "
        "learn from them, if the configuration names them, such as "
        '`features.context = { device = "category" }`.',
    ]


def test_two_of_our_columns_may_come_from_one_or_change_places(shop):
    items = "item_id,name\ntea,Green tea\n"
    dataset = shop(
        {"events.csv": "item_id,user_id,timestamp\nada,tea,5\n", "items.csv": items},
        columns={"user_id": "item_id", "item_id": "user_id"},
    )
    assert events_of(dataset, "user_id", "item_id") == [("ada", "tea")]
    both = {"title": "name", "text": "name"}
    dataset = shop({"events.csv": LOG, "items.csv": items}, columns=both)
    first = dataset.items.frame.set_index("item_id").loc["tea"]
    assert first[["title", "text"]].tolist() == ["Green tea", "Green tea"]


# === Parquet ===


def test_types_of_parquet(shop):
    key = uuid.UUID(int=7)
    moment = datetime.datetime(2024, 1, 1, 12, 0, 0, 250_000)
    dataset = shop(
        {
            "events.parquet": {
                "user_id": pa.array([key.bytes] * 2, pa.binary(16)),
                "item_id": pa.array([b"tea", b"jam"]),
                "timestamp": pa.array([moment, moment], pa.timestamp("ns")),
                "event_id": pa.array([key.bytes, None], pa.uuid()),
                "value": pa.array([None, 2], pa.uint8()),
                "basket": pa.array([{"a": 1}, None]),  # nobody needs it
            },
            "items.parquet": {
                "item_id": pa.array(["tea", "jam"]).dictionary_encode(),
                "title": pa.array(["Tea", None], pa.large_string()),
                "text": pa.nulls(2),
                "category": pa.array([["hot", "dry"], None]),
                "available_from": pa.array([datetime.date(1970, 1, 2), None]),
            },
        }
    )
    frame = dataset.events.frame
    assert frame["user_id"].tolist() == [str(key), str(key)]
    assert frame["item_id"].tolist() == ["tea", "jam"]
    assert frame["event_id"].tolist() == [str(key), ""]
    assert frame["timestamp"].tolist() == [1_704_110_400] * 2  # 19,723.5 days
    assert (frame["sequence"] > 0).all()  # the quarter of a second
    assert frame["value"].isna().tolist() == [True, False]
    items = dataset.items.frame
    assert items["title"].tolist() == ["Tea", ""]
    assert items["category"].tolist() == ["hot|dry", ""]
    assert items["available_from"].tolist() == [86_400, 0]


def test_a_struct_where_an_id_is_wanted_is_a_bad_row(shop, tmp_path):
    rows = {
        "user_id": pa.array([{"id": "ada"}, {"id": "bob"}]),
        "item_id": ["tea", "jam"],
        "timestamp": [5, 6],
    }
    message = message_of(shop, {"events.parquet": rows})
    assert "2 × `user_id` must be text or a number: " in message
    assert "events.parquet row 1 ({'id': 'ada'})" in message
    with pytest.raises(DataError, match="no good row"):
        read_folder(tmp_path, DataConfig(on_bad_rows="quarantine"))


def test_a_year_that_no_datetime_has_is_refused(shop):
    moments = pa.array([10**15], pa.timestamp("s"))
    rows = {"user_id": ["ada"], "item_id": ["tea"], "timestamp": moments}
    message = message_of(shop, {"events.parquet": rows})
    assert "events.parquet cannot be read as parquet: Casting from timestamp" in (
        message
    )


def test_the_quarantine_keeps_digits_and_lists(shop, tmp_path):
    rows = {
        "user_id": [2**60 + 1, 7],
        "item_id": pa.array([["tea"], None]),
        "timestamp": [5, 6],
        "value": [0.5, 0.5],
    }
    files = {"events/1.parquet": rows, "events/2.csv": LOG}
    assert len(shop(files, on_bad_rows="quarantine").events) == 2
    lines = (tmp_path / "quarantine" / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["content"] for line in lines] == [
        {"user_id": 2**60 + 1, "item_id": ["tea"], "timestamp": 5, "value": 0.5},
        {"user_id": 7, "item_id": None, "timestamp": 6, "value": 0.5},
    ]


def test_an_index_of_pandas_is_a_column(tmp_path):
    table = pa.table({"user_id": ["ada"], "city": ["Rome"]}).to_pandas()
    table.set_index("user_id").to_parquet(tmp_path / "users.parquet")
    assert read_users(tmp_path / "users.parquet").frame["user_id"].tolist() == ["ada"]


# === CSV ===


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_ends_of_line(shop, separator, end):
    log = LOG.replace(",", separator).replace("\n", end)
    dataset = shop({"events.csv": f"{end}{log}{end}"})
    assert events_of(dataset, "user_id", "item_id", "timestamp") == [
        *(("ada", "tea", 5), ("bob", "jam", 6))
    ]


def test_a_separator_that_cannot_be_told_is_asked_for(shop):
    message = message_of(shop, {"events.csv": "user_id,item_id;timestamp\n1,2;3\n"})
    assert "events.csv must have one character between its cells" in message


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("kunde;artikel;zeit", "Columns found in .*: kunde, artikel, zeit. Map it"),
        ("user_id^item_id^timestamp", 'columns = { user_id = "NAME_IN_FILE" }'),
        ("User ID,item_id,timestamp", 'columns = { user_id = "User ID" }'),
        ('"user_id,item_id', "must begin with a line of column names. Received"),
        ("user_id,user_id,item_id,timestamp", "must have one column `user_id`"),
    ],
)
def test_headers_that_do_not_fit_are_explained(shop, header, words):
    assert re.search(words, message_of(shop, {"events.csv": f"{header}\n1,2,3\n"}))


def test_blanks_around_column_names_do_not_count(shop):
    dataset = shop({"events.csv": LOG.replace("user_id,item_id", " user_id , item_id")})
    assert events_of(dataset, "user_id", "item_id")[0] == ("ada", "tea")


TITLES = """item_id,title,category
a,Alpha,x
b,"Untitled by Bo,x
c,Gamma,x
d,"Untitled by Dee,x
e,"Two
lines, and more",x
f,12" single,x
g,"One ""quoted"" word",x
"""


@pytest.mark.parametrize("size", [16 << 20, 8])
def test_a_quote_that_nothing_closes_costs_its_own_line(
    shop, tmp_path, monkeypatch, size
):
    monkeypatch.setattr(text_files, "CHUNK_CHARACTERS", size)
    files = {"events.csv": LOG, "items.csv": TITLES}
    message = message_of(shop, files)
    assert "Items: 2 bad rows.\n  2 × the quotes of the line do not pair" in message
    assert "items.csv row 2 ('b,\"Untitled by Bo,x'); " in message
    assert "items.csv row 4 (" in message
    items = shop(files, on_bad_rows="quarantine").items.frame.set_index("item_id")
    assert items["title"].to_dict() == {
        **{"a": "Alpha", "c": "Gamma", "e": "Two\nlines, and more", "tea": ""},
        **{"f": '12" single', "g": 'One "quoted" word', "jam": ""},
    }


def test_quotes_that_pair_around_whole_rows_are_doubted(shop, tmp_path):
    swallowed = 'item_id,title\na,"Alpha\nb,Beta\nc,5"\nd,Delta\n'
    message = message_of(shop, {"events.csv": LOG, "items.csv": swallowed})
    assert "a quoted cell holds line breaks and what looks like whole rows" in message
    assert "items.csv row 1 (" in message


def test_rows_are_numbered_by_their_lines(shop):
    items = 'item_id,title\na,"one\ntwo\n\nthree"\n\n,none\nb,x,y\n'
    message = message_of(shop, {"events.csv": LOG, "items.csv": items})
    assert "`item_id` is missing or empty: " in message
    assert "items.csv row 6 ('')" in message
    assert "items.csv row 7 ('b,x,y')" in message


# === JSONL ===


def test_json_values_of_any_kind(shop):
    rows = [
        '{"item_id": "a", "category": ["x", ["y"]], "title": null, "text": NaN}',
        '{"item_id": "b", "title": {"de": "Tee"}}',
        '{"item_id": "c", "title": "\\ud800"}',
        '{"item_id": "d", "title": ["x"]}',
        '{"item_id": "e",}',
        "[" * 100_000,
        "",
        '{"item_id": "f"}',
    ]
    files = {"events.csv": LOG, "items.ndjson": "\n".join(rows)}
    message = message_of(shop, files)
    assert "Items: 5 bad rows." in message
    items = shop(files, on_bad_rows="quarantine").items.frame
    assert items["item_id"].tolist() == ["a", "f", "jam", "tea"]
    assert items["category"][0] == "x|y"


def test_a_json_array_is_explained(shop):
    message = message_of(shop, {"events.json": '[{"user_id": 1},\n {"user_id": 2}]'})
    assert "events.json must hold one JSON object per line. Received: a JSON" in message


def test_group_columns_become_plain(tmp_path):
    path = tmp_path / "users.jsonl"
    path.write_text('{"user_id": 1, "tags": ["a", "b"], "job": {"x": 1}}\n')
    frame = read_users(path).frame
    assert frame[["tags", "job"]].iloc[0].tolist() == ["a|b", '{"x": 1}']


# === Encodings ===


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: gzip.compress(text.encode()),
    ],
)
def test_marks_of_encodings_and_of_gzip_are_seen(shop, encode):
    dataset = shop({"events.csv": encode(LOG.replace("tea", "thé"))})
    assert events_of(dataset, "item_id") == [("thé",), ("jam",)]


@pytest.mark.parametrize("name", ["events.csv", "events.jsonl"])
def test_another_encoding_is_told_with_its_first_byte(shop, name):
    text = LOG.replace("jam", "thé")
    message = message_of(shop, {name: text.encode("latin-1")})
    # 26 bytes of the header, 10 of the first row and "bob,th" stand before it.
    assert f"{name} must be UTF-8. Received: the byte 0xe9 at byte 42 of" in message
    assert "in line 3 (b'bob,th\\xe9,6\\n'). Write it again as UTF-8" in message
    message = message_of(shop, {name: text.encode("utf-16-le")})
    assert "as in UTF-16 without a byte order mark" in message


# === Anything at all ===

TEXT = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from('",;\n\r|\t"')
)


def titles_of(path):
    """Titles read, and row numbers of what was told instead."""
    with tempfile.TemporaryDirectory() as folder:
        aside = pathlib.Path(folder) / "aside.jsonl"
        frame = read_items(path, None, "quarantine", aside).frame
        told = [json.loads(line)["row"] for line in aside.read_text().splitlines()]
    return dict(zip(frame["item_id"], frame["title"], strict=True)), told


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, min_size=1), st.sampled_from(",;\t|"), st.integers(0, 2))
def test_what_a_csv_writer_writes_is_read_or_told(titles, separator, quoting):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator, quoting=quoting)
    writer.writerow(["item_id", "title"])
    begins = {}
    for number, title in enumerate(titles):
        begins[len(re.findall(r"\r\n|\r|\n", file.getvalue()))] = number
        writer.writerow([f"i{number}", title])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "items.csv"
        path.write_bytes(file.getvalue().encode())
        found, told = titles_of(path)
    expected = {f"i{n}": t if t.strip() else "" for n, t in enumerate(titles)}
    assert found == {i: expected[i] for i in found}
    assert {f"i{begins[row]}" for row in told} == expected.keys() - found.keys()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text('a",\n', min_size=1, max_size=12), min_size=1))
def test_lines_that_nobody_wrote_well_are_read_or_told(lines):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "items.csv"
        text = "item_id,title\n" + "\n".join(lines)
        path.write_text(text, newline="")
        aside = pathlib.Path(folder) / "aside.jsonl"
        frame = read_items(path, None, "quarantine", aside).frame
        told = [json.loads(line)["content"] for line in aside.read_text().splitlines()]
    kept = "".join([*frame["item_id"], *frame["title"]])
    kept += "".join("".join(str(v) for v in each.values()) for each in told)
    assert kept.count("a") == text[13:].count("a")  # no letter is lost


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=1))
def test_json_and_parquet_are_read_or_told(titles):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "items.jsonl"
        rows = [{"item_id": f"i{n}", "title": t} for n, t in enumerate(titles)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        found, told = titles_of(path)
    assert found.keys() | {f"i{row - 1}" for row in told} == {
        r["item_id"] for r in rows
    }
    for row in rows:
        if row["item_id"] in found:
            title = row["title"] if row["title"].strip() else ""
            assert found[row["item_id"]] == title


def test_a_cell_of_a_megabyte(shop):
    title = 'long "text",\n' * 70_000
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["item_id", "title"], ["tea", title], ["jam", "Jam"]])
    dataset = shop({"events.csv": LOG, "items.csv": file.getvalue()})
    assert dataset.items.frame["title"].tolist() == [title, "Jam"]


# === The program ===


def test_training_says_which_rows_are_wrong(tmp_path):
    (tmp_path / "events.csv").write_text(LOG + 'cy,"tea,7\n')
    arguments = ["training/configs/default.toml", "--set", f"data.folder={tmp_path}"]
    done = subprocess.run(
        [sys.executable, "-m", "training.train", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=pathlib.Path(__file__).parents[2],
    )
    assert done.returncode == 1
    assert "Error: Events: 1 bad rows." in done.stderr
    assert "events.csv row 3 ('cy,\"tea,7')" in done.stderr
    assert "Traceback" not in done.stderr
