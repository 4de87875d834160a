"""Pages, tables, pictures and Word files."""
