"""The exact binomial family: counts as they are, integrals by quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.special import expit

from backpain_stats.checks import check_choice, check_count
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.meta.arrays import Counts, Floats
from backpain_stats.meta.fitting.boundary import solve
from backpain_stats.meta.fitting.family import Designs, Family, Found
from backpain_stats.meta.fitting.refusals import refuse_divergence, refuse_perfect
from backpain_stats.meta.fitting.starts import moment_start, more_roots
from backpain_stats.meta.fitting.structure import Structure
from backpain_stats.meta.likelihood.binomial import Arms, marginal, random_effects
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.normal import observed_logits
from backpain_stats.meta.likelihood.parameters import sds_from_root
from backpain_stats.meta.likelihood.quadrature import gauss_hermite
from backpain_stats.meta.studies import Studies, refuse_many
from backpain_stats.tables import CORRECTIONS

# 21 x 21 nodes agree with brute-force integration to 1e-8 of log likelihood as long as
# the between-study SDs are below 3 or so; beyond, the integrand turns into a cliff.
DEFAULT_NODES = 21
_MORE_NODES = (35, 101)
# A log likelihood of k studies that changes by less than this times sqrt(k) with more
# nodes is resolved: the estimates then move by less than 1e-4 standard errors or so.
_RESOLVED = 1e-5
# Studies x nodes of a refit by more nodes; a look at the value may cost ten times that.
_MOST_POINTS = 5_000_000
# Few nodes find the way; the asked number is used for the last steps.
_NODES_ON_THE_WAY = 7
# Where few nodes report an SD above this, their maximum may be an artefact.
_LARGE_SD = 3.0
# Beyond this many studies one starting point is enough.
_MANY_STUDIES = 200
# Rounding of a log likelihood grows with the patients of an arm: beyond this many it moves
# an estimate by more than 1e-6 of itself, and the normal likelihood is the same by then.
_MOST_PATIENTS = 10**12
# Refits and profiles need the likelihood's shape, for which 9 nodes are plenty (they
# change an estimate by 1e-4 standard errors), or 35 where the fit needed more than 21.
_REFIT_NODES, _REFIT_MORE_NODES = 9, 35


@dataclass(frozen=True, slots=True)
class Binomial(Family):
    """Events of an arm are binomial about the study's own proportion (Chu and Cole 2006).

    Parameters
    ----------
    adaptive : bool
        Whether the number of nodes is ours to raise until the likelihood is resolved.
    """

    name: ClassVar[str] = "binomial"
    adaptive: bool = False

    @classmethod
    def from_options(
        cls, *, estimator: str | None, correction: str | None, nodes: int | None
    ) -> Self:
        """Return the family; only the number of nodes is a choice."""
        if estimator not in (None, "ml"):
            raise ArgumentError(
                f"estimator is {estimator!r}; the binomial likelihood is maximised ('ml'): "
                "a restricted likelihood exists for likelihood='normal' only"
            )
        correction = check_choice(correction or "none", "correction", CORRECTIONS)
        if correction != "none":
            raise ArgumentError(
                f"correction is {correction!r}; the binomial likelihood takes zero cells as they "
                "are: a correction belongs to likelihood='normal'"
            )
        if nodes is not None:
            gauss_hermite(check_count(nodes, "nodes"))  # refuses a number it cannot do
        return cls(nodes=nodes, adaptive=nodes is None)

    @property
    def adds_up(self) -> bool:
        """Sums of binomials with one proportion are binomial."""
        return True

    def describe(self) -> str:
        """Return the likelihood in a few words."""
        return f"exact binomial likelihood{' (Laplace)' if self.nodes == 1 else ''}"

    def refuse(self, studies: Studies, structure: Structure) -> None:
        """Refuse proportions that are 0 or 1 throughout, or each all or nothing."""
        counts = studies.used_counts
        refuse_many(len(counts), ": take likelihood='normal', or effects='common'")
        largest = int(max((counts[:, 0] + counts[:, 2]).max(), (counts[:, 1] + counts[:, 3]).max()))
        if largest > _MOST_PATIENTS:
            raise DataError(
                f"a study has {largest:.2g} patients of one kind; the exact likelihood takes up to "
                f"{_MOST_PATIENTS:.0e}: with so many likelihood='normal' gives the same"
            )
        refuse_perfect(counts, structure)

    def observe(self, counts: Counts | Floats) -> Arms:
        """Return the counts ready for the likelihood."""
        return Arms.from_counts(counts)

    def model(self, data: Arms, designs: Designs) -> ExactModel:
        """Return the exact log likelihood."""
        return ExactModel(data, designs, self.nodes or DEFAULT_NODES)

    def starts(self, data: Arms, designs: Designs) -> Floats:
        """Return moments of logits with 0.5 added to every cell."""
        logits = observed_logits(data.counts(), "all")
        return np.concatenate(moment_start(logits, designs), axis=1)

    def place(self, coefficients: Floats, roots: Floats) -> Floats:
        """Return coefficients and roots side by side."""
        return np.concatenate([coefficients, roots], axis=1)

    def simulate(self, counts: Counts, logits: Floats, rng: np.random.Generator) -> Arms:
        """Return binomial counts."""
        tp, fp, fn, tn = counts.T
        positive = rng.binomial(tp + fn, expit(logits[..., 0]))
        negative = rng.binomial(fp + tn, expit(logits[..., 1]))
        cells = [positive, fp + tn - negative, tp + fn - positive, negative]
        return self.observe(np.stack(cells, axis=-1).astype(np.float64))

    def null_information(
        self, counts: Counts, designs: Designs, logits: Floats
    ) -> tuple[float, float, float]:
        r"""Return the information on the between-study (co)variances at 0.

        With u = y - n p and w = n p q of an arm, the scores are (u^2 - w) / 2 for its
        variance and u1 u2 for the covariance. Var(u^2) = w (1 + 3 w - 6 p q) - w^2 is the
        binomial's; of it what the score of the means, x u, explains is taken off
        (E u^3 = w (q - p)).
        """
        tp, fp, fn, tn = counts.T.astype(np.float64)
        weights, own = [], []
        for total, design, logit in zip((tp + fn, fp + tn), designs, logits.T, strict=True):
            p, q = expit(logit), expit(-logit)
            w = total * p * q
            cross = design.T @ (w * (q - p) / 2)
            information = (design.T * w) @ design
            variance = np.sum(w * (1 + 2 * w - 6 * p * q)) / 4
            own.append(float(variance - cross @ np.linalg.solve(information, cross)))
            weights.append(w)
        return own[0], float(weights[0] @ weights[1]), own[1]

    def study_information(self, counts: Counts, logits: Floats, root: Floats) -> Floats:
        """Return minus the second derivatives of each study's exact log likelihood."""
        nodes = self.nodes or DEFAULT_NODES
        found = marginal(
            self.observe(counts), logits[:, 0], logits[:, 1], root, nodes=nodes, order=2
        )
        return -found.hessian[:, :2, :2]

    def study_effects(self, counts: Counts, logits: Floats, root: Floats) -> tuple[Floats, Floats]:
        """Return the exact conditional means and covariances, by the same quadrature."""
        nodes = max(self.nodes or DEFAULT_NODES, _REFIT_NODES)
        mean, covariance = random_effects(
            self.observe(counts), logits[:, 0], logits[:, 1], root, nodes=nodes
        )
        lower = np.array([[root[0], 0.0], [root[1], root[2]]])
        return logits + mean @ lower.T, lower @ covariance @ lower.T

    def for_refits(self) -> Self:
        """Return the family with as few nodes as repeated fits need."""
        nodes = self.nodes or _REFIT_NODES
        return self.with_nodes(
            _REFIT_MORE_NODES if nodes > DEFAULT_NODES else min(nodes, _REFIT_NODES)
        )

    def search(self, studies: Studies, designs: Designs, structure: Structure) -> Found:
        """Maximise from several starts, with more nodes than 21 where 21 do not resolve it."""
        counts = studies.used_counts
        arms = self.observe(counts[None])
        start = self.starts(arms, designs)
        coefficients, roots = start[:, :-3], start[:, -3:]
        if len(counts) <= _MANY_STUDIES:
            roots = more_roots(roots[0])
        roots = structure.project(roots)
        starts = self.place(np.repeat(coefficients, len(roots), axis=0), roots)
        used = DEFAULT_NODES if self.adaptive or self.nodes is None else self.nodes
        model = ExactModel(arms, designs, min(used, _NODES_ON_THE_WAY))
        solution = solve(model, starts, structure)
        if used > model.nodes:
            if sds_from_root(solution.parameters[model.root_at :])[:2].max() < _LARGE_SD:
                starts = solution.parameters[None]
            model = ExactModel(arms, designs, used)
            solution = solve(model, starts, structure)
        notes: tuple[str, ...] = ()
        for more in _MORE_NODES if self.adaptive else ():
            finer, points = ExactModel(arms, designs, more), len(counts) * more**2
            if points > 10 * _MOST_POINTS:
                break
            change = abs(finer.value(solution.parameters) - solution.value)
            if change < _RESOLVED * np.sqrt(len(counts)):
                break
            if points > _MOST_POINTS:
                notes = (
                    f"{model.nodes} nodes an axis do not quite resolve the likelihood of so many "
                    f"studies (it changes by {change:.1g} with {more}): ask for nodes={more} if "
                    "time allows.",
                )
                break
            if model.nodes > DEFAULT_NODES:
                starts = solution.parameters[None]
            model, solution = finer, solve(finer, starts, structure)
            notes = (
                f"{DEFAULT_NODES} nodes an axis did not resolve the likelihood, because the "
                f"studies differ so much; {more} were used.",
            )
            if self.run_off(model, solution.parameters, designs, studies.arms).any():
                break
        refuse_divergence(self.run_off(model, solution.parameters, designs, studies.arms))
        return Found(self.with_nodes(model.nodes), model, solution, notes)
