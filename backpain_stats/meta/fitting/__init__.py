"""Finding the maximum."""
