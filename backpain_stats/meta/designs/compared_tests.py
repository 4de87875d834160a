"""ComparedTests: what a comparison of several tests gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_choice, check_known
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import Estimate, format_number, format_percent
from backpain_stats.meta.designs.delta import (
    MEASURES,
    PROPORTIONS,
    Inference,
    Kind,
    SummaryPoint,
    kinds_of,
    log_measure,
    on_scale,
)
from backpain_stats.meta.designs.paired_data import TestedStudies
from backpain_stats.result import Grid, Result, Shown
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed, check_draws, generator

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ComparedTests", "Contrast", "EqualityTest"]

_LABELS = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "lr_positive": "LR+",
    "lr_negative": "LR-",
    "odds_ratio": "Odds ratio",
}
_COLUMNS = ["estimate", "ci_low", "ci_high", "ci_level", "method"]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference or a ratio of one measure of two tests, with the test that it is none.

    Parameters
    ----------
    estimate : Estimate
    p_value : float
        Wald test of a difference of 0 or a ratio of 1.
    """

    estimate: Estimate
    p_value: float


@dataclass(frozen=True, slots=True)
class EqualityTest:
    """A likelihood-ratio test that the tests do not differ in something.

    Parameters
    ----------
    equal : str
        What is equal under the null hypothesis.
    log_likelihood : float
        Of the restricted model.
    statistic : float
        Twice the difference of the log likelihoods.
    df : int
    p_value : float
        By the chi-square distribution.
    """

    equal: str
    log_likelihood: float
    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ComparedTests(Result):
    """Several tests compared; made by :func:`~backpain_stats.meta.designs.compare_tests`.

    Parameters
    ----------
    studies : TestedStudies
        The counts.
    covariance_model : {"common", "arm_based", "scaled", "separate"}
        How the random effects of the tests of a study hang together.
    nodes : int
        Quadrature nodes per random effect.
    coefficients : ndarray of shape (2 tests,)
        Mean logit sensitivity and specificity, test by test.
    inference : Inference
        Their covariance, and what intervals are made of.
    between_covariances : ndarray of shape (tests, 2, 2)
        Of the logit sensitivity and specificity of each test between studies.
    own_sds : ndarray of shape (2,) or (0,)
        SDs of the two logits by which each test of a study varies by itself (arm-based).
    log_likelihood : float
        Binomial coefficients included.
    quadrature : tuple of (int, float)
        Log likelihood at the estimates by numbers of nodes: the Laplace approximation (1), the
        nodes used, and more of them.
    equality : tuple of EqualityTest
    boundary_reason : str
        Which boundary the between-study covariance lies on, in words; empty inside.
    iterations : int
    notes : tuple of str
    """

    studies: TestedStudies
    covariance_model: str
    nodes: int
    coefficients: Floats
    inference: Inference
    between_covariances: Floats
    own_sds: Floats
    log_likelihood: float
    quadrature: tuple[tuple[int, float], ...]
    equality: tuple[EqualityTest, ...]
    boundary_reason: str
    iterations: int
    notes: tuple[str, ...]

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of the tests; the others are compared with the first unless said otherwise."""
        return self.studies.tests

    @property
    def boundary(self) -> bool:
        """Whether the between-study covariance is singular."""
        return bool(self.boundary_reason)

    @property
    def level(self) -> float:
        """Confidence level of all intervals."""
        return self.inference.level

    @property
    def method(self) -> str:
        """How the fit was made."""
        return "exact binomial likelihood, study as cluster"

    def _rows(self, test: str) -> Floats:
        """Return the gradient of a test's two logits by all coefficients."""
        position = self.tests.index(check_known(test, self.tests, "test"))
        return np.eye(2 * len(self.tests))[2 * position : 2 * position + 2]

    def point(self, test: str) -> SummaryPoint:
        """Return the summary point of one test: its five measures and post-test probabilities."""
        rows = self._rows(test)
        return self.inference.point(rows @ self.coefficients, rows, self.method)

    def contrast(
        self,
        measure: str,
        test: str | None = None,
        reference: str | None = None,
        *,
        kind: Kind = "ratio",
    ) -> Contrast:
        """Return the difference or ratio of a measure of ``test`` to that of ``reference``.

        Parameters
        ----------
        measure : {"sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio"}
        test, reference : str, optional
            By default the first test against the second, if there are two.
        kind : {"ratio", "difference"}
            A difference is defined for sensitivity and specificity.

        Raises
        ------
        ArgumentError
            If an option is not allowed, or tests are not named where there are more than two.
        UnknownNameError
            If there is no test of that name.
        """
        check_choice(measure, "measure", MEASURES)
        check_choice(kind, "kind", kinds_of(measure))
        if test is None or reference is None:
            if len(self.tests) != 2 or test is not None or reference is not None:
                raise ArgumentError(f"name both test and reference; tests: {', '.join(self.tests)}")
            test, reference = self.tests
        if test == reference:
            raise ArgumentError(f"test and reference are both {test!r}")
        first, second = self._rows(test), self._rows(reference)
        value, slope = on_scale(self.point(test), measure, kind)
        other, other_slope = on_scale(self.point(reference), measure, kind)
        gradient = slope @ first - other_slope @ second
        back = np.exp if kind == "ratio" else float
        estimate = self.inference.estimate(
            value - other, gradient, back, method=self.method, measure=f"{measure} {kind}"
        )
        return Contrast(estimate, self.inference.p_value(value - other, gradient))

    def accuracy(self) -> pd.DataFrame:
        """Return one row per test and measure: ``test, measure, estimate, ci_low, ...``."""
        import pandas as pd

        frames = [self.point(name).frame().assign(test=name) for name in self.tests]
        return pd.concat(frames, ignore_index=True)[["test", "measure", *_COLUMNS]]

    def differences(self, reference: str | None = None) -> pd.DataFrame:
        """Return every difference and ratio to one reference test.

        Parameters
        ----------
        reference : str, optional
            By default, the tests are compared with each one that stands after them: with two
            tests, the first is compared with the second.

        Returns
        -------
        pandas.DataFrame
            ``test, reference, measure, kind, estimate, ci_low, ci_high, ci_level, method,
            p_value``.
        """
        import pandas as pd

        if reference is None:
            pairs = [(a, b) for i, a in enumerate(self.tests) for b in self.tests[i + 1 :]]
        else:
            check_known(reference, self.tests, "test")
            pairs = [(name, reference) for name in self.tests if name != reference]
        rows = []
        for test, other in pairs:
            for measure in MEASURES:
                for kind in kinds_of(measure):
                    found = self.contrast(measure, test, other, kind=kind)
                    row = found.estimate.as_dict() | {"test": test, "reference": other}
                    rows.append(row | {"measure": measure, "kind": kind, "p_value": found.p_value})
        columns = ["test", "reference", "measure", "kind", *_COLUMNS, "p_value"]
        return pd.DataFrame(rows)[columns]

    def equality_tests(self) -> pd.DataFrame:
        """Return one row per likelihood-ratio test: what is equal under it, and the p-value."""
        import pandas as pd

        columns = ["equal", "log_likelihood", "statistic", "df", "p_value"]
        rows = [[getattr(test, name) for name in columns] for test in self.equality]
        return pd.DataFrame(rows, columns=columns)

    def between_studies(self) -> pd.DataFrame:
        """Return one row per test: between-study SDs of the two logits, and their correlation."""
        import pandas as pd

        variance = np.diagonal(self.between_covariances, axis1=1, axis2=2)
        sds = np.sqrt(variance)
        defined = sds.prod(axis=1) > 0
        safe = np.where(defined, sds.prod(axis=1), 1.0)
        correlation = np.where(defined, self.between_covariances[:, 0, 1] / safe, np.nan)
        return pd.DataFrame(
            {
                "test": self.tests,
                "sd_sensitivity": sds[:, 0],
                "sd_specificity": sds[:, 1],
                "correlation": np.clip(correlation, -1, 1),
            }
        )

    def ranks(
        self, measure: str = "odds_ratio", *, draws: int = DRAWS, seed: Seed = DEFAULT_SEED
    ) -> pd.DataFrame:
        """Return how often each test is best, second, ..., by one measure.

        The mean logits are drawn from their estimated normal distribution.

        Parameters
        ----------
        measure : str
            One of the five measures; for LR- the lowest is best.
        draws : int, optional
        seed : int, Generator or None, optional

        Returns
        -------
        pandas.DataFrame
            ``test, mean_rank, p_best, rank_low, rank_high, ci_level``; rank 1 is the best, and
            the last three give the central interval of the ranks drawn.
        """
        import pandas as pd

        check_choice(measure, "measure", MEASURES)
        sample = generator(seed).multivariate_normal(
            self.coefficients, self.inference.covariance, size=check_draws(draws), method="eigh"
        )
        of_test = np.moveaxis(sample.reshape(len(sample), len(self.tests), 2), -1, 0)
        value = log_measure(measure, *of_test)
        better = -value if measure == "lr_negative" else value
        ranks = (better[:, :, None] < better[:, None, :]).sum(axis=2) + 1
        tail = (1 - self.level) / 2
        low, high = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
        return pd.DataFrame(
            {
                "test": self.tests,
                "mean_rank": ranks.mean(axis=0),
                "p_best": (ranks == 1).mean(axis=0),
                "rank_low": low,
                "rank_high": high,
                "ci_level": self.level,
            }
        )

    def _shown(self) -> Shown:
        header = ("", *(_LABELS[name] for name in MEASURES))
        rows: list[tuple[str, ...]] = []
        for name in self.tests:
            point = self.point(name)
            rows.append((name, *(_printed(point.estimate(m), m) for m in MEASURES)))
        for test, other in [(self.tests[i], self.tests[j]) for i, j in self._printed_pairs()]:
            for kind in ("difference", "ratio"):
                cells = [
                    _printed(self.contrast(m, test, other, kind=kind).estimate, "")
                    if kind in kinds_of(m)
                    else ""
                    for m in MEASURES
                ]
                rows.append(
                    (f"{test} - {other}" if kind == "difference" else f"{test} / {other}", *cells)
                )
        facts = [("Studies", self._count_studies())]
        for equality in self.equality:
            outcome = (
                f"{equality.statistic:.2f} on {equality.df} df, p {_p_value(equality.p_value)}"
            )
            facts.append((f"Equal {equality.equal}", outcome))
        facts += [("Between studies", self._variation())]
        facts += [("Log likelihood", f"{self.log_likelihood:.4f} ({self.nodes} nodes)")]
        title = (
            f"{len(self.tests)} tests compared: {self.method}, {self.covariance_model} covariance"
        )
        notes = [f"Note: {note}" for note in self._all_notes()]
        return Shown(title, (Grid(rows, header), Grid(facts)), notes)

    def _printed_pairs(self) -> list[tuple[int, int]]:
        """Every pair of up to three tests; of more, each against the first."""
        count = len(self.tests)
        if count > 3:
            return [(row, 0) for row in range(1, count)]
        return [(i, j) for i in range(count) for j in range(i + 1, count)]

    def _count_studies(self) -> str:
        given = self.studies.given.sum(axis=1)
        every = int((given == len(self.tests)).sum())
        return f"{len(given)}, of which {every} gave all {len(self.tests)} tests"

    def _variation(self) -> str:
        frame = self.between_studies()
        if self.covariance_model in ("common", "arm_based"):
            frame = frame.head(1).assign(test="all tests")
        lines = [
            f"{row.test} SD {row.sd_sensitivity:.3f}, {row.sd_specificity:.3f}, "
            f"correlation {row.correlation:.3f}"
            for row in frame.itertuples()
        ]
        if self.own_sds.size:
            lines.append(f"each test by itself SD {self.own_sds[0]:.3f}, {self.own_sds[1]:.3f}")
        return "; ".join(lines)

    def _all_notes(self) -> tuple[str, ...]:
        if not self.boundary:
            return self.notes
        return (
            f"At the boundary: {self.boundary_reason}; the studies say little of the variation.",
            *self.notes,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return :meth:`differences`."""
        return self.differences()


def _printed(estimate: Estimate, measure: str) -> str:
    write = format_percent if measure in PROPORTIONS else format_number
    middle, low, high = (
        write(x, 3) for x in (estimate.estimate, estimate.ci_low, estimate.ci_high)
    )
    return f"{middle} ({low} to {high})"


def _p_value(value: float) -> str:
    return f"{value:.2g}" if value >= 0.0001 else "<0.0001"
