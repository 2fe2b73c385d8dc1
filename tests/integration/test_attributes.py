"""Attributes and features of a model on disk, through every door."""

import asyncio
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from serving.batch_score import main as batch_score
from serving.batch_similar import main as batch_similar
from serving.client import main as ask
from serving.gateway.profiles import Profile
from serving.index import main as index
from serving.model_server.new_items import load_with_items
from serving.user_states.memory import MemoryStates
from tests.serving.online.gateway_process import eventually, gateway_thread
from tests.serving.programs import run_program
from tests.serving.server_process import serving
from tests.shop import IDS, ITEMS, MADE, shop_tables, write_shop
from tfrec.client.async_client import AsyncRecommenderClient
from tfrec.client.client import Client
from tfrec.client.histories import QueryError
from tfrec.data.item_changes import ItemChange
from tfrec.export.compaction import compact
from tfrec.export.item_log import ItemLog
from tfrec.export.loaded import load

ALL = {"k": 100, "allow_repeats": True}
LIMITS = {"price_max": 6, "tags_any": ["red"], "brand_none": ["acme"]}
INSIDE = {"i01", "i04", "i05"}  # by hand: red at rows 0, 1, 4, 5; acme at 0, 3, 6
KITE = {"price": 2.5, "made": MADE + 1, "brand": "acme", "tags": "red|kite"}
KITE |= {"look": [9.0, 1.0, 0.5], "story": "A kite."}
WRONG = {  # what is wrong with a limit -> words
    "color_any": "must be one of brand_any, brand_none, made_max",
    "price_any": "must be one of",
    "price_max": "`price_max` must be a number",
    "made_min": "`made_min` must be UTC seconds",
}
VALUES = dict.fromkeys(WRONG, "soon")
WRONG_FEATURES = [
    ({"color": "red"}, "`features` must be one of price, made, brand, tags, look"),
    ({"price": "cheap"}, "`price` must be a number"),
    ({"price": True, "made": "soon"}, "`made` must be UTC seconds"),
    ({"look": [1.0, 2.0]}, "`look` must have 3 numbers"),
    ({"look": ["a", 1, 2]}, "`look` must be a list of finite numbers"),
    ({"brand": ["acme"]}, "`brand` must be text or a number"),
]


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """Version folder of the shop; not to be changed."""
    return write_shop(tmp_path_factory.mktemp("shop"))["exact"]


@pytest.fixture(scope="module")
def served(version, tmp_path_factory):
    """`(model folder, address of its server)`; both take new items."""
    folder = tmp_path_factory.mktemp("served") / "toy"
    shutil.copytree(version, folder / "1")
    with serving("--model_name=toy", f"--model_base_path={folder}") as server:
        yield folder, server.target


@pytest.fixture
def folder(version, tmp_path):
    """Of a model that nobody serves."""
    shutil.copytree(version, tmp_path / "shop" / "1")
    return tmp_path / "shop"


@pytest.fixture(scope="module")
def model(version):
    return load(version)


@pytest.fixture(scope="module")
def client(served):
    with Client(served[1], "toy", timeout_s=60) as client:
        yield client


@pytest.fixture
def gateway(served):
    profiles = {"old": Profile("", {"age": 1000, "shoe": 43})}
    log = ItemLog.of(served[0])
    with gateway_thread(
        MemoryStates(), served[1], item_log=log, profiles=profiles
    ) as http:
        yield http


def ids(found):
    """Item ids of a frame or of a gateway's answer."""
    items = found["items"] if isinstance(found, dict) else found.to_dict("records")
    return {each["item_id"] for each in items}


@pytest.mark.parametrize("door", ["model", "client"])
def test_limits_by_name(door, request):
    there = request.getfixturevalue(door)
    assert ids(there.recommend([["i02"], []], filters=LIMITS, **ALL)) == INSIDE
    others = there.similar(["i02"], filters=LIMITS, k=100)
    assert ids(others) == INSIDE
    as_texts = {"price_max": "6", "tags_any": "red", "brand_none": "acme|other"}
    assert ids(there.recommend([[]], filters=as_texts, **ALL)) == INSIDE
    second = {"made_min": MADE + 3, "made_max": MADE + 3}
    assert ids(there.recommend([[]], filters=second, **ALL)) == {"i03"}


@pytest.mark.parametrize("door", ["model", "client"])
@pytest.mark.parametrize("name", WRONG)
def test_a_limit_that_the_model_has_not_is_refused(door, name, request):
    there = request.getfixturevalue(door)
    limit = {name: VALUES[name]}
    with pytest.raises(QueryError, match=WRONG[name]):
        there.recommend([["i00"]], filters=limit)
    with pytest.raises(QueryError, match=WRONG[name]):
        there.similar(["i00"], filters=limit)
    for value in (None, float("nan")):
        with pytest.raises(QueryError, match="`price_max` must be"):
            there.recommend([[]], filters={"price_max": value})
    with pytest.raises(QueryError, match="`filters` must be a dict"):
        there.recommend([[]], filters=["price_max"])


