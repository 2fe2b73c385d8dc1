"""Whether a text says only what the facts say.

The check is narrow: a text is made of the facts' own names and words, and of a short
list of words that claim nothing. Many a true sentence fails; a template takes its
place.
"""

import re
import unicodedata
from typing import Literal, get_args

from serving.words.facts import Facts
from serving.words.kinds import MAX_LETTERS, OF_LISTS, Kind
from serving.words.masking import (
    CAUSE,
    DATA,
    ITEM,
    MARKS,
    SHARED,
    fold,
    in_one_width,
    mask,
)
from serving.words.vocabulary import WORD, han_share, is_covered, words
from tfrec.reasons.sentences import Lang

Fault = Literal[
    "empty",
    "length",
    "control",
    "markup",
    "leak",
    "form",
    "language",
    "quote",
    "number",
    "negation",
    "name",
    "word",
    "role",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
LEAK_LETTERS = 25  # of what the model was told, that no text may repeat
_LEAST_HAN, _MOST_HAN = 0.7, 0.1  # share of the letters, in Chinese and in English
_MARKUP = re.compile(
    r"https?:|www\.|[\w-]\.(?:ai|app|cn|com|de|info|io|me|net|org|ru|site|top|xyz)\b"
    r"|[@#{}\[\]\\*_]",
    re.IGNORECASE,
)
_QUOTED = re.compile('[“"«「『《]([^“”"«»「」『』《》]*)[”"»」』》]')
_QUOTE = re.compile('[“”"«»「」『』《》]')
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Two names with nothing between them, or what makes them one title.
_GLUED = re.compile(
    rf"[{ITEM}{CAUSE}][\s“”\"'《》]*(?:[:：/–—-][\s“”\"'《》]*(?:the )?[“\"'《]*)?"
    rf"[{ITEM}{CAUSE}]",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|nor|neither|without|cannot|\w+n't)\b",
    re.IGNORECASE,
)
_START = re.compile(r"(?:^|[.!?:\n])[\s“\"'(]*$")  # of a sentence, right before a word
_SENTENCE_END = re.compile(r"[.!?。！？\n]")
# What comes right before the name of a cause, and right before that of an item.
_TRIGGER = re.compile(
    r"(?P<deed>\b(?:rated|liked|viewed|watched|played|listened to|read|clicked|bought"
    r"|ordered|wrote|chose)\b"
    r"|评过分|喜欢过|浏览过|看过|播放过|听过|读过|点过|买过|订购过|写过|选过)"
    r"|(?P<item>\b(?:may|might|could|will|would|can)(?: also)? (?:like|enjoy)\b|\btry\b"
    r"|\brecommend\w*|\bsuggest\w*|\bfor you\b"
    r"|[会能]喜欢|感兴趣|推荐|试试|不妨|看看|为[你您])"
    r"|(?P<cause>\b(?:because|since|if you|after|based on|you (?:like|enjoy))\b"
    r"|因为|由于|根据|基于|如果|喜欢)",
    re.IGNORECASE,
)


def fault(
    text: str, kind: Kind, facts: Facts, lang: Lang, deed: str = "", told: str = ""
) -> Fault | None:
    """What is wrong with a text, None if it may be shown.

    Args:
        text: as a model wrote it.
        kind: of the text.
        facts: what it may say.
        lang: that it must be in.
        deed: what the person did with the causes, in words of the language.
        told: what the model was told to do.
    """
    masked = mask(text, facts)
    checks: list[tuple[Fault, bool]] = [
        ("empty", not text.strip()),
        ("length", len(text) > MAX_LETTERS[kind]),
        ("control", _has_controls(text, kind)),
        ("markup", _has_markup(masked)),
        ("leak", _repeats(masked, told)),
        ("form", _lacks_its_form(masked, kind, facts)),
        ("language", not _is_in(lang, masked)),
        ("quote", _quotes_others(masked)),
        ("number", _counts_otherwise(masked, facts)),
        ("negation", bool(_NEGATION.search(masked))),
        ("name", _names_others(masked, kind, facts, deed)),
        ("word", not _is_known(masked, lang, facts, deed)),
        ("role", _confuses(masked, lang, facts, deed)),
    ]
    return next((name for name, is_wrong in checks if is_wrong), None)


def _has_controls(text, kind):
    allowed = "\n" if kind in OF_LISTS else ""
    hidden = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
    return any(
        unicodedata.category(letter) in hidden and letter not in allowed
        for letter in text
    )


def _has_markup(masked):
    """Addresses, mark-up, and symbols such as emoji."""
    is_symbol = (unicodedata.category(letter)[0] == "S" for letter in masked)
    return bool(_MARKUP.search(masked)) or any(is_symbol)


def _repeats(masked, told):
    told, text = fold(told), fold(masked)
    windows = range(len(text) - LEAK_LETTERS + 1)
    return any(text[start : start + LEAK_LETTERS] in told for start in windows)


def _lacks_its_form(masked, kind, facts):
    """Whether a text lacks a name that it needs, repeats names, or glues them."""
    if ITEM not in masked or _GLUED.search(masked):
        return True
    if masked.count(ITEM) > len(facts.items) or masked.count(CAUSE) > len(facts.causes):
        return True
    if kind == "blurb":  # a name alone says nothing
        return not re.search(rf"[\w{SHARED}{DATA}]", masked)
    return kind == "reason" and bool(facts.causes) and CAUSE not in masked


def _is_in(lang, masked):
    share = han_share(masked)
    if share is None:
        return True
    return share >= _LEAST_HAN if lang == "zh" else share <= _MOST_HAN


def _quotes_others(masked):
    """Whether a quoted phrase is more than names and phrases of the facts."""
    rest = _QUOTED.sub(lambda found: "" if _is_marks(found[1]) else found[0], masked)
    return bool(_QUOTE.search(rest))


def _is_marks(phrase):
    return not re.search(r"\w", re.sub(f"[{MARKS}]", "", phrase))


def _counts_otherwise(masked, facts):
    """Numbers of titles are masked with them, so that none goes to another title."""
    known = {n for each in facts.said for n in _NUMBER.findall(in_one_width(each))}
    return any(number not in known for number in _NUMBER.findall(masked))


def _names_others(masked, kind, facts, deed):
    """Whether a word with a capital letter inside a sentence is not of the facts.

    The heading of a list may have capitals, where its words are harmless.
    """
    known = {word for each in (*facts.said, deed) for word in words(fold(each))}
    text = masked.partition("\n")[2] if kind in OF_LISTS else masked
    return any(
        found[0][0].isupper()
        and found[0].casefold() not in known
        and not _START.search(text[: found.start()])
        for found in WORD.finditer(text)
    )


def _is_known(masked, lang, facts, deed):
    said = (*facts.said, *([deed] if facts.causes else []))
    return is_covered(masked, lang, said, bool(facts.shared))


def _confuses(masked, lang, facts, deed):
    """Whether items and causes change places, or a cause gets what is of the item."""
    return any(
        _segment_confuses(role, segment, lang, facts, deed)
        for sentence in _SENTENCE_END.split(masked)
        for role, segment in _segments(sentence)
    )


def _segments(sentence):
    """What follows each phrase that says what comes; what is before the first too."""
    found = [*_TRIGGER.finditer(sentence)]
    starts = [0, *(each.end() for each in found)]
    ends = [*(each.start() for each in found), len(sentence)]
    roles = ["", *(each.lastgroup for each in found)]
    return zip(roles, map(lambda s, e: sentence[s:e], starts, ends), strict=True)


def _segment_confuses(role, segment, lang, facts, deed):
    if role == "item" and CAUSE in segment:
        return True
    if role in ("deed", "cause") and ITEM in segment:
        return True
    if CAUSE not in segment:
        return role == "deed"
    shared = (*facts.shared, deed)
    return DATA in segment or not is_covered(segment, lang, shared, bool(facts.shared))
