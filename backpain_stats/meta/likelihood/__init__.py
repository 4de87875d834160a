"""The likelihoods and their integrals."""
