"""A shop where people buy the same things again."""
