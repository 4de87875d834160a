"""Covariates of a Bayesian fit: its coefficients, its parts at their values, groups compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy.special import expit

from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import format_level, format_number
from backpain_stats.meta.after.parts import described
from backpain_stats.meta.after.regression import covariate_patterns
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.bayes.posterior import Posterior
from backpain_stats.meta.bayes.priors import PARAMETERS
from backpain_stats.meta.design import intercepts
from backpain_stats.meta.point import MEASURE_TABLE, MEASURES, log_measure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["at", "coefficient_rows", "coefficient_table", "compare_groups", "subgroup_frame"]

P = TypeVar("P", bound=Posterior)


def at(fit: P, **values: Any) -> P:
    r"""Return the part of a fit at given values of all covariates: a whole fit again.

    Its draws of the two mean logits are :math:`x\beta`, with x the rows of the design there,
    of each draw of the coefficients; SDs, correlation and weights are those of the fit.
    Everything that works on a fit without covariates works on it. What uses studies uses
    all of them: refits repeat the whole model and look at these values.

    Parameters
    ----------
    fit : BayesianFit
    **values
        One value for each covariate.

    Returns
    -------
    BayesianFit
        ``values`` and ``whole`` say of what it is a part. A fit without covariates is
        returned as it is.

    Raises
    ------
    ArgumentError
        If a value is missing, its level is not in the data, the fit is a part already, or it
        has no covariates.
    UnknownNameError
        If a covariate is not in the fit.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bayes
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "setting": ["primary", "clinic"] * 3,
    ...     "tp": [19, 8, 25, 7, 40, 12], "fp": [10, 2, 9, 4, 22, 1],
    ...     "fn": [4, 1, 11, 3, 7, 5], "tn": [80, 30, 90, 22, 95, 41]})
    >>> fit = fit_bayes(data, formula="~ setting", seed=1)
    >>> for setting in ("primary", "clinic"):
    ...     print(setting, round(fit.at(setting=setting).sensitivity.estimate, 2))
    primary 0.79
    clinic 0.78
    """
    if not values and not fit.design.covariates:
        return fit
    if fit.whole is not None:
        raise ArgumentError(f"this is already the part of a fit at {described(fit)}")
    if not fit.design.covariates:
        raise ArgumentError(
            f"this Bayesian fit has no covariates, so there is no {', '.join(values)}: fit with "
            "formula=, or fit the studies of interest by fit.subset(...) or fit.subgroups(by)"
        )
    logits = _logits_at(fit, values)
    draws = fit.draws[[*PARAMETERS[2:], "weight"]].copy()
    for place, name in enumerate(PARAMETERS[:2]):
        draws.insert(place, name, logits[place])
    return type(fit).of(
        fit, draws=draws, design=intercepts(fit.k), whole=fit, values=dict(values)
    )  # fmt: skip


def _logits_at(fit: Posterior, values: Mapping[str, Any]) -> Floats:
    """Return the two mean logits at covariate values, each draw's: (2, draws)."""
    rows, width = fit.design.rows_at(values), fit.design.widths[0]
    coefficients = fit.coefficient_draws
    # Apart, because the coefficients of what no patient informs are not known.
    return np.stack(
        [coefficients[:, :width] @ rows[0, :width], coefficients[:, width:] @ rows[1, width:]]
    )


def coefficient_table(fit: Posterior) -> pd.DataFrame:
    r"""Return the coefficients, on the logit scale, and how sure their signs are.

    Parameters
    ----------
    fit : BayesianFit

    Returns
    -------
    pandas.DataFrame
        One row a coefficient, as the formula names them: ``coefficient, estimate`` (posterior
        median), ``standard_deviation`` (of the posterior), ``ci_low, ci_high, ci_level``
        (equal-tailed), ``probability_positive`` (of a coefficient above 0). Without
        covariates, or of a part of a fit, the coefficients are the two mean logits.

    Notes
    -----
    ``probability_positive`` is no p value: 0.975 says that the sign is as sure as the end of
    a 95% interval, given the prior. With few studies look at ``fit.prior_share()``, which
    says how much of each prior is left.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bayes
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "year": range(1990, 2020, 5),
    ...     "tp": [19, 8, 25, 7, 40, 12], "fp": [10, 2, 9, 4, 22, 1],
    ...     "fn": [4, 1, 11, 3, 7, 5], "tn": [80, 30, 90, 22, 95, 41]})
    >>> table = fit_bayes(data, formula={"sensitivity": "~ year"}, seed=1).coefficient_table()
    >>> print(table[["coefficient", "probability_positive"]].round(2).to_string(index=False))
               coefficient  probability_positive
         logit_sensitivity                  0.61
    logit_sensitivity:year                  0.39
         logit_specificity                  1.00
    """
    import pandas as pd

    spread, rows = np.sqrt(np.diag(fit.covariance)), []
    for place, name in enumerate(fit.names):
        drawn = fit.column(name)
        one = fit.quantity(drawn, name)
        unknown = np.isnan(one.estimate)
        rows.append(
            {
                "coefficient": name,
                "estimate": one.estimate,
                "standard_deviation": spread[place],
                "ci_low": one.ci_low,
                "ci_high": one.ci_high,
                "ci_level": fit.level,
                "probability_positive": np.nan if unknown else fit.probability(drawn > 0),
            }
        )
    return pd.DataFrame(rows)


