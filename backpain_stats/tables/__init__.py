"""One 2x2 table and its statistics."""
