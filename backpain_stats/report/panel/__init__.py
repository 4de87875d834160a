"""The report of a guideline panel."""
