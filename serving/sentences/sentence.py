"""A sentence of which parts have been read."""

import re
from collections.abc import Iterator

READ = ","  # what has been read becomes the end of a clause
_CLAUSES = re.compile(r"[,.;:!?()\"《》、~]+")


class Sentence:
    """Text whose parts are taken out one after the other.

    Args:
        text: normalised.

    Attributes:
        text: as long as it was; what was taken is commas.
    """

    def __init__(self, text: str):
        self.text = text

    def take(self, start: int, end: int) -> str:
        """Marks a part as read, and gives it."""
        taken = self.text[start:end]
        self.text = self.text[:start] + READ * (end - start) + self.text[end:]
        return taken

    def matches(self, pattern: re.Pattern) -> Iterator[re.Match]:
        """Places of a pattern, each in the text as it is by then."""
        place = 0
        while found := pattern.search(self.text, place):
            before = self.text
            yield found
            was_taken = self.text is not before
            place = found.end() if was_taken else found.start() + 1

    def clauses(self) -> list[str]:
        """What is left, clause by clause."""
        return [part.strip() for part in _CLAUSES.split(self.text) if part.strip()]
