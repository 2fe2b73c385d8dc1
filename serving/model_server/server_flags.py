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
Port = _flag(int, "port", "0 picks a free one.")
SocketPath = _flag(str, "grpc_socket_path", "UNIX socket of gRPC, beside the port.")
ChannelArguments = _flag(str, "grpc_channel_arguments", "Of gRPC: name=value,name=…")
RestPort = _flag(int, "rest_api_port", "Of the REST API; 0 for none.")
Cors = _switch("rest_api_enable_cors_support", "Pages of other sites may ask.")

# What it serves.
ModelName = _flag(str, "model_name", "What requests call the model.")
BasePath = _flag(str, "model_base_path", "Folder of integer version folders.")
ConfigFile = _flag(
    str, "model_config_file", "ModelServerConfig in text format, instead of the two."
)
ConfigPoll = _flag(
    float, "model_config_file_poll_wait_seconds", "Between two looks at it; 0: one.", 0
)
EarlyLabels = _switch(
    "allow_version_labels_for_unavailable_models",
    "New labels may name versions that are not ready.",
)
FolderPoll = _flag(
    float,
    "file_system_poll_wait_seconds",
    "Between two looks for new versions; 0 looks once.",
    0,
)
Tags = _flag(str, "saved_model_tags", "Of the graph: `serve`, there is no other.")
WarmUp = _switch("enable_model_warmup", "Versions answer their warm-up requests.")
NumWarmUps = _flag(int, "num_request_iterations_for_warmup", "How often; 0: once.")
LoadRetries = _flag(int, "max_num_load_retries", "Of a version that was refused.", 0)
LoadRetryWait = _flag(int, "load_retry_interval_micros", "Between two of them.")

# How it computes and answers.
GrpcThreads = _flag(int, "grpc_max_threads", "Requests computed at a time.", 1)
RestThreads = _flag(int, "rest_api_num_threads", "REST requests at a time.", 1)
RestTimeout = _flag(int, "rest_api_timeout_in_ms", "For a REST request.", 1)
Batching = _switch("enable_batching", "Compute requests together.")
BatchingFile = _flag(
    str, "batching_parameters_file", "BatchingParameters, text format."
)
SessionThreads = _flag(int, "tensorflow_session_parallelism", "Both that follow.", 0)
IntraThreads = _flag(int, "tensorflow_intra_op_parallelism", "Threads of one op.", 0)
InterThreads = _flag(int, "tensorflow_inter_op_parallelism", "Ops at a time.", 0)
AsContent = _switch(
    "enable_serialization_as_tensor_content",
    "Numbers of answers in tensor_content, not in float_val and its kin.",
)

# Whom it answers, and what it bears and tells.
Ssl = _flag(str, "ssl_config_file", "SSLConfig in text format.")
Alts = _switch("use_alts_credentials", "Refused: there is TLS.")
TokenFile = _flag(str, "auth_token_file", "Bearer tokens, one a line.")
RateLimit = _flag(float, "rate_limit_per_client", "A second; 0: none.", 0)
Plaintext = _switch("allow_plaintext", "Also where others may listen.")
MaxWaiting = _flag(int, "max_waiting_requests", "Further ones are refused.", 0)
MaxBytes = _flag(int, "max_request_bytes", "Size of a request.", 1)
MonitoringFile = _flag(str, "monitoring_config_file", "MonitoringConfig, text format.")
LogRequests = _switch("log_requests", "Those that succeed, too.")
Version = _switch("version", "Say which this is, and end.")
