"""One study: a 2x2 table and what follows from it."""
