"""Design matrices of sensitivity and of specificity, from formulas or column names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_known, require_columns
from backpain_stats.errors import ArgumentError, DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.meta.data import Studies

    Floats = NDArray[np.float64]

__all__ = ["Design", "Formula", "build_design"]

OUTCOMES = ("sensitivity", "specificity")
Formula = str | Sequence[str] | Mapping[str, "str | Sequence[str]"] | None


@dataclass(frozen=True, slots=True)
class Design:
    """What the two mean logits depend on.

    Parameters
    ----------
    matrices : tuple of two ndarray
        Of shape (studies, p1) and (studies, p2): sensitivity, specificity.
    names : tuple of str
        Names of the p1 + p2 coefficients.
    formulas : tuple of two str
        Right-hand sides as understood, ``"1"`` without covariates.
    covariates : tuple of str
        Columns of the data in use.
    specifications : tuple
        What turns new data into rows of the matrices (None without covariates).
    """

    matrices: tuple[Floats, Floats]
    names: tuple[str, ...]
    formulas: tuple[str, str]
    covariates: tuple[str, ...] = ()
    specifications: tuple[Any, Any] = (None, None)

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
    >>> from backpain_stats.meta.data import check_studies
    >>> data = pd.DataFrame({"study": list("abc"), "tp": 5, "fp": 2, "fn": 1, "tn": 9,
    ...                      "setting": ["primary", "emergency", "primary"]})
    >>> build_design(check_studies(data), {"sensitivity": "setting"})[1].names
    ('logit_sensitivity', 'logit_sensitivity:setting[T.primary]', 'logit_specificity')
    """
    sides = _right_hand_sides(formula)
    if sides == ("1", "1"):
        ones = np.ones((int(studies.used.sum()), 1))
        names = tuple(f"logit_{outcome}" for outcome in OUTCOMES)
        return studies, Design((ones, ones), names, sides)
    parsed = [_parse(side) for side in sides]
    covariates = tuple(sorted({name for one in parsed for name in one.required_variables}))
    require_columns(studies.frame, covariates, "the data")
    for name in covariates:
        lacking = np.flatnonzero(studies.frame[name].isna().to_numpy() & studies.used)
        studies = studies.without(lacking, f"no value of the covariate {name}")
    frame = studies.frame[studies.used].reset_index(drop=True)
    # formulaic takes pandas' nullable text for numbers
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("string").columns, object))
    matrices: list[Floats] = []
    labels: list[str] = []
    specifications: list[Any] = []
    for outcome, one, side, informed in zip(OUTCOMES, parsed, sides, studies.arms.T, strict=True):
        for name in sorted(one.required_variables):
            _refuse_constant(frame.loc[informed, name], name, outcome)
        matrix, columns, specification = _model_matrix(one, side, frame)
        _refuse_collinear(matrix[informed], columns, outcome)
        matrices.append(matrix)
        labels += [
            f"logit_{outcome}" + ("" if column == "Intercept" else f":{column}")
            for column in columns
        ]
        specifications.append(specification)
    return studies, Design(
        (matrices[0], matrices[1]),
        tuple(labels),
        sides,
        covariates,
        (specifications[0], specifications[1]),
    )


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
    scale = np.maximum(np.abs(matrix).max(axis=0, initial=0.0), 1e-300)
    if np.linalg.matrix_rank(matrix / scale) < len(columns):
        raise DataError(
            f"the {len(columns)} coefficients of {outcome} ({', '.join(columns)}) cannot be told "
            f"apart by the {len(matrix)} studies that inform it: a level without a study, or "
            "covariates that determine each other"
        )
