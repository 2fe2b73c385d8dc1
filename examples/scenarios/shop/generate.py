"""A grocery shop: households buy what they bought before, of brands that they like.

python -m examples.scenarios.shop.generate shop-log
"""

import numpy as np
import pandas as pd

from examples.scenarios.generated import (
    EVENTS,
    Folder,
    People,
    Seed,
    draw_tastes,
    draw_times,
    say,
    write_log,
)
from tfrec.program import run_program

SHELVES = {
    "coffee": "espresso beans roast crema arabica filter",
    "tea": "green leaves herbal infusion chamomile oolong",
    "baking": "flour yeast sugar vanilla dough cocoa",
    "snacks": "crisps salted nuts crackers pretzels popcorn",
    "cleaning": "soap lemon detergent sponge bleach polish",
    "pets": "kibble cat dog litter treats chew",
}
BRANDS = ("Aurora", "Brook", "Cedar", "Dune")
NUM_OF_BRAND = 3  # products of each brand on each shelf
NUM_TRIPS, DAYS = 12, 90
LOYALTY = 0.7  # share of purchases that are among the household's usual products


def generate(folder: Folder, seed: Seed = 0, people: People = 300):
    """Writes the log of a shop: views and purchases, with prices, brands, devices."""
    rng = np.random.default_rng(seed)
    items = make_items(rng)
    tastes = draw_tastes(rng, people, len(SHELVES))
    rows = [
        row
        for number, taste in enumerate(tastes)
        for row in purchases(f"h{number:04d}", taste, pd.DataFrame(items), rng)
    ]
    log = pd.DataFrame(rows, columns=EVENTS)
    log["device"] = rng.choice(["phone", "desktop"], len(log))
    write_log(folder, log, items)


def make_items(rng):
    """Products: some of each brand on each shelf."""
    return [
        {
            "item_id": f"{shelf}-{brand.lower()}-{number}",
            "title": f"{brand} {say(words, rng, 2)}",
            "text": say(words, rng),
            "category": shelf,
            "brand": brand,
            "price": round(float(rng.uniform(1, 20)), 2),
        }
        for shelf, words in SHELVES.items()
        for brand in BRANDS
        for number in range(NUM_OF_BRAND)
    ]


def purchases(user_id, taste, items, rng):
    """Each trip ends with some purchases; a view comes before every second one."""
    weights = taste[pd.factorize(items["category"])[0]]
    weights = weights * np.where(items["brand"] == rng.choice(BRANDS), 8, 1)
    weights = weights / weights.sum()
    usual = rng.choice(len(items), 5, replace=False, p=weights)
    for time in draw_times(rng, NUM_TRIPS, DAYS):
        for place in range(rng.integers(1, 4)):
            is_usual = rng.random() < LOYALTY
            row = rng.choice(usual) if is_usual else rng.choice(len(items), p=weights)
            item = items.iloc[row]
            if rng.random() < 0.5:
                yield user_id, item["item_id"], time + 20 * place, "view", None
            bought = (time + 20 * place + 10, "purchase", item["price"])
            yield user_id, item["item_id"], *bought


if __name__ == "__main__":
    run_program(generate)
