"""What a team sets by hand about lists: boosts, pins, quotas, and when they hold."""
