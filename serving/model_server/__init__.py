"""A model server of the TF Serving protocol."""
