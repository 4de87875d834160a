"""What follows for 1,000 patients: frequencies, thresholds, net benefit, comparison."""
