"""Public logs by name, downloaded when they are asked for."""
