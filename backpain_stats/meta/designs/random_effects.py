r"""How the studies' random effects enter the linear predictors of several tests.

The rows of a study are, test by test, the logit sensitivity and the logit specificity:
:math:`\eta = (\eta_{11}, \eta_{21}, \eta_{12}, \eta_{22}, \ldots)`. Each structure says which
root ``L`` of the between-study covariance belongs to its parameters, and carries derivatives by
``L`` back to the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "ArmBasedCovariance",
    "CommonCovariance",
    "PairedEffects",
    "RandomEffects",
    "ScaledCovariance",
    "SeparateCovariance",
    "TriangularCovariance",
]


class RandomEffects(Protocol):
    """The map from parameters of shape (b, r) to roots of shape (b, 1, m, q) and back."""

    @property
    def width(self) -> int:
        """Number of parameters ``r``."""
        ...

    def root(self, parameters: Floats) -> Floats:
        """Return ``L``; the second axis has length 1 where studies do not differ."""
        ...

    def pull_back(self, parameters: Floats, by_root: Floats) -> Floats:
        """Return derivatives by the parameters from those by ``L``, shape (b, n, m, q)."""
        ...


class PairedEffects(RandomEffects, Protocol):
    """Random effects of the tests of a study."""

    def start(self, root: Floats) -> Floats:
        """Return parameters (r,) that give every test the 2 x 2 root ``(l11, l21, l22)``."""
        ...

    def test_covariances(self, parameters: Floats) -> Floats:
        """Return the covariance of each test's two logits, shape (tests, 2, 2)."""
        ...


def _triangle(parameters: Floats) -> Floats:
    """Return the lower-triangular roots (..., 2, 2) of ``(l11, l21, l22)``."""
    root = np.zeros((*parameters.shape[:-1], 2, 2))
    root[..., 0, 0], root[..., 1, 0], root[..., 1, 1] = np.moveaxis(parameters, -1, 0)
    return root


def _from_triangle(by_root: Floats) -> Floats:
    """Return the derivatives by ``(l11, l21, l22)`` from those by the root (..., 2, 2)."""
    return np.stack([by_root[..., 0, 0], by_root[..., 1, 0], by_root[..., 1, 1]], axis=-1)


@dataclass(frozen=True, slots=True)
class CommonCovariance:
    r"""The tests of a study share its two random effects: :math:`\eta_{jt} = \mu_{jt} + u_j`.

    Parameters are ``(l11, l21, l22)``.
    """

    tests: int

    @property
    def width(self) -> int:
        """Number of parameters."""
        return 3

    def root(self, parameters: Floats) -> Floats:
        """Return the root, the same 2 x 2 block for every test."""
        return np.tile(_triangle(parameters), (1, self.tests, 1))[:, None]

    def pull_back(self, parameters: Floats, by_root: Floats) -> Floats:
        """Sum the derivatives over studies and tests."""
        count, studies, _, _ = by_root.shape
        blocks = by_root.reshape(count, studies * self.tests, 2, 2)
        return _from_triangle(blocks.sum(axis=1))

    def start(self, root: Floats) -> Floats:
        """Return the parameters of a common root."""
        return root

    def test_covariances(self, parameters: Floats) -> Floats:
        """Return the one covariance, for each test."""
        root = _triangle(parameters)
        return np.tile(root @ root.T, (self.tests, 1, 1))


@dataclass(frozen=True, slots=True)
class ArmBasedCovariance:
    """The common covariance, for rows that also vary by themselves.

    The linear predictors are the logits of all tests and then the SDs of the rows
    (:class:`~backpain_stats.meta.designs.overdispersed_rows.OverdispersedRows`), which are not
    random.
    """

    tests: int

    @property
    def width(self) -> int:
        """Number of parameters."""
        return 3

    def root(self, parameters: Floats) -> Floats:
        """Return the common root above rows of zeros."""
        shared = CommonCovariance(self.tests).root(parameters)
        return np.concatenate([shared, np.zeros_like(shared)], axis=2)

    def pull_back(self, parameters: Floats, by_root: Floats) -> Floats:
        """Sum the derivatives over studies and tests."""
        shared = by_root[:, :, : 2 * self.tests]
        return CommonCovariance(self.tests).pull_back(parameters, shared)

    def start(self, root: Floats) -> Floats:
        """Return the parameters of a common root."""
        return root

    def test_covariances(self, parameters: Floats) -> Floats:
        """Return the covariance that tests share."""
        return CommonCovariance(self.tests).test_covariances(parameters)


