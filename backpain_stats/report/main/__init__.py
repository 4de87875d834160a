"""The main report."""
