"""What people and programs may hand in: values of every kind, most of them odd."""

import math

from hypothesis import strategies as st

LONG = "x" * 5_000  # beyond 30,000 in an example, hypothesis warns
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8) | st.sampled_from(
    ["", " ", "\ud800 film", "a\0b", "\u202eabc", "a\nb", "é" * 600, LONG, "NULL"]
)
NUMBERS = (
    st.floats(width=32)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([math.inf, 3e38, -3e38, 3.5e38, 2.0**63, 1e30, "5", "5,5", True])
)
TIMES = NUMBERS | st.sampled_from(
    [
        *(1_700_000_000, 1_700_000_000_000, "9999-12-31", "0001-01-01", "20231114"),
        *("2023-11-14 22:13:20 UTC", "2023-11-14T22:13:20.5Z", "noon", None, ""),
    ]
)
IDS = TEXTS | NUMBERS | st.none() | st.sampled_from(["a", "12.0", "..", "a/b", ["a"]])
EVENTS = st.fixed_dictionaries(
    {"user_id": IDS, "item_id": IDS, "timestamp": TIMES},
    optional={
        "event": TEXTS,
        "value": NUMBERS | st.none(),
        "sequence": NUMBERS | st.none(),
    },
)
GOOD = {"user_id": "ann", "item_id": "a", "timestamp": 1_700_000_000}
# Mostly right, so that doors are passed as well as kept shut.
EVENTS |= EVENTS.map(lambda odd: GOOD | {k: odd[k] for k in odd if k in ("value",)})
EVENTS |= st.tuples(EVENTS, st.sampled_from([*GOOD])).map(
    lambda pair: GOOD | {pair[1]: pair[0][pair[1]]}
)
ITEMS = st.fixed_dictionaries(
    {"item_id": IDS},
    optional={
        "title": TEXTS,
        "text": TEXTS,
        "category": TEXTS,
        "available_from": TIMES,
        "available_until": TIMES,
    },
)
