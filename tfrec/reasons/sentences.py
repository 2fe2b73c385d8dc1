"""Evidence as a sentence, in the language of the reader."""

import functools
import pathlib
from typing import Literal, get_args

from tfrec.reasons.evidence import CarryingEvent, Evidence
from tfrec.reasons.naming import RATED
from tfrec.reasons.shown import shown
from tfrec.toml import read_toml

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = get_args(Lang)
FOLDER = pathlib.Path(__file__).parent / "messages"
MAX_SHARED = 3  # words and categories that a sentence names
ASKED = "asked for"  # stands for the kind of an event that only a request names
# The message of each kind of events that logs often have.
_DONE = {
    "rating": "rated",
    "rate": "rated",
    "like": "liked",
    "view": "viewed",
    "watch": "watched",
    "play": "played",
    "listen": "listened",
    "read": "read",
    "click": "clicked",
    "cart": "put_in_cart",
    "buy": "bought",
    "purchase": "bought",
    "order": "ordered",
    ASKED: "asked_for",
}


@functools.cache
def messages(lang: Lang) -> dict[str, str]:
    """The messages of one language by their keys; the same keys for every language."""
    return read_toml(FOLDER / f"{lang}.toml")


def sentence(evidence: Evidence, lang: Lang = "en") -> str | None:
    """Why an item is recommended, None where nothing speaks for it.

    Texts of people are put in as they are, but for `shown`: braces and quotes in them
    mean nothing.

    Args:
        evidence: of one item.
        lang: of the sentence; names, texts and categories stay in theirs.

    Example:
        >>> view = CarryingEvent(item_id="a", event="view", share=1.0, is_named=True)
        >>> sentence(Evidence(item_id="b", events=(view,)))
        'because you viewed “a”'
        >>> sentence(Evidence(item_id="b", events=(view,)), "zh")
        '因为您浏览过“a”'
    """
    say, event = _Saying(lang), evidence.named_event
    if evidence.is_found_by_query:
        reason = say("query", text=shown(evidence.query))
        sources: tuple[str, ...] = ()  # the sentence has all words of the query already
    elif event:
        reason = say.because(event)
        sources = ("item",) if event.item_id else ("text",)
    else:
        return None
    shared = [*(evidence.shared_categories if sources == ("item",) else ())]
    shared = [shown(each) for each in shared] + [
        say("word", word=shown(each.word))
        for each in evidence.words
        if each.source in sources
    ]
    if shared:
        reason = say("both", reason=reason, shared=say.listed(shared[:MAX_SHARED]))
    return say.changed(reason, evidence)


class _Saying:
    """Fills in the messages of one language."""

    def __init__(self, lang):
        self._messages = messages(lang)

    def __call__(self, key, **values):
        return self._messages[key].format(**values)

    def listed(self, parts):
        return self("comma").join(parts)

    def because(self, event):
        what = self._did(event)
        is_deed = not event.item_id or event.event in _DONE
        return self("because", did=what) if is_deed else self("because_of", what=what)

    def changed(self, reason, evidence):
        change = evidence.change
        if change is None or change.event is None:
            return reason
        key = "new_since" if change.was is None else "up_since"
        values = {"reason": reason, "was": change.was}
        named = evidence.named_event
        if named and not evidence.is_found_by_query and _is_same(change.event, named):
            return self(f"{key}_then", **values)
        return self(key, what=self._did(change.event), **values)

    def _did(self, event: CarryingEvent):
        name, kind = shown(event.name), event.event
        if not event.item_id:
            return self("wrote", name=name)
        if kind not in _DONE:
            key = "named_kind" if kind else "named"
            return self(key, name=name, kind=shown(kind))
        key = _DONE[kind]
        if kind in RATED and event.value is not None:
            return self(f"{key}_value", name=name, value=f"{event.value:g}")
        return self(key, name=name)


def _is_same(one, other):
    """Whether two events are one: shares do not tell."""
    return _key(one) == _key(other)


def _key(event):
    return event.item_id, event.text, event.event, event.timestamp
