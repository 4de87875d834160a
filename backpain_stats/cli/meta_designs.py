"""What the command ``meta`` does for several tests, several thresholds, and biases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from backpain_stats.cli.output import forced, write_frame
from backpain_stats.outputs import replacing
from backpain_stats.sampling import DEFAULT_SEED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from backpain_stats.meta import BayesianFit, BivariateFit

__all__ = ["BIASES", "compare", "draw", "fit_by_threshold", "show_bias", "write_figure"]

BIASES = ("verification", "reference", "spectrum", "publication")


def compare(
    studies: pd.DataFrame, test: str, options: Mapping[str, Any], output_format: str
) -> None:
    """Print the tests of a file compared."""
    import pandas as pd

    from backpain_stats.meta.designs import BayesianComparison, ComparedTests, compare_tests

    level = options["level"]
    found: ComparedTests | BayesianComparison
    if options["bayes"]:
        found = compare_tests(
            studies, test=test, level=level, inference="bayes", seed=_seed(options)
        )
    else:
        found = compare_tests(studies, test=test, level=level)
    if output_format == "table":
        click.echo(str(found))
        return
    parts = {"accuracy": found.accuracy(), "comparison": found.differences()}
    frame = pd.concat([part.assign(kind=kind) for kind, part in parts.items()], ignore_index=True)
    write_frame(frame, output_format, note="; ".join(found.notes))


def _seed(options: Mapping[str, Any]) -> int:
    """Return the seed of a posterior, which need not be given."""
    return DEFAULT_SEED if options["seed"] is None else int(options["seed"])


def fit_by_threshold(
    studies: pd.DataFrame,
    threshold: str,
    options: Mapping[str, Any],
    *,
    below: bool,
    output_format: str,
    figure: str | None,
) -> None:
    """Print accuracy by threshold, and draw it."""
    from backpain_stats.meta.designs import BayesianThresholds, FittedThresholds, fit_thresholds

    positive: Literal["above", "below"] = "below" if below else "above"
    level = options["level"]
    found: FittedThresholds | BayesianThresholds
    if options["bayes"]:
        found = fit_thresholds(
            studies, threshold=threshold, positive=positive, level=level, inference="bayes",
            seed=_seed(options),
        )  # fmt: skip
    else:
        found = fit_thresholds(studies, threshold=threshold, positive=positive, level=level)
    if output_format == "table":
        click.echo(str(found))
    else:
        write_frame(found.accuracy(), output_format, note="; ".join(found.notes))
    if figure is not None:
        draw("thresholds", found, Path(figure))


def show_bias(
    fit: BivariateFit | BayesianFit, bias: str, output_format: str, figure: str | None
) -> None:
    """Print the curve of one bias; a figure shows all four."""
    from backpain_stats.meta import bias as biases

    curve = biases.BIASES[bias](fit)
    if output_format == "table":
        click.echo(str(curve))
    else:
        write_frame(curve.frame, output_format, note="; ".join(curve.notes))
    if figure is not None:
        draw("bias_profile", biases.bias_profile(fit), Path(figure))


def draw(name: str, result: Any, path: Path) -> None:
    """Write the figure of a result."""
    from backpain_stats import plots

    write_figure(lambda: getattr(plots, name)(result), path)
    click.echo(f"written: {path}", err=True)


def write_figure(figure: Callable[[], Axes], path: Path) -> None:
    """Write one figure, the same whatever the user's settings and screen."""
    from backpain_stats import plots

    # No date inside, so that two runs write the same file.
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with plots.off_screen({"svg.hashsalt": "backpain_stats"}):
        ax = figure()
        with replacing(path, force=forced()) as new:
            ax.figure.figure.savefig(
                new, dpi=150, bbox_inches="tight", metadata=undated.get(path.suffix.lower())
            )
