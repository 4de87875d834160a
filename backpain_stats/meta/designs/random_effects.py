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

__all__ = ["CommonCovariance", "RandomEffects", "ScaledCovariance", "SeparateCovariance"]


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
class ScaledCovariance:
    r"""The same, with standard deviations of each test: :math:`\eta_{jt} = \mu_{jt} + c_{jt} u_j`.

    Parameters are ``(l11, l21, l22)`` of the first test and the factors :math:`c_{jt}` of the
    others, outcome by outcome. All factors 1 is the common covariance.
    """

    tests: int

    @property
    def width(self) -> int:
        """Number of parameters."""
        return 3 + 2 * (self.tests - 1)

    def _factors(self, parameters: Floats) -> Floats:
        others = parameters[:, 3:]
        return np.concatenate([np.ones((len(others), 2)), others], axis=1)

    def root(self, parameters: Floats) -> Floats:
        """Return the root, one scaled block per test."""
        blocks = np.tile(_triangle(parameters[:, :3]), (1, self.tests, 1))
        return (self._factors(parameters)[:, :, None] * blocks)[:, None]

    def pull_back(self, parameters: Floats, by_root: Floats) -> Floats:
        """Apply the product rule."""
        summed = by_root.sum(axis=1)
        blocks = np.tile(_triangle(parameters[:, :3]), (1, self.tests, 1))
        scaled = self._factors(parameters)[:, :, None] * summed
        of_root = _from_triangle(scaled.reshape(len(summed), self.tests, 2, 2).sum(axis=1))
        return np.concatenate([of_root, (summed * blocks).sum(axis=2)[:, 2:]], axis=1)

    def start(self, root: Floats) -> Floats:
        """Return the parameters of a common root."""
        return np.concatenate([root, np.ones(self.width - 3)])

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
