"""No reference standard: two latent classes from the results of four tests or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, xlogy
from scipy.stats import chi2

from backpain_stats.checks import check_count, check_level, require_columns
from backpain_stats.errors import DataError, FitError, NotEstimableError
from backpain_stats.meta.point import MEASURE_TABLE, SummaryPoint
from backpain_stats.result import Grid, Result, Shown, format_number, format_percent
from backpain_stats.sampling import DEFAULT_SEED, generator
from backpain_stats.tables import normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["LatentClassFit", "fit_latent_class"]

_FEWEST_TESTS, _MOST_TESTS = 4, 16
_STARTS, _SHORT, _LONG = 30, 300, 50_000
_SETTLED = 1e-11
# Nearer to 0 or 1 than this an estimate is at the boundary, and the curvature says nothing.
_BOUNDARY = 1e-6
_WIDE_STEP = 1e-3
# Keeps logarithms finite; far below what is called the boundary.
_TINY = 1e-14
# Singular values below this share of the largest are zero.
_SINGULAR = 1e-9


_PRINTED = ("sensitivity", "specificity", "lr_positive", "lr_negative")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LatentClassFit(Result):
    """Two latent classes; made by :func:`fit_latent_class`.

    Parameters
    ----------
    tests : tuple of str
    prevalence : float
    sensitivity, specificity : ndarray of shape (tests,)
    covariance : ndarray of shape (1 + 2 tests, 1 + 2 tests)
        Of the logits of prevalence, sensitivities and false-positive fractions, from the
        observed information; NaN for parameters at 0 or 1, which count as known for the others.
    log_likelihood : float
    g_squared, x_squared : float
        Deviance and Pearson's statistic against all patterns.
    df : int
        Degrees of freedom of both.
    n : int
        Patients.
    level : float
    """

    tests: tuple[str, ...]
    prevalence: float
    sensitivity: Floats
    specificity: Floats
    covariance: Floats
    log_likelihood: float
    g_squared: float
    x_squared: float
    df: int
    n: int
    level: float

    @property
    def p_value(self) -> float:
        """Of the deviance; not to be believed where many patterns are expected in few patients."""
        return float(chi2.sf(self.g_squared, self.df))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per test and measure, the prevalence first.

        ``test, measure, estimate, ci_low, ci_high, ci_level, method, reason_code``; the interval
        is NaN, ``reason_code`` ``boundary``, where an estimate is at the end of its range.
        """
        import pandas as pd

        method = "latent classes, observed information"
        share = float(logit(self.prevalence))
        width = normal_quantile(self.level) * np.sqrt(self.covariance[0, 0])
        ends = (self.prevalence, float(expit(share - width)), float(expit(share + width)))
        rows = [("", "prevalence", *ends)]
        for place, test in enumerate(self.tests):
            for name in _PRINTED:
                one = self.point(place, name).estimate(name)
                rows.append((test, name, one.estimate, one.ci_low, one.ci_high))
        columns = ["test", "measure", "estimate", "ci_low", "ci_high"]
        frame = pd.DataFrame(rows, columns=columns).assign(ci_level=self.level, method=method)
        frame["reason_code"] = np.where(frame["ci_low"].isna(), "boundary", "")
        return frame

    def point(self, place: int, measure: str = "odds_ratio") -> SummaryPoint:
        """Return the accuracy of one test, by its place; what ``measure`` lacks has no variance."""
        at = [1 + place, 1 + len(self.tests) + place]
        turn = np.diag([1.0, -1.0])
        covariance = turn @ self.covariance[np.ix_(at, at)] @ turn
        mean = logit(np.array([self.sensitivity[place], self.specificity[place]]))
        whole = SummaryPoint(mean, covariance, self.level, "latent classes")
        needed = whole.gradient(measure) != 0
        return replace(whole, covariance=np.where(np.outer(needed, needed), covariance, 0.0))

    def _shown(self) -> Shown:
        frame = self.to_frame()
        rows = [[test, *(_cell(frame, test, name) for name in _PRINTED)] for test in self.tests]
        labels = [MEASURE_TABLE[name].label for name in _PRINTED]
        share = frame.iloc[0]
        facts = [
            ("Prevalence", f"{format_percent(share['estimate'])} "
             f"({format_percent(share['ci_low'])} to {format_percent(share['ci_high'])})"),
            ("Log likelihood", f"{self.log_likelihood:.4f}"),
            ("Deviance", f"{format_number(self.g_squared)} on {self.df} degrees of freedom, "
             f"p = {format_number(self.p_value, 2)}"),
        ]  # fmt: skip
        notes = ["Assumed: given the class, results are independent. The class need not be the "
                 "target."]  # fmt: skip
        title = f"Two latent classes, {len(self.tests)} tests in {self.n} patients"
        return Shown(title, (Grid(rows, ("test", *labels)), Grid(facts)), notes)


