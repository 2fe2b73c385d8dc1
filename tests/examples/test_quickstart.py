"""The notebook runs from its first cell to its last, and says what it should."""

import json
import pathlib
import re

import nbclient
import nbformat
import pytest

PATH = pathlib.Path(__file__).parents[2] / "examples" / "quickstart.ipynb"
MOST_LINES = 15


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(PATH, as_version=4)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_short_and_holds_no_output(notebook):
    lines = "\n".join(cell.source for cell in code_of(notebook)).splitlines()
    own = [line for line in lines if line and not line.startswith(("import", "from"))]
    assert len(own) <= MOST_LINES
    assert not any(cell.outputs for cell in code_of(notebook))


@pytest.mark.slow
def test_it_runs(notebook, tmp_path):
    context = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(notebook, timeout=1800, resources=context)
    done = client.execute()
    shown = [json.dumps(cell.outputs) for cell in code_of(done)]
    assert "Training on the whole log" in shown[1]
    assert "E tensorflow" not in "".join(shown)
    assert "The best baseline" in shown[5]
    id_before_title = re.compile(r"<td>(\d+)</td>\\n      <td>[^<]*[A-Za-z]")
    ids = id_before_title.findall(shown[6])
    assert len(ids) == 3
    assert ids == id_before_title.findall(shown[7])
