"""How many items of each domain a list has."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from tfrec.client.answers import Recommendation

MAX_DOMAINS = 10  # each is a request to the model
MAX_ITEMS = 1000  # of all domains


def read_quota(text: str) -> dict[str, int]:
    """Domain -> number of items.

    Raises:
        ValueError: the text has another form.

    Example:
        >>> read_quota("books:3|films:2")
        {'books': 3, 'films': 2}
    """
    quota = {}
    for part in filter(None, text.split("|")):
        domain, _, number = part.rpartition(":")
        if not domain or domain in quota or not number.isdecimal() or not int(number):
            raise ValueError('must be like "books:3|films:2", each domain once')
        quota[domain] = int(number)
    if len(quota) > MAX_DOMAINS or sum(quota.values()) > MAX_ITEMS:
        raise ValueError(
            f"must have {MAX_DOMAINS} domains and {MAX_ITEMS} items at most"
        )
    return quota


def _checked(text: str) -> str:
    read_quota(text)
    return text


Quota = Annotated[
    str,
    AfterValidator(_checked),
    Field(description='Items of each domain, such as "books:3|films:2", in place of k'),
]


def by_domain(
    ask: Callable[[dict[str, Any]], Sequence[Recommendation]],
    filters: dict[str, Any],
    quota: str,
) -> list[Recommendation]:
    """The best of each domain, all together best first; one list without a quota.

    Args:
        ask: gives the best items by some filters.
        filters: as `ListOptions.filters`.
        quota: as `read_quota` takes it.
    """
    if not quota:
        return list(ask(filters))
    found = [
        item
        for domain, k in read_quota(quota).items()
        for item in ask(filters | {"domain": [domain], "k": k})
    ]
    return sorted(found, key=lambda item: -item.score)
