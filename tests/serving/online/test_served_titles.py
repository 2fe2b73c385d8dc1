"""Tests of serving.gateway.served_titles with files of versions."""

import pandas as pd

from serving.gateway.served_titles import ServedTitles
from serving.gateway.titles import ItemTitles


def write_version(folder, version, title):
    path = folder / str(version) / "assets.extra" / "items.parquet"
    path.parent.mkdir(parents=True)
    pd.DataFrame({"item_id": ["1"], "title": [title]}).to_parquet(path)


def test_titles_are_those_of_the_version(tmp_path):
    for version, title in ((1, "Star Wars"), (2, "Star Wars (1977)")):
        write_version(tmp_path, version, title)
    catalogue = ItemTitles()
    titles = ServedTitles(catalogue, tmp_path)
    for version, title in ((1, "Star Wars"), (2, "Star Wars (1977)"), (1, "Star Wars")):
        titles.follow(version)
        assert catalogue.title("1") == title


def test_a_version_without_its_file_keeps_the_earlier_titles(tmp_path, caplog):
    write_version(tmp_path, 1, "Star Wars")
    catalogue = ItemTitles()
    titles = ServedTitles(catalogue, tmp_path)
    for version in (1, 2, 2, 2):
        titles.follow(version)
    assert catalogue.title("1") == "Star Wars"
    (record,) = caplog.records
    assert "The previous titles stay in use." in record.message
    assert "2/assets.extra/items.parquet" in record.message
    write_version(tmp_path, 2, "late")
    titles.follow(2)
    assert catalogue.title("1") == "late"
