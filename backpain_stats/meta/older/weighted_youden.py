"""The curve of Rücker and Schumacher, by a weighted Youden index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_fraction
from backpain_stats.meta.bivariate import fit_bivariate
from backpain_stats.meta.older.curve import OlderCurve, both_groups
from backpain_stats.tables import Correction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["weighted_youden"]


def weighted_youden(
    data: pd.DataFrame, *, weight: float | None = None, correction: Correction = "zero_cells"
) -> OlderCurve:
    r"""Return the summary ROC curve of Rücker and Schumacher (2010).

    If each study chose the threshold that maximises :math:`\lambda Se + (1 - \lambda) Sp`, and
    its ROC curve is a line in logits, that line has the slope

    .. math:: b_i = \frac{1 - \lambda}{\lambda} \cdot \frac{Sp_i (1 - Sp_i)}{Se_i (1 - Se_i)}

    and the intercept :math:`\mathrm{logit}\,Se_i - b_i\,\mathrm{logit}\,FPF_i`. The curve has the
    mean intercept and the geometric mean of the slopes, studies weighted by the inverse variance
    of the log slope, the sum of the reciprocals of the four cells.

    Parameters
    ----------
    data : pandas.DataFrame
        ``study, tp, fp, fn, tn``.
    weight : float, optional
        :math:`\lambda`. By default the one at which a curve of slope 1 through the summary point
        of the bivariate normal model would have been cut there.
    correction : {"zero_cells", "all", "none"}, optional

    Returns
    -------
    OlderCurve
        Without intervals: the method has none.

    Raises
    ------
    DataError, ArgumentError, NotEstimableError, FitError

    Notes
    -----
    That the published threshold is the best one for everybody's common weight is an assumption
    that the data cannot check.

    References
    ----------
    Rücker G, Schumacher M. Stat Med 2010;29:3069-78, https://doi.org/10.1002/sim.3937

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("ABCDE"), "tp": [19, 18, 25, 17, 40],
    ...                      "fp": [30, 2, 9, 3, 12], "fn": [1, 12, 11, 2, 17],
    ...                      "tn": [80, 40, 90, 32, 95]})
    >>> weighted_youden(data, weight=0.5).parameters[["parameter", "estimate"]].round(3)
       parameter  estimate
    0     lambda     0.500
    1  intercept     2.253
    2      slope     0.491
    """
    import pandas as pd

    cells = both_groups(data, correction)
    if weight is None:
        fit = fit_bivariate(data, "normal", correction=correction)
        se, sp = fit.sensitivity.estimate, fit.specificity.estimate
        lam = sp * (1 - sp) / (sp * (1 - sp) + se * (1 - se))
    else:
        lam = check_fraction(weight, "weight")
    found, false = cells.logits
    cases, noncases = cells.tp + cells.fn, cells.fp + cells.tn
    spread = cells.tp * cells.fn / cases**2, cells.fp * cells.tn / noncases**2
    slopes = (1 - lam) / lam * spread[1] / spread[0]
    w = 1 / cells.reciprocals
    w /= w.sum()
    slope = float(np.exp(w @ np.log(slopes)))
    intercept = float(w @ (found - slopes * false))
    parameters = pd.DataFrame(
        {
            "parameter": ["lambda", "intercept", "slope"],
            "estimate": [lam, intercept, slope],
            "ci_low": np.nan,
            "ci_high": np.nan,
            "ci_level": np.nan,
        }
    )
    return OlderCurve(
        "Rücker and Schumacher", parameters, "logit", intercept, slope, cells.observed_range,
        "Assumed: every study published the threshold that maximises the same weighted Youden "
        "index.",
    )  # fmt: skip
