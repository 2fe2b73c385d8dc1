"""A pretrained BERT small enough for any test."""

import pytest

from tests.contracts.text_encoder import TEXTS
from tests.integration.tiny_bert import write_tiny_bert


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """A Hugging Face folder of a BERT of 16 dimensions; not to be changed."""
    words = sorted({word for text in TEXTS for word in text.lower().split()})
    return write_tiny_bert(tmp_path_factory.mktemp("bert") / "tiny", words)
