"""How findings depend on each other."""
