"""One published report, read once: tables, ratio, prevalence, post-test."""
