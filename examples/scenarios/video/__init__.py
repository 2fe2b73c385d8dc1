"""Videos, of which people watch a share."""
