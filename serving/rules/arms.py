"""Who is in which arm of an experiment."""

import hashlib

from serving.rules.kinds import RuleBook

_PARTS = 2**64


def arm_of(book: RuleBook, user_id: str) -> str:
    """The arm of a person, `""` for those that none of them has.

    It depends on the id and on the name of the experiment alone, so that a person stays
    in it, at every gateway; in another experiment people are divided anew. Somebody
    without an id is in none.

    Args:
        book: has arms and the experiment's name.
        user_id: `""` for somebody without one.
    """
    if not (book.arms and user_id):
        return ""
    key = f"{book.experiment}\0{user_id}".encode()
    place = int.from_bytes(hashlib.sha256(key).digest()[:8]) / _PARTS
    for arm in book.arms:
        if place < arm.share:
            return arm.name
        place -= arm.share
    return ""
