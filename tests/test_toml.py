"""Tests of tfrec.toml: what editors make of a file."""

import re

import pytest

from tfrec.errors import ConfigError
from tfrec.toml import read_toml

TEXT = '[run]\r\nname = "shop"\r\n# Läden\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf8_with_and_without_a_mark(tmp_path, encoding):
    path = tmp_path / "run.toml"
    path.write_bytes(TEXT.encode(encoding))
    assert read_toml(path) == {"run": {"name": "shop"}}


def test_latin1_is_named_with_byte_and_line(tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(TEXT.encode("latin-1"))
    words = re.escape(f"{path} must be UTF-8") + ".*the byte 0xe4 in line 3. Save it as"
    with pytest.raises(ConfigError, match=words):
        read_toml(path)


def test_utf16(tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(TEXT.encode("utf-16"))
    with pytest.raises(ConfigError, match=r"the byte 0xff in line 1"):
        read_toml(path)


def test_no_toml(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("seeds = [", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"run.toml is not valid TOML: "):
        read_toml(path)