def _cell(frame: pd.DataFrame, test: str, name: str) -> str:
    row = frame.loc[(frame["test"] == test) & (frame["measure"] == name)].iloc[0]
    write = MEASURE_TABLE[name].write
    middle = write(row["estimate"])
    if row["reason_code"]:
        return f"{middle} (at the boundary)"
    return f"{middle} ({write(row['ci_low'])} to {write(row['ci_high'])})"


def fit_latent_class(
    data: pd.DataFrame,
    tests: Sequence[str],
    *,
    count: str | None = None,
    level: float = 0.95,
) -> LatentClassFit:
    r"""Estimate the accuracy of several tests without a reference standard.

    Patients belong to one of two classes, in the share :math:`\pi` to the one with the target;
    given the class, results are independent:

    .. math:: P(x) = \pi \prod_k Se_k^{x_k} (1 - Se_k)^{1 - x_k}
       + (1 - \pi) \prod_k (1 - Sp_k)^{x_k} Sp_k^{1 - x_k}.

    The likelihood is maximised by the EM algorithm from many starts; intervals are from the
    observed information on the logit scale.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per patient, or per pattern of results with its ``count``.
    tests : sequence of str
        Columns of results, 0 or 1: four or more.
    count : str, optional
        Column of numbers of patients.
    level : float, optional

    Returns
    -------
    LatentClassFit
        The class in which the tests are more often positive is taken for the target.

    Raises
    ------
    DataError
        If a column is missing or holds something else.
    NotEstimableError
        If there are fewer than four tests (with three, conditional independence uses up all
        degrees of freedom, so that nothing speaks for or against it; with two there are more
        parameters than patterns), or the data do not identify the parameters: the derivatives
        of the pattern probabilities by the parameters are linearly dependent at the estimate.
    FitError
        If the algorithm does not settle.

    Notes
    -----
    Do not use it where tests measure the same thing (two questions about one symptom): their
    errors are then dependent, and the class is that symptom. A small p-value of the deviance
    says that something of the kind is there; a large one does not say that nothing is.

    References
    ----------
    Hui SL, Walter SD. Biometrics 1980;36:167-71, https://doi.org/10.2307/2530508; Dempster AP et
    al. J R Stat Soc B 1977;39:1-38, https://doi.org/10.1111/j.2517-6161.1977.tb01600.x

    Examples
    --------
    Expected counts of 1,000 patients, 300 of them with the target, and four tests that find 80%
    of these and clear 90% of the others.

    >>> import itertools
    >>> import pandas as pd
    >>> patterns = pd.DataFrame(list(itertools.product([0, 1], repeat=4)), columns=list("ABCD"))
    >>> x = patterns.to_numpy()
    >>> expected = 300 * np.prod(np.where(x, 0.8, 0.2), axis=1)
    >>> expected += 700 * np.prod(np.where(x, 0.1, 0.9), axis=1)
    >>> fit = fit_latent_class(patterns.assign(n=expected.round().astype(int)), list("ABCD"),
    ...                        count="n")
    >>> fit.sensitivity.round(2), round(fit.prevalence, 2)
    (array([0.8, 0.8, 0.8, 0.8]), 0.3)
    """
    check_level(level)
    names = tuple(tests)
    if len(names) < _FEWEST_TESTS:
        raise NotEstimableError(
            f"{len(names)} tests; latent classes need at least {_FEWEST_TESTS}: with three, "
            "conditional independence uses up all degrees of freedom and cannot be contradicted, "
            "and with two there are more parameters than patterns"
        )
    if len(names) > _MOST_TESTS:
        raise DataError(f"{len(names)} tests; at most {_MOST_TESTS} are supported")
    patterns, counts = _patterns(data, names, count)
    parameters, value = _maximise(patterns, counts)
    if parameters[1 : 1 + len(names)].sum() < parameters[1 + len(names) :].sum():
        halves = np.split(parameters[1:], 2)
        parameters = np.concatenate([[1 - parameters[0]], halves[1], halves[0]])
    _require_identified(parameters)
    g_squared, x_squared = _against_all(patterns, counts, parameters)
    ends = np.select([parameters < _BOUNDARY, parameters > 1 - _BOUNDARY], [0.0, 1.0], parameters)
    return LatentClassFit(
        tests=names,
        prevalence=float(ends[0]),
        sensitivity=ends[1 : 1 + len(names)],
        specificity=1 - ends[1 + len(names) :],
        covariance=_covariance(patterns, counts, parameters),
        log_likelihood=value,
        g_squared=g_squared,
        x_squared=x_squared,
        df=2 ** len(names) - 2 - 2 * len(names),
        n=int(counts.sum()),
        level=level,
    )


