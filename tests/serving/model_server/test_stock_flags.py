"""Tests of the flags that tensorflow_model_server has."""

import pytest
import tensorflow as tf
import typer

from serving.model_server.stock_flags import WITHOUT_EFFECT, StockCommand, idle_words
from serving.server import main
from tests.serving.programs import run_program

# Those of tensorflow_serving/model_servers/main.cc.
NAMES = """
allow_version_labels_for_unavailable_models batching_parameters_file enable_batching
enable_grpc_healthcheck_service enable_model_warmup
enable_per_model_batching_parameters enable_profiler
enable_serialization_as_tensor_content enable_signature_method_name_check
file_system_poll_wait_seconds flush_filesystem_caches grpc_channel_arguments
grpc_max_threads grpc_socket_path load_retry_interval_micros max_num_load_retries
mixed_precision model_base_path model_config_file model_config_file_poll_wait_seconds
model_name monitoring_config_file num_load_threads num_request_iterations_for_warmup
num_tflite_interpreters_per_pool num_tflite_pools num_unload_threads
per_process_gpu_memory_fraction platform_config_file port prefer_tflite_model
remove_unused_fields_from_bundle_metagraph rest_api_enable_cors_support
rest_api_num_threads rest_api_port rest_api_timeout_in_ms saved_model_tags
skip_initialize_tpu ssl_config_file tensorflow_inter_op_parallelism
tensorflow_intra_op_parallelism tensorflow_session_config_file
tensorflow_session_parallelism thread_pool_factory_config_file use_alts_credentials
version xla_cpu_compilation_enabled xla_gpu_compilation_enabled
"""
STOCK = NAMES.split()


@pytest.fixture
def read():
    """Reads flags: their values, and the line on those without effect."""

    def serve(
        context: typer.Context,
        port: int = 1,
        is_warm: bool = typer.Option(True, "--warm/--nowarm"),
        is_batched: bool = typer.Option(False, "--batched/--nobatched"),
    ):
        return (port, is_warm, is_batched), idle_words(context)

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(cls=StockCommand)(serve)
    return lambda *flags: app(flags, standalone_mode=False)


def test_every_stock_flag_is_known(monkeypatch, capsys):
    assert len(STOCK) == 48
    assert run_program(monkeypatch, main, "--help") == 0
    text = capsys.readouterr().out
    assert [name for name in STOCK if f"--{name}" not in text] == []
    assert set(WITHOUT_EFFECT) < set(STOCK)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--port=3", "--batched"], (3, True, True)),
        (["--warm=false", "--batched=true", "--port", "4"], (4, False, True)),
        (["--warm=False", "--warm=1"], (1, True, False)),
        (["--batched", "--batched=0"], (1, True, False)),
    ],
)
def test_switches_as_manifests_have_them(read, flags, expected):
    assert read(*flags) == (expected, "")


def test_what_does_nothing_is_said_in_one_line(read):
    values, words = read("--num_load_threads=4", "--port=3", "--enable_profiler=false")
    assert values == (3, True, False)
    assert words == (
        "Flags without effect: --enable_profiler (there is no profiler service), "
        "--num_load_threads (versions are loaded one by one, beside the requests)."
    )


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--tensorflow_session_parallelism=3"], [3, 3]),
        (["--tensorflow_intra_op_parallelism=2"], [2, 0]),
        ([], []),
    ],
)
def test_numbers_of_threads(monkeypatch, capsys, flags, expected):
    found = []
    for which in ("intra", "inter"):
        name = f"set_{which}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, name, found.append)
    run_program(monkeypatch, main, "--model_base_path=nowhere", *flags)
    assert found == expected
    assert "nowhere, which does not exist" in capsys.readouterr().err


def test_versions(monkeypatch, capsys):
    assert run_program(monkeypatch, main, "--version") == 0
    assert "\ntensorflow 2." in capsys.readouterr().out
