"""Tests of serving.batch_similar: the whole program on the toy's saved model."""

import numpy as np
import pandas as pd
import pytest

import tfrec
from serving.batch import similar_run
from serving.batch_similar import main
from tests.serving.programs import run_program


@pytest.fixture(scope="module")
def model(trained):
    return tfrec.load(trained.models["exact"])


@pytest.fixture
def run(trained, monkeypatch, capsys):
    """Exit code and what was said of the program with some flags."""

    def run(*flags):
        arguments = ["--model", trained.models["exact"], *flags]
        code = run_program(monkeypatch, main, *arguments)
        return code, "".join(capsys.readouterr())

    return run


def test_every_item_of_the_model_has_its_rows(model, tmp_path, monkeypatch):
    monkeypatch.setattr(similar_run, "CHUNK", 7)
    ids = [*model.titles]
    out = tmp_path / "similar.parquet"
    num_rows = similar_run.write_similar(model, ids, out, k=3)
    found = pd.read_parquet(out)
    assert len(found) == num_rows == 3 * len(ids)
    assert found.columns.tolist() == ["item_id", "rank", "similar_item_id", "score"]
    expected = model.similar(ids, k=3)
    assert found["item_id"].tolist() == expected["query"].tolist()
    assert found["similar_item_id"].tolist() == expected["item_id"].tolist()
    assert found["rank"].tolist() == [1, 2, 3] * len(ids)
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-4)


def test_items_of_a_table_and_of_a_category(model, run, tmp_path):
    known = [*model.titles][:2]
    (tmp_path / "items.csv").write_text("item_id\n" + "\n".join([*known, "nobody"]))
    out = tmp_path / "similar.csv"
    flags = ("--items", tmp_path / "items.csv", "--category", "garden")
    code, said = run(*flags, "--out", out, "--k", 2)
    assert code == 0, said
    assert "4 rows for 3 items" in said
    found = pd.read_csv(out)
    assert found["item_id"].tolist() == [known[0]] * 2 + [known[1]] * 2
    assert found["similar_item_id"].str.startswith("garden").all()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--out", "similar.txt"], "must end in .parquet, .csv, .jsonl"),
        (["--out", "similar.csv", "--k", "0"], "`--k` must be at least 1"),
        (["--out", "similar.csv", "--items", "none.csv"], "that does not exist"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    run, tmp_path, monkeypatch, flags, message
):
    monkeypatch.chdir(tmp_path)
    code, said = run(*flags)
    assert code != 0
    assert message in said
    assert not [*tmp_path.iterdir()]
