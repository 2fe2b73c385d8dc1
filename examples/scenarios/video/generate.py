"""A video site: long histories, the share of each video that was watched, dislikes.

python -m examples.scenarios.video.generate video-log
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

GENRES = {
    "cooking": "knife pasta recipe oven sauce market",
    "travel": "train island harbour mountain hostel desert",
    "gaming": "speedrun boss level controller puzzle quest",
    "music": "guitar concert studio piano chorus drummer",
    "repair": "solder engine bicycle drill hinge battery",
    "animals": "otter puppy owl aquarium horse hedgehog",
}
VIDEOS_OF_GENRE = 120
DAYS = 120
LENGTHS = (100, 180)  # events of a history
STRAY = 0.2  # share of videos that a page suggests, whatever somebody likes


def generate(folder: Folder, seed: Seed = 0, people: People = 200):
    """Writes the log of a video site: watch events with their share, and dislikes."""
    rng = np.random.default_rng(seed)
    videos = make_videos(rng)
    rows = []
    for number, taste in enumerate(draw_tastes(rng, people, len(GENRES))):
        rows += watches(f"v{number:04d}", taste, videos, rng)
    write_log(folder, rows, videos)


def make_videos(rng):
    """Videos of each genre, by a few channels."""
    return [
        {
            "item_id": f"{genre}-{number:03d}",
            "title": f"{genre.capitalize()}: {say(words, rng, 3)}",
            "text": say(words, rng, 5),
            "category": genre,
            "channel": f"{genre}-{number % 4}",
            "minutes": int(rng.integers(3, 60)),
        }
        for genre, words in GENRES.items()
        for number in range(VIDEOS_OF_GENRE)
    ]


def watches(user_id, taste, videos, rng):
    """What is liked is watched to the end, what is not is left or disliked."""
    of_genre = np.array([list(GENRES).index(video["category"]) for video in videos])
    unseen = [list(rng.permutation(np.flatnonzero(of_genre == g))) for g in range(6)]
    for time in draw_times(rng, rng.integers(*LENGTHS), DAYS):
        is_stray = rng.random() < STRAY
        genre = rng.integers(6) if is_stray else rng.choice(6, p=taste)
        if not unseen[genre]:
            continue
        video = videos[unseen[genre].pop()]["item_id"]
        is_liked = rng.random() < min(0.9, 0.1 + 2 * taste[genre])
        share = rng.beta(6, 1.5) if is_liked else rng.beta(1.2, 6)
        yield user_id, video, time, "watch", round(float(share), 2)
        if share < 0.1 and rng.random() < 0.5:
            yield user_id, video, time + 5, "dislike", None


if __name__ == "__main__":
    run_program(generate)
