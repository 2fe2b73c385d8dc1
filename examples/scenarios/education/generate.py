"""A school: each course comes after others, and students take them in that order.

python -m examples.scenarios.education.generate education-log
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

TRACKS = {
    "python": "loops functions classes testing packaging typing",
    "statistics": "sampling variance regression inference bootstrap bayes",
    "drawing": "perspective shading charcoal anatomy portrait ink",
    "spanish": "verbs grammar dialogue reading subjunctive accents",
    "cooking": "knife stock baking sauces fermentation pastry",
}
NUM_LEVELS = 8
# Courses that need a second one, from another track.
ALSO_AFTER = {"statistics-4": "python-2", "python-7": "statistics-3"}
NUM_STEPS, DAYS = 14, 300
DROPS = 0.1  # share of courses that are dropped


def generate(folder: Folder, seed: Seed = 0, people: People = 300):
    """Writes the log of a school: completed and dropped courses, with their order."""
    rng = np.random.default_rng(seed)
    courses = make_courses(rng)
    order = {course["item_id"]: set(course["after"]) for course in courses}
    rows = []
    for number, taste in enumerate(draw_tastes(rng, people, len(TRACKS))):
        rows += steps(f"s{number:04d}", taste, order, rng)
    write_log(folder, rows, courses)


def make_courses(rng):
    """Each track has one course after the other."""
    courses = []
    for track, words in TRACKS.items():
        for level in range(1, NUM_LEVELS + 1):
            course_id = f"{track}-{level}"
            after = [f"{track}-{level - 1}"] if level > 1 else []
            after += [ALSO_AFTER[course_id]] if course_id in ALSO_AFTER else []
            courses.append(
                {
                    "item_id": course_id,
                    "title": f"{track.capitalize()} {level}: {say(words, rng, 2)}",
                    "text": say(words, rng, 5),
                    "category": track,
                    "after": after,
                    "level": level,
                    "hours": int(rng.integers(5, 40)),
                }
            )
    return courses


def steps(user_id, taste, order, rng):
    """What a student takes: a course of a track that is open, by taste."""
    done, dropped = set(), set()
    tracks = list(TRACKS)
    for time in draw_times(rng, NUM_STEPS, DAYS):
        track = rng.choice(tracks, p=taste)
        open_ids = [
            course_id
            for course_id, after in order.items()
            if course_id.startswith(track) and after <= done
            if course_id not in done | dropped
        ]
        if not open_ids:
            continue
        if rng.random() < DROPS:
            dropped.add(open_ids[0])
            yield user_id, open_ids[0], time, "drop", None
        else:
            done.add(open_ids[0])
            grade = round(float(rng.uniform(2, 5)), 1)
            yield user_id, open_ids[0], time, "complete", grade


if __name__ == "__main__":
    run_program(generate)
