"""The published evidence on one flag, pooled over its cohorts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_choice, check_count, check_level
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import Estimate, format_level
from backpain_stats.evidence import Setting, Target
from backpain_stats.meta.accuracy import FlagAccuracy
from backpain_stats.meta.bayes.fit import NODES, fit_bayes, fit_settings, wide_priors
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.meta.point import MEASURE_TABLE, MEASURES
from backpain_stats.meta.published.imputation import fit_imputed
from backpain_stats.meta.published.reports import chosen_reports, report_rows
from backpain_stats.result import Grid, Result, Shown
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.evidence import Evidence
    from backpain_stats.meta.bayes.priors import Priors
    from backpain_stats.meta.result import BivariateFit

__all__ = ["PooledEvidence", "pool"]

SETTINGS = ("nested", "exchangeable", "covariate")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PooledEvidence(Result):
    """The cohorts that measured one flag, pooled.

    Parameters
    ----------
    target, setting, flag, family : str or None
        What was asked for.
    fit : BayesianFit or BivariateFit
        The fit; everything it offers is there too.
    reports : pandas.DataFrame
        Every published report about the flag: ``report_id, flag_id, cohort_id, study,
        setting, directness, n, n_cases, tables, tp, fp, fn, tn, verdict, used, contributes,
        reason_code, reason``.
        What is not used says why. Counts are those of the middle feasible table.
    notes : tuple of str
        What a reader must know before quoting the result.
    """

    target: Target
    setting: Setting | None
    flag: str | None
    family: str | None
    fit: BayesianFit | BivariateFit
    reports: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the flag or of the family of flags."""
        return str(self.flag or self.family)

    @property
    def cohorts(self) -> int:
        """Number of cohorts pooled."""
        return int(self.reports["used"].sum())

    @property
    def accuracy(self) -> FlagAccuracy:
        """As the accuracy of a flag, in an average practice and in a new one.

        Raises
        ------
        NotEstimableError
            If the fit is not Bayesian, or no patient informs the sensitivity or the
            specificity.
        """
        if not isinstance(self.fit, BayesianFit):
            raise NotEstimableError("only a Bayesian fit knows of a new practice")
        used = self.reports[self.reports["used"]]
        own = used if self.setting is None else used[used["setting"] == self.setting]
        one = own.iloc[0] if len(used) == 1 else None
        labels = {
            "flag_id": self.name,
            "report_id": "" if one is None else one["report_id"],
            "cohort_id": f"{len(used)} cohorts" if one is None else one["cohort_id"],
            "study": "" if one is None else one["study"],
            "target": self.target,
            "setting": self.setting or "",
        }
        return FlagAccuracy.of(self.fit, labels)

    @property
    def sensitivity(self) -> Estimate:
        """Sensitivity in the middle setting."""
        return self.fit.sensitivity

    @property
    def specificity(self) -> Estimate:
        """Specificity in the middle setting."""
        return self.fit.specificity

    @property
    def lr_positive(self) -> Estimate:
        """LR+ of the summary sensitivity and specificity."""
        return self.fit.lr_positive

    @property
    def lr_negative(self) -> Estimate:
        """LR- of the summary sensitivity and specificity."""
        return self.fit.lr_negative

    @property
    def odds_ratio(self) -> Estimate:
        """Diagnostic odds ratio of the summary sensitivity and specificity."""
        return self.fit.odds_ratio

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """Means of logit sensitivity and logit specificity."""
        return self.fit.coefficients

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the coefficients."""
        return self.fit.covariance

    def predict(self, pretest: float | None = None, **options: Any) -> pd.DataFrame:
        """Return what to expect in a new practice; see ``predict`` of the fit."""
        return self.fit.predict(pretest=pretest, **options)

    def frame(self) -> pd.DataFrame:
        """Return one row a measure: the summary with its interval, and the prediction interval.

        Columns: ``measure, estimate, ci_low, ci_high, prediction_low, prediction_high,
        ci_level, method``; a common-effect fit has no prediction interval (NaN).
        """
        import pandas as pd

        rows = [getattr(self.fit, name).as_dict() for name in MEASURES]
        frame = pd.DataFrame(rows)
        frame[["prediction_low", "prediction_high"]] = np.nan
        # A common-effect fit knows of no other settings.
        if self.fit.effects == "random":
            expected = self.predict().set_index("measure")
            frame["prediction_low"] = frame["measure"].map(expected["ci_low"])
            frame["prediction_high"] = frame["measure"].map(expected["ci_high"])
        names = ("measure", "estimate", "ci_low", "ci_high", "prediction_low", "prediction_high")
        return frame[[*names, "ci_level", "method"]]

    def to_frame(self) -> pd.DataFrame:
        """Return the same as :meth:`frame`."""
        return self.frame()

    def _shown(self) -> Shown:
        """Show the measures, every report with what became of it, and the notes."""
        where = self.setting or "all settings"
        measures = []
        for row in self.frame().to_dict("records"):
            write = MEASURE_TABLE[str(row["measure"])].write
            measures.append(
                (
                    MEASURE_TABLE[str(row["measure"])].label,
                    f"{write(row['estimate'])} ({format_level(row['ci_level'])} interval "
                    f"{write(row['ci_low'])} to {write(row['ci_high'])})",
                    f"in a new practice {write(row['prediction_low'])} to "
                    f"{write(row['prediction_high'])}",
                )
            )
        used = self.reports[self.reports["used"]]
        left_out = self.reports[~self.reports["used"]]
        notes = [
            *(f"used: {row['report_id']} ({row['setting']})" for row in used.to_dict("records")),
            *(
                f"left out: {row['report_id']} ({row['setting']}): {row['reason']}"
                for row in left_out.to_dict("records")
            ),
            *(f"note: {note}" for note in self.notes),
        ]
        cohorts = f"{self.cohorts} cohort{'s' if self.cohorts != 1 else ''}"
        title = f"{self.name} for {self.target}, {where}: {cohorts} together"
        return Shown(title, [Grid(measures)], notes)


def pool(
    evidence: Evidence,
    *,
    target: Target,
    flag: str | None = None,
    family: str | None = None,
    setting: Setting | None = None,
    inference: str = "bayes",
    settings: str | None = None,
    effects: str = "random",
    priors: Priors | None = None,
    imputations: int = 20,
    indirect: bool = False,
    level: float = 0.95,
    seed: Seed = DEFAULT_SEED,
) -> PooledEvidence:
    r"""Pool what the published cohorts say about one flag, or one family of flags.

    Every report with a 2x2 table takes part, one report a group of patients. A cohort
    without cases informs the specificity. Where several tables print a report's
    figures, none is picked: the Bayesian fit uses the probability of the printed
    figures, the sum over their tables; the likelihood fit is repeated over random
    choices of tables and combined by Rubin's rules.

    Parameters
    ----------
    evidence : Evidence
    target : str
        ``"malignancy"``, ``"fracture"``, ...
    flag, family : str
        Exactly one of them. A family pools different wordings or thresholds as if
        they were one test: say so when you quote it.
    setting : str, optional
        The setting whose practices the result is about; by default the middle of all
        settings.
    inference : {"bayes", "likelihood"}
        Two or three cohorts, which is what most flags have, determine no
        between-study variance: the priors of
        :class:`~backpain_stats.meta.bayes.priors.Priors` carry it, and are part of the
        result. ``"likelihood"`` needs four cohorts for each of sensitivity and
        specificity.
    settings : {"nested", "exchangeable", "covariate"}, optional
        How cohorts of other settings are used. ``"nested"`` (Bayesian, and its default):
        practices vary around the mean of their setting and settings around a common mean,
        so that cohorts of other settings inform this one, less than its own do.
        ``"exchangeable"`` (the default of the likelihood): cohorts of all settings are
        draws from one distribution; with ``setting`` only its own cohorts take part.
        ``"covariate"`` (likelihood only, many cohorts): the means differ by setting; see
        ``fit.subgroups()``.
    effects : {"random", "common"}
        ``"common"`` (likelihood only) adds the tables up.
    priors : Priors, optional
        For the Bayesian fit; by default the learned spread between practices and nearly flat
        means, Normal(0, 5).
    imputations : int
        Choices of tables, for the likelihood fit.
    indirect : bool, default False
        Whether cohorts of other patients than those asked about, or with another target,
        take part.
    level : float
        Level of all intervals.
    seed : int, Generator or None

    Returns
    -------
    PooledEvidence

    Raises
    ------
    ArgumentError, UnknownNameError
        If a name or an option is not allowed.
    NotEstimableError
        If no report has a table, or the model asked for needs more cohorts.

    Notes
    -----
    Most reviews of red flags declined to pool, because settings and wordings differ
    (Downie et al. 2013, https://doi.org/10.1136/bmj.f7095). The prediction interval shows
    what that means in numbers: often a new practice may have nearly any likelihood ratio.

    Examples
    --------
    >>> from backpain_stats import load_evidence, pool
    >>> pooled = pool(load_evidence(), target="malignancy", flag="cancer_history")
    >>> reports = pooled.reports.set_index("report_id")
    >>> reports.loc[["deyo1988_cancer_history", "henschke2009_cancer_history"],
    ...             ["tables", "used", "contributes"]]
                                 tables  used       contributes
    report_id
    deyo1988_cancer_history          20  True              both
    henschke2009_cancer_history      11  True  specificity only
    >>> lr, new = pooled.lr_positive, pooled.frame().set_index("measure").loc["lr_positive"]
    >>> bool(lr.ci_low > 1)
    True
    >>> bool(new.prediction_low < 1 and new.prediction_high > 100)
    True
    """
    if (flag is None) == (family is None):
        raise ArgumentError("give either a flag or a family, not both and not neither")
    check_choice(inference, "inference", ("bayes", "likelihood"))
    if settings is None:
        settings = "nested" if inference == "bayes" else "exchangeable"
    check_choice(settings, "settings", SETTINGS)
    check_choice(effects, "effects", ("random", "common"))
    check_level(level)
    if check_count(imputations, "imputations") < 2:
        raise ArgumentError(f"imputations is {imputations}; it must be 2 or more")
    nested = settings == "nested"
    if inference == "bayes" and (settings == "covariate" or effects != "random"):
        raise ArgumentError(
            "settings='covariate' and effects='common' go with inference='likelihood'"
        )
    if inference == "likelihood" and nested:
        raise ArgumentError("settings='nested' goes with inference='bayes'")
    reports = chosen_reports(
        evidence, target, setting, flag, family, indirect=indirect, borrow=nested
    )
    rows = report_rows(evidence, reports)
    if rows.empty or not (setting is None or (rows["setting"] == setting).any()):
        asked = family if flag is None else flag
        raise NotEstimableError(_nothing_to_pool(reports, target, asked, setting))
    fit: BayesianFit | BivariateFit
    if inference == "bayes":
        fit = _bayes(rows, setting or "", priors, level, seed, nested=nested)
    else:
        formula = "setting" if settings == "covariate" else None
        fit = fit_imputed(
            rows, imputations=imputations, formula=formula, effects=effects, level=level, seed=seed
        )
    notes = _notes(reports, setting, settings, inference)
    return PooledEvidence(target, setting, flag, family, fit, reports, notes)


def _bayes(
    rows: pd.DataFrame,
    setting: str,
    priors: Priors | None,
    level: float,
    seed: Seed,
    *,
    nested: bool,
) -> BayesianFit:
    """Fit the rows by their posterior, cohorts inside settings or all exchangeable."""
    data = rows.drop(columns="setting")
    if not nested:
        return fit_bayes(
            data,
            priors=priors or wide_priors(),
            several_tables=True,
            nodes=NODES,
            level=level,
            seed=seed,
        )
    places = rows.drop_duplicates("study")["setting"].fillna("").tolist()
    return fit_settings(data, places, setting, priors=priors, level=level, seed=seed)


def _notes(
    reports: pd.DataFrame, setting: Setting | None, settings: str, inference: str
) -> tuple[str, ...]:
    used = reports.loc[reports["used"]]
    notes = []
    where = used["setting"].fillna("not stated").unique()
    if len(where) > 1 and settings == "exchangeable":
        notes.append(
            f"settings ({', '.join(where)}) are taken as exchangeable: the summary is that of "
            "the middle setting"
        )
    others = used.loc[used["setting"] != setting, "report_id"]
    if len(where) > 1 and settings == "nested":
        notes.append(
            f"settings ({', '.join(where)}) vary around a common mean: the summary is that of "
            "the middle setting"
            if setting is None
            else f"cohorts of other settings inform this one: {', '.join(others)}"
        )
    flags = used["flag_id"].unique()
    if len(flags) > 1:
        notes.append(f"different flags are pooled as if they were one: {', '.join(flags)}")
    both = int((used["contributes"] != "specificity only").sum())
    if inference == "bayes" and both < 4:
        who = "one cohort informs" if both == 1 else f"{both} cohorts inform"
        notes.append(
            f"{who} the sensitivity: how far practices differ rests on the prior as much as on "
            "the data"
        )
    several = int((used["tables"] > 1).sum())
    if several:
        notes.append(f"{several} of {len(used)} cohorts print figures that several tables fit")
    return tuple(notes)


def _nothing_to_pool(
    reports: pd.DataFrame, target: Target, name: str | None, setting: Setting | None
) -> str:
    where = "here" if setting is None else f"in {setting}"
    here = reports if setting is None else reports[reports["setting"] == setting]
    if here.empty:
        return f"no cohort reports {name} for {target} {where}"
    reasons = "; ".join(
        f"{report}: {reason}"
        for report, reason in zip(here["report_id"], here["reason"], strict=True)
    )
    return f"no report on {name} for {target} {where} has a 2x2 table ({reasons})"
