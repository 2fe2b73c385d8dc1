"""One HTTP port for every program: listening, protocol, limits."""
