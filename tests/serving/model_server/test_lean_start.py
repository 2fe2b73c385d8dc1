"""Tests of what a server does without, in a process that imported nothing else."""

import subprocess
import sys

from tests.serving.live_toy import write_live_toy

SERVE = """
import sys
from serving.server import _import_lean
_import_lean()
from serving.model_server.new_items import load_live
servable = load_live(sys.argv[1])
assert servable.replay_warm_up() == 1
print(*{name.partition(".")[0] for name in sys.modules})
"""
TAKING_SECONDS = {"h5py", "keras", "matplotlib", "pandas", "scipy", "sklearn"}


def test_a_model_is_served_without_packages_that_take_long_to_import(tmp_path):
    command = [sys.executable, "-c", SERVE, str(write_live_toy(tmp_path))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    imported = {*done.stdout.split()}
    assert "tensorflow" in imported
    assert not imported & TAKING_SECONDS
