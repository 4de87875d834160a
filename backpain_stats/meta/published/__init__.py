"""The evidence, pooled: the only part of meta that knows the evidence."""
