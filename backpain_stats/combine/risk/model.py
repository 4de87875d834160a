"""RiskModel: the risk of a patient with several findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, check_level, check_pretest
from backpain_stats.combine.dependence.base import Dependence, check_dependence
from backpain_stats.combine.dependence.shrunken import Shrunken
from backpain_stats.combine.inputs.entries import Entries
from backpain_stats.combine.inputs.frame_entries import Effects, entries_from_frame
from backpain_stats.combine.inputs.published_entries import entries_from_evidence
from backpain_stats.combine.risk.assessment import flag_frame, without_combinations
from backpain_stats.combine.risk.patient import check_together, patient_pattern
from backpain_stats.combine.risk.patient_frame import frame_patterns
from backpain_stats.combine.risk.patient_risk import patient_risk
from backpain_stats.combine.risk.pattern_risks import Known
from backpain_stats.combine.risk.posterior import Posterior, draw_posterior, point_marginals
from backpain_stats.combine.risk.risk import Risk
from backpain_stats.combine.risk.tables import profile_frame, risks_frame, sensitivity_frame
from backpain_stats.errors import PretestError
from backpain_stats.evidence import Setting, Target
from backpain_stats.meta import Priors
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed, check_draws

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence
    from backpain_stats.printed.prevalence import PrevalenceLike

__all__ = ["RiskModel"]

DEFAULT_DEPENDENCE = Shrunken()
RHO_GRID = tuple(round(0.05 * step, 2) for step in range(19))


class RiskModel:
    r"""The risk of a condition after several findings in one patient.

    .. math::
       \frac{P(D \mid x)}{1 - P(D \mid x)} =
       \frac{P(D)}{1 - P(D)} \cdot \frac{P(x \mid D)}{P(x \mid \bar D)}

    where :math:`x` is the whole pattern of findings; a dependence model says
    how likely it is among cases and non-cases. Flags not assessed are
    integrated out exactly.

    Parameters
    ----------
    evidence : Evidence
        What has been published.
    target, setting : str, default "malignancy", "primary_care"
        The condition and where the patient is seen.
    flags : sequence of str, optional
        The flags that enter; by default every flag with a usable report.
    dependence : Dependence, default Shrunken()
        How findings hang together within a disease group; see
        :class:`Shrunken` for the reason of the default.
    pretest : float, str or SettingPrevalence, optional
        Pre-test probability: a fraction, counts (``"13/1975"``) or a range
        (``"0.1% to 0.7%"``); by default :func:`~backpain_stats.pool_prevalence` of the
        setting, which differs between practices, too.
    rho_prior : tuple of float, optional
        For one-factor dependence: the range over which the correlation of
        either group is uniform and independent in the interval. The estimate
        stays at ``dependence``.
    indirect : bool, default False
        Whether reports on other patients than those asked about, or on another target,
        enter.
    draws : int, default 4096
        Size of the quasi-random sample behind intervals.
    seed : int or numpy.random.Generator, optional
        Seed of that sample.

    Raises
    ------
    NotEstimableError
        If no flag has a usable report, or a named one has none; the message says
        which report failed and why.
    UnknownNameError, ArgumentError, PretestError
        If a name, an argument or the pre-test is not allowed.

    Notes
    -----
    What is known of each flag is :func:`~backpain_stats.flag_accuracy`: the posterior from
    all its direct cohorts, with practices that differ. Every risk has two intervals: for an
    average practice, and for a new one, which is where a patient is seen. Estimates are
    medians of the posterior that the interval comes from (see
    :mod:`backpain_stats.combine.risk.posterior`).

    Examples
    --------
    A clinician's patient: over 50, cancer in the history, no weight loss.

    >>> from backpain_stats import RiskModel, load_evidence
    >>> model = RiskModel(load_evidence())
    >>> risk = model.risk(present=["age_50", "cancer_history"], absent=["weight_loss_unexplained"])
    >>> print(risk.posttest)
    4.1% (95% interval 0.17% to 45%; shrunken; ...) after age_50 present, cancer_history
    present, weight_loss_unexplained absent, from a pre-test probability of 0.24%
    [deyo1988_malignancy, henschke2009_malignancy: 13 of 3147, practices differing]
    """

    def __init__(
        self,
        evidence: Evidence,
        target: Target = "malignancy",
        setting: Setting = "primary_care",
        *,
        flags: Sequence[str] | None = None,
        dependence: Dependence = DEFAULT_DEPENDENCE,
        pretest: PrevalenceLike | None = None,
        rho_prior: tuple[float, float] | None = None,
        indirect: bool = False,
        draws: int = DRAWS,
        seed: Seed = DEFAULT_SEED,
    ) -> None:
        """Collect what enters from the evidence."""
        entries = entries_from_evidence(
            evidence, target, setting, flags, pretest, indirect=indirect
        )
        self._set(entries, dependence, rho_prior, draws, seed)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        pretest: PrevalenceLike,
        *,
        dependence: Dependence = DEFAULT_DEPENDENCE,
        nested: Iterable[Sequence[str]] = (),
        combinations: pd.DataFrame | None = None,
        effects: Effects | None = None,
        priors: Priors | None = None,
        rho_prior: tuple[float, float] | None = None,
        draws: int = DRAWS,
        seed: Seed = DEFAULT_SEED,
    ) -> Self:
        """Build a model from a frame of your own.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row a flag: ``flag`` and either counts ``tp, fp, fn, tn`` or
            ``sensitivity, specificity`` (fractions, taken as known). Optional:
            ``cohort_id`` or ``study`` (rows without are taken to be of one
            cohort), ``label`` and ``family`` (for the rules about thresholds and
            wordings), ``quantity, threshold, direction`` (cut-offs, so that values may be
            given) and ``contains``, as in ``flags.csv``.
        pretest : float or str
            Pre-test probability, as in :class:`RiskModel`.
        dependence, rho_prior, draws, seed
            As in :class:`RiskModel`.
        nested : iterable of sequence of str, optional
            Flags that are thresholds of one quantity, least demanding first.
        effects : {"random", "common"}, optional
            Whether the practices of the rows are some of many that differ, as in
            :class:`RiskModel`, or one accuracy holds in every practice: the counts are then
            added up, and there is no new practice. By default random, and common where
            ``combinations`` are given, since these hold for the patients counted.
        priors : Priors, optional
            Of the accuracies and of how practices differ, for random effects; by default
            the learned spread and nearly flat means, as in :func:`~backpain_stats.pool`.
        combinations : pandas.DataFrame, optional
            Results of flags together: ``flags`` (joined by semicolons), ``rule``
            (any, all, at_least_k), ``k``, ``sensitivity, specificity``.

        Raises
        ------
        DataError
            If a row cannot be used; the message names it.

        Examples
        --------
        >>> import pandas as pd
        >>> from backpain_stats import Independent, RiskModel
        >>> frame = pd.DataFrame({
        ...     "flag": ["first", "second"], "sensitivity": [0.6, 0.5], "specificity": [0.9, 0.8]})
        >>> model = RiskModel.from_frame(frame, pretest=0.1, dependence=Independent())
        >>> model.risk(present=["first"], absent=["second"]).lr.estimate
        3.75...
        """
        if effects is not None:
            check_choice(effects, "effects", ("random", "common"))
        entries = entries_from_frame(
            frame, pretest, nested=nested, combinations=combinations, effects=effects, priors=priors
        )
        model = cls.__new__(cls)
        model._set(entries, dependence, rho_prior, draws, seed)
        return model

    def _set(
        self,
        entries: Entries,
        dependence: Dependence,
        rho_prior: tuple[float, float] | None,
        draws: int,
        seed: Seed,
    ) -> None:
        draws = check_draws(draws)
        self.entries = entries
        self.dependence = check_dependence(dependence).with_prior(rho_prior)
        self._rho_prior = rho_prior
        self._draws, self._seed = draws, seed
        self._point = point_marginals(entries)

    def with_dependence(self, dependence: Dependence) -> Self:
        """Return the same model under another dependence; the evidence is not read again.

        Parameters
        ----------
        dependence : Dependence
            What to assume instead. Draws and seed stay; a prior on the
            correlation stays with one-factor dependence and is dropped otherwise.

        Examples
        --------
        >>> from backpain_stats import Independent, load_evidence
        >>> model = RiskModel(load_evidence())
        >>> multiplied = model.with_dependence(Independent())
        >>> findings = ["age_50", "cancer_history"]
        >>> multiplied.risk(findings).lr.estimate > model.risk(findings).lr.estimate
        True
        """
        prior = self._rho_prior if check_dependence(dependence).varies_rho else None
        model = type(self).__new__(type(self))
        model._set(self.entries, dependence, prior, self._draws, self._seed)
        return model

    @property
    def flags(self) -> pd.DataFrame:
        """What enters, one row a flag.

        ``flag_id, label, family, cohort_id``, then the columns of
        :func:`~backpain_stats.accuracy_table` from ``studies`` to ``basis``.
        """
        return flag_frame(self.entries)

    @cached_property
    def posterior(self) -> Posterior:
        """The joint posterior draws behind every interval, made when first needed."""
        return draw_posterior(self.entries, self.dependence, draws=self._draws, seed=self._seed)

    @cached_property
    def new_practice(self) -> Posterior | None:
        """The same for a practice that was not studied; None where practices are alike."""
        if self.entries.practices_alike:
            return None
        return draw_posterior(
            self.entries, self.dependence, draws=self._draws, seed=self._seed, practice="new"
        )

    @property
    def _known(self) -> Known:
        """Everything a risk is computed from, the posterior draws included."""
        return replace(
            self._without_draws, posterior=self.posterior, new_practice=self.new_practice
        )

    @property
    def _without_draws(self) -> Known:
        """Everything an estimate is computed from, without draws."""
        return Known(self.dependence, self._point, self.entries.pretest.estimate, None)

    def risk(
        self,
        present: Iterable[str] | Mapping[str, float] = (),
        absent: Iterable[str] = (),
        *,
        level: float = 0.95,
    ) -> Risk:
        """Return the risk of a patient.

        Parameters
        ----------
        present : iterable of str, or mapping of str to float
            Flags found. A mapping also takes values: ``{"crp": 62, "fever": True}``. A value
            of a quantity (column ``quantity`` of the flags) decides each of its thresholds in
            the model: present where it is at the cut-off or beyond, absent where not; together
            they are one finding, with the ratio of the stratum between two cut-offs. A
            threshold reported more often than a less demanding one is left not assessed.
        absent : iterable of str
            Flags looked for and not found. A flag in neither list was not assessed and is
            integrated out. Both empty: the pre-test probability.
        level : float, default 0.95
            Level of the intervals.

        Returns
        -------
        Risk

        Raises
        ------
        UnknownNameError, NotEstimableError, ArgumentError
            If a name is unknown, has no usable report, is in both lists, two names are one
            finding, one contains the other, or no threshold of a quantity is in the model.
        ConstraintError
            If published combinations contradict the marginals.

        Examples
        --------
        >>> from backpain_stats import load_evidence
        >>> print(RiskModel(load_evidence()).risk())
        Risk of malignancy in primary care
          pre-test                     0.24% [deyo1988_malignancy, ...
          ...
        """
        check_level(level)
        pattern = patient_pattern(self.entries, present, absent)
        risk = patient_risk(self.entries, self._known, pattern, level)
        return replace(risk, seed=self._seed) if isinstance(self._seed, int) else risk

    def risks(self, patients: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
        """Return the risk of many patients, one row each.

        Each different pattern of findings is computed once, all from the same posterior
        draws: each row is that of :meth:`risk`.

        Parameters
        ----------
        patients : pandas.DataFrame
            One row a patient, one column a flag: 1 or True for present, 0 or False for
            absent, missing for not assessed. A flag without a column was not assessed in
            anybody. A column named by a quantity has its values instead, as in :meth:`risk`.
        level : float, default 0.95
            Level of the intervals.

        Returns
        -------
        pandas.DataFrame
            With the index of ``patients``: ``present, absent`` (flags, joined by
            semicolons), ``lr, lr_low, lr_high`` (combined likelihood ratio), ``pretest``,
            ``posttest, ci_low, ci_high`` (post-test probability in an average practice),
            ``new_practice_low, new_practice_high`` (its interval in a practice that was
            not studied), ``ci_level, method``.
            Findings that the figures make impossible together, in both groups, have
            neither ratio nor risk (NaN); ``method`` says so. Under :class:`Bounds` there
            is no estimate (NaN) and the ends are sharp bounds, without a level (NaN).

        Raises
        ------
        UnknownNameError, NotEstimableError
            If a column is neither flag nor quantity, a flag has no usable report, or no
            threshold of a quantity is in the model.
        DataError, ArgumentError
            If a cell is no finding, a column occurs twice, or the findings of a patient
            contradict each other; the message names row and column.

        Examples
        --------
        >>> import pandas as pd
        >>> from backpain_stats import RiskModel, load_evidence
        >>> patients = pd.DataFrame(
        ...     {"age_50": [1, 1, 0], "cancer_history": [1, 0, None]}, index=["Ann", "Bo", "Cy"])
        >>> risks = RiskModel(load_evidence()).risks(patients)
        >>> risks["posttest"].is_monotonic_decreasing
        True
        >>> risks[["present", "absent"]]
                            present          absent
        Ann   age_50;cancer_history
        Bo                   age_50  cancer_history
        Cy                                   age_50
        """
        check_level(level)
        patterns = frame_patterns(self.entries, patients)
        return risks_frame(
            self._known, self.entries.flags, patterns, index=patients.index, level=level
        )

    def profile(self, *, level: float | None = 0.95) -> pd.DataFrame:
        """Return every complete pattern of findings with its probability and risk.

        Parameters
        ----------
        level : float or None, default 0.95
            Level of the intervals; None for the values at the point estimates, without
            draws, which is quick with any number of flags.

        Returns
        -------
        pandas.DataFrame
            One row a pattern: a column for each flag (1 present, 0 absent), then
            ``probability_cases, probability_noncases`` (within each group; they
            sum to 1), ``probability`` (among all patients at the pre-test),
            ``lr, lr_low, lr_high, pretest, posttest, ci_low, ci_high,
            new_practice_low, new_practice_high, ci_level, method`` as in :meth:`risks`.
            A dependence model without a joint distribution has no probabilities. A
            pattern that is impossible in both groups has neither ratio nor risk (NaN).
            Under :class:`Bounds` the columns after the flags are ``pretest, posttest_low,
            posttest_high``: no sampling error.

        Raises
        ------
        ArgumentError
            If the model holds two wordings of one finding, or too many flags.

        Examples
        --------
        >>> import pandas as pd
        >>> from backpain_stats import Independent, RiskModel
        >>> frame = pd.DataFrame({
        ...     "flag": ["first", "second"], "sensitivity": [0.6, 0.5], "specificity": [0.9, 0.8]})
        >>> RiskModel.from_frame(frame, 0.1, dependence=Independent()).profile()[
        ...     ["first", "second", "lr", "posttest"]].round(3)
           first  second      lr  posttest
        0      0       0   0.278     0.030
        1      0       1   1.111     0.110
        2      1       0   3.750     0.294
        3      1       1  15.000     0.625
        """
        check_together(self.entries, self.entries.flags)
        if level is None:
            return profile_frame(self._without_draws, np.nan)
        check_level(level)
        return profile_frame(self._known, level)

    def sensitivity(
        self,
        present: Iterable[str] | Mapping[str, float] = (),
        absent: Iterable[str] = (),
        *,
        rho: Sequence[float] = RHO_GRID,
        pretest: float | Sequence[float] | None = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Return a patient's risk over a range of dependence and of pre-test.

        One-factor dependence with the same correlation in both groups, whatever
        the model's own dependence; 0 is independence.

        Parameters
        ----------
        present, absent
            As in :meth:`risk`.
        rho : sequence of float, optional
            Correlations, each from 0 to below 1; by default 0 to 0.9.
        pretest : float or sequence of float, optional
            Pre-test probabilities, taken as known; by default the model's own
            with its uncertainty.
        level : float, default 0.95
            Level of the intervals.

        Returns
        -------
        pandas.DataFrame
            One row a pre-test and correlation: ``rho, pretest, lr, estimate,
            ci_low, ci_high, ci_level, bound_low, bound_high, method``.
            ``estimate`` is the post-test probability; ``bound_low`` and
            ``bound_high`` are the sharp bounds over every dependence that fits
            the marginals (combinations are not used).

        Raises
        ------
        ArgumentError, PretestError
            If a correlation or a pre-test is not allowed; and as in :meth:`risk`.

        Examples
        --------
        >>> from backpain_stats import load_evidence
        >>> model = RiskModel(load_evidence())
        >>> found = model.sensitivity(["age_50", "cancer_history"], rho=[0, 0.2, 0.4])
        >>> found["estimate"].is_monotonic_decreasing
        True
        """
        check_level(level)
        pattern = patient_pattern(self.entries, present, absent)
        posterior = self.posterior
        pretests = [(self.entries.pretest.estimate, posterior.pretest)]
        if pretest is not None:
            given = np.atleast_1d(check_pretest(pretest))
            if not given.size:
                raise PretestError(f"pretest is {pretest!r}; give one or more probabilities")
            pretests = [(float(one), np.full(self._draws, one)) for one in given]
        marginals = without_combinations(posterior.marginals)
        known = replace(
            self._without_draws,
            marginals=without_combinations(self._point),
            posterior=replace(posterior, marginals=marginals, dependence=None),
        )
        return sensitivity_frame(known, pattern, pretests=pretests, rho=rho, level=level)

    def __repr__(self) -> str:
        """Return what the model is about and what enters."""
        about = " in ".join(filter(None, [self.entries.target, self.entries.setting])) or "a frame"
        pretest = f"{self.entries.pretest} [{self.entries.pretest_source}]"
        return (
            f"RiskModel of {about}: {len(self.entries.flags)} flags "
            f"({', '.join(self.entries.flags)}); pre-test {pretest}; "
            f"{self.dependence.describe()}"
        )
