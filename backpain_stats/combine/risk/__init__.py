"""The risk of one patient, and of all patterns."""
