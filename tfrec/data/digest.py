"""A fingerprint of a data set's content, for the manifest."""

import hashlib

import pandas as pd


def digest(dataset):
    """SHA-256 of all three tables, as a hex string.

    Row order and column names count; the name of the data set does not.
    """
    content = hashlib.sha256()
    for table in (dataset.events, dataset.items, dataset.users):
        frame = table.frame
        content.update(repr([*map(str, frame.columns), len(frame)]).encode())
        for name in frame.columns:
            # 64 bits per value, independent of the process and of categories.
            hashes = pd.util.hash_array(frame[name].to_numpy())
            content.update(hashes.tobytes())
    return content.hexdigest()
