"""The tables and the figure of reports/dependence.md."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from dependence_models import MULTIPLYING, SHIPPED
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from backpain_stats.plots.style import BLUE, GREY, LIGHT_GREY, tidy

SIZES = (2, 3, 4, 6, 8)
SLOPES = (0.9, 1.1)
LARGEST_INTERCEPT = 0.05
TICKS = (0.3, 0.4, 0.5, 0.7, 1, 1.4)
STYLE = {"svg.hashsalt": "backpain_stats", "svg.fonttype": "path", "font.family": "DejaVu Sans"}
FIXED = "product to the power k_eff^-0.3"
# Slopes of an earlier measurement by the same protocol under one seed.
EARLIER = {
    MULTIPLYING: (0.85, 0.83, 0.76, 0.75, 0.66),
    FIXED: (0.92, 0.99, 1.03, 1.07, 1.00),
}


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model and size: change of log loss, slopes and intercepts over sets."""
    base = scores[scores["model"] == MULTIPLYING].set_index(["set", "size"])["log_loss"]
    pairs = pd.MultiIndex.from_frame(scores[["set", "size"]])
    change = scores["log_loss"].to_numpy() - base.loc[pairs].to_numpy()
    grouped = scores.assign(change=change).groupby(["model", "size"], sort=False)
    return grouped.agg(
        eligible=("eligible", "first"),
        sets=("set", "nunique"),
        change=("change", "mean"),
        standard_error=("change", "sem"),
        better=("change", lambda changes: int((changes < 0).sum())),
        slope=("slope", "median"),
        slope_low=("slope", lambda values: values.quantile(0.25)),
        slope_high=("slope", lambda values: values.quantile(0.75)),
        intercept=("intercept", "median"),
    ).reset_index()


def honest(table: pd.DataFrame) -> pd.Series:
    """Return which rows have a median slope and intercept as the rule wants them."""
    return table["slope"].between(*SLOPES) & (table["intercept"].abs() <= LARGEST_INTERCEPT)


def verdict(table: pd.DataFrame) -> pd.DataFrame:
    """Apply the rule: one row per model, the smallest loss first; ``chosen`` for the default."""
    grouped = table.assign(honest=honest(table)).groupby("model", sort=False)
    rows = grouped.agg(
        eligible=("eligible", "first"),
        honest=("honest", "all"),
        change=("change", "mean"),
        slope_least=("slope", "min"),
        slope_most=("slope", "max"),
        intercept_most=("intercept", lambda values: values.abs().max()),
    ).reset_index()
    rows = rows.sort_values("change", ignore_index=True)
    admitted = rows.index[rows["eligible"] & rows["honest"]]
    return rows.assign(chosen=rows.index == (admitted[0] if len(admitted) else -1))


def pipe_table(frame: pd.DataFrame) -> str:
    """Return a frame of text as a Markdown table."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|---" * frame.shape[1] + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in frame.itertuples(index=False)]
    return "\n".join(lines)


def by_size(table: pd.DataFrame, text: pd.Series) -> pd.DataFrame:
    """Return one row per model and one column per size, with the text of each."""
    wide = table.assign(text=text).pivot_table(
        index="model", columns="size", values="text", aggfunc="first", sort=False
    )
    wide.columns = [f"k = {size}" for size in wide.columns]
    return wide.reset_index()


def slopes(table: pd.DataFrame) -> pd.Series:
    """Return median and quartiles of the slope as text."""
    return table.apply(
        lambda row: f"{row['slope']:.2f} ({row['slope_low']:.2f} to {row['slope_high']:.2f})",
        axis=1,
    )


def verdict_table(rows: pd.DataFrame) -> str:
    """Return the rule's table as Markdown."""
    shown = pd.DataFrame(
        {
            "model": rows["model"],
            "change of log loss": rows["change"].map("{:+.4f}".format),
            "median slopes": rows.apply(
                lambda row: f"{row['slope_least']:.2f} to {row['slope_most']:.2f}", axis=1
            ),
            "largest median intercept": rows["intercept_most"].map("{:.3f}".format),
            "honest for every k": np.where(rows["honest"], "yes", "no"),
            "": np.where(
                rows["chosen"],
                "**the rule's choice**",
                np.where(rows["eligible"], "", "needs patients of the same kind"),
            ),
        }
    )
    return pipe_table(shown)


def learned_values(scores: pd.DataFrame) -> str:
    """Return what each model learned from the other sets: smallest and largest value."""
    learned = scores.dropna(subset="value").groupby("model", sort=False)["value"]
    ends = learned.agg(["min", "max"])
    return "; ".join(f"{model}: {low:.2f} to {high:.2f}" for model, (low, high) in
                     zip(ends.index, ends.to_numpy(), strict=True))  # fmt: skip


