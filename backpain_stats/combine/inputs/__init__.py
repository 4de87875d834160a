"""What is known of each finding, read for a risk."""
