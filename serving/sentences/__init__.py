"""Requests in sentences: what they ask for, and which items may answer them."""
