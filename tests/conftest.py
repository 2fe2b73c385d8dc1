"""What holds for every test."""

import dataclasses
import gc
import os
import pathlib

import hypothesis
import pytest

# The same examples every time: whoever changes one thing sees what that did.
# Search for new ones with HYPOTHESIS_PROFILE=default.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# Before TensorFlow is imported anywhere: its notes on CPUs are no test results.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")


# The files that look at the training run of `trained`, which takes a minute.
NEED_TRAINED = {
    "tests/conformance/test_models.py",
    "tests/conformance/test_predict.py",
    "tests/conformance/test_refusals.py",
    "tests/conformance/test_rest.py",
    "tests/export/test_c_api.py",
    "tests/export/test_compaction.py",
    "tests/integration/test_same_answers.py",
    "tests/serving/batch/test_batch_similar.py",
    "tests/serving/items/test_new_items.py",
    "tests/training/test_calibration.py",
    "tests/training/test_diagnosis.py",
    "tests/training/test_evaluate.py",
    "tests/training/test_freshness.py",
    "tests/training/test_run.py",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file's tests run in one process, and those of `trained` all in the same."""
    from xdist.scheduler import LoadFileScheduling

    class OneTrainingRun(LoadFileScheduling):
        def _split_scope(self, nodeid):
            path = super()._split_scope(nodeid)
            return "trained" if path in NEED_TRAINED else path

    return OneTrainingRun(config, log)


def pytest_collection_finish():
    """What is imported by now stays: collections need not look at it again."""
    gc.freeze()


@dataclasses.dataclass(frozen=True)
class Trained:
    """A whole run on the toy log, and where it was written."""

    data: pathlib.Path  # folder of the log
    folder: pathlib.Path  # of the report
    models: dict  # flavour -> version folder
    model: object  # the `HybridModel` that was exported, in memory
    report: dict  # content of report.json
    warnings: list  # of the self-diagnosis


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """`Trained`: both towers learnt on the toy log, exported in both flavours."""
    from tests.toy_run import run_toy

    return Trained(**run_toy(tmp_path_factory.mktemp("trained")))


@pytest.fixture(scope="session")
def artefact_folders(trained):
    """Flavour -> version folder of the toy's saved model; not to be changed."""
    return trained.models


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """The folder of a toy model of six items, with version 1; not to be changed."""
    from tests.serving.toy_artefact import write_toy

    folder = tmp_path_factory.mktemp("saved_models") / "toy"
    write_toy(folder, version=1)
    return folder


@pytest.fixture(scope="session")
def target(toy):
    """Address of a server of the toy, under the name `toy`."""
    from tests.serving.server_process import serving

    with serving("--model_name=toy", f"--model_base_path={toy}") as server:
        yield server.target
