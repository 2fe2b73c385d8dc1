"""Files in the text format of protocol buffers, as tensorflow_model_server reads them.

The messages that the `tensorflow-serving-api` package leaves out are in
`text_protos.proto`.
"""

import pathlib

from google.protobuf import text_format

from tfrec.errors import ConfigError
from tfrec.protocol.loading import load_messages

_CLASSES = load_messages(pathlib.Path(__file__).with_suffix(".proto"))


def read_text_proto(flag: str, path, message, *, is_secret: bool = False):
    """Fills a message from a file.

    Args:
        flag: names the file in errors, such as `"--ssl_config_file"`.
        path: str or path.
        message: empty message, which is filled and returned.
        is_secret: errors do not quote the file.

    Raises:
        ConfigError: the file is missing or does not parse.
    """
    try:
        return text_format.Parse(
            pathlib.Path(path).read_text(encoding="utf-8"), message
        )
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"`{flag}` {path} cannot be read: {error}.") from error
    except text_format.ParseError as error:
        words = f"line {error.GetLine()} is wrong" if is_secret else str(error)
        # A cause would be shown, with its text, where this error is.
        raise ConfigError(f"`{flag}` {path} cannot be read: {words}.") from None


def new_message(name: str):
    """An empty `SSLConfig`, `MonitoringConfig` or `BatchingParameters`.

    Example:
        >>> new_message("SSLConfig").client_verify
        False
    """
    return _CLASSES[f"tensorflow.serving.{name}"]()
