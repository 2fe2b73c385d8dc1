"""A disk that is full, as SQLite sees it."""


def allow_pages(states, more):
    """Lets the idle connection of `SqliteStates` allocate so many pages more."""
    with states._connection() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + more}")
