"""How requests are put together, in TF Serving's own `BatchingParameters`."""

import os
from dataclasses import dataclass

from serving.text_protos import new_message, read_text_proto
from tfrec.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class BatchingParameters:
    """How requests are put together.

    Attributes:
        max_batch_size: rows of one batch; a request with more goes by itself.
        batch_timeout_micros: how long a request waits for company while a thread is
            free; 0 takes what is there.
        max_enqueued_batches: full batches that may wait; more is refused.
        num_batch_threads: batches computed at a time; TensorFlow divides one among
            cores by itself, and reading and writing requests takes some too.

    Raises:
        ConfigError: a number is too small.
    """

    max_batch_size: int = 64
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = max(1, (os.cpu_count() or 1) // 2)

    def __post_init__(self):
        for name, value in vars(self).items():
            low = 0 if name == "batch_timeout_micros" else 1
            if value < low:
                raise ConfigError(
                    f"`{name}` must be at least {low}. Received: {value}."
                )


def read_parameters(path) -> BatchingParameters:
    """The parameters of a `--batching_parameters_file`.

    `allowed_batch_sizes` and `pad_variable_length_inputs` may stand there and change
    nothing: widths are always padded, and no shape makes these models slow.

    Raises:
        ConfigError: the file is missing or does not parse, or a number is too small.
    """
    message = new_message("BatchingParameters")
    read_text_proto("--batching_parameters_file", path, message)
    names = BatchingParameters.__dataclass_fields__
    given = {
        name: getattr(message, name).value for name in names if message.HasField(name)
    }
    return BatchingParameters(**given)
