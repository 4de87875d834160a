"""Several flags in one patient: the risk with the dependence between findings."""
