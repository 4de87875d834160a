"""The chi-square and correlation tests that reviewers ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2, chi2_contingency, pearsonr, spearmanr
from scipy.stats import t as student

from backpain_stats.checks import check_choice
from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.studies import check_studies
from backpain_stats.tables import CORRECTIONS, Correction, corrected_cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["homogeneity_tests"]


def homogeneity_tests(data: pd.DataFrame, *, correction: Correction = "none") -> pd.DataFrame:
    """Return the chi-square tests of equal sensitivities and specificities, and two correlations.

    Parameters
    ----------
    data : pandas.DataFrame
        ``study, tp, fp, fn, tn``. Each test uses the studies that have the patients it needs.
    correction : {"none", "zero_cells", "all"}, optional
        Where 0.5 is added to all four cells; R's mada adds it everywhere.

    Returns
    -------
    pandas.DataFrame
        One row per test: ``test, studies, statistic, df, p_value, note``; the note says what the
        test is, and is not.

    Raises
    ------
    DataError, ArgumentError
    NotEstimableError
        If fewer than three studies have cases and non-cases.

    Notes
    -----
    Pearson's chi-square says whether the studies could share one sensitivity, which hardly
    anybody believes; with few patients its distribution is only near the chi-square. The
    correlation of sensitivity with the false-positive fraction is no test of a "threshold
    effect": sampling error weakens it, other differences between studies make it, and without
    it the bivariate model remains right. The between-study variation of
    :func:`backpain_stats.fit_bivariate` answers what these are asked for.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("ABCDE"), "tp": [19, 18, 25, 17, 40],
    ...                      "fp": [30, 2, 9, 3, 12], "fn": [1, 12, 11, 2, 17],
    ...                      "tn": [80, 40, 90, 32, 95]})
    >>> homogeneity_tests(data)[["test", "statistic", "df", "p_value"]].round(3)
                                             test  statistic  df  p_value
    0                         equal sensitivities     10.659   4    0.031
    1                         equal specificities     22.249   4    0.000
    2  Spearman, sensitivity with 1 - specificity      0.700   3    0.188
    3   Pearson, sensitivity with 1 - specificity      0.740   3    0.152
    """
    import pandas as pd

    check_choice(correction, "correction", CORRECTIONS)
    counts = check_studies(data).counts.astype(np.float64)
    cells = np.stack(
        corrected_cells((counts[:, 0], counts[:, 1], counts[:, 2], counts[:, 3]), correction)
    )
    cases, noncases = cells[0] + cells[2], cells[1] + cells[3]
    both = (cases > 0) & (noncases > 0)
    if both.sum() < 3:
        raise NotEstimableError(f"{int(both.sum())} studies have cases and non-cases; 3 are needed")
    note = "whether all studies could share one; not how much they differ"
    rows = [
        (f"equal {name}", *_pearson(cells[pair][:, group > 0]), note)
        for name, pair, group in (
            ("sensitivities", [0, 2], cases),
            ("specificities", [3, 1], noncases),
        )
    ]
    df = int(both.sum()) - 2
    fractions = cells[0][both] / cases[both], cells[1][both] / noncases[both]
    for name, correlate in (("Spearman", spearmanr), ("Pearson", pearsonr)):
        rho = float(correlate(*fractions).statistic)
        with np.errstate(divide="ignore", invalid="ignore"):
            p = 2 * float(student.sf(abs(rho) * np.sqrt(df / (1 - rho**2)), df))
        rows.append((f"{name}, sensitivity with 1 - specificity", df + 2, rho, df, p,
                     "a correlation of estimates; no test of a threshold effect"))  # fmt: skip
    columns = ["test", "studies", "statistic", "df", "p_value", "note"]
    return pd.DataFrame(rows, columns=columns)


def _pearson(table: np.ndarray) -> tuple[int, float, int, float]:
    """Return studies, statistic, degrees of freedom and p-value; all equal if a margin is 0."""
    df = table.shape[1] - 1
    if (table.sum(axis=1) == 0).any():
        return table.shape[1], 0.0, df, 1.0
    statistic = float(chi2_contingency(table, correction=False).statistic)
    return table.shape[1], statistic, df, float(chi2.sf(statistic, df))
