"""Retrieval: the best candidates of a catalogue for a query, under filters.

Inside, a candidate is its row in the catalogue; strings exist only at the door
(`candidate_ids`). `scann` is imported by name, where ScaNN is installed.
"""
