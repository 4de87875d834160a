"""Design matrices of sensitivity and of specificity, from formulas or column names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_known, require_columns
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.studies import OUTCOMES, Studies

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Design", "Formula", "build_design"]

Formula = str | Sequence[str] | Mapping[str, "str | Sequence[str]"] | None


# A covariate whose spread is a smaller share of its size than this cannot be told from a
# constant where its coefficient is reported on its own scale: squares of the ratio enter
# the variances, so 1e-5 leaves them six digits.
_SMALLEST_SPREAD = 1e-5


@dataclass(frozen=True, slots=True)
class Design:
    r"""What the two mean logits depend on.

    Every fit is made in scaled columns :math:`Z = X T`, which are orthogonal and of unit
    mean square, so that it does not matter whether a covariate is a year, a year since
    2000 or a share of a century; coefficients are reported as :math:`\beta = T \gamma`.
    An intercept alone is left as it is.

    Parameters
    ----------
    matrices : tuple of two ndarray
        X, of shape (studies, p1) and (studies, p2): sensitivity, specificity.
    names : tuple of str
        Names of the p1 + p2 coefficients.
    formulas : tuple of two str
        Right-hand sides as understood, ``"1"`` without covariates.
    scaled : tuple of two ndarray
        Z, of the same shapes.
    transform : ndarray of shape (p1 + p2, p1 + p2)
        T, block by block.
    covariates : tuple of str
        Columns of the data in use.
    specifications : tuple
        What turns new data into rows of the matrices (None without covariates).
    """

    matrices: tuple[Floats, Floats]
    names: tuple[str, ...]
    formulas: tuple[str, str]
    scaled: tuple[Floats, Floats]
    transform: Floats
    covariates: tuple[str, ...] = ()
    specifications: tuple[Any, Any] = (None, None)

    @property
    def widths(self) -> tuple[int, int]:
        """Numbers of coefficients of sensitivity and of specificity."""
        return self.matrices[0].shape[1], self.matrices[1].shape[1]

    def means(self, coefficients: Floats) -> tuple[Floats, Floats]:
        """Return the mean logits of the studies, each of shape (..., studies)."""
        first, second = self.matrices
        width = first.shape[1]
        return coefficients[..., :width] @ first.T, coefficients[..., width:] @ second.T

    def to_scaled(self, coefficients: Floats) -> Floats:
        """Return coefficients (p,) of X as coefficients of Z."""
        return np.asarray(np.linalg.solve(self.transform, coefficients))

    def from_scaled(self, coefficients: Floats) -> Floats:
        """Return coefficients (..., p) of Z as coefficients of X."""
        return np.asarray(coefficients @ self.transform.T)

    def covariance_from_scaled(self, covariance: Floats) -> Floats:
        """Return a covariance of coefficients of Z, root entries beside them or not, for X."""
        size = len(self.names)
        whole = np.eye(covariance.shape[-1])
        whole[:size, :size] = self.transform
        return np.asarray(whole @ covariance @ whole.T)

    def rows_at(self, values: Mapping[str, Any]) -> Floats:
        """Return the (2, p1 + p2) matrix that turns coefficients into the two mean logits.

        Raises
        ------
        ArgumentError
            If a covariate is missing, unknown, or has a level the fit has not seen.
        """
        for name in values:
            check_known(name, self.covariates, "covariate")
        missing = [name for name in self.covariates if name not in values]
        if missing:
            raise ArgumentError(
                f"no value for the covariate(s) {', '.join(missing)}; the fit has "
                f"{', '.join(self.covariates)}: give each a value"
            )
        width = self.matrices[0].shape[1]
        rows = np.zeros((2, len(self.names)))
        rows[0, :width] = self._row(0, values)
        rows[1, width:] = self._row(1, values)
        return rows

    def _row(self, outcome: int, values: Mapping[str, Any]) -> Floats:
        specification = self.specifications[outcome]
        if specification is None:
            return np.ones(1)
        import warnings

        import pandas as pd
        from formulaic.errors import FormulaicError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # an unseen level is only a warning there
                matrix = specification.get_model_matrix(pd.DataFrame([dict(values)]))
        except (FormulaicError, Warning, ValueError, TypeError) as error:
            given = ", ".join(f"{name}={value!r}" for name, value in values.items())
            raise ArgumentError(
                f"the fit cannot be evaluated at {given}: a level that its studies do not have, "
                f"or not a number where one is needed ({error})"
            ) from error
        return np.asarray(matrix, dtype=np.float64)[0]


def build_design(studies: Studies, formula: Formula) -> tuple[Studies, Design]:
    """Build the design and set aside the studies that lack a covariate.

    Parameters
    ----------
    studies : Studies
    formula : str, list of str, mapping or None
        A formula (``"~ setting + year"``) or column names for both outcomes, or a
        mapping with keys "sensitivity" and "specificity"; an outcome left out of the
        mapping has an intercept only. None: no covariates.

    Returns
    -------
    studies : Studies
    design : Design

    Raises
    ------
    ArgumentError
        If the formula cannot be read, or the mapping has other keys.
    DataError
        If a column is missing, a covariate is constant, or coefficients cannot be
        told apart.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats.meta.studies import check_studies
    >>> data = pd.DataFrame({"study": list("abc"), "tp": 5, "fp": 2, "fn": 1, "tn": 9,
    ...                      "setting": ["primary", "emergency", "primary"]})
    >>> build_design(check_studies(data), {"sensitivity": "setting"})[1].names
    ('logit_sensitivity', 'logit_sensitivity:setting[T.primary]', 'logit_specificity')
    """
    sides = _right_hand_sides(formula)
    if sides == ("1", "1"):
        return studies, intercepts(int(studies.used.sum()))
    parsed = [_parse(side) for side in sides]
    needed = [_variables(one, side, studies.frame) for one, side in zip(parsed, sides, strict=True)]
    covariates = tuple(sorted({*needed[0], *needed[1]}))
    require_columns(studies.frame, covariates, "the data")
    for name in covariates:
        lacking = np.flatnonzero(studies.frame[name].isna().to_numpy() & studies.used)
        studies = studies.without(lacking, f"no value of the covariate {name}")
    frame = studies.frame[studies.used].reset_index(drop=True)
    # formulaic takes pandas' nullable text for numbers
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("string").columns, object))
    matrices, labels, specifications, scaled, transforms = [], [], [], [], []
    for outcome, one, side, names, informed in zip(
        OUTCOMES, parsed, sides, needed, studies.arms.T, strict=True
    ):
        for name in names:
            _refuse_constant(frame.loc[informed, name], name, outcome)
        matrix, columns, specification = _model_matrix(one, side, frame)
        if informed.any():
            _refuse_collinear(matrix[informed], columns, outcome)
        orthogonal, transform = _scaled(matrix)
        matrices.append(matrix)
        scaled.append(orthogonal)
        transforms.append(transform)
        labels += [
            f"logit_{outcome}" + ("" if column == "Intercept" else f":{column}")
            for column in columns
        ]
        specifications.append(specification)
    return studies, Design(
        (matrices[0], matrices[1]),
        tuple(labels),
        sides,
        (scaled[0], scaled[1]),
        _blocks(transforms[0], transforms[1]),
        covariates,
        (specifications[0], specifications[1]),
    )


def intercepts(studies: int) -> Design:
    """Return the design without covariates: two means."""
    ones = np.ones((studies, 1))
    names = tuple(f"logit_{outcome}" for outcome in OUTCOMES)
    return Design((ones, ones), names, ("1", "1"), (ones, ones), np.eye(2))


def _blocks(first: Floats, second: Floats) -> Floats:
    """Return the block-diagonal matrix of two square ones."""
    width, size = len(first), len(first) + len(second)
    whole = np.zeros((size, size))
    whole[:width, :width], whole[width:, width:] = first, second
    return whole


def _centred(matrix: Floats) -> tuple[Floats, Floats]:
    """Return the matrix, the other columns centred by its constant one, and C with X C."""
    centring = np.eye(matrix.shape[1])
    constant = np.flatnonzero((np.ptp(matrix, axis=0) == 0) & (matrix[0] != 0))
    if not len(constant):
        return matrix, centring
    intercept = int(constant[0])
    shift = matrix.mean(axis=0) / matrix[0, intercept]
    shift[intercept] = 0.0
    centring[intercept] -= shift
    return matrix - np.outer(matrix[:, intercept], shift), centring


def _unit_size(matrix: Floats) -> Floats:
    """Return what divides each column so that its largest entry is 1."""
    return np.maximum(np.abs(matrix).max(axis=0, initial=0.0), np.finfo(float).tiny)


def _scaled(matrix: Floats) -> tuple[Floats, Floats]:
    """Return Z = X T, orthogonal with columns of unit mean square, and T."""
    if matrix.shape[1] == 1 and np.all(matrix == 1):
        return matrix, np.eye(1)
    centred, centring = _centred(matrix)
    size = _unit_size(centred)
    orthogonal, triangle = np.linalg.qr(centred / size)
    signs = np.where(np.diag(triangle) < 0, -1.0, 1.0)
    length = np.sqrt(len(matrix))
    inverse = np.linalg.inv(triangle * signs[:, None])
    return orthogonal * signs * length, (centring / size) @ inverse * length


def _right_hand_sides(formula: Formula) -> tuple[str, str]:
    """Return the formulas of sensitivity and specificity, without the tilde."""
    if formula is None:
        return "1", "1"
    if isinstance(formula, Mapping):
        for key in formula:
            if key not in OUTCOMES:
                raise ArgumentError(
                    f"formula has the key {key!r}; allowed: 'sensitivity', 'specificity'"
                )
        one, two = (_one_side(formula.get(outcome, "1")) for outcome in OUTCOMES)
        return one, two
    side = _one_side(formula)
    return side, side


def _one_side(formula: str | Sequence[str]) -> str:
    """Return one right-hand side from a formula or from column names."""
    if not isinstance(formula, str):
        names = list(formula) if isinstance(formula, Iterable) else [formula]
        if not all(isinstance(name, str) for name in names):
            raise ArgumentError(f"formula is {formula!r}; give a formula or column names")
        return " + ".join(name if name.isidentifier() else f"`{name}`" for name in names) or "1"
    left, tilde, right = formula.partition("~")
    if tilde and left.strip():
        raise ArgumentError(
            f"formula is {formula!r}; give the right-hand side only, for example '~ setting': "
            "sensitivity and specificity are the outcomes"
        )
    return (right if tilde else left).strip() or "1"


def _parse(side: str) -> Any:
    """Parse one right-hand side; formulaic is imported here, when first needed."""
    from formulaic import Formula as Parsed
    from formulaic.errors import FormulaicError

    try:
        return Parsed(side)
    except (FormulaicError, ValueError, SyntaxError) as error:
        # The parser marks the place in colour, for a terminal; a message is plain text.
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).replace("\n", " ")
        raise ArgumentError(f"formula {side!r} cannot be read: {plain}") from error


def _variables(parsed: Any, side: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns a formula needs.

    formulaic does not see those inside its own transforms (``poly(year, 2)``,
    ``bs(year)``), so names in the text that are columns of the data count as well.
    """
    text = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"", " ", side)
    # neither a function, a module, an attribute nor the keyword of an argument
    named = set(re.findall(r"(?<![\w.])[^\W\d]\w*(?!\w)(?!\s*(?:\(|\.|=(?!=)))", text))
    return sorted({*parsed.required_variables, *(named & set(map(str, frame.columns)))})


