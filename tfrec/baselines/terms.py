"""Words of item texts as sparse features."""

import re
import unicodedata
from collections import Counter

import numpy as np
from scipy import sparse

# Scripts without spaces between words are read character by character.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
TERM = re.compile(f"[{UNSPACED}]|[^\\W_{UNSPACED}]+")


def terms(text):
    """Lower-cased words without accents, in order.

    Example:
    >>> terms("Café Müller, 1985")
    ['cafe', 'muller', '1985']
    """
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return TERM.findall("".join(c for c in decomposed if not unicodedata.combining(c)))


def count_matrix(lists):
    """How often each term stands in each list.

    Args:
        lists: lists of strings.

    Returns:
        `[len(lists), num_terms]` float32 CSR matrix, terms sorted.
    """
    counts = [Counter(each) for each in lists]
    vocabulary = {term: i for i, term in enumerate(sorted(set().union(*counts)))}
    columns = [vocabulary[term] for each in counts for term in each]
    values = [count for each in counts for count in each.values()]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in counts])])
    shape = (len(counts), len(vocabulary))
    return sparse.csr_matrix((np.array(values, np.float32), columns, offsets), shape)


def idf(counts):
    """`[num_terms]` float32: log of how rare each term is, never negative."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = (counts.shape[0] - frequency + 0.5) / (frequency + 0.5)
    return np.log1p(rarity).astype(np.float32)


def unit_rows(matrix):
    """`matrix` with rows of length 1; empty rows stay empty."""
    lengths = sparse.linalg.norm(matrix, axis=1)
    return (sparse.diags_array(1.0 / np.maximum(lengths, 1e-12)) @ matrix).tocsr()