@pytest.mark.parametrize("door", ["model", "client"])
def test_features_of_people_and_requests_count(door, request):
    there = request.getfixturevalue(door)
    scores = [
        there.recommend([[]], **ALL, **known).set_index("item_id")["score"]
        for known in (
            {},
            {"user_features": {"age": 31, "joined": "2014-01-01"}},
            {"context": {"device": "phone"}},
        )
    ]
    assert not np.allclose(scores[0], scores[1][scores[0].index])
    assert not np.allclose(scores[0], scores[2][scores[0].index])
    both = there.recommend([[], []], user_features=[{"age": 31}, {}], **ALL)
    second = both[both["query"] == 1].set_index("item_id")["score"]
    np.testing.assert_allclose(second, scores[0][second.index], atol=1e-5)
    about = {"user_features": {"city": "Rome"}, "context": {"device": "desk"}}
    assert (there.interest(["i02"], ["i04"], **about) > 0).all()
    assert there.explain(["i02"], ["i04"], **about).shape == (1, 1)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"user_features": {"shoe": 43}}, "`user_features` must be one of age, city"),
        ({"user_features": {"text": "a"}}, "`user_features` must be one of"),
        ({"user_features": {"age": "old"}}, "`age` must be a number"),
        ({"context": {"device": {"a": 1}}}, "`device` must be text or a number"),
        ({"context": "phone"}, "`context` must be a dict"),
    ],
)
def test_features_that_the_model_has_not_are_refused(model, known, words):
    with pytest.raises(QueryError, match=words):
        model.recommend([[]], **known)


def test_one_user_at_a_time(client):
    found = client.service.recommend(["i02"], filters=LIMITS, **ALL)
    assert {each.item_id for each in found} == INSIDE
    interest = client.service.embed_query(["i02"], user_features={"age": 31})
    found = client.service.recommend_from_interest(interest, filters=LIMITS, k=100)
    assert {each.item_id for each in found} == INSIDE
    with pytest.raises(QueryError, match="must be left out: the model has none"):
        client.service.recommend_from_interest(interest, user_features={"age": 31})


def test_on_asyncio(served):
    async def run():
        async with AsyncRecommenderClient(served[1], "toy", timeout_s=60) as client:
            found = await client.recommend(["i02"], filters=LIMITS, **ALL)
            with pytest.raises(QueryError, match="must be one of"):
                await client.similar(["i02"], filters={"color_any": ["red"]})
            return {each.item_id for each in found}

    assert asyncio.run(run()) == INSIDE


def test_the_program(served, monkeypatch, capsys):
    flags = ["--target", served[1], "--model", "toy", "-k", 100, "--timeout-s", 60]
    limits = ["--filter", "price_max=6", "--filter", "tags_any=red"]
    about = ["--user-feature", "age=31", "--context", "device=phone"]
    assert run_program(monkeypatch, ask, *flags, *limits, *about) == 0
    told = capsys.readouterr().out
    assert {each for each in IDS if each in told} == INSIDE | {"i00"}
    assert run_program(monkeypatch, ask, *flags, "--filter", "price") == 1
    assert "`--filter` must be NAME=VALUE" in capsys.readouterr().err
    assert run_program(monkeypatch, ask, *flags, "--filter", "color_any=red") == 1
    assert "must be one of brand_any" in capsys.readouterr().err


def test_the_gateway(gateway):
    limits = {"filter.price_max": 6, "filter.tags_any": "red", "k": 100}
    found = gateway.recommend("ann", **limits, **{"filter.brand_none": "acme"})
    assert ids(found) == INSIDE
    query = "filter.price_max=6&filter.tags_any=red&filter.brand_none=acme&k=100"
    status, found = gateway("GET", f"/v1/items/i02/similar?{query}")
    assert (status, ids(found)) == (200, INSIDE)
    body = {"history": ["i02"], "k": 100, "filters": LIMITS, "allow_repeats": True}
    status, found = gateway("POST", "/v1/sessions/recommendations", body)
    assert (status, ids(found)) == (200, INSIDE)


