"""Small worlds to try tfrec on: a generated log, a configuration, and what to ask."""
