"""How the numbers were made, and what they cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.report.page.parts import Section

if TYPE_CHECKING:
    from backpain_stats.report.main.context import Context

METHODS = (
    "<h3>How</h3>",
    "<ul>"
    "<li><strong>As printed.</strong> A figure is kept as the string that was printed, with its "
    "source. A printed value admits every number that rounds to it, both ends included.</li>"
    "<li><strong>Reconstruction.</strong> Every 2x2 table of whole patients that prints all the "
    "figures of a report is kept. None: the report is impossible and is used in no "
    "calculation.</li>"
    "<li><strong>Intervals.</strong> Proportions: Wilson. Likelihood ratios: score "
    "(Miettinen and Nurminen, <a href='https://doi.org/10.1002/sim.4780040211'>1985</a>), no "
    "zero-cell correction. Several tables: the envelope. Post-test probabilities: the joint "
    "Jeffreys posterior of sensitivity, specificity and prevalence.</li>"
    "<li><strong>Several studies.</strong> The bivariate model with exact binomial likelihood "
    "(Chu and Cole, <a href='https://doi.org/10.1016/j.jclinepi.2006.06.011'>2006</a>).</li>"
    "<li><strong>Several flags.</strong> A Gaussian copula of rank one within each disease group "
    "(Qu, Tan and Kutner, <a href='https://doi.org/10.2307/2533043'>1996</a>), correlation 0.2; "
    "beside it independence, maximum entropy and the sharp bounds.</li>"
    "</ul>",
    "<h3>What this cannot say</h3>",
    "<ul>"
    "<li>The best-known flags for malignancy rest on one study with 13 cancers. No method makes "
    "them more.</li>"
    "<li>Most figures were read in abstracts and on pages that quote the originals. The full "
    "tables of the systematic reviews were not available.</li>"
    "<li>How findings depend on each other within patients was never published for malignancy. "
    "The default is borrowed from patients with other diagnoses; the bounds show how much "
    "depends on it.</li>"
    "<li>Studies differ in population, reference standard and the wording of a flag. An interval "
    "does not contain that, nor bias from verification or selection.</li>"
    "</ul>",
)


def methods_section(context: Context) -> Section:
    """Build the section on methods and limits."""
    return Section("methods", "Methods and limits", METHODS)
