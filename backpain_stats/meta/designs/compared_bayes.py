"""BayesianComparison: what a comparison of several tests gives under priors."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from backpain_stats.checks import check_choice, check_known
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import Estimate, format_number, format_percent
from backpain_stats.meta.bayes.posterior import weighted_quantile
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.designs.beside_likelihood import beside_likelihood
from backpain_stats.meta.designs.compared_tests import ComparedTests
from backpain_stats.meta.designs.delta import MEASURES, PROPORTIONS, Kind, kinds_of
from backpain_stats.meta.designs.paired_data import TestedStudies
from backpain_stats.meta.point import log_measure
from backpain_stats.result import Grid, Result, Shown

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["BayesianComparison"]

_SPREAD = ("sd_sensitivity", "sd_specificity", "correlation")
_ENDS = ("estimate", "ci_low", "ci_high")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BayesianComparison(Result):
    """Several tests compared under priors; made by ``compare_tests(..., inference="bayes")``.

    Parameters
    ----------
    studies : TestedStudies
        The counts.
    logits : ndarray of shape (draws, tests, 2)
        Mean logit sensitivity and specificity of each test.
    spread : ndarray of shape (draws, 3)
        The two between-study SDs and the correlation, shared by the tests.
    weights : ndarray of shape (draws,)
        Of the draws; they sum to 1.
    priors : Priors
    nodes : int
        Quadrature nodes per random effect.
    level : float
        Level of the intervals.
    effective_size, k_hat, log_evidence : float
        As in :class:`~backpain_stats.BayesianFit`.
    likelihood : ComparedTests or None
        The same model by its likelihood; None where that has no estimate.
    no_likelihood : str
        Why not; empty if it has.
    """

    studies: TestedStudies
    logits: Floats
    spread: Floats
    weights: Floats
    priors: Priors
    nodes: int
    level: float
    effective_size: float
    k_hat: float
    log_evidence: float
    likelihood: ComparedTests | None
    no_likelihood: str

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of the tests."""
        return self.studies.tests

    @property
    def method(self) -> str:
        """How the numbers were made."""
        return "Bayesian, exact binomial likelihood, study as cluster, importance sampling"

    @property
    def notes(self) -> tuple[str, ...]:
        """The priors, and why there is no likelihood estimate beside the posterior."""
        priors = f"Priors of each test: {self.priors.describe()}"
        if not self.no_likelihood:
            return (priors,)
        return priors, f"The likelihood alone has no estimate: {self.no_likelihood}"

    def _estimate(self, draws: Floats, measure: str) -> Estimate:
        tail = (1 - self.level) / 2
        low, middle, high = weighted_quantile(draws, self.weights, [tail, 0.5, 1 - tail])
        return Estimate(float(middle), float(low), float(high), self.level, self.method, measure)

    def draws(self, measure: str, test: str) -> Floats:
        """Return the posterior draws of one measure of one test; they have ``weights``.

        Parameters
        ----------
        measure : {"sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio"}
        test : str

        Raises
        ------
        ArgumentError, UnknownNameError
            If there is no such measure or test.
        """
        check_choice(measure, "measure", MEASURES)
        logits = self.logits[:, self.tests.index(check_known(test, self.tests, "test"))]
        value = log_measure(measure, logits[:, 0], logits[:, 1])
        back = expit if measure in PROPORTIONS else np.exp
        return np.asarray(back(value), dtype=np.float64)

    def contrast(
        self, measure: str, test: str, reference: str, *, kind: Kind = "ratio"
    ) -> Estimate:
        """Return the difference or ratio of a measure of ``test`` to that of ``reference``.

        Parameters
        ----------
        measure : {"sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio"}
        test, reference : str
        kind : {"ratio", "difference"}
            A difference is defined for sensitivity and specificity.

        Raises
        ------
        ArgumentError, UnknownNameError
            If an option is not allowed or there is no test of that name.
        """
        check_choice(measure, "measure", MEASURES)
        check_choice(kind, "kind", kinds_of(measure))
        if test == reference:
            raise ArgumentError(f"test and reference are both {test!r}")
        first, second = self.draws(measure, test), self.draws(measure, reference)
        compared = first - second if kind == "difference" else first / second
        return self._estimate(compared, f"{measure} {kind}")

    def accuracy(self) -> pd.DataFrame:
        """Return one row per test and measure: ``test, measure, estimate, ci_low, ...``."""
        import pandas as pd

        rows = [
            {"test": name, **self._estimate(self.draws(one, name), one).as_dict(), "measure": one}
            for name in self.tests
            for one in MEASURES
        ]
        return pd.DataFrame(rows)[["test", "measure", *_ENDS, "ci_level", "method"]]

    def differences(self) -> pd.DataFrame:
        """Return every difference and ratio of two tests.

        Returns
        -------
        pandas.DataFrame
            ``test, reference, measure, kind, estimate, ci_low, ci_high, ci_level, method,
            probability_greater`` (that the measure of ``test`` is the greater).
        """
        import pandas as pd

        rows = []
        for place, test in enumerate(self.tests):
            for reference in self.tests[place + 1 :]:
                for measure in MEASURES:
                    first, second = self.draws(measure, test), self.draws(measure, reference)
                    greater = float(self.weights @ (first > second))
                    for kind in kinds_of(measure):
                        found = self.contrast(measure, test, reference, kind=kind)
                        rows.append(
                            found.as_dict()
                            | {"test": test, "reference": reference, "measure": measure}
                            | {"kind": kind, "probability_greater": greater}
                        )
        columns = ["test", "reference", "measure", "kind", *_ENDS, "ci_level", "method"]
        return pd.DataFrame(rows)[[*columns, "probability_greater"]]

    def between_studies(self) -> pd.DataFrame:
        """Return the SDs and the correlation that the tests share, one row each."""
        import pandas as pd

        found = [self._estimate(self.spread[:, i], name) for i, name in enumerate(_SPREAD)]
        frame = pd.DataFrame([one.as_dict() for one in found])
        return frame.assign(measure=_SPREAD)[["measure", *_ENDS, "ci_level", "method"]]

    def prior_influence(self) -> pd.DataFrame:
        """Return how far the priors moved the answer: the posterior beside the likelihood.

        Returns
        -------
        pandas.DataFrame
            One row per test and measure: ``test, measure, estimate, ci_low, ci_high`` (posterior),
            ``likelihood, likelihood_low, likelihood_high``, and ``width_ratio``: the width of the
            posterior's interval by that of the likelihood's, on the logit or log scale. NaN where
            the likelihood has no estimate (``no_likelihood`` says why).
        """
        other = None if self.likelihood is None else self.likelihood.accuracy()
        return beside_likelihood(self.accuracy(), other)

    def to_frame(self) -> pd.DataFrame:
        """Return :meth:`differences`."""
        return self.differences()

    def _shown(self) -> Shown:
        rows = [
            (f"{row['measure']} of {row['test']}", *_printed(row)) for row in
            self.prior_influence().to_dict("records") if row["measure"] != "odds_ratio"
        ]  # fmt: skip
        contrasts = [
            (
                f"{row['measure']}: {row['test']} {'-' if row['kind'] == 'difference' else '/'} "
                f"{row['reference']}",
                _range(row, _ENDS, ""),
                format_percent(row["probability_greater"], 3),
            )
            for row in self.differences().to_dict("records")
            if row["measure"] != "odds_ratio"
        ]
        return Shown(
            f"{len(self.tests)} tests compared: {self.method}",
            (
                Grid(rows, ("", "posterior", "likelihood")),
                Grid(contrasts, ("", "posterior", "first greater")),
                Grid([("Studies", str(len(self.studies.studies))),
                      ("Effective draws", f"{self.effective_size:.0f}"),
                      ("Pareto k-hat", f"{self.k_hat:.2f}")]),
            ),
            list(self.notes),
        )  # fmt: skip


def _range(row: Mapping[Hashable, Any], names: tuple[str, ...], measure: str) -> str:
    write = format_percent if measure in PROPORTIONS else format_number
    middle, low, high = (write(row[name], 3) for name in names)
    return f"{middle} ({low} to {high})"


def _printed(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    measure = str(row["measure"])
    posterior = _range(row, _ENDS, measure)
    if np.isnan(row["likelihood"]):
        return posterior, "none"
    return posterior, _range(row, ("likelihood", "likelihood_low", "likelihood_high"), measure)
