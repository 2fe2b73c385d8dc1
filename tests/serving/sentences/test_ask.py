"""Sentences over HTTP, against servers of models of the labelled catalogues."""

import pytest

from benchmarks.sentence_oracle import broken_limits
from benchmarks.sentence_slots import (
    TODAY,
    make_parser,
    read_catalogues,
    read_sentences,
)
from serving.gateway import asking as asking_module
from serving.gateway.asked_catalogue import AskedCatalogue
from serving.gateway.titles import ItemTitles
from tests.serving.sentences.catalogue_model import asked_gateways

NOW = 1_795_910_400  # 2026-11-29
UNLIMITED = {"k", "unlike"}  # hard slots that an unknown item is not against
CATALOGUES = read_catalogues()


@pytest.fixture(scope="module")
def gateways(tmp_path_factory):
    """Name of a catalogue -> `Http` of its gateway."""
    with asked_gateways(tmp_path_factory.mktemp("asked")) as gateways:
        yield gateways


@pytest.fixture
def films(gateways):
    return asking(gateways["movies-en"])


@pytest.fixture
def shop(gateways):
    return asking(gateways["shop-en"])


def asking(http):
    def ask(text, user="ann", status=200, **more):
        body = {"text": text, "now": NOW, **more}
        given, answer = http("POST", f"/v1/users/{user}/ask", body)
        assert given == status, answer
        return answer if status == 200 else answer["detail"]

    return ask


def ids(answer):
    return [item["item_id"] for item in answer["items"]]


def parts(answer):
    return {each["id"]: each["words"] for each in answer["understood"]}


def items_of(name):
    return {item["title"]: item for item in CATALOGUES[name]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_answer_is_against_a_limit(gateways, language):
    """All sentences, and more items than there are, so that a leak would show.

    The model has items of other catalogues too, of which the gateway knows nothing.
    """
    num_items = 0
    for sentence in read_sentences(language):
        name = sentence["catalogue"]
        items = items_of(name)
        parser = make_parser(CATALOGUES[name])
        answer = asking(gateways[name])(sentence["text"], k=100)
        request = parser.parse(sentence["text"], TODAY)
        assert len(answer["items"]) <= (request.k or 100)
        is_limited = any(
            part["is_hard"] and part["is_applied"] and part["slot"] not in UNLIMITED
            for part in answer["understood"]
        )
        known = [item for item in answer["items"] if item["item_id"] in items]
        assert not is_limited or len(known) == len(answer["items"])
        for item in known:
            broken = broken_limits(request, items[item["item_id"]], CATALOGUES[name])
            assert not broken, (sentence["text"], item["title"])
        num_items += len(known)
    assert num_items > 500


def test_everything_allowed_comes(films):
    answer = films("no horror, before 1980", k=100)
    allowed = {
        title
        for title, item in items_of("movies-en").items()
        if "Horror" not in item["category"] and int(title[-5:-1]) < 1980
    }
    assert set(ids(answer)) == allowed
    assert answer["notes"] == [
        f"{len(allowed)} of 100: no more items are within the limits."
    ]
    assert parts(answer) == {
        "not_categories:Horror": "not Horror",
        "older_than": "before 1980",
    }


def test_a_part_is_taken_off(films):
    both = films("thrillers, no horror", k=50)
    assert "Scream (1996)" not in ids(both)
    one = films("thrillers, no horror", k=50, without=["not_categories:Horror"])
    assert "Scream (1996)" in ids(one)
    assert list(parts(one)) == ["categories:Thriller"]


def test_a_session_is_refined(shop):
    first = shop("headphones or bags", session="s", user="bob")
    prices = sorted(items_of("shop-en")[i]["price"] for i in ids(first))
    middle = (prices[2] + prices[3]) / 2  # of six
    cheaper = shop("cheaper", session="s", user="bob")
    assert cheaper["is_refined"]
    expected = {i for i in ids(first) if items_of("shop-en")[i]["price"] < middle}
    assert set(ids(cheaper)) == expected
    assert parts(cheaper)["limits:price"] == f"price under {middle:g}"
    second = ids(cheaper)[1]
    left = shop("not the second one", session="s", user="bob")
    assert set(ids(left)) == expected - {second}
    assert parts(left)[f"unlike:{second}"] == f"not {second}"
    more = shop("", session="s", user="bob", without=["limits:price"])
    assert set(ids(more)) == set(ids(first)) - {second}
    new = shop("watches", session="s", user="bob")
    assert not new["is_refined"]
    assert set(ids(new)) == {"Field Watch", "Dive Watch"}


def test_a_refinement_without_a_list_says_so(shop):
    alone = shop("cheaper, please", user="cid")
    assert alone["notes"] == [
        "Understood “less price”, but there is no earlier list of this session: it was "
        "not applied."
    ]
    unknown = shop("not that one", user="cid", session="new")
    assert unknown["notes"][0] == (
        "There is no earlier request of this session: this one was taken alone."
    )
    first = shop("lamps", user="cid", session="new")
    assert len(first["items"]) == 2
    (note, *_) = shop("not the ninth", user="cid", session="new")["notes"]
    assert "the earlier list has no such item" in note


def test_a_refinement_is_relative_to_what_it_names(films):
    answer = films("newer than The Matrix", k=50)
    assert ids(answer) == ["Solaris (2002)"]


def test_what_the_catalogue_cannot_measure_is_said(films, shop):
    answer = films("comedies under $20", k=3)
    assert len(answer["items"]) == 3
    (limit,) = [p for p in answer["understood"] if p["slot"] == "limits"]
    assert limit["is_hard"]
    assert not limit["is_applied"]
    assert answer["notes"] == [
        "Understood, but this catalogue has no price: “price under 20” was not applied."
    ]
    notes = films("dramas from the last two weeks")["notes"]
    assert "knows only years" in notes[0]
    notes = shop("lamps made before 1980")["notes"]
    assert notes[0].startswith("Understood, but this catalogue has no year")


def test_contradictions_are_said(shop):
    answer = shop("bags over $100 and under $50")
    assert answer["items"] == []
    assert answer["notes"] == [
        "No price can be at least 100 and at most 50.",
        "No item is within the limits.",
    ]


def test_liked_titles_pull_and_stay_away(films):
    plain = films("science fiction", k=50)
    like = films("science fiction like Alien", k=50)
    assert ids(like) != ids(plain)
    assert "Alien (1979)" in ids(plain)
    assert "Alien (1979)" not in ids(like)
    reasons = [item["reason"] for item in films("like Alien", explain=True)["items"]]
    said = [reason for reason in reasons if reason]
    because = "because you asked for something like “Alien (1979)”"
    assert said
    assert all(reason.startswith(because) for reason in said)
    assert "Titanic (1997)" not in ids(films("nothing like Titanic", k=50))


def test_an_order_is_kept(shop, films):
    answer = shop("kitchen things, cheapest first")
    assert ids(answer) == ["Camp Kettle", "Copper Kettle", "Cast Iron Pan"]
    answer = films("westerns, newest first")
    assert ids(answer) == ["Unforgiven (1992)", "High Noon (1952)"]


def test_less_of_something_comes_last(shop):
    answer = shop("laptops, not so plastic")
    assert ids(answer) == ["Featherlight Laptop 14", "Budget Laptop 15"]
    answer = shop("laptops, not so light")
    assert ids(answer) == ["Budget Laptop 15", "Featherlight Laptop 14"]


def test_words_are_in_the_language_of_the_sentence(gateways):
    ask = asking(gateways["shop-zh"])
    answer = ask("三百块以内的耳机,不要塑料的")
    assert parts(answer) == {
        "must_not:塑料": "不含“塑料”",
        "categories:耳机": "耳机",
        "limits:price": "价格不超过300",
    }
    english = ask("三百块以内的耳机", lang="en")
    assert parts(english)["limits:price"] == "price at most 300"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "`text` must not be empty"),
        ("   ", "`text` must not be empty"),
        ("\x00\x07\u202e", "`text` must have words"),
        ("😀🎬", "`text` must have words"),
        ("...?!", "`text` must have words"),
        ("a" * 1_000_000, "`text` must have at most 1000 characters"),
        (" ".join(f"no x{n}," for n in range(120)), "must ask for at most 50 things"),
    ],
)
def test_bad_sentences_are_refused_in_words(films, text, words):
    assert words in films(text, status=422)


