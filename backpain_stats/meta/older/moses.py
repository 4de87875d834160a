"""The curve of Moses, Shapiro and Littenberg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import t as student

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import FitError
from backpain_stats.meta.older.curve import OlderCurve, both_groups
from backpain_stats.tables import Correction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["moses_littenberg"]


def moses_littenberg(
    data: pd.DataFrame,
    *,
    weights: Literal["equal", "inverse_variance"] = "equal",
    correction: Correction = "all",
    level: float = 0.95,
) -> OlderCurve:
    r"""Return the summary ROC curve of Moses, Shapiro and Littenberg (1993).

    With :math:`D = \mathrm{logit}\,Se - \mathrm{logit}\,FPF` and :math:`S = \mathrm{logit}\,Se +
    \mathrm{logit}\,FPF`, the line :math:`D = a + b S` is fitted by least squares, and the curve is

    .. math:: \mathrm{logit}\,Se = \frac{a + (1 + b)\,\mathrm{logit}\,FPF}{1 - b}.

    Parameters
    ----------
    data : pandas.DataFrame
        ``study, tp, fp, fn, tn``.
    weights : {"equal", "inverse_variance"}, optional
        Of the studies; the inverse variance is that of D.
    correction : {"all", "zero_cells", "none"}, optional
        Studies to whose four cells 0.5 is added; the authors' is "all".
    level : float, optional

    Returns
    -------
    OlderCurve

    Raises
    ------
    DataError, ArgumentError, NotEstimableError
    FitError
        If S is the same in all studies, or b is 1 or more.

    Notes
    -----
    A description, not a model: studies count as exact, S has errors too, and neither the curve
    nor the intervals know of variation between studies beyond the line. Use
    :func:`backpain_stats.fit_bivariate` and its ``sroc``.

    References
    ----------
    Moses LE et al. Stat Med 1993;12:1293-316, https://doi.org/10.1002/sim.4780121403

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("ABCDE"), "tp": [19, 18, 25, 17, 40],
    ...                      "fp": [30, 2, 9, 3, 12], "fn": [1, 12, 11, 2, 17],
    ...                      "tn": [80, 40, 90, 32, 95]})
    >>> moses_littenberg(data).parameters[["parameter", "estimate"]].round(3)
      parameter  estimate
    0         a     3.487
    1         b     0.168
    """
    import pandas as pd

    check_choice(weights, "weights", ("equal", "inverse_variance"))
    check_level(level)
    cells = both_groups(data, correction)
    found, false = cells.logits
    d, s = found - false, found + false
    w = np.ones_like(d) if weights == "equal" else 1 / cells.reciprocals
    if np.ptp(s) == 0:
        raise FitError("logit Se + logit FPF is the same in all studies: there is no line to fit")
    design = np.stack([np.ones_like(s), s], axis=1)
    inverse = np.linalg.inv(design.T @ (w[:, None] * design))
    a, b = inverse @ (design.T @ (w * d))
    residual = d - design @ np.array([a, b])
    df = len(d) - 2
    errors = np.sqrt(np.diag(inverse) * float(w @ residual**2) / df)
    half = float(student.isf((1 - level) / 2, df)) * errors
    if b >= 1:
        raise FitError(f"the slope b is {b:.3g}; from 1 on the line is no ROC curve")
    parameters = pd.DataFrame(
        {
            "parameter": ["a", "b"],
            "estimate": [a, b],
            "ci_low": [a - half[0], b - half[1]],
            "ci_high": [a + half[0], b + half[1]],
            "ci_level": level,
        }
    )
    return OlderCurve(
        "Moses, Shapiro and Littenberg", parameters, "logit", float(a / (1 - b)),
        float((1 + b) / (1 - b)), cells.observed_range,
        "A regression line of the studies' logits: no model of the variation between studies.",
    )  # fmt: skip