def section_seeds(scores: pd.DataFrame) -> str:
    """Return the slopes of the earlier measurement beside those of each seed."""
    own = scores[scores["analysis"] == "one seed"]
    rows = []
    for model, earlier in EARLIER.items():
        by = own[own["model"] == model].groupby("size")["slope"]
        for name, values in (
            ("earlier", [f"{value:.2f}" for value in earlier]),
            ("here, mean of the seeds", by.mean().map("{:.2f}".format)),
            (
                "here, smallest to largest seed",
                [f"{one.min():.2f} to {one.max():.2f}" for _, one in by],
            ),
        ):
            rows.append([model, name, *values])
    return pipe_table(pd.DataFrame(rows, columns=["model", "", *(f"k = {k}" for k in SIZES)]))


def section_sets(estimates: pd.DataFrame) -> str:
    """Return the exponent and the correlations of every set."""
    shown = pd.DataFrame(
        {
            "set": estimates["set"],
            "patients": estimates["complete"].map("{:,}".format),
            "cases": estimates["cases"],
            "findings": estimates["findings"],
            "exponent (SE)": estimates.apply(
                lambda row: f"{row['exponent']:.2f} ({row['exponent_se']:.2f})", axis=1
            ),
            "exponent, shuffled": estimates["exponent_shuffled"].map("{:.2f}".format),
            "rho among cases": estimates["rho_cases"].map("{:.2f}".format),
            "rho among non-cases": estimates["rho_noncases"].map("{:.2f}".format),
        }
    )
    return pipe_table(shown)


def section_halves(scores: pd.DataFrame) -> str:
    """Say how the held-out halves fared."""
    own = scores[scores["analysis"] == "held-out half"]
    inside = own["slope"].between(*SLOPES)
    centred = own["intercept"].abs() <= LARGEST_INTERCEPT
    better = own["change"] < 0
    shares = pd.DataFrame(
        {
            "k": own["size"], "slope": inside, "intercept": centred, "loss": better,
            "median": own["slope"],
        }
    ).groupby("k")  # fmt: skip
    rows = [
        [f"{k}", f"{part['median'].mean():.2f}", f"{part['median'].std():.2f}",
         *(f"{part[name].mean():.0%}" for name in ("slope", "intercept", "loss"))]
        for k, part in shares
    ]  # fmt: skip
    every = (inside & centred & better).groupby(own["set"]).all().mean()
    return (
        pipe_table(
            pd.DataFrame(
                rows,
                columns=["k", "median slope, mean", "its SD between halves", "slope 0.9 to 1.1",
                         "intercept within 0.05", "log loss better"],
            )
        )
        + f"\n\nAll of it for every k at once: {every:.0%} of the {own['set'].nunique()} halves. "
        "The median of eight sets varies by that much: a failure on one such half is no "
        "refutation, a success no proof."
    )  # fmt: skip


def section_back_pain(scores: pd.DataFrame) -> str:
    """Return the back-pain patients' scores with all their findings, per target."""
    own = scores[scores["analysis"] == "back pain"]
    every = own[own["size"] == own["size"].max()]
    text = every.apply(lambda row: f"{row['log_loss']:.3f}, {row['slope']:.2f}", axis=1)
    wide = every.assign(text=text).pivot_table(
        index="model", columns="set", values="text", aggfunc="first", sort=False
    )
    few = own[own["size"] < own["size"].max()]
    medians = by_size(summary(few), slopes(summary(few)))
    return pipe_table(wide.reset_index()) + "\n\n" + pipe_table(medians)


def draw(scores: pd.DataFrame, path: Path) -> None:
    """Draw the slope against k, a line per set, when multiplying and when shrunken."""
    panels = ((MULTIPLYING, "Ratios multiplied"), (SHIPPED, "Shrunken, exponent from other sets"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 4.2), layout="constrained")
        both = figure.subplots(1, 2, sharey=True)
        for ax, (model, title) in zip(both, panels, strict=True):
            own = scores[scores["model"] == model]
            ax.axhspan(*SLOPES, color=LIGHT_GREY, alpha=0.6, linewidth=0)
            ax.axhline(1, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
            for _, line in own.groupby("set"):
                ax.plot(line["size"], line["slope"], color=GREY, linewidth=0.8, alpha=0.8)
            median = own.groupby("size")["slope"].median()
            ax.plot(median.index, median, color=BLUE, marker="o", linewidth=2.4)
            ax.annotate(
                "median", (median.index[-1], median.iloc[-1]), xytext=(5, 0),
                textcoords="offset points", color=BLUE, va="center",
            )  # fmt: skip
            ax.set_yscale("log")
            ax.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
            ax.set_ylim(0.28, 1.5)
            ax.yaxis.set_minor_locator(NullLocator())
            ax.set_xticks(SIZES)
            ax.set_xlim(1.8, 9.2)
            tidy(ax, title=title, xlabel="k, number of findings")
        both[0].set_ylabel("Calibration slope (below 1: overconfident)")
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    path.write_text(stream.getvalue(), encoding="utf-8")
