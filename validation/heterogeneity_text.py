"""Write reports/heterogeneity.md and its figure from the committed tables.

    python validation/heterogeneity_text.py

reads data/heterogeneity.csv and reports/heterogeneity.csv, which
``python validation/heterogeneity.py DIR`` makes. The numbers in the text are computed.
"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from heterogeneity_coverage import (
    FACTORS,
    LEAST_HELD,
    OUTCOMES,
    PREVIOUS,
    SENSES,
    SIZES,
    WIDE_MEANS,
    chosen_factor,
    label,
)
from heterogeneity_model import verdict
from matplotlib.figure import Figure

from backpain_stats import Priors
from backpain_stats.plots.style import BLUE, GREY, LIGHT_GREY, tidy

ROOT = Path(__file__).resolve().parents[1]
STYLE = {"svg.hashsalt": "backpain_stats", "svg.fonttype": "path", "font.family": "DejaVu Sans"}
TARGET = (0.93, 0.97)


def pipe_table(frame: pd.DataFrame) -> str:
    """Return a frame of text as a Markdown table."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|---" * frame.shape[1] + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in frame.itertuples(index=False)]
    return "\n".join(lines) + "\n"


def part(table: pd.DataFrame, analysis: str) -> pd.DataFrame:
    """Return the rows of one analysis."""
    return table[table["analysis"] == analysis]


def candidates(table: pd.DataFrame) -> pd.DataFrame:
    """Return the verdict over the candidates."""
    scores = part(table, "score")[["model", "size", "set", "value"]]
    scores.columns = pd.Index(["candidate", "parameters", "block", "score"])
    return verdict(scores.astype({"parameters": int}))


def shipped(table: pd.DataFrame, without: str = "") -> dict[str, float]:
    """Return the learned numbers: of all sets, or of those outside a block."""
    own = part(table, "population").fillna({"set": ""})
    own = own[own["set"] == without]
    return dict(zip(own["quantity"], own["value"], strict=True))