def _model_matrix(parsed: Any, side: str, frame: pd.DataFrame) -> tuple[Floats, list[str], Any]:
    """Return the matrix, its column names and the specification for new data."""
    from formulaic.errors import FormulaicError

    try:
        table = parsed.get_model_matrix(frame, na_action="raise")
    except (FormulaicError, ValueError, TypeError) as error:
        raise ArgumentError(f"formula {side!r} cannot be used on the data: {error}") from error
    matrix = np.asarray(table, dtype=np.float64)
    if not np.all(np.isfinite(matrix)):
        raise DataError(f"formula {side!r} gives values that are not finite numbers")
    specification = table.model_spec if side != "1" else None
    return matrix, [str(column) for column in table.columns], specification


def _refuse_constant(values: pd.Series[Any], name: str, outcome: str) -> None:
    if values.nunique() < 2:
        only = f" (it is {values.iloc[0]})" if len(values) else ""
        raise DataError(
            f"the covariate {name} is constant{only} in the studies that inform {outcome}; "
            "it cannot explain any difference between them"
        )


def _refuse_collinear(matrix: Floats, columns: Sequence[str], outcome: str) -> None:
    centred, _ = _centred(matrix)
    spread, size = np.ptp(matrix, axis=0), np.abs(matrix).max(axis=0, initial=0.0)
    for column, narrow in zip(columns, (spread > 0) & (spread < _SMALLEST_SPREAD * size),
                              strict=True):  # fmt: skip
        if narrow:
            raise DataError(
                f"{column} varies by less than {_SMALLEST_SPREAD:g} of its size in the studies "
                f"that inform {outcome}: subtract a value near its middle, as in '~ I(x - 1e12)'"
            )
    if np.linalg.matrix_rank(centred / _unit_size(centred)) < len(columns):
        raise DataError(
            f"the {len(columns)} coefficients of {outcome} ({', '.join(columns)}) cannot be told "
            f"apart by the {len(matrix)} studies that inform it: a level without a study, or "
            "covariates that determine each other"
        )
