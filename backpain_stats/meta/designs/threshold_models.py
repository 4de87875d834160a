"""The models of several thresholds: scale, random effects, and where to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backpain_stats.meta.designs.cluster_model import ClusterModel
from backpain_stats.meta.designs.ordered_rows import OrderedGroup, OrderedRows
from backpain_stats.meta.designs.random_effects import TriangularCovariance
from backpain_stats.meta.designs.threshold_data import ThresholdStudies, Transform, scale_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["RANDOM_EFFECTS", "Scale", "starting_points", "threshold_model", "threshold_rows"]

# Linear predictors: location and log slope of the cases, then of the non-cases.
RANDOM_EFFECTS: dict[str, tuple[tuple[int, ...], ...]] = {
    "location": ((0,), (2,)),
    "common_scale": ((0,), (2,), (1, 3)),
    "separate_scales": ((0,), (2,), (1,), (3,)),
}
_STARTING_SD, _STARTING_SCALE_SD, _LEAST_SLOPE = 0.5, 0.3, 0.2


class Scale(NamedTuple):
    """Thresholds placed on a scale of mean 0 and SD 1 (or 0 where all are the same)."""

    centre: float
    spread: float
    places: Floats

    @classmethod
    def of(cls, studies: ThresholdStudies, transform: Transform) -> Scale:
        """Place the thresholds of the studies."""
        scaled = scale_of(studies.thresholds, transform, studies.positive)
        centre = float(scaled.mean()) if np.ptp(scaled) > 0 else float(scaled[0])
        spread = float(scaled.std()) if np.ptp(scaled) > 0 else 1.0
        return cls(centre, spread, (scaled - centre) / spread)


def threshold_rows(studies: ThresholdStudies, scale: Scale) -> OrderedRows:
    """Return the log likelihood of the studies' rows."""
    cases, noncases = (
        OrderedGroup.from_counts(studies.study, scale.places, *studies.positives_negatives(cases))
        for cases in (True, False)
    )
    return OrderedRows((cases, noncases))


def threshold_model(
    studies: ThresholdStudies, scale: Scale, effects: str, nodes: int
) -> ClusterModel:
    """Return the model with the random effects ``effects``, one of ``RANDOM_EFFECTS``."""
    # without different thresholds the slopes are 1, their logs 0
    columns = [0, 1, 2, 3] if np.ptp(scale.places) > 0 else [0, 2]
    design = np.tile(np.eye(4)[:, columns], (len(studies.names), 1, 1))
    return ClusterModel(
        threshold_rows(studies, scale),
        design,
        TriangularCovariance(4, RANDOM_EFFECTS[effects]),
        nodes,
    )


def starting_points(studies: ThresholdStudies, scale: Scale, effects: str) -> Floats:
    """Return starting points: lines through the empirical logits, with two correlations."""
    means, slopes = [], []
    for cases in (True, False):
        positives, negatives = studies.positives_negatives(cases)
        y = np.log((positives + 0.5) / (negatives + 0.5))
        weight = (positives + 0.5) * (negatives + 0.5) / (positives + negatives + 1)
        place = scale.places - np.average(scale.places, weights=weight)
        fall = -float(weight @ (place * y)) / max(float(weight @ place**2), 1e-300)
        slope = max(fall, _LEAST_SLOPE) if np.ptp(scale.places) > 0 else 1.0
        height = np.average(y + slope * scale.places, weights=weight)
        means += [height / slope, np.log(slope)]
        slopes.append(slope)
    if np.ptp(scale.places) == 0:
        means = means[0::2]
    sds = [_STARTING_SD / slope for slope in slopes]
    sds += [_STARTING_SCALE_SD] * (len(RANDOM_EFFECTS[effects]) - 2)
    starts = []
    for correlation in (-0.3, 0.3):
        root = np.diag(sds)
        root[1, 0] = correlation * sds[1]
        starts.append([*means, *root[np.tril_indices(len(sds))]])
    return np.array(starts)
