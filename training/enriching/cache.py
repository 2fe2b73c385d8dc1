"""What was said of texts before, so that each text is read once."""

import hashlib
import logging
import pathlib
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from tfrec.data.item_words import text_hash
from tfrec.files import replacing
from tfrec.progress import Progress
from training.enriching.describing import COLUMNS, describe_texts, fingerprint

logger = logging.getLogger(__name__)

PART = 10_000  # texts of a file: what a kill loses at the most


class DescribedTexts:
    """Files of texts by their hash, one folder for each fingerprint.

    Each file is whole or absent, so a run that was ended goes on where it was. A
    damaged one costs time and a warning.

    Args:
        folder: where the folders are.
    """

    def __init__(self, folder: pathlib.Path):
        self._folder = folder / hashlib.sha256(fingerprint().encode()).hexdigest()[:16]

    def describe(self, texts: Sequence[str]) -> pd.DataFrame:
        """Columns of some texts, reading only those that were not read before.

        Args:
            texts: distinct texts.

        Returns:
            Frame of `describe_texts` in the order of the texts.
        """
        hashes = [text_hash(text) for text in texts]
        parts = [*self._read()]
        known = set().union(*(part["text_hash"] for part in parts))
        pairs = zip(texts, hashes, strict=True)
        new = [text for text, key in pairs if key not in known]
        parts += self._describe_new(new)
        if not parts:
            return pd.DataFrame(columns=COLUMNS)
        all_parts = pd.concat(parts, ignore_index=True).drop_duplicates("text_hash")
        return all_parts.set_index("text_hash").loc[hashes].reset_index()

    def _describe_new(self, texts):
        """Yields frames that have been written."""
        progress = Progress("Reading keywords, sentiment and language", len(texts))
        found, num_found = [], 0
        for frame in describe_texts(texts):
            found.append(frame)
            num_found += len(frame)
            progress.advance(len(frame))
            if num_found >= PART or progress.done == len(texts):
                yield self._write(pd.concat(found, ignore_index=True))
                found, num_found = [], 0

    def _read(self):
        for path in sorted(self._folder.glob("*.parquet")):
            try:
                yield pd.read_parquet(path, columns=list(COLUMNS))
            except (pa.ArrowException, OSError, ValueError) as error:
                logger.warning(
                    "%s is damaged (%s); its texts are read again.", path, error
                )

    def _write(self, part):
        with replacing(self._folder / f"{part['text_hash'][0]}.parquet") as aside:
            part.to_parquet(aside, index=False)
        return part
