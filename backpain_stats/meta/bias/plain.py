"""A result as it stands, and what it becomes when its accuracy is changed by a bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betaincinv, expit, ndtri

from backpain_stats.checks import COUNT_COLUMNS, check_fraction, check_level
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError
from backpain_stats.meta.bayes.posterior import Posterior, weighted_quantile
from backpain_stats.meta.bivariate import fit_bivariate
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.point import MEASURE_TABLE, log_measure
from backpain_stats.sampling import DEFAULT_SEED, interval_around, quasi_uniform, table_draws
from backpain_stats.tables import StudyTables, TwoByTwo, normal_quantile, plain_tables

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]
    # Sensitivity, specificity and prevalence in, sensitivity and specificity out; whatever it is
    # made of must take complex numbers, by which its derivatives are found.
    Change = Callable[..., tuple[Any, Any]]

__all__ = ["CURVE_MEASURES", "DRAWS", "Nuisance", "Plain", "read_plain"]

CURVE_MEASURES = ("sensitivity", "specificity", "lr_positive", "lr_negative")
# A power of two keeps the balance of the quasi-random points.
DRAWS = 4096
# Sensitivity, specificity, prevalence, and up to two distributions of the caller's.
_DIMENSIONS = 5
# Derivatives by a complex step are exact to rounding for any step this small.
_STEP = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class Nuisance:
    """What a bias depends on, at each point of its curve: numbers, or draws with their mean.

    Parameters
    ----------
    mean : ndarray of shape (points,)
    draws : ndarray of shape (points, draws) or (1, draws), optional
    """

    mean: Floats
    draws: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """A result as it stands.

    Parameters
    ----------
    values : tuple of float
        Sensitivity, specificity and prevalence, or what else a change starts from.
    draws : ndarray of shape (3, draws)
        Of the same, from their posterior or sampling distribution.
    weights : ndarray of shape (draws,), optional
        Of a posterior, whose medians are its estimates.
    mean, covariance : ndarray, optional
        Of the logits of the first two (or all three) values, where intervals are the delta
        method's, as those of a fit are.
    level : float
    method : str
    result : object
        What was handed in, or the fit of the studies handed in.
    """

    values: tuple[float, float, float]
    draws: Floats
    level: float
    method: str
    result: TwoByTwo | FittedModel | Posterior
    weights: Floats | None = None
    mean: Floats | None = None
    covariance: Floats | None = None

    def through(self, change: Change, *nuisances: Nuisance) -> pd.DataFrame:
        """Return the four measures after a change, one row per point of the curve and measure.

        Parameters
        ----------
        change : callable
            ``change(sensitivity, specificity, prevalence, *nuisances)``, each broadcast to
            (points, draws); NaN where it is not feasible.

        Returns
        -------
        pandas.DataFrame
            ``point, measure, estimate, ci_low, ci_high, ci_level, method, feasible``;
            ``feasible`` is the share of draws that the change admits.
        """
        fixed = [one.mean[:, None] for one in nuisances]
        drawn = [fixed[i] if one.draws is None else one.draws for i, one in enumerate(nuisances)]
        uncertain = any(one.draws is not None for one in nuisances)
        if self.mean is not None and not uncertain:
            return self._frame(*self._by_delta(change, fixed), method="delta method")
        points = max((len(one) for one in fixed), default=1)
        with np.errstate(divide="ignore", invalid="ignore"):  # 0/0 is NaN, and no answer
            values = _stacked(change(*self.draws, *drawn), points, self.size)
            middle = _stacked(change(*np.array(self.values)[:, None], *fixed), points, 1)
        return self._frame(*self._by_draws(values, middle))

    @property
    def size(self) -> int:
        """Number of draws."""
        return int(self.draws.shape[1])

    def _by_delta(self, change: Change, fixed: list[Floats]) -> tuple[Floats, Floats]:
        """Return (3, measures, points) estimates and ends, and the share feasible."""
        assert self.mean is not None
        assert self.covariance is not None
        count = len(self.mean)
        steps = np.hstack([np.zeros((count, 1)), np.eye(count)])
        logits = self.mean[:, None] + 1j * _STEP * steps
        known = np.array(self.values)[count:, None] + np.zeros((1, count + 1))
        changed = change(*np.concatenate([1 / (1 + np.exp(-logits)), known]), *fixed)
        points = max((len(one) for one in fixed), default=1)
        stacked = _stacked(changed, points, count + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = np.log(stacked) - np.log1p(-stacked)
        mean = new[:, :, 0].real
        jacobian = new[:, :, 1:].imag / _STEP
        covariance = np.einsum("agi,ij,bgj->gab", jacobian, self.covariance, jacobian)
        width = normal_quantile(self.level)
        found = np.empty((3, len(CURVE_MEASURES), points))
        for place, name in enumerate(CURVE_MEASURES):
            slope = _gradients(mean)[name]
            error = width * np.sqrt(np.einsum("ag,gab,bg->g", slope, covariance, slope))
            middle = log_measure(name, *mean)
            shifts = np.array([0.0, -1.0, 1.0])[:, None]
            with np.errstate(over="ignore"):  # where the data barely allow it, ends are infinite
                found[:, place] = MEASURE_TABLE[name].back(middle + shifts * error)
        return found, np.isfinite(mean).all(axis=0).astype(float)

    def _by_draws(self, values: Floats, middle: Floats) -> tuple[Floats, Floats]:
        points = values.shape[1]
        known = np.atleast_2d(np.isfinite(values).all(axis=0))
        found = np.full((3, len(CURVE_MEASURES), points), np.nan)
        weights = np.full(self.size, 1 / self.size) if self.weights is None else self.weights
        share = known @ weights
        measured, plugged = _measures(values), _measures(middle)
        for place, name in enumerate(CURVE_MEASURES):
            for point in range(points):
                kept = known[point] & ~np.isnan(measured[name][point])
                if kept.any():
                    found[:, place, point] = self._summary(
                        measured[name][point, kept], weights[kept], plugged[name][point, 0]
                    )
        return found, share

    def _summary(self, draws: Floats, weights: Floats, plugged: float) -> Floats:
        if self.weights is not None:
            tail = (1 - self.level) / 2
            low, middle, high = weighted_quantile(draws, weights, [tail, 0.5, 1 - tail])
            return np.array([middle, low, high])
        if np.isnan(plugged):
            return np.full(3, np.nan)
        low, high = interval_around(plugged, draws, self.level)
        return np.array([plugged, low, high])

    def _frame(self, found: Floats, share: Floats, method: str = "") -> pd.DataFrame:
        import pandas as pd

        points = found.shape[2]
        words = "posterior median" if self.weights is not None else method or "draws"
        return pd.DataFrame(
            {
                "point": np.repeat(np.arange(points), len(CURVE_MEASURES)),
                "measure": list(CURVE_MEASURES) * points,
                "estimate": found[0].T.ravel(),
                "ci_low": found[1].T.ravel(),
                "ci_high": found[2].T.ravel(),
                "ci_level": self.level,
                "method": f"{self.method}, {words}",
                "feasible": np.repeat(share, len(CURVE_MEASURES)),
            }
        )


def _stacked(pair: tuple[Any, Any], points: int, size: int) -> Any:
    return np.stack([np.broadcast_to(one, (points, size)) for one in pair])


def _measures(accuracy: Floats) -> dict[str, Floats]:
    """Return the four measures of sensitivities and specificities; 0/0 is NaN."""
    sensitivity, specificity = accuracy
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "sensitivity": sensitivity,
            "specificity": specificity,
            "lr_positive": sensitivity / (1 - specificity),
            "lr_negative": (1 - sensitivity) / specificity,
        }


def _gradients(mean: Floats) -> dict[str, Floats]:
    """Return the derivatives of the measures on their working scales by the two logits."""
    one, nothing = np.ones(mean.shape[1]), np.zeros(mean.shape[1])
    return {
        "sensitivity": np.stack([one, nothing]),
        "specificity": np.stack([nothing, one]),
        "lr_positive": np.stack([expit(-mean[0]), expit(mean[1])]),
        "lr_negative": np.stack([-expit(mean[0]), -expit(-mean[1])]),
    }


def read_plain(
    result: Any, *, prevalence: float | None = None, level: float | None = None
) -> Plain:
    """Return a result as it stands: one table, a fit, or studies, which are fitted.

    Parameters
    ----------
    result : TwoByTwo, BivariateFit, BayesianFit, pandas.DataFrame, StudyTables or path
        Studies, in a frame or in a file for :func:`backpain_stats.read_tables`, are pooled by
        :func:`backpain_stats.fit_bivariate`. An object with a
        ``fit`` (what :func:`backpain_stats.pool` returns) stands for that fit. A common-effect
        fit is the one table it adds up, with the intervals of a table: Jeffreys' posterior.
    prevalence : float, optional
        Of the target among the patients studied; by default that of all patients together.
    level : float, optional
        Of the intervals: 0.95 for a table, that of a fit for a fit, which cannot be changed.

    Raises
    ------
    DataError
        If it is none of these.
    ArgumentError
        If ``level`` is not that of the fit.
    NotEstimableError
        If there are no cases or no non-cases.
    """
    import pandas as pd

    result = tables_as_frame(result)
    result = getattr(result, "fit", result) if not isinstance(result, pd.DataFrame) else result
    if prevalence is not None:
        check_fraction(prevalence, "prevalence")
    if isinstance(result, TwoByTwo):
        return _of_table(result, prevalence, 0.95 if level is None else check_level(level))
    if isinstance(result, pd.DataFrame):
        fitted = fit_bivariate(result, level=0.95 if level is None else level)
        return read_plain(fitted, prevalence=prevalence)
    if not isinstance(result, FittedModel | Posterior):
        raise DataError(
            f"{type(result).__name__} is no result with a sensitivity and a specificity; give a "
            "TwoByTwo, a fit, or a frame of studies (study, tp, fp, fn, tn)"
        )
    if level is not None and check_level(level) != result.level:
        raise ArgumentError(
            f"level is {level:g}, and the fit was made with {result.level:g}: fit again with "
            f"level={level:g}"
        )
    return _of_fit(result, prevalence)


def tables_as_frame(result: Any) -> Any:
    """Return tables, or a file of them, as a frame of studies; anything else as it is."""
    if isinstance(result, StudyTables | str | PathLike):
        return plain_tables(result)[0]
    return result


def _uniform() -> Floats:
    return quasi_uniform(DRAWS, _DIMENSIONS, DEFAULT_SEED)


def _of_table(table: TwoByTwo, prevalence: float | None, level: float) -> Plain:
    if not table.n_cases or not table.n_noncases:
        who = "cases" if not table.n_cases else "non-cases"
        raise NotEstimableError(f"the table has no {who}")
    uniform = _uniform()
    cells = np.array([[table.tp, table.fp, table.fn, table.tn]])
    sensitivity, specificity = table_draws(cells, np.insert(uniform[:, :2], 0, 0.0, axis=1))
    own = prevalence is None
    middle = table.n_cases / table.n if prevalence is None else prevalence
    share = (
        betaincinv(table.n_cases + 0.5, table.n_noncases + 0.5, uniform[:, 2])
        if own
        else np.full(DRAWS, middle)
    )
    values = (table.tp / table.n_cases, table.tn / table.n_noncases, middle)
    draws = np.stack([sensitivity, specificity, share])
    return Plain(values, draws, level, "Jeffreys posterior", table)


def _of_fit(fit: FittedModel | Posterior, prevalence: float | None) -> Plain:
    counts = fit.studies.used_counts
    cases, everyone = counts[:, [0, 2]].sum(), counts.sum()
    share = cases / everyone if prevalence is None else prevalence
    if fit.studies.informed != (True, True):
        who = "cases" if not fit.studies.informed[0] else "non-cases"
        raise NotEstimableError(f"no study has any {who}")
    if isinstance(fit, Posterior):
        logits, weights = fit.logits.T, fit.column("weight")
        values = tuple(expit(weighted_quantile(one, weights, 0.5)) for one in logits)
        draws = np.vstack([expit(logits), np.full(logits.shape[1], share)])
        return Plain(
            (float(values[0]), float(values[1]), share), draws, fit.level, fit.method, fit, weights
        )
    if fit.is_common:  # a common effect is one table
        whole = TwoByTwo(**dict(zip(COUNT_COLUMNS, map(int, counts.sum(axis=0)), strict=True)))
        return _of_table(whole, share, fit.level)
    point = fit.point
    spread, vectors = np.linalg.eigh(point.covariance)  # at a boundary it may be singular
    root = vectors * np.sqrt(np.maximum(spread, 0.0))
    logits = point.mean[:, None] + root @ ndtri(_uniform()[:, :2]).T
    draws = np.vstack([expit(logits), np.full(DRAWS, share)])
    sensitivity, specificity = expit(point.mean)
    return Plain(
        (float(sensitivity), float(specificity), float(share)), draws, fit.level, fit.method, fit,
        mean=point.mean, covariance=point.covariance,
    )  # fmt: skip
