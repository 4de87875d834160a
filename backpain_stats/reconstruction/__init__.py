"""Printed figures in, every table out, and why."""
