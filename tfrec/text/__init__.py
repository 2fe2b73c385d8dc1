"""Text towers: strings in, one vector per string out, all of it in-graph."""
