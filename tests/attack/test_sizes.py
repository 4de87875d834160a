"""Levels, counts and sizes at the far ends: an answer in time, or a refusal that names the limit."""
