"""How cells of feature columns become parts of an embedding table."""
