"""The scenarios: each log teaches its model what its README says."""

import collections

import pytest

from examples.scenarios.generated import END
from tests.examples.scenario_runs import SCENARIOS, Scenario
from tests.serving.online.gateway_process import eventually

NAMES = ("shop", "news", "video", "social", "education")


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """Gives the `Scenario` of a name."""
    made = {}

    def scenario(name):
        if name not in made:
            made[name] = Scenario(name, tmp_path_factory.mktemp(name))
        return made[name]

    return scenario


def usual(lists):
    """The most frequent of each list."""
    return [collections.Counter(each).most_common(1)[0][0] for each in lists]


def lists_of(found):
    """The item ids that each query got."""
    return found.groupby("query", sort=False)["item_id"].apply(list)


def test_each_has_a_page_and_is_in_the_table():
    table = (SCENARIOS / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        page = (SCENARIOS / name / "README.md").read_text(encoding="utf-8")
        assert f"python -m examples.scenarios.{name}.generate" in page
        assert "generated" in page
        assert f"({name}/README.md)" in table


def test_the_same_seed_gives_the_same_log(scenario, tmp_path):
    shop = scenario("shop")
    shop.program.generate(tmp_path / "log", people=60)
    again = (tmp_path / "log" / "events.parquet").read_bytes()
    assert again == (shop.log / "events.parquet").read_bytes()
    shop.program.generate(tmp_path / "log", seed=1, people=60)
    assert again != (tmp_path / "log" / "events.parquet").read_bytes()


@pytest.mark.slow
def test_a_shop_sells_the_usual_again(scenario):
    shop = scenario("shop")
    bought = shop.events[shop.events["event"] == "purchase"]
    assert bought.duplicated(["user_id", "item_id"]).mean() > 0.4
    own = bought.groupby("user_id")["item_id"].apply(set)
    found = shop.fitted().recommend(user_ids=[*own.index], k=5, allow_repeats=True)
    hits = [len(own[user] & {*ids}) for user, ids in lists_of(found).items()]
    assert sum(hits) / len(found) > 0.5  # of all products a household has a fifth
    check_limits(shop)


def check_limits(shop):
    """Prices and brands narrow a list."""
    filters = {"price_max": 8, "brand_any": ["Aurora", "Dune"]}
    found = shop.fitted().recommend(
        [[], ["tea-brook-0"]], k=5, filters=filters, context={"device": "phone"}
    )
    items = shop.items.set_index("item_id").loc[found["item_id"]]
    assert len(items) == 10
    assert items["price"].max() <= 8
    assert {*items["brand"]} == {"Aurora", "Dune"}


def test_news_are_of_today_and_of_the_readers_topic(scenario):
    news = scenario("news")
    read = news.events[news.events["event"] == "read"]
    topics = read.groupby("user_id")["item_id"].apply(news.category)
    found = news.fitted().recommend(user_ids=[*topics.index], k=3, now=END)
    times = news.items.set_index("item_id").loc[found["item_id"]]
    assert (times["available_from"] <= END).all()
    assert (times["available_until"] > END).all()
    shown = usual(map(news.category, lists_of(found)))
    hits = [each == topic for each, topic in zip(shown, usual(topics), strict=True)]
    assert sum(hits) / len(hits) > 0.5  # by chance: 1/6


@pytest.mark.slow
def test_videos_are_those_that_are_watched_to_the_end(scenario):
    video = scenario("video")
    whole = video.events[video.events["value"] >= 0.6]
    genres = whole.groupby("user_id")["item_id"].apply(video.category)
    assert video.events.groupby("user_id").size().min() >= 80
    found = video.fitted().recommend(user_ids=[*genres.index], k=5)
    shown = usual(map(video.category, lists_of(found)))
    pairs = zip(shown, genres, strict=True)
    hits = [each in dict(top(genre, 2)) for each, genre in pairs]
    assert sum(hits) / len(hits) > 0.6  # by chance: 1/3


def top(names, size):
    return collections.Counter(names).most_common(size)


@pytest.mark.slow
def test_a_network_has_lists_of_posts_people_and_topics(scenario):
    social = scenario("social")
    fitted = social.fitted()
    ids = sorted(social.events["user_id"].unique())
    for domain, prefix in (("posts", "post:"), ("people", "user:"), ("topics", "top")):
        found = fitted.recommend(user_ids=ids, k=3, domain=[domain])
        assert found["item_id"].str.startswith(prefix).all()
        assert (found["item_id"] != found["query"]).all()
    people = lists_of(fitted.recommend(user_ids=ids, k=3, domain=["people"]))
    assert people.apply(len).eq(3).all()
    likes = social.events[social.events["event"] == "like"]
    liked = likes.groupby("user_id")["item_id"].apply(social.category)
    topic = dict(zip(liked.index, usual(liked), strict=True))
    hits = [topic[who] == topic[each] for who in topic for each in people[who]
            if each in topic]  # fmt: skip
    assert sum(hits) / len(hits) > 0.3  # by chance: 1/6


def test_a_school_keeps_the_order_of_its_courses(scenario):
    school = scenario("education")
    done = school.events[school.events["event"] == "complete"]
    done = done.groupby("user_id")["item_id"].apply(set)
    after = school.items.set_index("item_id")["after"]
    found = school.fitted().recommend(user_ids=[*done.index], k=10)
    for user, ids in lists_of(found).items():
        assert all({*after[each]} <= done[user] for each in ids)
    levels = school.items.set_index("item_id")["level"]
    assert levels[found["item_id"]].max() > 3


def post(ask, user_id, item_id, event, **more):
    body = {"user_id": user_id, "item_id": item_id, "event": event, **more}
    assert ask("POST", "/v1/events", body | {"timestamp": END + 60})[0] == 202


def ids(ask, user_id, **options):
    answer = ask.recommend(user_id, now=END + 120, **options)
    return [item["item_id"] for item in answer["items"]]


@pytest.mark.slow
def test_a_shop_in_real_time(scenario):
    with scenario("shop").gateway() as ask:
        for _ in range(2):
            post(ask, "new", "tea-brook-0", "purchase", value=4)
        found = ids(ask, "new", allow_repeats=True, k=5)
        assert "tea-brook-0" in found
        assert sum(item.startswith("tea") for item in found) >= 2  # by chance: 0.8


@pytest.mark.slow
def test_a_breaking_story(scenario):
    news = scenario("news")
    with news.gateway() as ask:
        for item_id in news.items["item_id"][news.items["category"] == "science"][-9:]:
            post(ask, "reader", item_id, "read")
        story = {"item_id": "breaking", "title": "telescope particle genome"}
        story |= {"category": "science", "available_from": END}
        assert (
            ask("POST", "/v1/items", story | {"available_until": END + 999})[0] == 202
        )
        eventually(lambda: "breaking" in ids(ask, "reader", k=3), 60)
        late = ask.recommend("reader", now=END + 1000, k=1000)["items"]
        assert "breaking" not in [item["item_id"] for item in late]


@pytest.mark.slow
def test_a_dislike_changes_the_next_list(scenario):
    video = scenario("video")
    with video.gateway() as ask:
        for number in range(6):
            post(ask, "viewer", f"music-{number:03d}", "watch", value=0.95)
        first, *_ = before = ids(ask, "viewer")
        assert usual([video.category(before)]) == ["music"]
        post(ask, "viewer", first, "dislike")
        assert first not in ids(ask, "viewer")


@pytest.mark.slow
def test_a_list_of_posts_people_and_topics(scenario):
    social = scenario("social")
    with social.gateway() as ask:
        post(ask, "user:0003", "user:0007", "follow")
        found = ids(ask, "user:0003", quota="posts:3|people:2|topics:1")
        kinds = collections.Counter(each.partition(":")[0] for each in found)
        assert kinds == {"post": 3, "user": 2, "topic": 1}
        everybody = ids(ask, "user:0003", domain="people", k=1000)
        assert len(everybody) == 58  # without the user and who is followed
        assert not {"user:0003", "user:0007"} & {*everybody}
        check_other_lists_of_people(ask)


def check_other_lists_of_people(ask):
    """Rows of a page, a search of titles, items like one, lists for everybody."""
    post(ask, "user:0009", "user:0011", "follow")
    rows = f"/v1/users/user:0003/rows?now={END + 120}"
    found = ask("GET", f"{rows}&domain=people")[1]["rows"]
    items = [item for row in found for item in row["items"]]
    assert {"recommended", "similar"} <= {row["kind"] for row in found}
    for path in (
        "/v1/items?query=member&domain=people",
        "/v1/items/post:chess-01/similar?domain=people",
        f"/v1/lists/popular?now={END + 120}&domain=people",
    ):
        listed = ask("GET", path)[1]["items"]
        assert listed
        items += listed
    assert {item["domain"] for item in items} == {"people"}


@pytest.mark.slow
def test_a_course_opens_the_next_one(scenario):
    with scenario("education").gateway() as ask:
        assert "python-2" not in ids(ask, "student", k=1000)
        post(ask, "student", "python-1", "complete", value=4)
        found = ids(ask, "student", k=1000)
        assert "python-2" in found
        assert "python-3" not in found
        post(ask, "student", "python-2", "drop")
        assert "python-3" not in ids(ask, "student", k=1000)
