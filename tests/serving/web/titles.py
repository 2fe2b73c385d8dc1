"""Titles of the toy's items, one of which is HTML."""

from tests.serving.toy_artefact import ITEM_IDS

HTML_TITLE = '<img src=x onerror="document.title = 1"><b>Bold</b> & co'
TITLES = {item_id: f"Title of {item_id}" for item_id in ITEM_IDS} | {"c": HTML_TITLE}
