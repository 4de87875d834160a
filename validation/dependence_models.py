"""The models compared by validation/dependence.py, and what they learn from other sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from dependence_protocol import CORRECTION, FOLDS, Array, Cell, PatientSet
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit
from scipy.stats import beta, norm

from backpain_stats import OneFactor, calibration
from backpain_stats.combine.calibration.learners import EntropyOfRules, LogisticRegression, log_odds
from backpain_stats.combine.calibration.patient_data import PatientData
from backpain_stats.combine.dependence.base import Marginals, RatioModel
from backpain_stats.combine.dependence.effective_number import effective_number
from backpain_stats.combine.dependence.mixed_factor import BetaPrior, MixedOneFactor
from backpain_stats.errors import FitError, NotEstimableError
from backpain_stats.meta.univariate.between_study import between_study_variance

#: The model that ships if the rule chooses a power of k_eff.
MULTIPLYING = "multiplying"
SHIPPED = "product to the power k_eff^-a, a the mean of the sets"
EXPONENTS = np.round(np.arange(-0.2, 1.01, 0.01), 2)
FRACTIONS = np.round(np.arange(0.0, 1.01, 0.01), 2)


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A model with one parameter that is learned from other sets, or with none.

    Parameters
    ----------
    name : str
        As in the report.
    log_ratio : callable
        Takes a cell and values of the parameter; returns (patients, values).
    values : numpy.ndarray
        The values tried.
    parameter : str
        Its name in the report; empty if nothing is learned this way.
    eligible : bool
        Whether it may become the default: a model that needs patients of the
        same kind may not.
    from_sets : bool
        Whether the parameter is the random-effects mean of the sets' own
        exponents instead of the value with the smallest loss over all of them.
    """

    name: str
    log_ratio: Callable[[Cell, Array], Array]
    values: Array
    parameter: str = ""
    eligible: bool = True
    from_sets: bool = False


def product(cell: Cell) -> Array:
    """Return the log of the product of the ratios, (patients,)."""
    return np.asarray(cell.log_ratios.sum(axis=1))


def power(number: Array, values: Array) -> Array:
    """Return number^-a, (patients, values)."""
    return np.asarray(number[:, None] ** -values)


def by_number(number: Callable[[Cell], Array]) -> Callable[[Cell, Array], Array]:
    """Return the model: the product to the power number^-a."""
    return lambda cell, values: product(cell)[:, None] * power(number(cell), values)


def asked(cell: Cell) -> Array:
    """Return k, the number of findings."""
    return np.full(len(cell.outcome), float(cell.size))


def carried(cell: Cell) -> Array:
    """Return k_eff of the findings as they are in the patient."""
    return effective_number(cell.log_ratios)


def expected(cell: Cell) -> Array:
    """Return k_eff of the findings' typical log ratios, the same for every patient of a fold."""
    return effective_number(cell.typical)


def to_strongest(cell: Cell) -> Array:
    """Return sum |l| / max |l|."""
    size = np.abs(cell.log_ratios)
    return np.asarray(np.fmax(size.sum(axis=1), 1e-300) / np.fmax(size.max(axis=1), 1e-300))


def by_entropy(cell: Cell) -> Array:
    """Return exp(-sum w log w) with w = |l| / sum |l|."""
    size = np.fmax(np.abs(cell.log_ratios), 1e-300)
    share = size / size.sum(axis=1, keepdims=True)
    return np.asarray(np.exp(-(share * np.log(share)).sum(axis=1)))


def net(cell: Cell) -> Array:
    """Return (sum l)^2 / sum l^2, at least 1: contradicting findings do not count as many."""
    squares = np.fmax((cell.log_ratios**2).sum(axis=1), 1e-300)
    return np.asarray(np.fmax(product(cell) ** 2 / squares, 1.0))


def two_sides(cell: Cell, values: Array) -> Array:
    """Shrink the evidence for and the evidence against separately."""
    total = np.zeros((len(cell.outcome), len(values)))
    for side in (np.maximum(cell.log_ratios, 0), np.minimum(cell.log_ratios, 0)):
        total += side.sum(axis=1)[:, None] * power(effective_number(side), values)
    return total


def design_effect(cell: Cell, values: Array) -> Array:
    """Divide the sum by 1 + r (k_eff - 1)."""
    return np.asarray(product(cell)[:, None] / (1 + values * (carried(cell)[:, None] - 1)))


