"""Parts of a fit: at values of its covariates, and of some of its studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from backpain_stats.checks import as_names, check_known
from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Booleans, Floats, read_only
from backpain_stats.meta.design import build_design, intercepts
from backpain_stats.meta.estimation import fit_common, fit_random
from backpain_stats.meta.fitted import Fit, FittedModel
from backpain_stats.meta.fitting.structure import STRUCTURES
from backpain_stats.meta.studies import OUTCOMES, Studies

if TYPE_CHECKING:
    pass

F = TypeVar("F", bound=FittedModel)
Keep = "Iterable[str] | Booleans | pd.Series | Callable[[pd.DataFrame], pd.Series]"


def at(fit: F, **values: Any) -> F:
    r"""Return the part of a fit at given values of all covariates: a whole fit again.

    With :math:`x` the rows of the design there, its two mean logits are :math:`x\beta`
    with the covariance :math:`x V x'`; the between-study covariance is that of the fit.
    Everything that works on a fit without covariates works on it (point, region, curve,
    area, predictions, post-tests, influence, figures, natural frequencies). What uses
    studies uses all of them: the bootstrap simulates, and the influence refits, the whole
    model, and looks at these values.

    Parameters
    ----------
    fit : BivariateFit
    **values
        One value for each covariate.

    Returns
    -------
    BivariateFit
        ``coefficients`` are the two mean logits, ``values`` and ``whole`` say of what.

    Raises
    ------
    ArgumentError
        If a value is missing, its level is not in the data, or the fit is a part already.
    UnknownNameError
        If a covariate is not in the fit.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFGHIJ"), "setting": ["primary", "clinic"] * 5,
    ...     "tp": [19, 8, 25, 7, 40, 12, 9, 31, 17, 22], "fp": [10, 2, 9, 4, 22, 1, 3, 8, 6, 5],
    ...     "fn": [4, 1, 11, 3, 7, 5, 6, 9, 8, 3], "tn": [80, 30, 90, 22, 95, 41, 50, 60, 70, 33]})
    >>> primary = fit_bivariate(data, formula="setting").at(setting="primary")
    >>> print(primary.lr_positive)
    7.12 (95% interval 4.95 to 10.2; exact binomial likelihood, delta method)
    >>> primary.region().shape
    (181, 7)
    """
    if not values and not fit.design.covariates:
        return fit
    if fit.whole is not None:
        raise ArgumentError(f"this is already the part of a fit at {described(fit)}")
    rows = fit.design.rows_at(values)
    width = len(fit.coefficients)
    place = np.zeros((5, width + 3))
    place[:2, :width], place[2:, width:] = rows, np.eye(3)
    covariance = place @ fit.parameter_covariance @ place.T
    return type(fit).of(
        fit,
        design=intercepts(fit.k),
        coefficients=read_only(rows @ fit.coefficients),
        covariance=read_only(covariance[:2, :2]),
        parameter_covariance=read_only(covariance),
        whole=fit,
        values=dict(values),
    )


def described(fit: Fit) -> str:
    """Return the covariate values of a part in one phrase; empty for a whole fit."""
    return ", ".join(f"{name} = {value}" for name, value in fit.values.items())


def mean_logits(fit: FittedModel, coefficients: Floats) -> Floats:
    """Return the two mean logits (..., 2) that coefficients of the whole fit give the part."""
    if fit.whole is None:
        return coefficients
    return np.asarray(coefficients @ fit.whole.design.rows_at(fit.values).T)


def mean_covariances(fit: FittedModel, covariances: Floats) -> Floats:
    """Return the covariances (..., 2, 2) of :func:`mean_logits`."""
    if fit.whole is None:
        return covariances
    rows = fit.whole.design.rows_at(fit.values)
    return np.asarray(rows @ covariances @ rows.T)


def _studies_like(fit: Fit) -> Booleans:
    """Return which studies in use have a part's covariate values; all if none has."""
    everyone = np.ones(int(fit.studies.used.sum()), dtype=bool)
    if not fit.values:
        return everyone
    frame = fit.studies.frame[fit.studies.used]
    alike = np.all([(frame[name] == value).to_numpy() for name, value in fit.values.items()], 0)
    return np.asarray(alike) if alike.any() else everyone


def observed_range(fit: Fit) -> tuple[float, float]:
    """Return the smallest and the largest observed false-positive fraction.

    For a part of a fit, of the studies with its covariate values, if there are any.
    """
    informed = fit.studies.arms[:, 1]
    alike = informed & _studies_like(fit)
    informed = alike if alike.any() else informed
    _, fp, _, tn = fit.studies.used_counts[informed].T
    fractions = fp / (fp + tn)
    return float(fractions.min()), float(fractions.max())


def subset(fit: F, keep: Any, *, reason: str = "left out of the subset") -> F:
    """Fit again to some of the studies, everything else as it was.

    Parameters
    ----------
    fit : BivariateFit
    keep : names, booleans or callable
        Names of the studies to keep; or one boolean per study handed in; or a function of
        the data that returns one, ``lambda d: d["year"] > 2000``.
    reason : str, optional
        What the rows left out say in ``rows``: none of them vanishes.

    Returns
    -------
    BivariateFit
        At the same covariate values if ``fit`` is a part (:func:`at`).

    Raises
    ------
    UnknownNameError
        If a study of that name was not handed in.
    ArgumentError
        If there is not one boolean per study handed in.
    NotEstimableError, DataError
        If too few studies are left, or a covariate no longer varies.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 1], "fn": [4, 1, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41], "year": range(1999, 2005)})
    >>> fit = fit_bivariate(data)
    >>> fit.subset(lambda frame: frame["year"] > 1999).k, fit.subset(list("ABCDE")).k
    (5, 5)
    """
    whole = fit.fitted_whole
    chosen = chosen_studies(whole.studies, keep)
    studies = whole.studies.without(np.flatnonzero(whole.studies.used & ~chosen), reason)
    formula = dict(zip(OUTCOMES, whole.design.formulas, strict=True))
    studies, design = build_design(studies, formula)
    if whole.is_common:
        state = fit_common(studies, design, whole.family, whole.level)
    else:
        structure = STRUCTURES[whole.structure_name]
        state = fit_random(studies, design, whole.family, structure, whole.level)
    again = type(fit).of(state)
    return again if fit.whole is None else at(again, **fit.values)


def chosen_studies(studies: Studies, keep: Any, name: str = "keep") -> Booleans:
    """Return one boolean per study handed in; ``name`` is what to call ``keep`` in messages."""
    chosen = as_names(keep(studies.frame) if callable(keep) else keep, name)
    if any(isinstance(one, bool | np.bool_) for one in chosen):
        return _one_each(studies, chosen, name)
    for one in chosen:
        check_known(str(one), studies.names, "study")
    return np.isin(studies.names, [str(one) for one in chosen])


def _one_each(studies: Studies, chosen: list[Any], name: str) -> Booleans:
    """Return booleans, one a study; a missing one is neither True nor False."""
    if len(chosen) != len(studies.names):
        raise ArgumentError(
            f"{name} has {len(chosen)} booleans for {len(studies.names)} studies; give one each"
        )
    for study, one in zip(studies.names, chosen, strict=True):
        if not isinstance(one, bool | np.bool_):
            raise ArgumentError(f"{name} is {one!r} for study {study!r}; give True or False")
    return np.array(chosen, dtype=bool)
