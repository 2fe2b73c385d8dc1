"""A network: people like posts, follow people, and join topics.

python -m examples.scenarios.social.generate social-log
"""

import numpy as np

from examples.scenarios.generated import (
    Folder,
    People,
    Seed,
    draw_tastes,
    draw_times,
    say,
    write_log,
)
from tfrec.program import run_program

TOPICS = {
    "gardening": "roses compost seeds pruning tomatoes orchard",
    "astronomy": "comet telescope nebula orbit eclipse galaxy",
    "chess": "opening endgame gambit rook tournament blitz",
    "running": "marathon stride trail sprint shoes interval",
    "pottery": "clay glaze kiln wheel bowl porcelain",
    "sailing": "mast harbour regatta knots wind keel",
}
POSTS_OF_TOPIC = 30
KINDS = {"posts": "like", "people": "follow", "topics": "join"}  # of events, by domain
SHARES = (0.6, 0.3, 0.1)  # of them
NUM_ACTS, DAYS = 25, 60


def generate(folder: Folder, seed: Seed = 0, people: People = 200):
    """Writes the log of a network: likes, follows and joins, posts, topics, users."""
    rng = np.random.default_rng(seed)
    tastes = draw_tastes(rng, people, len(TOPICS))
    users, items = make_users(rng, tastes), make_items(rng)
    named = {domain: [[] for _ in TOPICS] for domain in KINDS}
    for item in items:
        topic = list(TOPICS).index(item["category"])
        named[item["domain"]][topic].append(item["item_id"])
    for user, taste in zip(users, tastes, strict=True):
        named["people"][taste.argmax()].append(user["user_id"])
    rows = []
    for user, taste in zip(users, tastes, strict=True):
        rows += acts(user["user_id"], taste, named, rng)
    write_log(folder, rows, items, users)


def make_users(rng, tastes):
    """People, whose profiles tell what they like best."""
    return [
        {
            "user_id": f"user:{number:04d}",
            "name": f"Member {number}",
            "text": say(list(TOPICS.values())[taste.argmax()], rng),
        }
        for number, taste in enumerate(tastes)
    ]


def make_items(rng):
    """Posts of each topic, and the topics themselves."""
    posts = [
        {
            "item_id": f"post:{topic}-{number:02d}",
            "title": say(words, rng, 3),
            "text": say(words, rng, 5),
            "category": topic,
            "domain": "posts",
        }
        for topic, words in TOPICS.items()
        for number in range(POSTS_OF_TOPIC)
    ]
    topics = [
        {
            "item_id": f"topic:{topic}",
            "title": topic.capitalize(),
            "text": words,
            "category": topic,
            "domain": "topics",
        }
        for topic, words in TOPICS.items()
    ]
    return posts + topics


def acts(user_id, taste, named, rng):
    """What somebody does, by taste; each thing once, and nobody follows themselves."""
    done = {user_id}
    for time in draw_times(rng, NUM_ACTS, DAYS):
        domain = rng.choice(list(KINDS), p=SHARES)
        topic = rng.choice(len(TOPICS), p=taste)
        open_ids = [each for each in named[domain][topic] if each not in done]
        if open_ids:
            item_id = rng.choice(open_ids)
            done.add(item_id)
            yield user_id, item_id, time, KINDS[domain], None


if __name__ == "__main__":
    run_program(generate)
