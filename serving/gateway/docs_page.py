"""The page that shows every route, as plain HTML without scripts."""

from html import escape

from fastapi import FastAPI
from starlette.responses import HTMLResponse

from serving.gateway.page import HEADERS

_FRAME = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{title}</title>
  <link rel="icon" href="web/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="web/docs.css">
</head>
<body>
<h1>{title}</h1>
<p>For programs: <a href="openapi.json">openapi.json</a>. To try the model:
<a href="./">the page</a>.</p>
{routes}
</body>
</html>
"""


def add_docs(app: FastAPI) -> None:
    """Serves the page at `/docs`."""

    @app.get("/docs", include_in_schema=False)
    def show_docs() -> HTMLResponse:
        return HTMLResponse(docs_html(app.openapi()), headers=HEADERS)


def docs_html(document: dict) -> str:
    """The page for an OpenAPI document."""
    routes = [
        _route(f"{method.upper()} {path}", operation, document)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    title = escape(document["info"]["title"])
    return _FRAME.format(title=title, routes="\n".join(routes))


def _route(name, operation, document):
    parts = [f"<h2><code>{escape(name)}</code></h2>"]
    if "description" in operation:
        parts.append(f"<p>{escape(operation['description'])}</p>")
    rows = [
        _row(each["name"], each["schema"]) for each in operation.get("parameters", ())
    ]
    parts += _table("Parameters", rows)
    content = operation.get("requestBody", {}).get("content", {})
    for schema in (each["schema"] for each in content.values()):
        fields = _resolve(schema, document).get("properties", {})
        parts += _table("Body", [_row(*field) for field in fields.items()])
    return "\n".join(["<section>", *parts, "</section>"])


def _table(caption, rows):
    if not rows:
        return []
    return [f"<table><caption>{caption}</caption>", *rows, "</table>"]


def _row(name, schema):
    said = schema.get("description", "")
    usual = f"{schema['default']!r}" if schema.get("default") not in (None, "") else ""
    cells = (f"<code>{escape(name)}</code>", _kind(schema), escape(usual), escape(said))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _kind(schema):
    kinds = [schema, *schema.get("anyOf", ())]
    names = [each["type"] for each in kinds if each.get("type") not in (None, "null")]
    return escape(" or ".join(names))


def _resolve(schema, document):
    """The schema of one object: behind a reference, or the first of several."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return document["components"]["schemas"][name]
    return schema["anyOf"][0] if "anyOf" in schema else schema
