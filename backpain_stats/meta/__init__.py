"""Several studies of one flag: bivariate and univariate meta-analysis."""
