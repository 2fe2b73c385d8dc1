"""What people wrote of items, as a part of the items' texts."""

import numpy as np
import pandas as pd

from tfrec.data.about import shorten

MAX_REVIEWS = 5  # of an item, the latest


def with_reviews(texts, interactions):
    """Texts of items, and after them what was written of these items.

    Args:
        texts: `[num_items]` object array.
        interactions: `Interactions` to learn from: texts of other events, such as
            later ones, are not read.

    Returns:
        `[num_items]` object array; the same one where no text is of an item.
    """
    written = interactions.event_texts
    if written is None or (written.item_rows < 0).all():
        return texts
    rows = written.of_events(interactions)
    columns = {
        "item": interactions.item_rows,
        "text": rows,
        "timestamp": interactions.timestamps,
    }
    frame = pd.DataFrame(columns)[rows >= 0].sort_values("timestamp", kind="stable")
    frame = frame.drop_duplicates(["item", "text"], keep="last")
    latest = frame.iloc[::-1].groupby("item").head(MAX_REVIEWS)
    joined = np.array(texts, object)
    for item, row in zip(latest["item"], latest["text"], strict=True):
        review = shorten(written.texts[row])
        joined[item] = f"{joined[item]}. {review}" if joined[item] else review
    return joined
