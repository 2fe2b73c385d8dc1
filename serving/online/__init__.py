"""Former names of two programs; they go with the next version."""
