"""Evidence that texts are written from."""

from tfrec.reasons.evidence import CarryingEvent, Evidence, SharedWord

RATED = CarryingEvent(
    item_id="8", title="Jaws (1975)", event="rating", share=0.7, is_named=True
)


def evidence(**changes):
    """A film, and another one that speaks for it."""
    values = {
        "item_id": "7",
        "title": "Alien (1979)",
        "about": "A crew in deep space meets a creature",
        "categories": ("Horror", "Sci-Fi"),
        "events": (RATED,),
        "words": (SharedWord(word="creature", source="item"),),
        "shared_categories": ("Horror",),
    }
    return Evidence(**values | changes)


def chinese(**changes):
    event = CarryingEvent(
        item_id="8", title="大白鲨", event="watch", share=0.7, is_named=True
    )
    values = {
        "title": "异形",
        "about": "太空中的船员遇到怪物",
        "categories": ("恐怖", "科幻"),
        "events": (event,),
        "words": (),
        "shared_categories": ("恐怖",),
    }
    return evidence(**values | changes)
