"""What gradients train: the two towers, the interest head, their losses."""
