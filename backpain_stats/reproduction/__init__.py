"""The published claims, recomputed."""
