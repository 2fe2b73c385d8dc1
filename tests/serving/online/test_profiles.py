"""Tests of serving.gateway.profiles."""

import pandas as pd
import pytest

from serving.gateway.profiles import read_profiles
from tfrec.errors import DataError


def test_those_with_a_text_are_read(tmp_path):
    path = tmp_path / "users.csv"
    texts = {"user_id": ["7", "8", "9"], "text": ["a gardener", "", "a cook"]}
    pd.DataFrame(texts).to_csv(path, index=False)
    assert read_profiles(path) == {"7": "a gardener", "9": "a cook"}


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError):
        read_profiles(tmp_path / "users.csv")
