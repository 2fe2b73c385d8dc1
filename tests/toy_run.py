"""The whole road from log to saved models in this process, on the toy log."""

import unittest.mock

from tests.toy_log import toy_config, write_toy_log
from tfrec.config import load_config
from tfrec.training import run as program


def run_toy(folder):
    """Trains, judges and exports; what `tests.conftest.Trained` holds, as a dict."""
    data = write_toy_log(folder / "data")
    config = load_config(
        overrides=toy_config(folder, data, "export.index=scann", "train.refit=train")
    )
    with unittest.mock.patch.object(program, "export", wraps=program.export) as export:
        done = program.run(config)
    exact, scann = done.models
    return {
        "data": data,
        "folder": done.folder,
        "models": {"exact": exact, "scann": scann},
        "model": export.call_args.args[0],
        "report": done.report,
        "warnings": done.warnings,
    }
