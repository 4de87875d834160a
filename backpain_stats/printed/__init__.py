"""What a printed string says: a value, a bound, an interval, a prevalence."""
