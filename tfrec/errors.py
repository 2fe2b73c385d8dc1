"""Errors raised by tfrec.

* TfrecError
  x DataError             the input table is wrong
  x ConfigError           the configuration is wrong
  x NotBuiltError         an index or model is used before it was built
  x MissingPackageError   an optional package is not installed on this platform
  x DownloadError         a data set or a pretrained model could not be fetched
  x CheckpointError       a checkpoint cannot be restored
  x TrainingError         training cannot go on
  x ArtefactError         a saved model cannot be written, read or run
  x ServingError          a request could not be answered
"""


class TfrecError(Exception):
    """Base class, for callers that catch everything from tfrec."""


class DataError(TfrecError, ValueError):
    """The input table is wrong."""


class ConfigError(TfrecError, ValueError):
    """The configuration is wrong."""


class NotBuiltError(TfrecError, RuntimeError):
    """An index or model is used before it was built."""


class MissingPackageError(TfrecError, ImportError):
    """An optional package is not installed on this platform."""


class DownloadError(TfrecError, OSError):
    """A data set or a pretrained model could not be fetched."""


class CheckpointError(TfrecError, RuntimeError):
    """A checkpoint cannot be restored."""


class TrainingError(TfrecError, RuntimeError):
    """Training cannot go on."""


class ArtefactError(TfrecError, RuntimeError):
    """A saved model cannot be written, read or run."""


class ServingError(TfrecError, RuntimeError):
    """A request could not be answered."""
