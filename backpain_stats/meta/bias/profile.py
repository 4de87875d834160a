"""bias_profile: the four biases of one result, side by side, with what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backpain_stats.checks import check_known, require_columns
from backpain_stats.errors import BackpainStatsError, FitError, NotEstimableError
from backpain_stats.meta.bias.curve import BiasCurve
from backpain_stats.meta.bias.plain import tables_as_frame
from backpain_stats.meta.bias.publication import publication_bias
from backpain_stats.meta.bias.reference import reference_bias
from backpain_stats.meta.bias.small_study import SmallStudyTest, small_study_test
from backpain_stats.meta.bias.spectrum import spectrum_bias
from backpain_stats.meta.bias.verification import verification_bias
from backpain_stats.meta.univariate.deeks import DeeksTest, deeks_test
from backpain_stats.result import Grid, Result, Shown, format_number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BIASES", "BiasProfile", "bias_profile"]

BIASES: Mapping[str, Callable[..., BiasCurve]] = {
    "verification": verification_bias,
    "reference": reference_bias,
    "spectrum": spectrum_bias,
    "publication": publication_bias,
}
# Columns of the evidence's cohorts that speak of a bias.
_KNOWN = {
    "verification": ("verification",),
    "reference": ("verification",),
    "spectrum": ("sample", "case_control"),
    "publication": (),
}
_RATIOS = {"lr_positive": "LR+", "lr_negative": "LR-"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BiasProfile(Result):
    """The four biases of one result; made by :func:`bias_profile`.

    Parameters
    ----------
    curves : mapping of str to BiasCurve
        "verification", "reference", "spectrum", "publication": those that could be had.
    refused : mapping of str to str
        Why the others could not.
    known : mapping of str to str
        What is known of each bias, from the columns of the studies or cohorts.
    deeks, small_study : DeeksTest, SmallStudyTest or None
        The tests beside selective publication, where they could be made.
    """

    curves: Mapping[str, BiasCurve]
    refused: Mapping[str, str]
    known: Mapping[str, str]
    deeks: DeeksTest | None
    small_study: SmallStudyTest | None

    def to_frame(self) -> pd.DataFrame:
        """Return all curves: ``bias, parameter, value``, then the columns every curve has."""
        import pandas as pd

        common = ["measure", "estimate", "ci_low", "ci_high", "ci_level", "method", "feasible",
                  "reason_code"]  # fmt: skip
        frames = []
        for bias, curve in self.curves.items():
            frame = curve.frame[common].copy()
            frame.insert(0, "value", curve.frame[curve.parameter].to_numpy())
            frame.insert(0, "parameter", curve.parameter)
            frame.insert(0, "bias", bias)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def _shown(self) -> Shown:
        rows = []
        for bias, curve in self.curves.items():
            parts = []
            for name in _RATIOS:
                values = curve.measure(name)["estimate"]
                low, high = format_number(values.min()), format_number(values.max())
                parts.append(f"{low} to {high}")
            along = curve.frame[curve.parameter]
            span = f"{along.iloc[0]:.3g} to {along.iloc[-1]:.3g}"
            words = f"{curve.parameter.replace('_', ' ')} {span}"
            rows.append((curve.title, words, *parts, self.known.get(bias, "")))
        notes = [f"No curve for {bias}: {why}" for bias, why in self.refused.items()]
        notes += [
            str(one).split("\n", maxsplit=1)[0] for one in (self.deeks, self.small_study) if one
        ]
        head = ("bias", "along", *_RATIOS.values(), "known")
        return Shown("What biases could do to the likelihood ratios", (Grid(rows, head),), notes)


def bias_profile(
    result: Any,
    *,
    known: pd.DataFrame | None = None,
    level: float | None = None,
    **options: Mapping[str, Any],
) -> BiasProfile:
    """Return what four biases would do to a result, each at a time, as curves beside it.

    Nothing is corrected: each curve passes through the result where its bias is absent.

    Parameters
    ----------
    result : TwoByTwo, fit, or pandas.DataFrame
        See :func:`~backpain_stats.meta.bias.plain.read_plain`.
    known : pandas.DataFrame, optional
        What is known of the studies, with any of the columns ``verification, sample,
        case_control`` as in ``evidence.cohorts``: the cohorts in question. Of what
        :func:`backpain_stats.pool` returned, ``known=evidence.cohorts`` is enough: the cohorts
        pooled are looked up. By default the studies' own frame.
    level : float, optional
    **options : mapping
        Arguments of a curve: ``verification={"odds": 10}``, ``spectrum={"share": 0.8}``.

    Returns
    -------
    BiasProfile

    Raises
    ------
    UnknownNameError
        If an option names none of the four.
    ArgumentError, DataError, NotEstimableError
        If an option or the result cannot be used. Selective publication of a single table, or of
        too few studies, is listed under ``refused``.

    Examples
    --------
    >>> from backpain_stats import TwoByTwo
    >>> profile = bias_profile(TwoByTwo(tp=4, fp=41, fn=9, tn=1921))
    >>> list(profile.curves), profile.refused["publication"]
    (['verification', 'reference', 'spectrum'], 'selective publication is about several studies;
    this is one table')
    """
    for name in options:
        check_known(name, BIASES, "bias")
    result = tables_as_frame(result)
    studies = _studies(result)
    curves: dict[str, BiasCurve] = {}
    refused: dict[str, str] = {}
    for name, function in BIASES.items():
        try:
            curves[name] = function(result, level=level, **options.get(name, {}))
        except (NotEstimableError, FitError) as error:
            if name != "publication":
                raise
            refused[name] = str(error)
    return BiasProfile(
        curves,
        refused,
        _what_is_known(studies if known is None else _of_result(known, result)),
        _made(deeks_test, studies),
        _made(small_study_test, studies),
    )


def _studies(result: Any) -> pd.DataFrame | None:
    """Return the frame of studies behind a result; None of a single table."""
    fit = getattr(result, "fit", result)
    inside = getattr(fit, "studies", None)
    if inside is not None and hasattr(inside, "frame"):
        frame: pd.DataFrame = inside.frame.loc[inside.used]
        return frame
    return result if hasattr(result, "columns") else None


def _of_result(known: pd.DataFrame, result: Any) -> pd.DataFrame:
    """Return the rows of the cohorts that were pooled, where the result names them."""
    reports = getattr(result, "reports", None)
    if reports is None or "cohort_id" not in known.columns:
        return known
    return known.loc[known["cohort_id"].isin(reports.loc[reports["used"], "cohort_id"])]


def _made(test: Any, studies: pd.DataFrame | None) -> Any:
    """Return a test, or None where it cannot be made."""
    if studies is None:
        return None
    try:
        return test(studies)
    except BackpainStatsError:
        return None


def _what_is_known(frame: pd.DataFrame | None) -> dict[str, str]:
    """Count what the columns say of each bias."""
    if frame is None:
        return {}
    require_columns(frame, (), "known")
    found: dict[str, str] = {}
    for bias, columns in _KNOWN.items():
        parts = []
        for column in columns:
            if column in frame.columns:
                counts = frame[column].dropna().astype(str).value_counts()
                words = ", ".join(
                    f"{str(value).replace('_', ' ')} {n}" for value, n in counts.items()
                )
                parts.append(f"{column.replace('_', ' ')}: {words}" if words else "")
        if text := "; ".join(filter(None, parts)):
            found[bias] = text
    return found
