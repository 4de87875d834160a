"""How findings hang together: the one interface behind every dependence model.

A study prints how often each finding is present among cases and among
non-cases: the *marginals*. The risk of a patient with several findings needs
the probability of the whole *pattern* in either group, and the marginals do
not determine it. A dependence model supplies what is missing::

    marginals = Marginals(cases=[0.31, 0.77], noncases=[0.02, 0.29])
    model.log_probabilities(marginals, patterns=[[1, 1], [1, -1]])

Conventions
-----------
* A *flag* is a column of the marginals. A pattern is a row of small integers,
  one a flag: ``PRESENT`` (1), ``ABSENT`` (0) or ``NOT_ASSESSED`` (-1). A flag
  that was not assessed is integrated out exactly.
* ``Marginals.cases`` and ``Marginals.noncases`` have shape (draws, flags): one
  row a posterior draw, or a single row for point estimates.
* Probabilities come back as natural logarithms of shape (draws, patterns);
  an impossible pattern is ``-inf``.
* *Nested* flags (age 50 and age 70; ESR 20, 50 and 100) are one ordered
  *finding*: the flags are exceedances of it, least demanding first. Every
  other flag is a finding of its own. A pattern narrows each finding to one
  stratum ``at least this exceedance and not the next one``, whose marginal
  probability is the difference of two exceedances (see
  :func:`~backpain_stats.combine.dependence.patterns.strata`).
* A *combination* is a published result of several flags together ("at least
  one of these four"); only the models that can honour it use it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.special import expit, logit

from backpain_stats.combine.dependence.marginals import (
    Combination,
    Group,
    GroupName,
    LogProbabilities,
    Marginals,
)
from backpain_stats.combine.dependence.patterns import all_patterns, as_patterns, matching
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Combination",
    "Dependence",
    "Group",
    "GroupName",
    "LogProbabilities",
    "Marginals",
    "PatternModel",
    "RatioModel",
    "check_dependence",
    "posttest_from_log_ratio",
]


class Dependence(ABC):
    """How findings hang together within a disease group.

    Subclasses are small frozen objects. Those that choose one joint
    distribution derive from :class:`PatternModel`, those that give ratios
    without one from :class:`RatioModel`; :class:`Bounds` keeps them all.
    Whatever works with a dependence model asks these methods, never its class;
    :func:`~backpain_stats.combine.dependence.registry.register` makes a new
    one known to the command line, the overview, the explorer and calibration.
    """

    __slots__ = ()

    #: Short name, as at the command line.
    name: ClassVar[str] = ""

    #: Whether published combinations are used.
    uses_combinations: ClassVar[bool] = False

    #: Whether a pattern keeps a range of risks instead of one ratio.
    leaves_range: ClassVar[bool] = False

    #: Whether it has a correlation that :meth:`with_prior` can draw from a range.
    varies_rho: ClassVar[bool] = False

    @abstractmethod
    def describe(self) -> str:
        """Return the assumption in one plain sentence."""

    def caveat(self, *, varied: bool, combinations: bool) -> str:
        """Return what the model leaves open when several findings are assessed, or nothing.

        Parameters
        ----------
        varied : bool
            Whether the model's own parameters are drawn in the interval.
        combinations : bool
            Whether results of flags together were published.
        """
        del varied, combinations
        return ""

    def says_more(self, *, combinations: bool) -> bool:
        """Return whether it differs from independence, with combinations published or without."""
        del combinations
        return True

    def with_prior(self, rho_prior: tuple[float, float] | None) -> Self:
        """Return the model with its correlation drawn from a range.

        Raises
        ------
        ArgumentError
            If the model has no correlation.
        """
        if rho_prior is None:
            return self
        raise ArgumentError(
            f"rho_prior is a range for one-factor dependence; {self.name} has no correlation"
        )

    def drawn(self, uniform: NDArray[np.float64]) -> Dependence:
        """Return the model with what it does not know of itself drawn, one value per draw.

        ``uniform`` holds uniform numbers of shape (draws, 2). A model that is sure of its
        parameters returns itself.
        """
        del uniform
        return self

    def draw_tied(
        self,
        point: Marginals,
        sizes: Mapping[GroupName, NDArray[np.float64]],
        random: np.random.Generator,
        marginals: Mapping[GroupName, NDArray[np.float64]],
    ) -> list[Combination]:
        """Draw again, in place, the marginals that combinations tie; return the drawn combinations.

        Parameters
        ----------
        point : Marginals
            The point estimates.
        sizes : mapping
            For either group, the number of its patients behind each flag; NaN if not known.
        random : numpy.random.Generator
            Source of random numbers.
        marginals : mapping
            For either group, the draws so far, shape (draws, flags).
        """
        del point, sizes, random, marginals
        return []

    def pattern_probabilities(
        self, marginals: Marginals, patterns: ArrayLike
    ) -> LogProbabilities | None:
        """Return the log probability of each pattern in either group; None without a joint one."""
        del marginals, patterns
        return None

    def complete_table(self, marginals: Marginals) -> LogProbabilities | None:
        """Return the log probability of every complete pattern; None without a joint one."""
        del marginals
        return None

    def log_ratios(self, marginals: Marginals, patterns: ArrayLike) -> NDArray[np.float64]:
        """Return the log likelihood ratio of each pattern, shape (draws, patterns).

        ``marginals`` and ``patterns`` are as in :meth:`risk_range`. NaN where a pattern is
        impossible in both groups, and everywhere for a model that leaves a range.
        """
        return np.full((marginals.draws, len(as_patterns(patterns, marginals.flags))), np.nan)

    def log_ratio_blocks(
        self, marginals: Marginals, patterns: NDArray[np.int8], width: int
    ) -> Iterator[NDArray[np.float64]]:
        """Yield :meth:`log_ratios` of at most ``width`` patterns at a time."""
        for start in range(0, len(patterns), width):
            yield self.log_ratios(marginals, patterns[start : start + width])

    @abstractmethod
    def risk_range(
        self, marginals: Marginals, patterns: ArrayLike, pretest: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lowest and highest post-test probability of each pattern.

        Parameters
        ----------
        marginals : Marginals
            What is known of each flag.
        patterns : array_like
            Patterns, shape (patterns, flags).
        pretest : array_like
            Pre-test probability: a number, or one a draw.

        Returns
        -------
        low, high : numpy.ndarray
            Each of shape (draws, patterns); equal for a model that chooses one
            joint distribution. NaN where the pattern is impossible in both groups.
        """


