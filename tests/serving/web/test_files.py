"""Tests of serving.gateway.page without a browser."""

import configparser
import http.client
import importlib.resources
import pathlib
import re

import pytest

FILES = sorted(
    importlib.resources.files("serving.gateway").joinpath("static").iterdir()
)
ROOT = pathlib.Path(__file__).parents[3]


def get(gateway, path):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.mark.parametrize("path", ["/", *(f"/web/{each.name}" for each in FILES)])
def test_every_file_comes_with_the_policy(gateway, path):
    response, body = get(gateway, path)
    assert response.status == 200
    assert body
    policy = response.headers["Content-Security-Policy"]
    sources = dict(map(str.split, policy.split(";")))
    assert sources["default-src"] == "'none'"
    assert sources.pop("require-trusted-types-for") == "'script'"
    assert set(sources.values()) == {"'none'", "'self'"}
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/web/../page.py", "/web/%2e%2e/page.py", "/web/none"]
)
def test_nothing_else_is_served(gateway, path):
    response, _ = get(gateway, path)
    assert response.status == 404


def test_the_page_settings(gateway, hiding_gateway):
    status, settings = gateway("GET", "/v1/page")
    assert status == 200
    assert settings == {
        "users": ["ann"],
        "categories": ["x", "y"],
        "like": {"event": "rating", "value": 1.0},
        "skip": {"event": "skip", "value": 1.0},
        "is_skip_hidden": False,
    }
    assert hiding_gateway("GET", "/v1/page")[1]["is_skip_hidden"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_need_nothing_from_elsewhere_and_build_no_html(path):
    text = path.read_text(encoding="utf-8")
    links = set(re.findall(r"https?://[^\"' )]+", text))
    assert links <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\b", text)
    assert not re.search(r"\bstyle=|\bon[a-z]+=", text)


def test_files_travel_with_the_package():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    packed = setup["options.package_data"]["serving"].split(", ")
    assert "gateway/static/*" in packed
