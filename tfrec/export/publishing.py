"""A version folder is written aside and renamed: it is there whole, or not at all."""

import contextlib
import shutil

import tensorflow as tf

from tfrec.errors import ArtefactError
from tfrec.files import aside_of


@contextlib.contextmanager
def publishing(root, version):
    """Context of a folder to write, which becomes a version if nothing goes wrong.

    Args:
        root: path of the model's folder.
        version: int.

    Yields:
        Path of the folder, which does not exist yet.

    Raises:
        ArtefactError: it cannot be written; no version was added or changed.
    """
    target = root / str(version)
    aside = aside_of(target)
    try:
        yield aside
        aside.rename(target)
    except (OSError, tf.errors.OpError) as error:
        raise ArtefactError(
            f"The saved model cannot be written to {root}: {error}. Nothing was "
            "published; earlier versions are intact."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