def held(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean share held over sets: index (model, size, outcome), columns the senses."""
    own = part(table, "coverage").astype({"size": int})
    return own.pivot_table(
        index=["model", "size", "outcome"], columns="quantity", values="value", sort=False
    )


def factor_of(table: pd.DataFrame) -> float:
    """Return the factor that the rule chooses."""
    return chosen_factor(held(table).reset_index())


def section_question(table: pd.DataFrame, estimates: pd.DataFrame) -> list[str]:
    """Return what is asked and how it is answered."""
    return [
        "# How much studies of one test differ, learned from public meta-analyses\n",
        "Made by `python validation/heterogeneity.py DIR`; this text and the figure by "
        "`python validation/heterogeneity_text.py` from `data/heterogeneity.csv` (one row per "
        "meta-analysis, with its source and size; no study's row is in this repository) and "
        "`reports/heterogeneity.csv` (every number). The protocol and its rule were written before "
        "any result was seen, and what was changed afterwards is marked; both are at the top of "
        "`validation/heterogeneity.py`.\n",
        "## The question\n",
        "Most red flags were measured by one to three cohorts. So few do not say how much a new "
        "practice may differ: the prior of the two between-study SDs (logit scale) and of the "
        "correlation does. Which prior do other tests suggest, and do 95% prediction intervals "
        "then hold what they promise?\n",
        f"Learned from {len(estimates)} meta-analyses with {estimates['studies'].sum()} studies "
        "(one repeats studies of two others and is not counted twice). None is of back pain. The "
        "means keep a weakly informative Normal(0, 2): these are tests that somebody thought "
        "worth a meta-analysis, and a red flag is not one of them.\n",
    ]


def section_rule(table: pd.DataFrame) -> list[str]:
    """Return the candidates and the choice."""
    rows = candidates(table)
    text = pd.DataFrame(
        {
            "population": rows.index,
            "hyper-parameters": rows["parameters"].to_numpy(),
            "log score against the best": [
                f"{value:.1f} ({error:.1f})"
                for value, error in zip(rows["below_best"], rows["standard_error"], strict=True)
            ],
            "": ["**the rule's choice**" if chosen else "" for chosen in rows["chosen"]],
        }
    )
    return [
        "## Which population\n",
        "Score: log predictive density of each block of sets, learned from the others, summed "
        "(standard error, paired over blocks). The rule: the fewest hyper-parameters among those "
        "within one standard error of the best.\n",
        pipe_table(text),
    ]


def section_numbers(table: pd.DataFrame) -> list[str]:
    """Return what ships, and how stable it is."""
    found = shipped(table)
    blocks = part(table, "population").fillna({"set": ""})
    blocks = blocks[blocks["set"] != ""].groupby("quantity")["value"].agg(["min", "max"])
    names = {
        "sensitivity_sd_median": "median of the SD of logit sensitivity",
        "sensitivity_sd_spread": "its spread (SD of the log)",
        "specificity_sd_median": "median of the SD of logit specificity",
        "specificity_sd_spread": "its spread",
        "correlation_mean": "mean of the correlation",
        "correlation_shape": "shape of the correlation",
    }
    text = pd.DataFrame(
        {
            "number": list(names.values()),
            "all sets": [f"{found[name]:.2f}" for name in names],
            "one block left out": [
                f"{blocks.loc[name, 'min']:.2f} to {blocks.loc[name, 'max']:.2f}" for name in names
            ],
        }
    )
    return [
        "## What was learned, and what ships\n",
        pipe_table(text),
        f"The default of `Priors`, the medians times {factor_of(table):g} (see below): "
        f"{Priors().describe()}.\n",
        "The previous default, `Priors.weakly_informative()`: "
        f"{Priors.weakly_informative().describe()}.\n",
    ]


def section_coverage(table: pd.DataFrame) -> list[str]:
    """Return the shares held."""
    means = held(table)
    default = label(factor_of(table))
    rows = [
        {
            "prior": f"**{model}**" if model == default else model,
            "studies": size, "outcome": outcome,
            **{sense: f"{100 * row[sense]:.1f}%" for sense in SENSES},
            "mean width": f"{row['width']:.2f}",
        }
        for (model, size, outcome), row in means.iterrows()
    ]  # fmt: skip
    wide, narrow = (means.loc[name]["true"] for name in (WIDE_MEANS, label(FACTORS[-1])))
    low, high = TARGET
    few = means.loc[default].loc[[2, 3]][["true", "jeffreys"]]
    pooled = few.groupby("size").mean()
    inside = "within" if pooled.min(axis=None) >= low and pooled.max(axis=None) <= high else (
        "not all within")  # fmt: skip
    both = means.groupby(["model", "size"])[["true", "jeffreys"]].mean()
    return [
        "## Do prediction intervals hold?\n",
        "95% prediction intervals from up to ten random subsets of 1, 2 and 3 studies of each set, "
        "against its other studies; the prior learned without the set. Means over subsets, then "
        "over the 18 sets.\n",
        "* **true**: `fit.predict()` against the true value of each other study, which its counts "
        "and the whole set leave uncertain (the share of its posterior inside).\n"
        "* **jeffreys**: the same, the posterior from the study's own counts alone. The harder "
        "check: an interval that holds exactly 95% of true values holds less of these.\n"
        "* **observed**: `fit.predict()` against the proportion that the study observed. It cannot "
        "reach 95%: an interval of a true value never holds the 0 or 100% that small studies "
        "print.\n"
        "* **printed**: `fit.predict_study(cases=, noncases=)`, the interval for what a study of "
        "that size observes, against the proportion observed. Proportions of few patients come in "
        "steps, so it holds somewhat more than its level.\n",
        pipe_table(pd.DataFrame(rows)),
        "![shares held](figures/heterogeneity_coverage.svg)\n",
        "The population as learned holds "
        + "; ".join(
            f"{100 * both.loc[(label(1.0), n), 'true']:.1f}% of the true values from {n} studies "
            f"({100 * both.loc[(label(1.0), n), 'jeffreys']:.1f}% by own counts)"
            for n in (2, 3)
        )
        + ". That is short, perhaps because random effects are taken as normal. "
        "**After the first run** a factor on both medians was therefore added, the smallest of "
        f"{', '.join(f'{each:g}' for each in FACTORS)} that holds {100 * LEAST_HELD:.0f}% or more "
        "in the sense *jeffreys* from 2 and from 3 studies (outcomes together). The factor was "
        "chosen on these sets; what it "
        "multiplies was learned without each. (At first only 1, 1.25 and 1.5 were tried: 1.25 "
        "missed by 0.2 points, 1.5 holds 98% of the true values. 1.3 was added where a line "
        "between them reaches 93%.)\n",
        f"The default (**{default}**) holds "
        + "; ".join(
            f"from {n} studies {100 * pooled.loc[n, 'true']:.1f}% of the true values and "
            f"{100 * pooled.loc[n, 'jeffreys']:.1f}% by own counts"
            for n in (2, 3)
        )
        + f" (previous default: {100 * both.loc[(PREVIOUS, 2), 'true']:.1f}% and "
        f"{100 * both.loc[(PREVIOUS, 2), 'jeffreys']:.1f}% from 2): {inside} 93 to 97%. For one "
        f"outcome by itself the shares go from {100 * few.min(axis=None):.1f}% to "
        f"{100 * few.max(axis=None):.1f}%. With the true values as the measure these intervals "
        "are on the wide side.\n",
        "The means' prior matters little: with Normal(0, 3) instead of Normal(0, 2), and SDs "
        f"times {FACTORS[-1]:g}, the intervals hold {100 * wide.min():.1f}% to "
        f"{100 * wide.max():.1f}% of the true values, not {100 * narrow.min():.1f}% to "
        f"{100 * narrow.max():.1f}%.\n",
    ]


def section_sets(table: pd.DataFrame, estimates: pd.DataFrame) -> list[str]:
    """Return each set's estimates and shares held."""
    own = part(table, "coverage").astype({"size": int})
    own = own[(own["model"] == label(factor_of(table))) & (own["quantity"] == "true")]
    shares = own.pivot_table(index="set", columns="size", values="value")

    def interval(row: pd.Series, name: str) -> str:
        return f"{row[name]:.2f} ({row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f})"

    rows = [
        {
            "set": row["set"], "studies": row["studies"],
            "SD, sensitivity": interval(row, "sd_sensitivity"),
            "SD, specificity": interval(row, "sd_specificity"),
            "correlation": interval(row, "correlation"),
            "held from 1, 2, 3": ", ".join(f"{100 * shares.loc[row['set'], n]:.0f}%"
                                           for n in SIZES),
        }
        for _, row in estimates.iterrows()
    ]  # fmt: skip
    return [
        "## Set by set\n",
        "Posterior medians and 95% intervals of each set by itself, under a broad prior; shares "
        "of true values held by the default, both outcomes together, the set left out.\n",
        pipe_table(pd.DataFrame(rows)),
        "A set whose studies differ unusually much is held less than 95%, one whose studies agree "
        "more: two studies do not tell which it is. The promise is kept on the average over "
        "tests, not for each.\n",
    ]


def section_pools(table: pd.DataFrame) -> list[str]:
    """Return what moved in the pooled evidence."""
    wide = part(table, "pool").pivot_table(
        index=["target", "set"], columns=["model", "quantity"], values="value", dropna=False
    )

    def text(row: pd.Series, model: str, name: str) -> str:
        low, middle, high = (row[model, f"{name}{end}"] for end in ("_low", "", "_high"))
        new = [row[model, f"{name}_prediction_{end}"] for end in ("low", "high")]
        return f"{middle:.3g} ({low:.3g} to {high:.3g}), new {new[0]:.3g} to {new[1]:.3g}"

    wide = wide[wide["after", "lr_positive"].notna()]
    rows = [
        {"target": target, "flag": flag, "LR+ before": text(row, "before", "lr_positive"),
         "LR+ after": text(row, "after", "lr_positive")}
        for (target, flag), row in wide.iterrows()
    ]  # fmt: skip
    return [
        "## What moves in the back-pain evidence\n",
        "LR+ of every flag that `pool_all` pools, with 95% interval and prediction interval for a "
        "new practice, under the previous and the present default.\n",
        pipe_table(pd.DataFrame(rows)),
    ]


def section_limits() -> list[str]:
    """Return what this does not show."""
    return [
        "## What this does not show\n",
        "* The sets are tests with ten or more studies, laboratory and imaging tests and "
        "questionnaires among them. That red flags differ as much between practices is assumed.\n"
        "* A log-normal says that studies always differ somewhat. Where many studies agree the "
        "data say so; where two agree, the prior holds against them.\n"
        "* The family and the factor were chosen on the same 18 sets on which coverage was "
        "measured; only the numbers were learned with each set left out.\n"
        "* Within a set thresholds and patients vary, and some sets are several results of one "
        "study. That is part of how studies of a test differ, as they are pooled.\n",
    ]


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the share of true values held against the number of studies, before and after."""
    means = held(table)["true"]
    sets = part(table, "coverage").astype({"size": int})
    default = label(factor_of(table))
    sets = sets[(sets["model"] == default) & (sets["quantity"] == "true")]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 4.0), layout="constrained")
        both = figure.subplots(1, 2, sharey=True)
        for ax, outcome in zip(both, OUTCOMES, strict=True):
            ax.axhspan(*(100 * end for end in TARGET), color=LIGHT_GREY, alpha=0.6, linewidth=0)
            for _, line in sets[sets["outcome"] == outcome].groupby("set"):
                ax.plot(line["size"], 100 * line["value"], color=GREY, linewidth=0.7, alpha=0.5)
            for model, colour, words in (
                (default, BLUE, "default"), (PREVIOUS, GREY, "previous default"),
            ):  # fmt: skip
                line = 100 * means.loc[model].xs(outcome, level="outcome")
                ax.plot(line.index, line, color=colour, marker="o", linewidth=2.4)
                ax.annotate(words, (line.index[-1], line.iloc[-1]), xytext=(5, 0),
                            textcoords="offset points", color=colour, va="center")  # fmt: skip
            ax.set_xticks(SIZES)
            ax.set_xlim(0.8, 3.9)
            ax.set_ylim(82, 100.6)
            tidy(ax, title=outcome.capitalize(), xlabel="Studies in the fit")
        both[0].set_ylabel("Other studies held by 95% prediction (%)")
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    path.write_text(stream.getvalue(), encoding="utf-8")


def text_of(table: pd.DataFrame, estimates: pd.DataFrame) -> str:
    """Return the whole report."""
    blocks = [
        *section_question(table, estimates),
        *section_rule(table),
        *section_numbers(table),
        *section_coverage(table),
        *section_sets(table, estimates),
        *section_pools(table),
        *section_limits(),
    ]
    return "\n".join(blocks)


def write_text() -> None:
    """Write the report and the figure from the committed tables."""
    table = pd.read_csv(ROOT / "reports/heterogeneity.csv")
    estimates = pd.read_csv(ROOT / "data/heterogeneity.csv")
    text = text_of(table, estimates)
    (ROOT / "reports/heterogeneity.md").write_text(text, encoding="utf-8")
    draw(table, ROOT / "reports/figures/heterogeneity_coverage.svg")


if __name__ == "__main__":
    write_text()
