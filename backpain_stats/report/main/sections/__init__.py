"""The sections of the report, one file each; every sentence with a number computes it."""
