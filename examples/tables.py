"""What the demo shows, as tables."""

from rich.table import Table


def recommendations(found, title, **more):
    """A table of recommendations; `more` are further columns."""
    table = Table(title=title, title_justify="left")
    table.add_column("", justify="right")
    table.add_column("film", min_width=32)
    table.add_column("probability", justify="right")
    for name in more:
        table.add_column(name.replace("_", " "), no_wrap=True)
    for rank, item in enumerate(found, start=1):
        extra = [column[rank - 1] for column in more.values()]
        table.add_row(str(rank), item.title, f"{item.probability:.0%}", *extra)
    return table


def figures(report):
    """NDCG@10 beside the best baselines."""
    queries = f"{report['protocol']['num_queries']:,} next films"
    table = Table(title=f"NDCG@10 on {queries}", title_justify="left")
    for name in ("recommender", "NDCG@10", "95 %"):
        table.add_column(name, justify="left" if name == "recommender" else "right")
    for model in report["models"][:5]:
        found = model["metrics"]["ndcg@10"]
        low, high = found["interval"]
        style = "bold" if model is report["models"][0] else ""
        cells = (f"{found['mean']:.4f}", f"{low:.4f} to {high:.4f}")
        table.add_row(model["name"], *cells, style=style)
    return table