def coefficient_rows(frame: pd.DataFrame, level: float) -> tuple[tuple[str, ...], ...]:
    """Return the printed rows of a table of coefficients, the header first."""
    header = ("Coefficient", "Estimate", "SD", f"{format_level(level)} interval", "P(> 0)")
    rows: list[tuple[str, ...]] = [header]
    for row in frame.to_dict("records"):
        name = str(row["coefficient"])
        if np.isnan(row["estimate"]):
            rows.append((name, *["not estimable"] * 4))
            continue
        interval = f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"
        spread, sure = format_number(row["standard_deviation"]), row["probability_positive"]
        rows.append((name, f"{row['estimate']:.3f}", spread, interval, _sure(sure)))
    return tuple(rows)


def _sure(probability: float) -> str:
    """Print a probability; draws cannot show that one is 0 or 1."""
    if probability < 0.001:
        return "<0.001"
    return ">0.999" if probability > 0.999 else f"{probability:.3f}"


def subgroup_frame(fit: Posterior) -> pd.DataFrame:
    """Return the summary point of every covariate pattern in the data; see ``subgroups``."""
    import pandas as pd

    rows = []
    for named, size in covariate_patterns(fit):
        rows.append({**named, "studies": size, **measures_of(at(fit, **named))})
    return pd.DataFrame(rows).assign(ci_level=fit.level, method=fit.method)


def measures_of(fit: Posterior) -> dict[str, float]:
    """Return the five measures, each with ``_low`` and ``_high``."""
    found: dict[str, float] = {}
    for measure in MEASURES:
        one = fit.estimate(measure)
        found |= {measure: one.estimate, f"{measure}_low": one.ci_low}
        found[f"{measure}_high"] = one.ci_high
    return found


def compare_groups(
    fit: Posterior, first: Mapping[str, Any], second: Mapping[str, Any]
) -> pd.DataFrame:
    """Compare the summaries at two values of the covariates, draw by draw.

    Parameters
    ----------
    fit : BayesianFit
        With the covariates that tell the groups apart.
    first, second : mapping
        Covariate values of the two groups, for example ``{"setting": "primary"}``.

    Returns
    -------
    pandas.DataFrame
        ``measure, estimate, ci_low, ci_high, ci_level, probability_positive, method`` for
        ``sensitivity_difference, specificity_difference`` (first minus second) and
        ``lr_positive_ratio, lr_negative_ratio, odds_ratio_ratio`` (first over second);
        ``estimate`` is the posterior median, ``probability_positive`` the posterior
        probability that the first group has the larger value.

    Raises
    ------
    ArgumentError, UnknownNameError
        If covariates are missing or unknown, or the fit has none.

    Notes
    -----
    The groups' studies must be different patients. Two flags measured in the same patients
    are compared by :func:`backpain_stats.compare_tests`.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bayes
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "setting": ["primary", "clinic"] * 3,
    ...     "tp": [19, 8, 25, 7, 40, 12], "fp": [10, 2, 9, 4, 22, 1],
    ...     "fn": [4, 1, 11, 3, 7, 5], "tn": [80, 30, 90, 22, 95, 41]})
    >>> table = fit_bayes(data, formula="~ setting", seed=1).compare_groups(
    ...     {"setting": "primary"}, {"setting": "clinic"})
    >>> print(table[["measure", "probability_positive"]].round(1).to_string(index=False))
                   measure  probability_positive
    sensitivity_difference                   0.5
    specificity_difference                   0.2
         lr_positive_ratio                   0.3
         lr_negative_ratio                   0.5
          odds_ratio_ratio                   0.3
    """
    import pandas as pd

    parts = [at(fit, **dict(values)).logits.T for values in (first, second)]
    rows = []
    for measure, kind in MEASURE_TABLE.items():
        one, two = (log_measure(measure, *logits) for logits in parts)
        change = one - two if kind.ratio else expit(one) - expit(two)
        found = fit.quantity(np.exp(change) if kind.ratio else change, kind.comparison).as_dict()
        sure = np.nan if np.isnan(found["estimate"]) else fit.probability(change > 0)
        rows.append({**found, "probability_positive": sure})
    columns = ["measure", "estimate", "ci_low", "ci_high", "ci_level", "probability_positive"]
    return pd.DataFrame(rows)[[*columns, "method"]]
