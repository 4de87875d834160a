"""What becomes of the summary without some of the studies: high risk of bias, outliers, designs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from backpain_stats.checks import listed
from backpain_stats.errors import ArgumentError, BackpainStatsError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.after.parts import chosen_studies
from backpain_stats.meta.arrays import Booleans
from backpain_stats.meta.fitted import Fit
from backpain_stats.meta.point import MEASURE_TABLE, MEASURES
from backpain_stats.meta.studies import PATIENTS, Studies

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ALL_STUDIES", "sensitivity_analysis"]

ALL_STUDIES = "all studies"
SPREAD = ("sd_sensitivity", "sd_specificity", "correlation")
# Names in a label that the caller did not give.
_NAMED = 3

Row = dict[str, Any]


class RepeatableFit(Fit, Protocol):
    """A fit that can be repeated for some of its studies: by likelihood, or a posterior."""

    @property
    def k(self) -> int:
        """Number of studies used."""

    @property
    def subset(self) -> Callable[..., RepeatableFit]:
        """The fit to some of the studies, everything else as it was."""

    def estimate(self, measure: str) -> Estimate:
        """Return one of the five summary measures."""


def sensitivity_analysis(fit: RepeatableFit, drop: Any = None, *, keep: Any = None) -> pd.DataFrame:
    """Fit again without some of the studies, and set the summaries beside each other.

    The options are those of the fit: likelihood, estimator, correction, structure, nodes,
    covariates, priors, effective draws, level and seed.

    Parameters
    ----------
    fit : BivariateFit or BayesianFit
        With covariates, a part of it (``fit.at(...)``): the whole is fitted again.
    drop : names, booleans, callable, or mapping of str to one of these
        The studies to leave out: their names; or True or False for each study handed in, in
        that order; or a function of the data that returns this,
        ``lambda data: data["risk_of_bias"] == "high"``. A mapping makes several analyses, each
        under its label.
    keep : as ``drop``, optional
        Analyses of these studies alone; after those of ``drop`` if both are given.

    Returns
    -------
    pandas.DataFrame
        One row an analysis, that of all studies first: ``analysis``; ``studies`` (how many are
        used); ``dropped`` (names of used studies left out, joined by "; "); each of
        ``sensitivity, specificity, lr_positive, lr_negative, odds_ratio`` with ``_low`` and
        ``_high``; ``sd_sensitivity, sd_specificity, correlation`` (between studies; 0 where it
        is assumed); the change against all studies, ``sensitivity_difference,
        specificity_difference`` (this minus all) and ``lr_positive_ratio, lr_negative_ratio,
        odds_ratio_ratio`` (this over all);
        ``ci_level, method, reason``. An analysis that cannot be made has NaN and says why in
        ``reason``; one that leaves nobody out says so there.

    Raises
    ------
    UnknownNameError
        If a study of that name was not handed in.
    ArgumentError
        If nothing is to be left out, there is not True or False for each study, a label
        occurs twice, or ``fit`` cannot be repeated.
    NotEstimableError
        If the fit has covariates and no values.

    Notes
    -----
    The changes have no interval. The analyses share most of their studies, so that their
    intervals overlap whatever the others do: overlapping intervals do not show that the studies
    left out made no difference. Whether a kind of study differs from the rest is asked by a
    covariate (``fit_bivariate(data, formula="risk_of_bias")`` and
    :func:`~backpain_stats.compare_fits`). Studies should be chosen for what they did, not for
    what they found.

    "All studies" is the fit made again like the other rows, so that nothing but the studies
    differs. It equals ``fit``, save where the seed was a Generator (the default seed is used), or
    :func:`~backpain_stats.pool` combined likelihood fits over several tables (the middle ones are
    used).

    References
    ----------
    Deeks JJ, Bossuyt PM, Leeflang MM, Takwoingi Y (eds). Cochrane Handbook for Systematic
    Reviews of Diagnostic Test Accuracy. Wiley, 2023.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60],
    ...                      "design": ["cohort"] * 5 + ["case-control"] * 2})
    >>> table = sensitivity_analysis(
    ...     fit_bivariate(data),
    ...     {"without A": ["A"], "no case-control": lambda d: d["design"] == "case-control"},
    ... )
    >>> columns = ["analysis", "studies", "dropped", "sensitivity", "lr_positive_ratio"]
    >>> print(table[columns].round(3).to_string(index=False))
           analysis  studies dropped  sensitivity  lr_positive_ratio
        all studies        7                0.721              1.000
          without A        6       A        0.686              1.094
    no case-control        5    F; G        0.775              1.286
    """
    import pandas as pd

    if not all(hasattr(fit, name) for name in ("subset", "estimate", "studies")):
        raise ArgumentError(
            f"{type(fit).__name__} cannot be fitted again: give what fit_bivariate or fit_bayes "
            "returns, or the .fit of what pool returns"
        )
    fit.estimate("sensitivity")  # refuses a fit with covariates and no values
    studies = fit.studies
    everyone = np.ones(len(studies.names), dtype=bool)
    rows = [_row(fit, ALL_STUDIES, everyone)]
    for label, kept in _analyses(studies, drop, keep).items():
        if (studies.used & ~kept).any():
            rows.append(_row(fit, label, kept))
        else:
            rows.append(rows[0] | {"analysis": label, "reason": "no study is left out"})
    return pd.DataFrame([_compared(row, rows[0]) for row in rows])


def _analyses(studies: Studies, drop: Any, keep: Any) -> dict[str, Booleans]:
    """Return which studies each analysis keeps, by label."""
    found: dict[str, Booleans] = {}
    for given, name in ((drop, "drop"), (keep, "keep")):
        for label, chosen in _chosen(studies, given, name):
            if label in found or label == ALL_STUDIES:
                raise ArgumentError(f"two analyses are called {label!r}; give each its own name")
            found[label] = chosen if name == "keep" else ~chosen
    if not found:
        raise ArgumentError("nothing is to be left out: give drop= or keep=")
    return found


def _chosen(studies: Studies, given: Any, name: str) -> Iterator[tuple[str, Booleans]]:
    """Yield the label and the studies of each choice that an argument makes."""
    if isinstance(given, Mapping):
        for label, one in given.items():
            if not isinstance(label, str) or not label.strip():
                raise ArgumentError(f"a label of {name} is {label!r}; give each analysis a name")
            yield label, chosen_studies(studies, one, f"{name}[{label!r}]")
    elif given is not None:
        chosen = chosen_studies(studies, given, name)
        names = [one for one, named in zip(studies.names, chosen, strict=True) if named]
        word = "only" if name == "keep" else "without"
        yield f"{word} {listed(names, _NAMED) or 'none'}", chosen


def _row(fit: RepeatableFit, label: str, kept: Booleans) -> Row:
    """Return one analysis: who took part, the summary, the spread."""
    studies = fit.studies
    left_out = studies.used & ~kept
    row: Row = {
        "analysis": label,
        "studies": int((studies.used & kept).sum()),
        "dropped": "; ".join(n for n, out in zip(studies.names, left_out, strict=True) if out),
    }
    ends = [f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")]
    row |= dict.fromkeys([*ends, *SPREAD], np.nan)
    row |= {"ci_level": fit.level, "method": fit.method}
    if not row["studies"]:
        return row | {"reason": "no study is left"}
    # A posterior knows its seed: the same draws for all, so that what changes is the studies.
    seed = getattr(fit, "seed", None)
    try:
        again = fit.subset(kept, **({} if seed is None else {"seed": seed}))
    except BackpainStatsError as refusal:
        return row | {"reason": str(refusal)}
    for measure in MEASURES:
        one = again.estimate(measure)
        row |= {measure: one.estimate, f"{measure}_low": one.ci_low, f"{measure}_high": one.ci_high}
    spread = (*map(float, again.between_study_sd), again.correlation)
    row |= dict(zip(SPREAD, spread, strict=True))
    missing = any(np.isnan(row[name]) for name in ends)
    return row | {"reason": _why_missing(again) if missing else ""}


def _why_missing(fit: RepeatableFit) -> str:
    """Say why a fit that was made lacks an estimate or an interval."""
    informed = zip(PATIENTS, fit.studies.informed, strict=True)
    nobody = [patients for patients, some in informed if not some]
    if nobody:
        return f"no study left has any {' or '.join(nobody)}"
    return "the studies left do not determine every estimate and interval"


def _compared(row: Row, whole: Row) -> Row:
    """Add the change against all studies, before level, method and reason."""
    last = {name: row[name] for name in ("ci_level", "method", "reason")}
    changes: Row = {}
    for measure, kind in MEASURE_TABLE.items():
        value, base = np.float64(row[measure]), np.float64(whole[measure])
        # common effects admit ratios of 0 and infinity, which cannot be compared
        with np.errstate(divide="ignore", invalid="ignore"):
            changes[kind.comparison] = float(value / base if kind.ratio else value - base)
    return {name: value for name, value in row.items() if name not in last} | changes | last
