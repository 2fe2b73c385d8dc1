"""News stories that live for a day."""
