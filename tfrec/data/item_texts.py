"""The whole text of an item, and which items have the same."""

import hashlib

NO_TEXT = -1  # key of items without a title and a text


def join_texts(*parts):
    """One text of an item's parts, such as title, text and category.

    Empty parts are left out, and so is a part that the text so far ends with.

    Example:
        >>> join_texts("Toy Story", "1995. Animation, Comedy", "Animation, Comedy")
        'Toy Story. 1995. Animation, Comedy'
    """
    joined = ""
    for part in parts:
        part = part.strip(" \t\r\n").rstrip(" \t\r\n.")
        if not joined.endswith(part):
            joined = f"{joined}. {part}" if joined else part
    return joined


def text_key(title: str, rest: str, whole: str) -> int:
    """A number that items share whose whole texts are the same.

    Args:
        title: of the item.
        rest: its text, or how it begins.
        whole: what `join_texts` makes of these and the category.

    Returns:
        63 bits of a hash, or `NO_TEXT` for an item with neither title nor text: a
        category is shared by many items that are not the same.

    Example:
        >>> text_key("Film", "", "Film. drama") == text_key("Film", "", "Film. drama")
        True
        >>> text_key("", " ", "drama")
        -1
    """
    if not (title.strip() or rest.strip()):
        return NO_TEXT
    digest = hashlib.blake2b(whole.encode(errors="surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "little") >> 1
