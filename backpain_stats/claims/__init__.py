"""What others concluded, recomputed."""
