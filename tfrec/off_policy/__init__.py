"""What another policy would have achieved, from a log that chose at random."""
