"""What people did last, in memory, SQLite or Redis."""
