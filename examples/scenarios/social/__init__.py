"""A network of posts, people and topics."""