@dataclass(frozen=True, slots=True)
class ScaledCovariance:
    r"""The same, with standard deviations of each test: :math:`\eta_{jt} = \mu_{jt} + s_{jt} v_j`.

    :math:`v_1 = b_1` and :math:`v_2 = b_1\sin\varphi + b_2\cos\varphi` have variance 1 and the
    correlation :math:`\sin\varphi`. Parameters are the :math:`s_{jt}`, test by test, and
    :math:`\varphi`. SDs that do not differ between tests make the common covariance.
    """

    tests: int

    @property
    def width(self) -> int:
        """Number of parameters."""
        return 2 * self.tests + 1

    def _standard(self, angle: Floats) -> tuple[Floats, Floats]:
        """Return the root of all rows with SDs of 1, and its derivative by the angle."""
        root, turned = np.zeros((2, len(angle), 2, 2))
        root[:, 0, 0] = 1.0
        root[:, 1, 0], root[:, 1, 1] = np.sin(angle), np.cos(angle)
        turned[:, 1, 0], turned[:, 1, 1] = root[:, 1, 1], -root[:, 1, 0]
        return np.tile(root, (1, self.tests, 1)), np.tile(turned, (1, self.tests, 1))

    def root(self, parameters: Floats) -> Floats:
        """Return the root, one scaled block per test."""
        root, _ = self._standard(parameters[:, -1])
        return (parameters[:, :-1, None] * root)[:, None]

    def pull_back(self, parameters: Floats, by_root: Floats) -> Floats:
        """Apply the product rule."""
        summed = by_root.sum(axis=1)
        root, turned = self._standard(parameters[:, -1])
        by_angle = (summed * parameters[:, :-1, None] * turned).sum(axis=(1, 2))
        return np.concatenate([(summed * root).sum(axis=2), by_angle[:, None]], axis=1)

    def start(self, root: Floats) -> Floats:
        """Return the parameters of a common root."""
        sds = np.array([abs(root[0]), np.hypot(root[1], root[2])])
        return np.concatenate([np.tile(sds, self.tests), [np.arcsin(root[1] / sds[1])]])

    def test_covariances(self, parameters: Floats) -> Floats:
        """Return each test's covariance."""
        blocks = self.root(parameters[None])[0, 0].reshape(self.tests, 2, 2)
        return blocks @ np.swapaxes(blocks, 1, 2)


@dataclass(frozen=True, slots=True)
class SeparateCovariance:
    """Every test has random effects of its own, independent of the other tests' in a study.

    The likelihood then factorises, so that a unit is one test in one study. Parameters are
    ``(l11, l21, l22)`` of each test.

    Parameters
    ----------
    tests : int
    test_of_unit : ndarray of int, shape (n,)
        Which test each unit is of.
    """

    tests: int
    test_of_unit: NDArray[np.intp]

    @property
    def width(self) -> int:
        """Number of parameters."""
        return 3 * self.tests

    def root(self, parameters: Floats) -> Floats:
        """Return each unit's root."""
        roots = _triangle(parameters.reshape(len(parameters), self.tests, 3))
        return roots[:, self.test_of_unit]

    def pull_back(self, parameters: Floats, by_root: Floats) -> Floats:
        """Sum the derivatives over the units of each test."""
        member = (self.test_of_unit == np.arange(self.tests)[:, None]).astype(np.float64)
        of_units = _from_triangle(by_root)
        return (member @ of_units).reshape(len(parameters), self.width)

    def start(self, root: Floats) -> Floats:
        """Return the parameters of a common root."""
        return np.tile(root, self.tests)

    def test_covariances(self, parameters: Floats) -> Floats:
        """Return each test's covariance."""
        roots = _triangle(parameters.reshape(self.tests, 3))
        return roots @ np.swapaxes(roots, 1, 2)


@dataclass(frozen=True, slots=True)
class TriangularCovariance:
    """An unstructured covariance of random effects, each added to one linear predictor or several.

    Parameters are the entries of the lower-triangular root, row by row.

    Parameters
    ----------
    predictors : int
        Number of linear predictors.
    random : tuple of tuples of int
        Of each random effect, to which linear predictors it is added.
    """

    predictors: int
    random: tuple[tuple[int, ...], ...]

    @property
    def width(self) -> int:
        """Number of parameters."""
        return len(self.random) * (len(self.random) + 1) // 2

    def _places(self) -> tuple[list[int], list[int], list[int]]:
        """Return row and column of the root and the parameter of each of its entries."""
        entries = [
            (predictor, column, row * (row + 1) // 2 + column)
            for row, members in enumerate(self.random)
            for column in range(row + 1)
            for predictor in members
        ]
        rows, columns, parameters = zip(*entries, strict=True)
        return list(rows), list(columns), list(parameters)

    def root(self, parameters: Floats) -> Floats:
        """Return the root, with rows of zeros for what is not random."""
        rows, columns, of = self._places()
        root = np.zeros((len(parameters), 1, self.predictors, len(self.random)))
        root[:, 0, rows, columns] = parameters[:, of]
        return root

    def pull_back(self, parameters: Floats, by_root: Floats) -> Floats:
        """Sum the derivatives over studies and over the predictors of a random effect."""
        rows, columns, of = self._places()
        member = np.arange(self.width) == np.array(of)[:, None]
        pulled: Floats = by_root.sum(axis=1)[:, rows, columns] @ member.astype(np.float64)
        return pulled

    def start(self, root: Floats) -> Floats:
        """Return the parameters of a diagonal root with the entries given."""
        return np.diag(root)[np.tril_indices(len(self.random))]

    def covariance(self, parameters: Floats) -> Floats:
        """Return the covariance of the random effects, shape (q, q)."""
        root = np.zeros((len(self.random), len(self.random)))
        root[np.tril_indices(len(self.random))] = parameters
        return root @ root.T
