"""Tests of tfrec.optional."""

import sys

import pytest

from tfrec.errors import MissingPackageError, TfrecError
from tfrec.optional import import_optional


def test_a_missing_package_says_what_for_and_what_instead():
    with pytest.raises(MissingPackageError) as caught:
        import_optional("no_such_package", "the moon", "Use the sun.")
    words = str(caught.value)
    assert words.startswith("`no_such_package` is needed for the moon, but cannot be")
    assert words.endswith("Use the sun.")
    assert isinstance(caught.value, TfrecError | ImportError)


@pytest.mark.parametrize(
    "error",
    ["tf.errors.NotFoundError(None, None, 'undefined')", "OSError('undefined')"],
)
def test_ops_of_another_tensorflow_or_system(tmp_path, monkeypatch, error):
    """Their import ends in an error of TensorFlow's, or of the system's."""
    import tensorflow  # noqa: F401

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ops_of_tomorrow", raising=False)
    (tmp_path / "ops_of_tomorrow.py").write_text(
        f"import tensorflow as tf\nraise {error}\n"
    )
    with pytest.raises(MissingPackageError, match="undefined"):
        import_optional("ops_of_tomorrow", "the moon", "Use the sun.")
