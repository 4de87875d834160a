"""How much studies of one test differ, learned from 18 public meta-analyses.

    python validation/heterogeneity.py DIR

DIR holds ``NAME.csv`` (``study, tp, fp, fn, tn``) and ``MANIFEST.json`` (what
each set is and where it came from). Writes data/heterogeneity.csv (estimates of
each set, never its rows), reports/heterogeneity.csv and .md, and
reports/figures/heterogeneity_coverage.svg (about ten minutes on one core).

The question
------------
Two or three studies do not say how much studies of a test differ: the prior of
the two between-study SDs and of the correlation does. What prior do other tests
suggest, and do prediction intervals then hold what they promise?

The model
---------
Set s: exact bivariate model, mean logits Normal(0, 2), SDs and correlation from
a population. Candidates for the population of the SDs: half-normal, half-t with
4 degrees of freedom, log-normal; one population for both outcomes or one each.
For the correlation: density proportional to (1 - rho^2)^(a - 1), or a skewed
beta on (-1, 1). Twelve candidates. Each set's five parameters are integrated
out by draws from its posterior under a broad prior (half-normal(2) SDs, flat
correlation, Normal(0, 3) means), reweighted; the hyper-parameters have wide
priors and are integrated too. What ships is the population averaged over them
(same family, same mean and variance of log SD or second moment): the doubt
about the population is in it.

The rule, fixed before any result was seen
------------------------------------------
Score: log predictive density of each block of sets, learned from the others,
summed over blocks. **The default is the candidate with fewest hyper-parameters
among those within one standard error (paired over blocks) of the best score;
between equally many, the better score.** The mean logits keep Normal(0, 2)
whatever the sets say: they are tests that somebody thought worth a
meta-analysis, a red flag is not one of them.

Blocks: smoking1 repeats the studies of SAQ1 and IAQ. It is not learned from,
and the three are left out together; so are the two tests of Scheidler 1997.

Prediction
----------
For each set, the prior learned from the other blocks; up to 20 different random
subsets of 1, 2 and 3 studies, ``fit_bivariate(subset, inference="bayes")``, and
its 95% prediction interval of sensitivity and specificity. Each of the other
studies is held or not, in three senses:

* ``true``: the share of the study's posterior inside ``fit.predict()``, which
  speaks of the true value in a new study; the posterior is that of the study's
  counts with the distribution fitted to the whole set (broad prior) before them.
  **The target: 93 to 97% from 1, 2 and 3 studies, mean over subsets, then sets.**
* ``jeffreys``: the same with a Jeffreys prior before the study's counts.
* ``observed``: its observed proportion in ``fit.predict()``. This cannot reach
  95%: 12% of the arms observed 0 or 100%, which no interval of a true value
  holds.
* ``printed``: its observed proportion in ``fit.predict_study()``, the interval
  for what a study of its size will print.

The same for the previous default (half-normal(1) SDs, shape 2), half-normal(1.75)
and wider means (Normal(0, 3)). The seeds are fixed.
"""
