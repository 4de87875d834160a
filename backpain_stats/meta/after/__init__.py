"""What follows from a fit."""
