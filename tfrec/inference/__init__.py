"""What a saved model computes for a request."""
