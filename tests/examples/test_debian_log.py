"""Tests of examples.debian_log."""

import lzma

import pandas as pd
import pytest

from examples import debian_log as program
from tfrec.errors import DownloadError

PACKAGES = """Package: editor
Section: text
Description: writes words
Depends: libc (>= 2), libtext:any | libother, gone
Recommends: spell
Suggests: libc, manual

Package: libc
Section: libs

Package: libtext

Package: spell
Description: knows words
 and more of them

Package: manual
"""


@pytest.fixture
def packages():
    return program.read_packages(PACKAGES)


def test_packages_are_read(packages):
    assert list(packages) == ["editor", "libc", "libtext", "spell", "manual"]
    assert packages["spell"]["Description"] == "knows words"


def test_first_alternatives_that_exist_count_once(packages):
    found = program.relations_of("editor", packages)
    assert found == ["libc", "libtext", "spell", "manual"]


def test_the_log(monkeypatch, tmp_path):
    path = tmp_path / "Packages.xz"
    path.write_bytes(lzma.compress(PACKAGES.encode()))
    monkeypatch.setattr(program.pooch, "retrieve", lambda *_, **__: str(path))
    program.debian_log(tmp_path / "log")
    events = pd.read_parquet(tmp_path / "log" / "events.parquet")
    assert set(events["user_id"]) == {"editor"}
    assert sorted(events["item_id"]) == ["libc", "libtext", "manual", "spell"]
    assert (events["timestamp"].diff().dropna() == 60).all()
    items = pd.read_parquet(tmp_path / "log" / "items.parquet").set_index("item_id")
    assert items.loc["libc", "category"] == "libs"
    assert items.loc["spell", "text"] == "knows words"


def test_what_is_not_to_be_had(monkeypatch):
    def absent(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr(program.pooch, "retrieve", absent)
    with pytest.raises(DownloadError, match="Packages.xz cannot be had: no route"):
        program.download(program.PACKAGES)
