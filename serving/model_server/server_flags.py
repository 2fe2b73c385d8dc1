"""The flags of the server, most of which are tensorflow_model_server's, with help."""

from typing import Annotated

from typer import Option


def _flag(kind, name, words, least=None):
    """A flag with a value; `least` is the smallest one."""
    return Annotated[kind, Option(f"--{name}", min=least, help=words)]


def _switch(name, words):
    """A flag without one."""
    return Annotated[bool, Option(f"--{name}/--no{name}", help=words)]


# Where it listens.
Host = _flag(str, "host", "Address to bind.")
Port = _flag(int, "port", "Port of gRPC; 0 takes a free one.")
SocketPath = _flag(str, "grpc_socket_path", "UNIX socket of gRPC, besides the port.")
ChannelArguments = _flag(
    str, "grpc_channel_arguments", "Settings of gRPC: name=value,name=value."
)
RestPort = _flag(int, "rest_api_port", "Port of the REST API; 0 for none.")
Cors = _switch(
    "rest_api_enable_cors_support", "Web pages of other sites may call REST."
)

# What it serves.
ModelName = _flag(str, "model_name", "Name of the model in requests.")
BasePath = _flag(str, "model_base_path", "Folder of the model, with its versions.")
ConfigFile = _flag(
    str,
    "model_config_file",
    "ModelServerConfig in text format, instead of model_name and model_base_path.",
)
ConfigPoll = _flag(
    float,
    "model_config_file_poll_wait_seconds",
    "Seconds between two checks of the file; 0: one check.",
    0,
)
EarlyLabels = _switch(
    "allow_version_labels_for_unavailable_models",
    "Labels may name versions that are not ready.",
)
FolderPoll = _flag(
    float,
    "file_system_poll_wait_seconds",
    "Seconds between two checks for new versions; 0: one check.",
    0,
)
Tags = _flag(str, "saved_model_tags", "Tag of the graph: only serve.")
WarmUp = _switch(
    "enable_model_warmup", "A version answers its warm-up requests before it serves."
)
NumWarmUps = _flag(int, "num_request_iterations_for_warmup", "Warm-up rounds; 0: 1.")
LoadRetries = _flag(int, "max_num_load_retries", "Further tries to load a version.", 0)
LoadRetryWait = _flag(
    int, "load_retry_interval_micros", "Microseconds between two tries."
)

# How it computes and answers.
GrpcThreads = _flag(int, "grpc_max_threads", "gRPC requests at a time.", 1)
RestThreads = _flag(int, "rest_api_num_threads", "REST requests at a time.", 1)
RestTimeout = _flag(
    int, "rest_api_timeout_in_ms", "Longest time for a REST request.", 1
)
Batching = _switch("enable_batching", "Compute waiting requests as one batch.")
BatchingFile = _flag(
    str, "batching_parameters_file", "BatchingParameters in text format."
)
SessionThreads = _flag(
    int, "tensorflow_session_parallelism", "Sets both of the next two.", 0
)
IntraThreads = _flag(
    int,
    "tensorflow_intra_op_parallelism",
    "Threads of one operation; 0: TensorFlow decides.",
    0,
)
InterThreads = _flag(
    int,
    "tensorflow_inter_op_parallelism",
    "Operations at a time; 0: TensorFlow decides.",
    0,
)
AsContent = _switch(
    "enable_serialization_as_tensor_content",
    "Numbers of answers are in tensor_content, instead of float_val and the like.",
)

# Whom it answers, and what it bears and tells.
Ssl = _flag(
    str, "ssl_config_file", "SSLConfig in text format: certificates of both ports."
)
Alts = _switch("use_alts_credentials", "Not supported; use TLS.")
TokenFile = _flag(str, "auth_token_file", "File with TOKEN or TOKEN ROLE on each line.")
RateLimit = _flag(
    float, "rate_limit_per_client", "Requests a second of one client; 0: no limit.", 0
)
Plaintext = _switch(
    "allow_plaintext", "Allow addresses that others can reach without TLS."
)
MaxWaiting = _flag(int, "max_waiting_requests", "Requests above it are refused.", 0)
MaxBytes = _flag(int, "max_request_bytes", "Largest size of a request.", 1)
MonitoringFile = _flag(
    str, "monitoring_config_file", "MonitoringConfig in text format: metrics."
)
LogRequests = _switch("log_requests", "Also log requests that succeed.")
Version = _switch("version", "Print the versions and end.")
