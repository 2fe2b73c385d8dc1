"""A newspaper: stories can be had for a day, and readers follow their topics.

python -m examples.scenarios.news.generate news-log
"""

import numpy as np

from examples.scenarios.generated import (
    DAY_S,
    END,
    Folder,
    People,
    Seed,
    draw_tastes,
    say,
    write_log,
)
from tfrec.program import run_program

TOPICS = {
    "politics": "parliament minister vote election coalition law",
    "football": "goal league striker coach derby penalty",
    "science": "telescope genome laboratory particle climate vaccine",
    "economy": "inflation market shares exports wages bank",
    "culture": "museum opera novel premiere painting festival",
    "weather": "storm flood drought snow heatwave forecast",
}
DAYS, STORIES_A_DAY = 30, 12
LIFE_S = DAY_S  # of a story
READS_A_DAY = 0.6  # chance that somebody comes at all


def generate(folder: Folder, seed: Seed = 0, people: People = 300):
    """Writes the log of a newspaper: what was read, and what was skipped."""
    rng = np.random.default_rng(seed)
    stories = make_stories(rng)
    rows = []
    for number, taste in enumerate(draw_tastes(rng, people, len(TOPICS))):
        rows += reads(f"r{number:04d}", taste, stories, rng)
    write_log(folder, rows, stories)


def make_stories(rng):
    """Stories of each day; each topic has its turn, hours apart."""
    names = list(TOPICS)
    stories = []
    for day in range(DAYS):
        for place in range(STORIES_A_DAY):
            topic = names[place % len(names)]
            start = END - (DAYS - day) * DAY_S + place * DAY_S // STORIES_A_DAY
            stories.append(
                {
                    "item_id": f"{topic}-{day:02d}-{place:02d}",
                    "title": say(TOPICS[topic], rng, 3),
                    "text": say(TOPICS[topic], rng, 5),
                    "category": topic,
                    "available_from": start,
                    "available_until": start + LIFE_S,
                }
            )
    return stories


def reads(user_id, taste, stories, rng):
    """One visit a day at most: a story or two of what is there, each once."""
    starts = np.array([story["available_from"] for story in stories])
    of_topic = np.array([list(TOPICS).index(story["category"]) for story in stories])
    seen = np.zeros(len(stories), bool)
    for day in range(1, DAYS):
        if rng.random() > READS_A_DAY:
            continue
        now = END - (DAYS - day) * DAY_S + int(rng.integers(DAY_S - 600))
        for turn in range(rng.integers(1, 3)):
            there = np.flatnonzero((starts <= now) & (now < starts + LIFE_S) & ~seen)
            weights = taste[of_topic[there]]
            row = rng.choice(there, p=weights / weights.sum())
            seen[row] = True
            kind = "read" if rng.random() < 0.5 + taste[of_topic[row]] else "skip"
            yield user_id, stories[row]["item_id"], now + 60 * turn, kind, None


if __name__ == "__main__":
    run_program(generate)
