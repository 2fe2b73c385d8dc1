"""Tests of serving.model_server.models: configurations replace one another whole."""

import functools

import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.model_server.answering import Answering
from serving.model_server.metrics import ServerMetrics
from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.models import Models
from serving.model_server.scheduling.direct import DirectScheduler
from tests.serving.fake_servable import FakeServable
from tfrec.protocol.status import RequestError


@pytest.fixture
def folder(tmp_path):
    for version in ("films/1", "films/2", "shop/7", "bad/1", "empty"):
        (tmp_path / version).mkdir(parents=True)
    (tmp_path / "bad" / "1" / "bad").touch()
    return tmp_path


@pytest.fixture
def models(folder):
    make_store = functools.partial(ModelStore, load=FakeServable)
    films = ModelSettings("films", folder / "films")
    models = Models([make_store(films)], make_store)
    models.poll()
    return models


def found(models, name, **wish):
    spec = model_pb2.ModelSpec(name=name, version_label=wish.get("label", ""))
    if "version" in wish:
        spec.version.value = wish["version"]
    return models.get(spec)


def test_what_is_loaded_stays_and_the_rest_comes(models, folder):
    before = found(models, "films").servable
    labels = (("canary", 2), ("stable", 1))
    wanted = ModelSettings("films", folder / "films", 0, labels=labels)
    models.replace([wanted])
    assert found(models, "films").servable is before
    assert found(models, "films", label="canary").servable is before
    assert found(models, "films", label="stable").number == 1


def test_models_come_and_go(models, folder):
    shop = ModelSettings("shop", folder / "shop")
    models.replace([shop])
    assert found(models, "shop").number == 7
    with pytest.raises(RequestError, match=r"NOT_FOUND.*Latest\(films\)"):
        found(models, "films")


def test_another_folder_is_another_model(models, folder):
    models.replace([ModelSettings("films", folder / "shop")])
    assert found(models, "films").number == 7


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "bad"}, r"did not become available: {bad}. 1 is bad"),
        ({"name": "empty"}, "Its folder holds no version"),
        ({"name": "none"}, "which does not exist"),
        ({"specific": (9,)}, "Its folder holds no version"),
        ({"labels": (("canary", 9),)}, "label canary to version 9 of model films"),
    ],
)
def test_what_fails_changes_nothing(models, folder, changed, words):
    wanted = {"name": "films"} | changed
    failing = ModelSettings(base_path=folder / wanted["name"], **wanted)
    with pytest.raises(RequestError, match=words):
        models.replace([ModelSettings("shop", folder / "shop"), failing])
    assert found(models, "films").number == 2
    with pytest.raises(RequestError, match="NOT_FOUND"):
        found(models, "shop")


def test_a_new_label_may_come_before_its_version(folder):
    make_store = functools.partial(ModelStore, load=FakeServable)
    models = Models([], make_store, allows_early_labels=True)
    films = functools.partial(ModelSettings, "films", folder / "films", 0)
    models.replace([films(labels=(("next", 3),))])
    with pytest.raises(RequestError, match=r"NOT_FOUND.*Specific\(films, 3\)"):
        found(models, "films", label="next")
    (folder / "films" / "3").mkdir()
    models.poll()
    assert found(models, "films", label="next").number == 3
    with pytest.raises(RequestError, match="label next to version 4"):
        models.replace([films(labels=(("next", 4),))])  # it is in use


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "type not supported by HandleReloadConfigRequest"),
        ("custom_model_config {}", "Only ModelConfigList is currently supported"),
        ("model_config_list {}", "must list at least one model"),
        ('model_config_list { config { name: "a" } }', "`name` and `base_path`"),
    ],
)
def test_wrong_configurations(models, text, words):
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse(text, config)
    answering = Answering(
        models, DirectScheduler(1, 1, ServerMetrics()), ServerMetrics()
    )
    with pytest.raises(RequestError, match=f"INVALID_ARGUMENT: .*{words}"):
        answering.reload(config)