def test_bad_fields_are_refused_in_words(films):
    assert "`lang`" in films("a comedy", status=422, lang="fr")
    assert "`k`" in films("a comedy", status=422, k=0)
    assert "Did you mean `without`" in films("a comedy", status=422, withouts=[])
    assert "`without`" in films("a comedy", status=422, without=["x"] * 51)


def test_new_items_are_filtered_as_well():
    titles = ItemTitles()
    asked = AskedCatalogue(titles)
    titles.put("1", "Alien (1979)", "Horror|Sci-Fi")
    titles.put("2", "Toy Story (1995)", "Comedy")

    def allowed(text):
        view = asked.view()
        selection = view.selection(view.parser.parse(text, TODAY), 10)
        return [each for each in ("1", "2", "?") if selection.is_allowed(each)]

    assert allowed("no horror") == ["2"]
    assert allowed("quiet") == ["1", "2", "?"]
    titles.put("2", "Toy Story (1995)", "Horror")
    assert allowed("no horror") == []
    titles.remove("1")
    assert allowed("horror") == ["2"]
    assert allowed("nothing like alien") == ["2", "?"]


def test_a_deleted_user_has_no_session(films, gateways):
    films("westerns", user="eve", session="s")
    assert films("newer", user="eve", session="s")["is_refined"]
    gateways["movies-en"]("DELETE", "/v1/users/eve")
    assert not films("newer", user="eve", session="s")["is_refined"]


def test_somebody_without_an_id_asks_as_well(gateways):
    http = gateways["movies-en"]

    def ask(**body):
        status, answer = http("POST", "/v1/sessions/ask", {"now": NOW, **body})
        assert status == 200, answer
        return answer

    seen = ["Unforgiven (1992)"]
    first = ask(text="westerns", history=seen, session="s")
    assert ids(first) == ["High Noon (1952)"]
    assert first["state_version"] == 0
    again = ask(text="not that one", history=seen, session="s")
    assert again["items"] == []
    assert again["notes"] == ["No item is within the limits that was not seen before."]
    assert "`history`" in http("POST", "/v1/sessions/ask", {"history": 1})[1]["detail"]


def test_a_session_does_not_grow_for_ever(shop, monkeypatch):
    monkeypatch.setattr(asking_module, "MAX_SESSION_PARTS", 3)
    shop("lamps", user="fay", session="s")
    shop("not the first", user="fay", session="s")
    words = shop("no coffee, no kettles", user="fay", session="s", status=422)
    assert "Start another session" in words
