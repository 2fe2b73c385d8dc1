"""A small log of a news site: stories live for hours, and some are read by everybody.

People have a taste in one topic. What they read is a draw among the stories of the last
days, by their taste, by how good a story is and by its age; for some hours, a few
stories are read many times as often, each mostly by those who like its topic. So what
was popular in the log's last days says little of the next hour, and what was read an
hour ago much.
"""

import numpy as np
import pandas as pd

TOPICS = {
    "politics": "parliament ministers and votes",
    "football": "goals coaches and leagues",
    "science": "telescopes cells and particles",
    "music": "concerts albums and singers",
    "markets": "shares banks and prices",
}
NUM_PEOPLE, NUM_STORIES, NUM_DAYS = 150, 200, 20
READS_PER_DAY = 3.0  # of a person
DAY_S = 86_400
HALF_LIFE_S = 10 * 3600  # of the interest in a story
TASTE = 50.0  # how much more often people read of their topic
BURST_SHARE, BURST = 0.3, 8.0  # of the stories; how much better they are for a while
BURST_S = 6 * 3600  # how long


def topic_of(person):
    """The topic of a person's taste."""
    return [*TOPICS][person % len(TOPICS)]


def news_stories():
    """Frame of the stories, by the time of their publication."""
    topics = [*TOPICS]
    rows = [
        {
            "item_id": f"s{number:03d}",
            "title": f"{topics[number % len(topics)].capitalize()} report {number}",
            "text": f"About {TOPICS[topics[number % len(topics)]]}.",
            "category": topics[number % len(topics)],
        }
        for number in range(NUM_STORIES)
    ]
    return pd.DataFrame(rows)


def news_events(end, seed=0):
    """Frame of the reads, in order of time.

    Args:
        end: int, UTC seconds, of the log.
        seed: int.
    """
    rng = np.random.default_rng(seed)
    span = NUM_DAYS * DAY_S
    published = np.sort(rng.integers(-2 * DAY_S, span, NUM_STORIES))
    quality = rng.lognormal(0.0, 0.5, NUM_STORIES)
    is_burst = rng.random(NUM_STORIES) < BURST_SHARE
    begins = published + rng.integers(0, 2 * DAY_S, NUM_STORIES)
    topic = np.arange(NUM_STORIES) % len(TOPICS)
    read = np.zeros((NUM_PEOPLE, NUM_STORIES), bool)
    rows = []
    for second in np.sort(rng.integers(0, span, int(NUM_PEOPLE * READS_PER_DAY * 20))):
        person = rng.integers(NUM_PEOPLE)
        age_s = second - published
        rate = quality * 0.5 ** (np.maximum(age_s, 0) / HALF_LIFE_S)
        is_now = is_burst & (begins <= second) & (second < begins + BURST_S)
        rate = (rate + BURST * is_now) * np.where(
            topic == person % len(TOPICS), TASTE, 1.0
        )
        rate *= (age_s >= 0) & ~read[person]
        if rate.sum() > 0:
            story = rng.choice(NUM_STORIES, p=rate / rate.sum())
            read[person, story] = True
            rows.append((f"p{person:03d}", f"s{story:03d}", end - span + int(second)))
    return pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
