"""What is looked for in words: the rest of a sentence."""

import re
from collections.abc import Iterable, Mapping

from serving.sentences.names import trimmed


def query_of(clauses: Iterable[str], filler: Mapping[str, re.Pattern]) -> str:
    """Clauses without words of asking, and without words of function at their ends.

    Args:
        clauses: of what no slot has taken.
        filler: `asking` and `edge` of the language's rules.
    """
    asking = filler["asking"]
    kept = []
    for clause in clauses:
        is_chinese = re.search("[\u3400-\u9fff]", clause)
        gap = "" if is_chinese else r"\b"
        pattern = rf"{gap}(?:{asking.pattern}){gap}"
        parts = re.split(pattern, clause)
        kept += [trimmed(part, filler["edge"]) for part in parts]
    kept = [part for part in kept if not filler["alone"].fullmatch(part)]
    return " ".join(part for part in kept if re.search(r"\w", part))