def strongest_first(cell: Cell, values: Array) -> Array:
    """Let the strongest finding count in full, the next c, the next c^2, ..."""
    order = np.argsort(-np.abs(cell.log_ratios), axis=1)
    ranked = np.take_along_axis(cell.log_ratios, order, axis=1)
    return np.asarray(ranked @ values ** np.arange(cell.size)[:, None])


def strongest_and_rest(cell: Cell, values: Array) -> Array:
    """Let the strongest finding count in full and the sum of the others c."""
    strongest = np.take_along_axis(
        cell.log_ratios, np.abs(cell.log_ratios).argmax(axis=1)[:, None], axis=1
    )
    return np.asarray(strongest + (product(cell)[:, None] - strongest) * values)


def pattern_log_ratio(model: RatioModel, cell: Cell) -> Array:
    """Return the log ratio of a dependence model fed with each fold's marginals, (patients,)."""
    result = np.empty(len(cell.outcome))
    signs = np.where(cell.cases >= cell.noncases, 1.0, -1.0)
    for sign in np.unique(signs, axis=0):
        folds = np.flatnonzero((signs == sign).all(axis=1))
        rows = np.isin(cell.fold, folds)
        patterns, which = np.unique(cell.present[rows], axis=0, return_inverse=True)
        marginals = Marginals(cell.cases[folds], cell.noncases[folds], signs=sign)
        ratio = model.log_ratios(marginals, patterns.astype(np.int8))
        result[rows] = ratio[np.searchsorted(folds, cell.fold[rows]), which.ravel()]
    return result


def learned_in_set(learner: object, cell: Cell) -> Array:
    """Return the log ratio of a learner that sees the training patients, (patients,)."""
    result = np.empty(len(cell.outcome))
    names = tuple(f"finding {place}" for place in range(cell.size))
    data = PatientData(
        cell.present.astype(np.int8), cell.outcome, names, pd.RangeIndex(len(cell.outcome))
    )
    for number in range(FOLDS):
        own = cell.fold == number
        try:
            odds = log_odds(learner, data.take(~own), data.patterns[own], CORRECTION)
            result[own] = odds - cell.prior[own]
        except (FitError, NotEstimableError):
            # Findings that are nearly copies of each other leave a regression no maximum.
            result[own] = product(cell)[own]
    return result


class Remembered:
    """Costly log ratios, one computation per cell and model."""

    def __init__(self, learned: dict[str, MixedOneFactor]) -> None:
        self.learned = learned
        self.known: dict[tuple[Cell, str], Array] = {}

    def __call__(self, what: str, cell: Cell) -> Array:
        """Return the log ratio of "fixed", "learned", "rules" or "regression", (patients,)."""
        key = (cell, what)
        if key not in self.known:
            if what == "fixed":
                self.known[key] = pattern_log_ratio(OneFactor(0.2, 0.2), cell)
            elif what == "learned":
                self.known[key] = pattern_log_ratio(self.learned[cell.name], cell)
            else:
                learner = EntropyOfRules() if what == "rules" else LogisticRegression()
                self.known[key] = learned_in_set(learner, cell)
        return self.known[key]


def families(costly: Remembered) -> list[Family]:
    """Return every model compared, the simplest first."""
    nothing = np.zeros(1)

    def fixed(what: str) -> Callable[[Cell, Array], Array]:
        return lambda cell, _: costly(what, cell)[:, None]

    def shrunken_factor(cell: Cell, values: Array) -> Array:
        return np.asarray(costly("learned", cell)[:, None] * power(carried(cell), values))

    return [
        Family(MULTIPLYING, lambda cell, _: product(cell)[:, None], nothing),
        Family("one factor, rho 0.2", fixed("fixed"), nothing),
        Family("one factor, learned", fixed("learned"), nothing),
        Family(
            "product to the power c", lambda cell, c: product(cell)[:, None] * c, FRACTIONS, "c"
        ),
        Family("product to the power k^-a", by_number(asked), EXPONENTS, "a"),
        Family("product to the power k_eff^-0.3", by_number(carried), np.array([0.3])),
        Family("product to the power k_eff^-a", by_number(carried), EXPONENTS, "a"),
        Family(SHIPPED, by_number(carried), EXPONENTS, "a", from_sets=True),
        Family("k_eff of typical findings, ^-a", by_number(expected), EXPONENTS, "a"),
        Family("(sum / strongest)^-a", by_number(to_strongest), EXPONENTS, "a"),
        Family("entropy number^-a", by_number(by_entropy), EXPONENTS, "a"),
        Family("net number^-a", by_number(net), EXPONENTS, "a"),
        Family("each side to its k_eff^-a", two_sides, EXPONENTS, "a"),
        Family("sum / (1 + r (k_eff - 1))", design_effect, FRACTIONS, "r"),
        Family("strongest first, c^rank", strongest_first, FRACTIONS, "c"),
        Family("strongest, and c of the rest", strongest_and_rest, FRACTIONS, "c"),
        Family("one factor, learned, to the power k_eff^-b", shrunken_factor, EXPONENTS, "b"),
        Family("maximum entropy with rules", fixed("rules"), nothing, eligible=False),
        Family("logistic regression", fixed("regression"), nothing, eligible=False),
    ]


