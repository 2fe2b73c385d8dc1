"""The HTTP gateway: events in, recommendations out: `python -m serving.gateway`."""
