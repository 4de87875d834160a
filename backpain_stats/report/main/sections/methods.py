"""How the numbers were made, and what they cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.report.page.parts import Bullets, Heading, Link, Prose, Section, Strong

if TYPE_CHECKING:
    from backpain_stats.report.main.context import Context

METHODS = (
    Heading("How"),
    Bullets(
        (
            Prose(
                Strong("As printed."),
                " A figure is kept as the string that was printed, with its source. A printed "
                "value admits every number that rounds to it, both ends included.",
            ),
            Prose(
                Strong("Reconstruction."),
                " Every 2x2 table of whole patients that prints all the figures of a report is "
                "kept. None: the report is impossible and is used in no calculation.",
            ),
            Prose(
                Strong("Intervals."),
                " Proportions: Wilson. Likelihood ratios: score (Miettinen and Nurminen, ",
                Link("1985", "https://doi.org/10.1002/sim.4780040211"),
                "), no zero-cell correction. Several tables: the envelope. Post-test "
                "probabilities: the joint Jeffreys posterior of sensitivity, specificity and "
                "prevalence.",
            ),
            Prose(
                Strong("Several studies."),
                " The bivariate model with exact binomial likelihood (Chu and Cole, ",
                Link("2006", "https://doi.org/10.1016/j.jclinepi.2006.06.011"),
                ").",
            ),
            Prose(
                Strong("Several flags."),
                " A Gaussian copula of rank one within each disease group (Qu, Tan and Kutner, ",
                Link("1996", "https://doi.org/10.2307/2533043"),
                "), correlation 0.2; beside it independence, maximum entropy and the sharp bounds.",
            ),
        )
    ),
    Heading("What this cannot say"),
    Bullets(
        (
            "The best-known flags for malignancy rest on one study with 13 cancers. No method "
            "makes them more.",
            "Most figures were read in abstracts and on pages that quote the originals. The full "
            "tables of the systematic reviews were not available.",
            "How findings depend on each other within patients was never published for "
            "malignancy. The default is borrowed from patients with other diagnoses; the bounds "
            "show how much depends on it.",
            "Studies differ in population, reference standard and the wording of a flag. An "
            "interval does not contain that, nor bias from verification or selection.",
        )
    ),
)


def methods_section(context: Context) -> Section:
    """Build the section on methods and limits."""
    return Section("methods", "Methods and limits", METHODS)
