"""Whether an item is against a request, by looking at the one item alone."""

import re
import unicodedata


def broken_limits(request, item, items):
    """Slots of the request's hard parts that an item is against, as a set.

    Args:
        request: `ParsedRequest` without refinements.
        item: dict of `title`, `category`, `about` and numbers.
        items: the catalogue, which says what can be measured.
    """
    broken = set()
    categories = set(item["category"].split("|"))
    wanted = set(request.categories)
    is_in_all = request.every_category and any(
        wanted <= set(each["category"].split("|")) for each in items
    )
    if wanted and not (wanted <= categories if is_in_all else wanted & categories):
        broken.add("categories")
    if categories & set(request.not_categories):
        broken.add("not_categories")
    text = _plain(f"{item['title']} {item['about']} {item['category']}")
    if not all(_stem(words) in text for words in request.must):
        broken.add("must")
    if any(_begins_word(_stem(words), text) for words in request.must_not):
        broken.add("must_not")
    for limit in request.limits:
        if limit.attribute in items[0] and not _is_within(limit, item):
            broken.add("limits")
    year = _year(item)
    has_years = any(_year(each) for each in items)
    for slot in ("newer_than", "older_than"):
        day = getattr(request, slot)
        if day and has_years and (day.month, day.day) == (1, 1):
            is_new = year is not None and year >= day.year
            if year is None or is_new != (slot == "newer_than"):
                broken.add(slot)
    if item["title"] in request.unlike:
        broken.add("unlike")
    return broken


def _year(item):
    found = re.search(r"\((\d{4})\)$", item["title"])
    return int(found[1]) if found else None


def _is_within(limit, item):
    value = item[limit.attribute]
    low = limit.min is None or value > limit.min
    low |= value == limit.min and limit.is_min_allowed
    high = limit.max is None or value < limit.max
    high |= value == limit.max and limit.is_max_allowed
    return low and high


def _begins_word(words, text):
    if not words.isascii():
        return words in text
    return re.search(rf"\b{re.escape(words)}", text) is not None


def _stem(words):
    words = _plain(words)
    if words.endswith("ies"):
        return words[:-3]
    return words[:-1] if words.isascii() and words.endswith("s") else words


def _plain(text):
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in letters if not unicodedata.combining(each))
