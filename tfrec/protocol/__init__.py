"""TF Serving's protocol for those who ask a server, without TensorFlow."""
