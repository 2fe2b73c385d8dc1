"""What sentences ask for, by the rules; labels are those of `benchmarks/sentences`."""

import datetime
import signal

import pytest

from benchmarks import sentence_slots
from serving.sentences.catalogue_names import CatalogueNames
from serving.sentences.parsed_request import NumericLimit, Order, Refinement
from serving.sentences.reading import MAX_PARTS, SentenceError
from serving.sentences.rule_parser import MAX_LETTERS, RuleParser

TODAY = datetime.date(2026, 11, 29)
TITLES = {
    "1": "Alien (1979)",
    "2": "Matrix, The (1999)",
    "3": "霸王别姬 (1993)",
    "4": "Gone with the Wind (1939)",
    "5": "Monty Python and the Holy Grail (1974)",
}
CATEGORIES = ["Horror", "Sci-Fi", "Children's", "耳机"]


@pytest.fixture(scope="module")
def parse():
    concepts = sentence_slots.read_concepts()
    parser = RuleParser(CatalogueNames(TITLES, CATEGORIES, concepts=concepts))
    return lambda text, *language: parser.parse(text, TODAY, *language)


@pytest.mark.parametrize("split", ["dev", "test"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_slots_of_labelled_sentences_are_found(language, split):
    counts, _ = sentence_slots.score(language, [split])
    assert sentence_slots.f1(counts)[2] >= 0.85


def test_halves_are_apart_and_equal():
    for language in sentence_slots.LANGUAGES:
        splits = [each["split"] for each in sentence_slots.read_sentences(language)]
        assert (splits.count("dev"), splits.count("test")) == (50, 50)


def test_titles_may_hold_words_of_rules(parse):
    assert parse("like Gone with the Wind").like == ("4",)
    assert parse("like Monty Python and the Holy Grail, but shorter").like == ("5",)
    assert parse("like The Matrix and Alien").like == ("2", "1")
    assert parse("like the matrixx").like == ("2",)
    assert parse("films like Zardoz").query.endswith("Zardoz".lower())


def test_traditional_and_full_width_text_is_read(parse):
    request = parse("像《霸王別姬》那樣的,不要恐怖片,最多５部")
    assert (request.like, request.not_categories, request.k) == (("3",), ("Horror",), 5)
    assert parse("三百塊以內的耳機").limits == (NumericLimit("price", max=300),)


def test_strict_limits_leave_out_their_end(parse):
    (under,) = parse("headphones under $20").limits
    (at_most,) = parse("headphones for at most $20").limits
    assert (under.max, under.is_max_allowed) == (20, False)
    assert (at_most.max, at_most.is_max_allowed) == (20, True)
    assert parse("over $100 and under $50").limits[0].is_contradictory


def test_each_part_can_be_taken_off(parse):
    request = parse(
        "three sci-fi films like Alien under $20, no horror, quiet, cheaper"
    )
    ids = [part.id for part in request.parts()]
    assert ids == [
        "query",
        "categories:Sci-Fi",
        "not_categories:Horror",
        "like:1",
        "limits:price",
        "k",
        "refinements:less:price",
    ]
    for part in request.parts():
        left = [each.id for each in request.without([part.id]).parts()]
        assert left == [each for each in ids if each != part.id]
    assert request.without(ids).is_empty


def test_a_price_may_begin_a_sentence(parse):
    assert parse("$50 or less").limits == (NumericLimit("price", max=50),)
    assert parse("¥100以下").limits == (NumericLimit("price", max=100),)


def test_not_liking_is_said_in_many_words(parse):
    for text in ("not interested in sci-fi", "I'm not a fan of science fiction"):
        assert parse(text).not_categories == ("Sci-Fi",)


def test_two_limits_of_a_thing_are_one(parse):
    assert parse("at least $10, at most $30").limits == (NumericLimit("price", 10, 30),)


def test_places_in_the_list_before(parse):
    (more,) = parse("more like the last one").refinements
    assert more == Refinement("like", -1)
    assert parse("不要第十二个").refinements == (Refinement("exclude", 12),)
    assert parse("oldest first").order == Order("year")


def test_what_no_slot_can_hold_is_kept(parse):
    assert parse("horror, but not from the 90s").not_placed == ("but not from the 90s",)


def test_words_that_are_nothing_are_the_query(parse):
    assert parse("colourless green ideas").query == "colourless green ideas"
    assert parse("😀😀").is_empty
    assert parse("\x00\u202e \ufeff").is_empty


def test_too_much_is_refused_in_words(parse):
    with pytest.raises(SentenceError, match=f"at most {MAX_LETTERS} characters"):
        parse("a" * 1_000_000)
    with pytest.raises(SentenceError, match=f"at most {MAX_LETTERS} characters"):
        parse("ﷺ" * 999)  # each is 18 letters once it is spelt out
    words = ", ".join(f"no {chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(500))
    with pytest.raises(SentenceError, match=f"at most {MAX_PARTS} things"):
        parse(words[:MAX_LETTERS])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "repeated",
    [
        *("a", "a ", "1", "1,", "no ", "not like ", "under $", "between 1 and ", "- "),
        *('"', "《", "and ", "twenty ", "from the ", "like the ", "more ", "nothing "),
        *("像", "不要", "第一", "一百", "像异形和", "没有x的", "的", "最", "(", "😀"),
        *("like alien and ", "no horror, ", "5 films ", "rated 4 ", "the last "),
    ],
)
def test_no_repetition_takes_long(parse, repeated, language):
    """Ends before the alarm: 5 s of the processor, and it takes a hundredth of that."""
    text = (repeated * MAX_LETTERS)[:MAX_LETTERS]
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_VIRTUAL, 5)
    try:
        parse(text, language)
    except SentenceError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