def exponent_of_set(cells: Sequence[Cell]) -> tuple[float, float]:
    """Return the exponent of k_eff that fits one set best, and its standard error.

    The exponent minimises the log loss averaged over sizes and subsets (an
    M-estimate). The standard error is the sandwich with patients as clusters:
    one patient enters every cell. It leaves out what the marginals' own
    sampling error adds.
    """
    sizes = pd.Series([cell.size for cell in cells])
    weights = (1 / sizes.map(sizes.value_counts()) / sizes.nunique()).to_numpy()
    sums = np.array([product(cell) for cell in cells])
    logs = np.log([carried(cell) for cell in cells])
    prior = np.array([cell.prior for cell in cells])
    outcome = cells[0].outcome.astype(float)

    def loss(exponent: float) -> float:
        odds = prior + sums * np.exp(-exponent * logs)
        return float(weights @ (np.logaddexp(0, odds) - outcome * odds).mean(axis=1))

    best = float(minimize_scalar(loss, bounds=(-1, 3), method="bounded").x)
    shrunk = sums * np.exp(-best * logs)
    risk = expit(prior + shrunk)
    slope, bend = -shrunk * logs, shrunk * logs**2
    score = weights @ ((risk - outcome) * slope)
    information = weights @ (risk * (1 - risk) * slope**2 + (risk - outcome) * bend)
    return best, float(np.sqrt(score @ score) / information.sum())


def exponent_between_sets(estimates: Array, standard_errors: Array) -> tuple[float, float]:
    """Return mean and predictive SD of the exponent of a new set.

    Each set's estimate is normal around its own exponent, and these are normal
    between sets (REML). The predictive variance is the between-set variance
    plus that of the mean.
    """
    variance = between_study_variance(estimates, standard_errors**2, "reml")
    weight = 1 / (variance + standard_errors**2)
    return float(weight @ estimates / weight.sum()), float(np.sqrt(variance + 1 / weight.sum()))


def correlations_of_set(patients: PatientSet) -> dict[str, float]:
    """Return the maximum-likelihood correlation of each group with a standard error.

    All findings together, marginals as observed; the standard error is the
    width of the 95% profile-likelihood interval over 3.92.
    """
    frame = pd.DataFrame(patients.present.astype(int), columns=list(patients.findings))
    fit = calibration.fit_dependence(frame, patients.outcome.astype(int), marginals="observed")
    found = {}
    for group, rho in (("cases", fit.rho_cases), ("noncases", fit.rho_noncases)):
        found[f"rho_{group}"] = rho.estimate
        found[f"rho_{group}_se"] = (rho.ci_high - rho.ci_low) / (2 * norm.ppf(0.975))
    return found


def correlation_prior(estimates: Array, standard_errors: Array) -> BetaPrior:
    """Return the Beta distribution of the correlation between sets (empirical Bayes).

    It maximises the product over sets of the integral of Beta(rho; a, b) times
    a normal likelihood of the set's estimate, on 400 intervals of rho.
    """
    edges = np.linspace(0, 1, 401)
    middle = (edges[1:] + edges[:-1]) / 2
    # Half an interval is the finest the grid can tell.
    error = np.maximum(standard_errors, 1 / 800)[:, None]
    likelihood = norm.pdf(estimates[:, None], middle, error)

    def negative(logs: Array) -> float:
        # Sets that do not differ would send a + b to infinity: 1,000 is a SD below 0.016.
        if np.exp(logs).sum() > 1000:
            return np.inf
        mass = np.diff(beta.cdf(edges, *np.exp(logs)))
        return -float(np.log(likelihood @ mass).sum())

    found = minimize(negative, np.log([1.5, 6.0]), method="Nelder-Mead", options={"xatol": 1e-6})
    return BetaPrior(*np.exp(found.x).tolist())