def _patterns(
    data: pd.DataFrame, tests: tuple[str, ...], count: str | None
) -> tuple[Floats, Floats]:
    """Return the patterns that occur, (patterns, tests), and the patients of each."""
    require_columns(data, [*tests, *([count] if count is not None else [])])
    if data[list(tests)].isna().any(axis=None):
        raise DataError("a result is missing; leave out the patients who had not all tests")
    values = data[list(tests)].to_numpy(dtype=object)
    wrong = [value for value in values.ravel() if value not in (0, 1)]
    if wrong:
        raise DataError(f"results are 0 or 1; {wrong[0]!r} is neither")
    numbers = (
        np.ones(len(data))
        if count is None
        else np.array([float(check_count(cell, count)) for cell in data[count]])
    )
    unique, place = np.unique(values.astype(np.float64), axis=0, return_inverse=True)
    counts = np.bincount(place.ravel(), weights=numbers).astype(np.float64)
    if not counts.sum():
        raise DataError("the data hold no patients")
    return unique[counts > 0], counts[counts > 0]


def _joint(patterns: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """Return the log joint probabilities of each pattern with each class, (n, patterns)."""
    tests = patterns.shape[1]
    share = parameters[:, 0, None]
    rates = parameters[:, 1 : 1 + tests], parameters[:, 1 + tests :]
    logs = [
        (xlogy(patterns, rate[:, None]) + xlogy(1 - patterns, 1 - rate[:, None])).sum(axis=2)
        for rate in rates
    ]
    with np.errstate(divide="ignore"):
        return np.log(share) + logs[0], np.log1p(-share) + logs[1]


def _em(patterns: Floats, counts: Floats, parameters: Floats, steps: int) -> tuple[Floats, bool]:
    """Return the parameters, (n, 1 + 2 tests), after EM steps, and whether all settled."""
    total = counts.sum()
    for _ in range(steps):
        first, second = _joint(patterns, parameters)
        belongs = counts * expit(first - second)
        cases = belongs.sum(axis=1, keepdims=True)
        rates = [
            (weights @ patterns) / weights.sum(axis=1, keepdims=True)
            for weights in (belongs, counts - belongs)
        ]
        new = np.clip(np.hstack([cases / total, *rates]), _TINY, 1 - _TINY)
        change = np.abs(new - parameters).max()
        parameters = new
        if change < _SETTLED:
            return parameters, True
    return parameters, False


def _maximise(patterns: Floats, counts: Floats) -> tuple[Floats, float]:
    """Return the best parameters of many starts, and their log likelihood."""
    rng, tests = generator(DEFAULT_SEED), patterns.shape[1]
    starts = np.hstack([
        rng.uniform(0.1, 0.9, (_STARTS, 1)),
        rng.uniform(0.5, 0.95, (_STARTS, tests)),
        rng.uniform(0.05, 0.5, (_STARTS, tests)),
    ])  # fmt: skip
    found, _ = _em(patterns, counts, starts, _SHORT)
    best = int(np.argmax(_log_likelihood(patterns, counts, found)))
    settled, done = _em(patterns, counts, found[best : best + 1], _LONG)
    if not done:
        raise FitError(f"the EM algorithm did not settle in {_LONG} steps")
    return settled[0], float(_log_likelihood(patterns, counts, settled)[0])


def _log_likelihood(patterns: Floats, counts: Floats, parameters: Floats) -> Floats:
    value: Floats = np.logaddexp(*_joint(patterns, parameters)) @ counts
    return value


def _every_pattern(tests: int) -> Floats:
    bits: Floats = (np.arange(2**tests)[:, None] >> np.arange(tests) & 1).astype(np.float64)
    return bits


def _against_all(patterns: Floats, counts: Floats, parameters: Floats) -> tuple[float, float]:
    """Return deviance and Pearson's statistic; patterns that do not occur count in the second."""
    expected = counts.sum() * np.exp(np.logaddexp(*_joint(patterns, parameters[None])))[0]
    deviance = 2 * float(counts @ np.log(counts / expected))
    # the squares of patterns that do not occur are their expected numbers
    unseen = counts.sum() - expected.sum()
    return deviance, float(((counts - expected) ** 2 / expected).sum() + unseen)


def _require_identified(parameters: Floats) -> None:
    """Refuse parameters that patterns do not tell apart.

    ``P(x)`` is linear in each parameter, so that its derivative is the difference of its values
    with the parameter at 1 and at 0.
    """
    every = _every_pattern((len(parameters) - 1) // 2)
    changed = np.repeat(parameters[None], 2 * len(parameters), axis=0)
    place = np.arange(len(parameters))
    changed[place, place], changed[place + len(parameters), place] = 1.0, 0.0
    values = np.exp(np.logaddexp(*_joint(every, changed)))
    jacobian = values[: len(parameters)] - values[len(parameters) :]
    singular = np.linalg.svd(jacobian, compute_uv=False)
    if singular[-1] < _SINGULAR * singular[0]:
        raise NotEstimableError(
            "the data do not identify two classes: at the maximum other parameters give the same "
            "probabilities (one class is empty, or fewer than three tests tell them apart)"
        )


def _covariance(patterns: Floats, counts: Floats, parameters: Floats) -> Floats:
    """Return the inverse of the observed information about the logits; NaN at 0 and 1."""
    free = np.flatnonzero((parameters > _BOUNDARY) & (parameters < 1 - _BOUNDARY))
    middle, unit = logit(parameters[free]), _WIDE_STEP * np.eye(len(free))
    pairs = [(i, j) for i in range(len(free)) for j in range(i, len(free))]
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    around = np.repeat(parameters[None], 4 * len(pairs), axis=0)
    around[:, free] = expit(
        [middle + s * unit[i] + t * unit[j] for i, j in pairs for s, t in signs]
    )
    values = _log_likelihood(patterns, counts, around).reshape(len(pairs), 4)
    information = np.empty((len(free), len(free)))
    for (i, j), (pp, pm, mp, mm) in zip(pairs, values, strict=True):
        information[i, j] = information[j, i] = -(pp - pm - mp + mm) / (4 * _WIDE_STEP**2)
    covariance = np.full((len(parameters), len(parameters)), np.nan)
    if np.linalg.eigvalsh(information)[0] > 0:
        covariance[np.ix_(free, free)] = np.linalg.inv(information)
    return covariance
