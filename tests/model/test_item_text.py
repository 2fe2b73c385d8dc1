"""Tests of tfrec.inference.item_text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tfrec.data.schema import join_texts
from tfrec.inference.item_text import join_item_texts

PART = st.text(alphabet=" .|abé人\n", max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(PART, PART, PART), min_size=1, max_size=4))
def test_equals_what_the_catalogue_says(items):
    joined = join_item_texts(*(list(part) for part in zip(*items, strict=True)))
    assert [text.decode() for text in joined.numpy()] == [
        join_texts(title, text, category.replace("|", ", "))
        for title, text, category in items
    ]
