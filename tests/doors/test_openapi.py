"""The gateway's own description of its API, held against what it answers."""

import pathlib
import subprocess
import sysconfig

import pytest

from tests.serving.live_toy import write_live_toy
from tests.serving.online.gateway_process import GatewayProcess
from tests.serving.server_process import serving

SCHEMATHESIS = pathlib.Path(sysconfig.get_path("scripts")) / "schemathesis"
CHECKS = [
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "response_headers_conformance"),
]


@pytest.mark.slow
def test_answers_are_as_the_description_says(tmp_path):
    """Some 2,000 calls, right and wrong ones, to every route."""
    model = write_live_toy(tmp_path / "toy").parent
    flags = ["--model", "toy", "--store", f"sqlite:///{tmp_path}/states.db"]
    with serving("--model_name=toy", f"--model_base_path={model}") as server:
        flags += ["--target", server.target, "--model-folder", str(model)]
        gateway = GatewayProcess(*flags)
        description = f"http://127.0.0.1:{gateway.port}/openapi.json"
        command = [SCHEMATHESIS, "run", description, "--checks", ",".join(CHECKS)]
        command += ["--phases", "coverage,fuzzing", "--max-examples", "130"]
        command += ["--generation-deterministic", "--request-timeout", "30"]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert ran.returncode == 0, ran.stdout[-5000:]
        assert gateway.stop() == 0
