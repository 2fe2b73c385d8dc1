"""Tests of serving.model_server.model_config on TF Serving's own text format."""

import pytest

from serving.model_server.model_config import read_model_config
from tfrec.errors import ConfigError

TWO_MODELS = """
model_config_list {
  config { name: "films" base_path: "/models/films" model_platform: "tensorflow" }
  config {
    name: "shop"
    base_path: "/models/shop"
    model_version_policy { specific { versions: 3 versions: 5 } }
    version_labels { key: "stable" value: 3 }
  }
  config { name: "all" base_path: "/models/all" model_version_policy { all {} } }
}
"""


def write(tmp_path, text):
    path = tmp_path / "models.config"
    path.write_text(text)
    return path


def test_names_paths_policies_and_labels(tmp_path):
    films, shop, everything = read_model_config(write(tmp_path, TWO_MODELS))
    assert (films.name, str(films.base_path)) == ("films", "/models/films")
    assert films.wanted([1, 2, 5]) == [5]
    assert shop.wanted([1, 3, 4, 5]) == [3, 5]
    assert shop.labels == (("stable", 3),)
    assert everything.wanted([1, 2]) == [1, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model_config_lst {}", "cannot be read"),
        ("", "must list at least one model"),
        ('model_config_list { config { name: "a" } }', "must have `name` and"),
        (
            'model_config_list { config { name: "a" base_path: "b" '
            'model_platform: "caffe" } }',
            "must be tensorflow. Received: caffe",
        ),
        (
            'model_config_list { config { name: "a" base_path: "b" } '
            'config { name: "a" base_path: "c" } }',
            "each name once. Received: a, a",
        ),
    ],
)
def test_errors(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        read_model_config(write(tmp_path, text))


def test_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_model_config(tmp_path / "none.config")
