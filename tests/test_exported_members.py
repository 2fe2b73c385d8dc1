"""The names that people import from `tfrec`, and the loop that they write with them."""

import inspect
import subprocess
import sys

import keras
import pytest

import tfrec
from tests.model.checkerboard import checkerboard
from tfrec.export.saved_model import export
from tfrec.inference.inference import exact_inference


@pytest.mark.parametrize("name", tfrec.__all__)
def test_exported_names_are_documented(name):
    assert inspect.getdoc(getattr(tfrec, name))


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute `Towers`"):
        _ = tfrec.Towers


def test_import_loads_no_tensorflow():
    code = "import sys, tfrec; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.slow
def test_the_loop_that_people_write(tmp_path):
    """Keras' own `fit`, then blocks, recommendations, export and reload."""
    dataset, interactions = checkerboard()
    split = tfrec.make_split(interactions, "rolling", 0.2)
    towers = tfrec.TwoTower(embedding_dim=8, num_heads=1).adapt(
        split.train, dataset.items
    )
    towers.compile(keras.optimizers.Adam(5e-3))
    windows = tfrec.training_windows(
        split.train, length=8, batch_size=4, seed=0, allow_repeats=False
    )
    towers.fit(windows, steps_per_epoch=5, shuffle=False, verbose=0)
    model = tfrec.HybridModel(towers).fit_scorers(split.train)
    model.choose_weights(split.queries)
    history = ["i02", "i04", "i08"]
    inference = exact_inference(model.hybrid_scorer())
    ids, _, _ = inference.recommend_ids([history], 4, ["i00"])
    assert not set(ids[0]) & {*history, "i00"}
    (folder,) = export(model, tmp_path)
    again = tfrec.load(folder).recommend([history], k=4, exclude=["i00"])
    assert again["item_id"].tolist() == ids[0].tolist()
