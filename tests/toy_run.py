"""The whole road from log to saved models in this process, on the toy log."""

import unittest.mock

from tests.scann_here import need_scann
from tests.toy_log import toy_config, write_toy_log
from tfrec.compat import has_scann
from tfrec.config import load_config
from tfrec.training import run as program


class Flavours(dict):
    """Flavour -> version folder; a test of ScaNN's is skipped where there is none."""

    def __missing__(self, flavour):
        need_scann()
        raise KeyError(flavour)


def run_toy(folder):
    """Trains, judges and exports; what `tests.conftest.Trained` holds, as a dict."""
    data = write_toy_log(folder / "data")
    index = f"export.index={'scann' if has_scann() else 'exact'}"
    config = load_config(overrides=toy_config(folder, data, index, "train.refit=train"))
    with unittest.mock.patch.object(program, "export", wraps=program.export) as export:
        done = program.run(config)
    return {
        "data": data,
        "folder": done.folder,
        "models": Flavours(zip(("exact", "scann"), done.models, strict=False)),
        "model": export.call_args.args[0],
        "report": done.report,
        "warnings": done.warnings,
    }
