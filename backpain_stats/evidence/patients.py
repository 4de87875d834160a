"""The only patients in the package: pain types in 464 people with low back pain."""

from __future__ import annotations

import pandas as pd

from backpain_stats.evidence.files import packaged_folder

__all__ = ["load_patients"]

PAIN_TYPES = ("nociceptive", "peripheral_neuropathic", "central_neuropathic")


def load_patients() -> pd.DataFrame:
    """Load the patient-level data of Smart 2011.

    464 patients with low back pain, with or without leg pain; eleven clinical
    criteria each, and the pain type the clinicians assigned. The data show
    whether multiplying likelihood ratios gives honest probabilities when
    several findings are present in one patient. The target is the pain type:
    nothing here is evidence about malignancy or any other serious condition.

    Returns
    -------
    pandas.DataFrame
        Columns ``patient``; ``criterion_2`` to ``criterion_37`` (1 present, 0
        absent, ``pd.NA`` not recorded: five cells); ``pain_type``. What each
        criterion says is in ``frame.attrs["criteria"]``, a dict.

    Notes
    -----
    Source: Smart KM, Blake C, Staines A, Doody C. The discriminative validity
    of "nociceptive", "peripheral neuropathic", and "central sensitization" as
    mechanisms-based classifications of musculoskeletal pain. Clin J Pain
    2011;27:655-63. The eleven criteria are those kept by Fop M, Smart KM,
    Murphy TB. Ann Appl Stat 2017;11:2080-2110,
    https://doi.org/10.1214/17-AOAS1061. Read from the data set ``lowbackpain``
    of the R package flexord.

    Examples
    --------
    >>> from backpain_stats import load_patients
    >>> patients = load_patients()
    >>> patients["pain_type"].value_counts().to_dict()
    {'nociceptive': 256, 'central_neuropathic': 106, 'peripheral_neuropathic': 102}
    >>> int(patients.isna().sum().sum())
    5
    """
    folder = packaged_folder() / "patients"
    criteria = pd.read_csv(folder / "smart2011_criteria.csv", dtype="string")
    dtypes = dict.fromkeys(["patient", *criteria["criterion"]], "Int64")
    patients = pd.read_csv(
        folder / "smart2011_patients.csv", dtype={**dtypes, "pain_type": "string"}
    )
    patients.attrs["criteria"] = dict(
        zip(criteria["criterion"], criteria["description"], strict=True)
    )
    return patients
