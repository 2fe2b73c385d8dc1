"""Domains and quotas of the gateway's lists, without servers."""

import pytest

from serving.gateway.list_options import ListOptions
from serving.gateway.metrics import Metrics
from serving.gateway.quotas import read_quota
from serving.gateway.recommendations import Recommending
from serving.gateway.titles import ItemTitles
from serving.user_states.memory import MemoryStates
from tfrec.client.answers import Recommendation

BOOKS = [Recommendation(f"book {n}", 9.0 - 2 * n, 0.5) for n in range(4)]
FILMS = [Recommendation(f"film {n}", 8.0 - 2 * n, 0.5) for n in range(4)]
SHELVES = {"books": BOOKS, "films": FILMS, "songs": []}


class Shop:
    """A model with two domains that have items."""

    version, kinds, probability_of = 1, [], ""

    def read_features(self, columns):
        return {}

    def recommend(self, *, domain, k, **_):
        found = [item for name in domain or SHELVES for item in SHELVES[name]]
        return sorted(found, key=lambda item: -item.score)[:k], self.version

    def recommend_from_interest(self, vector, **filters):
        return self.recommend(**filters)[0]


@pytest.fixture
def recommending():
    return Recommending(MemoryStates(), Shop(), ItemTitles(), Metrics())


def ids(recommending, **options):
    found = recommending.for_session([], ListOptions(**options))
    return [item.item_id for item in found.items]


def test_a_domain(recommending):
    assert ids(recommending, domain="films", k=2) == ["film 0", "film 1"]
    assert ids(recommending, domain="films|books", k=2) == ["book 0", "film 0"]


def test_a_quota(recommending):
    """Each domain has its places; the list is best first, whatever `k` says."""
    found = ids(recommending, quota="films:1|books:3", k=1)
    assert found == ["book 0", "film 0", "book 1", "book 2"]


def test_a_domain_with_too_few_items_leaves_no_place_to_others(recommending):
    assert ids(recommending, quota="films:1|songs:5") == ["film 0"]


@pytest.mark.parametrize(
    "wrong",
    ["books", "books:", ":3", "books:0", "books:-1", "books:2|books:1", "books:1.5"]
    + ["|".join(f"d{n}:1" for n in range(11)), "books:1001"],
)
def test_a_quota_of_another_form(wrong):
    with pytest.raises(ValueError, match="must"):
        read_quota(wrong)


def test_titles_know_domains():
    catalogue = ItemTitles()
    for item in (*BOOKS, *FILMS):
        catalogue.put(item.item_id, "", "", domain=f"{item.item_id.split()[0]}s")
    assert catalogue.is_of("book 1", ["books"])
    assert not catalogue.is_of("book 1", ["films"])
    assert catalogue.is_of("book 1", [])
