"""Domains of items, such as books and films: labels beside their categories.

A domain is filtered and learnt as a category is. So both travel in one text,
`"drama|domain:books"`, wherever a model reads categories; people are shown them apart.
"""

MARK = "domain:"


def labels(category: str, domain: str) -> str:
    """Categories and domain of an item in one text.

    Args:
        category: such as `"drama|war"`.
        domain: `""` for none.

    Example:
        >>> labels("drama|war", "books")
        'drama|war|domain:books'
        >>> labels("", "")
        ''
    """
    marked = MARK + domain.replace("|", " ") if domain else ""
    return "|".join(filter(None, (category, marked)))
