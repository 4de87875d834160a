"""Every usable report that does not count names the one that counts, and why."""

from __future__ import annotations

from backpain_stats import displacements, likelihood_ratios, load_evidence


def test_the_displaced_are_the_usable_that_do_not_count() -> None:
    evidence = load_evidence()
    ratios = likelihood_ratios(evidence).set_index("report_id")
    found = displacements(evidence)
    assert set(found["report_id"]) == set(ratios.index[ratios["usable"] & ~ratios["counted"]])
    assert ratios.loc[found["displaced_by"], "usable"].all()
    assert (found["reason"].str.len() > 0).all()
