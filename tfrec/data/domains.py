"""Labels of items: categories, domains such as books and films, names of attributes.

A domain is filtered and learnt as a category is. So both travel in one text,
`"drama|domain:books"`, wherever a model reads categories; people are shown them apart.
Where requests choose among items, attributes are labels as well: `"brand:acme"`.
"""

from tfrec.feature_columns import FeatureColumn

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


def attribute_labels(column: FeatureColumn, cell: str) -> str:
    """The labels of an item's cell in an attribute of names.

    Args:
        column: of kind "category" or "categories".
        cell: `""` for none.

    Example:
        >>> from tfrec.feature_columns import feature_columns
        >>> names = {"brand": "category", "tags": "categories"}
        >>> brand, tags = feature_columns("items", names)
        >>> attribute_labels(brand, "acme"), attribute_labels(tags, "new|red")
        ('brand:acme', 'tags:new|tags:red')
    """
    is_one = column.kind == "category"
    names = [cell.replace("|", " ")] if is_one else cell.split("|")
    return "|".join(f"{column.name}:{name}" for name in names if name)
