"""What was shown and what came of it, in a log that training reads."""