def test_the_gateway_knows_people(gateway):
    """By the file of profiles, whose other columns do no harm, and by the request."""
    plain = gateway.recommend("ann", k=100)["items"]
    by_file = gateway.recommend("old", k=100)["items"]
    asked = gateway.recommend("ann", k=100, **{"user.age": 1000})["items"]
    assert by_file == asked != plain
    other = gateway.recommend("ann", k=100, **{"context.device": "phone"})["items"]
    assert other != plain
    body = {"k": 100, "user_features": {"age": 1000}}
    _, session = gateway("POST", "/v1/sessions/recommendations", body)
    assert session["items"] == asked


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("filter.color_any=red", "`filters` must be one of brand_any"),
        ("filter.price_max=cheap", "`price_max` must be a number"),
        ("filter.price_max=", "`price_max` must be a number"),
        ("user.shoe=43", "`user_features` must be one of"),
        ("context.device=a&filters.price_max=1", "has the unknown `filters.price_max`"),
        ("filter.price_max=1&filter.price_max=2", "must be given once"),
        ("mode=interest&user.age=3", None),
    ],
)
def test_the_gateway_refuses_in_words(gateway, query, words):
    status, found = gateway("GET", f"/v1/users/ann/recommendations?{query}")
    if words is None:  # nobody has events, so that there is no vector
        assert status == 200
        return
    assert status == 422
    assert words in found["detail"]


def test_items_that_come_later_are_limited(gateway, client, served):
    """From the log into the server: embedded, limited, and replaced with others."""
    item = {"item_id": "kite", "title": "A kite", "features": KITE}
    assert gateway("POST", "/v1/items", item)[0] == 202
    inside = {"price_max": 2.5, "price_min": 2.5, "tags_all": ["red", "kite"]}

    def found():
        return ids(client.recommend([[]], filters=inside, **ALL))

    eventually(lambda: found() == {"kite"}, 60)
    limit = {"made_max": MADE + 1, "brand_any": ["acme"]}
    assert "kite" in ids(client.recommend([[]], filters=limit, **ALL))
    assert "kite" not in ids(client.recommend([[]], filters={"price_max": 2}, **ALL))
    for features in ({}, KITE | {"price": 3}):
        changed = item | {"features": features}
        assert gateway("POST", "/v1/items", changed)[0] == 202
        eventually(lambda: not found(), 60)
    logged = ItemLog.of(served[0]).read().changes
    assert [each.features.get("price") for each in logged] == [2.5, None, 3.0]


@pytest.mark.parametrize(("features", "words"), WRONG_FEATURES)
def test_wrong_features_of_items_are_refused(gateway, served, features, words):
    before = ItemLog.of(served[0]).size()
    items = [{"item_id": "right"}, {"item_id": "wrong", "features": features}]
    status, found = gateway("POST", "/v1/items", items)
    assert status == 422
    assert words in found["detail"]
    assert "'wrong'" in found["detail"]
    assert ItemLog.of(served[0]).size() == before


def test_the_log_passes_over_what_no_model_can_read(version, caplog):
    """A feature of another version is told of and left out."""
    good = ItemChange(item_id="good", features={"price": 1, "color": "red"})
    bad = ItemChange(item_id="bad", features={"price": "cheap"})
    servable = load_with_items(version, [good, bad])
    inputs = {"user_text": np.array([""], object), "k": np.array([100], np.int32)}
    inputs |= {"filter_price_max": np.array([1], np.float32)}
    found = servable.run("recommend", inputs)["item_ids"][0]
    assert {*found} - {b""} == {b"good", b"i00", b"i01"}
    assert "Features of items that this version lacks: color." in caplog.text
    assert "`price` must be a number" in caplog.text


def test_a_new_item_is_embedded_as_one_of_the_catalogue(version, model):
    """The same text and features as item 4, which has no event either: one score."""
    features = {
        name: None if value == "" else value
        for name, value in ITEMS.iloc[4].drop("item_id").items()
    }
    item = {"item_id": "twin", "title": "even thing", "category": "even"}
    embedded = [
        model.predict(
            "embed_candidate",
            {
                "title": np.array([item["title"]], object),
                "category": np.array([item["category"]], object),
                **more,
            },
        )["embedding"]
        for more in ({}, {"item_price": np.array([4.0], np.float32)})
    ]
    assert np.abs(embedded[0] - embedded[1]).max() > 1e-6
    twin = ItemChange(**item, features=features)
    plain = ItemChange(**item | {"item_id": "plain"})
    servable = load_with_items(version, [twin, plain])
    asked = {"user_text": np.array([""], object), "k": np.array([100], np.int32)}
    answer = servable.run("recommend", asked)
    scores = dict(zip(answer["item_ids"][0], answer["scores"][0], strict=True))
    assert scores[b"twin"] != pytest.approx(scores[b"plain"], abs=1e-6)


def test_a_table_brings_the_columns(folder, tmp_path, monkeypatch, capsys):
    table = pd.DataFrame([{"item_id": "kite", "title": "A kite", **KITE, "x": 1}])
    table.loc[1] = {"item_id": "bare", "title": "Nothing"}
    table.to_parquet(tmp_path / "items.parquet", index=False)
    items = tmp_path / "items.parquet"
    assert run_program(monkeypatch, index, "add", folder, items) == 0
    kite, bare = ItemLog.of(folder).read().changes
    assert kite.features == KITE
    assert bare.features == {}
    table = table[["item_id", "look"]].assign(look=[[1.0], [2.0]])
    table.to_parquet(items, index=False)
    capsys.readouterr()
    assert run_program(monkeypatch, index, "add", folder, items) == 1
    assert "`look` must have 3 numbers" in capsys.readouterr().err
    assert len(ItemLog.of(folder).read().changes) == 2