def check_dependence(value: object) -> Dependence:
    """Return a dependence model that a user gave.

    Raises
    ------
    ArgumentError
        If it is none.
    """
    if isinstance(value, Dependence):
        return value
    raise ArgumentError(
        f"dependence is {value!r}; give Independent(), OneFactor(), Shrunken(), "
        "MaximumEntropy() or Bounds()"
    )


class RatioModel(Dependence):
    """A dependence model that gives every pattern one likelihood ratio."""

    __slots__ = ()

    @abstractmethod
    def log_ratios(self, marginals: Marginals, patterns: ArrayLike) -> NDArray[np.float64]:
        """Return the log likelihood ratio of each pattern, shape (draws, patterns).

        ``marginals`` and ``patterns`` are as in :meth:`Dependence.risk_range`. NaN
        where a pattern is impossible in both groups.
        """

    def risk_range(
        self, marginals: Marginals, patterns: ArrayLike, pretest: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the post-test probability twice: this model leaves no range."""
        risk = posttest_from_log_ratio(self.log_ratios(marginals, patterns), pretest)
        return risk, risk


class PatternModel(RatioModel):
    """A dependence model that gives every pattern one probability in each group."""

    __slots__ = ()

    def log_ratios(self, marginals: Marginals, patterns: ArrayLike) -> NDArray[np.float64]:
        """Return the log likelihood ratio of each pattern, shape (draws, patterns)."""
        return self.log_probabilities(marginals, patterns).log_ratio

    def pattern_probabilities(self, marginals: Marginals, patterns: ArrayLike) -> LogProbabilities:
        """Return the log probability of each pattern in either group."""
        return self.log_probabilities(marginals, patterns)

    def complete_table(self, marginals: Marginals) -> LogProbabilities:
        """Return the log probability of every complete pattern."""
        return self.log_table(marginals)

    def log_ratio_blocks(
        self, marginals: Marginals, patterns: NDArray[np.int8], width: int
    ) -> Iterator[NDArray[np.float64]]:
        """Yield the log ratios of at most ``width`` patterns at a time.

        Where there are no more complete patterns than patterns asked for, each ratio is
        one of sums over the complete ones: far cheaper than integrating each.
        """
        # A product, as a float: it may be larger than any integer.
        complete = np.prod([len(finding) + 1.0 for finding in marginals.findings])
        if complete > min(len(patterns), width):
            yield from super().log_ratio_blocks(marginals, patterns, width)
            return
        states = all_patterns(marginals.findings)
        found = [np.exp(one) for one in self.log_table(marginals)]
        for start in range(0, len(patterns), width):
            fits = matching(patterns[start : start + width], states).T.astype(float)
            with np.errstate(divide="ignore", invalid="ignore"):
                yield np.log(found[0] @ fits) - np.log(found[1] @ fits)

    @abstractmethod
    def group_log_probabilities(
        self, group: Group, patterns: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return log pattern probabilities within one group, shape (draws, patterns).

        ``patterns`` has been checked; patterns that contradict a nested finding
        must come back as ``-inf``.
        """

    def log_probabilities(self, marginals: Marginals, patterns: ArrayLike) -> LogProbabilities:
        """Return the log probability of each pattern among cases and non-cases.

        Parameters
        ----------
        marginals : Marginals
            What is known of each flag.
        patterns : array_like
            Patterns, shape (patterns, flags) or (flags,); see
            :func:`~backpain_stats.combine.dependence.patterns.as_patterns`.
        """
        checked = as_patterns(patterns, marginals.flags)
        return LogProbabilities(
            self.group_log_probabilities(marginals.group("cases"), checked),
            self.group_log_probabilities(marginals.group("noncases"), checked),
        )

    def group_log_table(self, group: Group) -> NDArray[np.float64]:
        """Return log probabilities of every complete pattern in one group, (draws, patterns)."""
        return self.group_log_probabilities(group, all_patterns(group.findings))

    def log_table(self, marginals: Marginals) -> LogProbabilities:
        """Return the log probability of every complete pattern.

        The columns are those of ``all_patterns(marginals.findings)``. Models
        override :meth:`group_log_table` where the whole table is cheaper than
        its patterns one by one.
        """
        return LogProbabilities(
            self.group_log_table(marginals.group("cases")),
            self.group_log_table(marginals.group("noncases")),
        )


def posttest_from_log_ratio(
    log_ratio: NDArray[np.float64], pretest: ArrayLike
) -> NDArray[np.float64]:
    """Turn log likelihood ratios (draws, patterns) and a pre-test (one, or one a draw) into risks.

    Examples
    --------
    >>> import numpy as np
    >>> posttest_from_log_ratio(np.log([[14.7]]), 0.01).round(4).tolist()
    [[0.1293]]
    """
    prior = np.asarray(pretest, dtype=float)
    column = prior[:, None] if prior.ndim else prior
    return np.asarray(expit(logit(column) + log_ratio), dtype=np.float64)