@pytest.mark.slow
def test_a_compacted_version_keeps_them(folder):
    """As limits, as attributes, and for the version after it."""
    kite = ItemChange(item_id="kite", title="A kite", features=KITE)
    newest, refused = compact(folder, [kite, ItemChange(item_id="bare")])
    assert refused == []
    limits = {"tags_all": ["kite"], "made_min": MADE + 1}
    again, _ = compact(folder, [ItemChange(item_id="more")])
    for version in (newest, again):
        model = load(version)
        assert ids(model.recommend([[]], filters=limits, **ALL)) == {"kite"}
        table = pd.read_parquet(version / "assets.extra" / "items.parquet")
        rows = table.set_index("item_id")
        assert rows.loc["kite", ["price", "made"]].tolist() == [2.5, MADE + 1]
        assert rows.loc["i03", ["price", "made"]].tolist() == [3.0, MADE + 3]
        assert rows.loc["bare", ["made", "tags"]].tolist() == [0, ""]
        assert np.isnan(rows.loc["bare", "price"])


def test_the_manifest_tells_of_the_columns(version):
    path = version / "assets.extra" / "manifest.json"
    told = json.loads(path.read_text())["features"]
    assert {
        (each["side"], each["name"], each["kind"], each["width"]) for each in told
    } == {
        ("items", "price", "number", 0),
        ("items", "made", "time", 0),
        ("items", "brand", "category", 0),
        ("items", "tags", "categories", 0),
        ("items", "look", "vector", 3),
        ("items", "story", "text", 0),
        ("users", "age", "number", 0),
        ("users", "city", "category", 0),
        ("users", "joined", "time", 0),
        ("context", "device", "category", 0),
    }
    uses = {each["name"]: each["uses"] for each in told}
    assert uses["price"] == ["filter", "towers"]


def test_a_table_of_similar_items(version, tmp_path, monkeypatch, capsys):
    out = tmp_path / "similar.csv"
    flags = ["--model", version, "--out", out, "-k", 100, "--filter", "price_max=6"]
    assert run_program(monkeypatch, batch_similar, *flags) == 0
    found = pd.read_csv(out)
    assert {*found["similar_item_id"]} == {*IDS[:7]}
    assert (
        run_program(monkeypatch, batch_similar, *flags, "--filter", "size_min=1") == 1
    )
    assert "`filters` must be one of" in capsys.readouterr().err


def test_batch_scoring(version, model, tmp_path, monkeypatch, capsys):
    """Limits for all, columns of users and of queries: as the model by itself."""
    events, _, users = shop_tables()
    events.to_parquet(tmp_path / "events.parquet", index=False)
    users.to_parquet(tmp_path / "users.parquet", index=False)
    people = ["u00", "u01", "stranger"]
    now = int(events["timestamp"].max()) + 1
    queries = pd.DataFrame({"query_id": range(3), "user_id": people, "timestamp": now})
    queries["device"] = ["phone", "", "desk"]
    queries.to_csv(tmp_path / "queries.csv", index=False)
    out = tmp_path / "out.parquet"
    flags = ["--model", version, "--out", out, "-k", 100, "--allow-repeats"]
    for name in ("events.parquet", "users.parquet", "queries.csv"):
        flags += [f"--{name.split('.')[0]}", tmp_path / name]
    flags += ["--filter", "price_max=6", "--filter", "tags_any=red|blue"]
    assert run_program(monkeypatch, batch_score, *flags) == 0
    known = users.set_index("user_id")
    histories = [
        [
            (row.item_id, row.event, row.value, row.timestamp)
            for row in events[events["user_id"] == user].itertuples()
        ]
        for user in people
    ]
    expected = model.recommend(
        histories,
        filters={"price_max": 6, "tags_any": ["red", "blue"]},
        user_features=[
            {n: known.loc[u, n] for n in ("age", "city", "joined")}
            if u in known.index
            else {}
            for u in people
        ],
        context=[{"device": "phone"}, {}, {"device": "desk"}],
        now=now,
        **ALL,
    )
    found = pd.read_parquet(out)
    assert found["item_id"].tolist() == expected["item_id"].tolist()
    np.testing.assert_allclose(found["score"], expected["score"], atol=1e-5)
    capsys.readouterr()
    assert run_program(monkeypatch, batch_score, *flags, "--filter", "color_any=a") == 1
    assert "`filters` must be one of" in capsys.readouterr().err
