"""Published counts that the tests of this folder use, typed from their sources."""

import pandas as pd
import pytest

# CT and MRI for coronary stenosis, five studies of the same patients: Cochrane Handbook for
# Systematic Reviews of Diagnostic Test Accuracy, version 2, appendix 12 (tp, fp, fn, tn).
CT_MRI = {
    "Dewey 2006": {"CT": (62, 5, 4, 46), "MRI": (42, 2, 7, 39)},
    "Kefer 2005": {"CT": (32, 6, 2, 12), "MRI": (30, 9, 4, 9)},
    "Langer 2009": {"CT": (25, 2, 1, 40), "MRI": (18, 15, 8, 27)},
    "Maintz 2007": {"CT": (15, 2, 1, 2), "MRI": (15, 1, 1, 3)},
    "Pouleur 2008": {"CT": (16, 7, 1, 53), "MRI": (17, 17, 0, 43)},
}
# HC2 and RepC in women with ASCUS, ten studies of the same women: Arbyn et al., the worked
# example of Stata's metadta (tp, fp, fn, tn).
ASCUS = {
    "Andersson 2005": {"HC2": (6, 17, 4, 25), "RepC": (6, 14, 4, 28)},
    "Bergeron 2000": {"HC2": (10, 38, 2, 61), "RepC": (8, 28, 4, 71)},
    "Del Mistro 2010": {"HC2": (27, 154, 2, 566), "RepC": (20, 191, 7, 483)},
    "Kulasingam 2002": {"HC2": (23, 115, 3, 129), "RepC": (20, 74, 6, 170)},
    "Lytwyn 2000": {"HC2": (4, 19, 1, 33), "RepC": (4, 20, 2, 26)},
    "Manos 1999": {"HC2": (58, 326, 7, 582), "RepC": (48, 324, 15, 570)},
    "Monsonego 2008": {"HC2": (22, 110, 2, 72), "RepC": (10, 18, 15, 168)},
    "Morin 2001": {"HC2": (17, 88, 2, 253), "RepC": (14, 126, 5, 214)},
    "Silverloo 2009": {"HC2": (34, 65, 2, 81), "RepC": (24, 43, 10, 105)},
    "Solomon 2001": {"HC2": (256, 1050, 1, 984), "RepC": (227, 1132, 40, 914)},
}


def paired_frame(table):
    """Return one row per study and test."""
    rows = [
        (study, test, *counts) for study, arms in table.items() for test, counts in arms.items()
    ]
    return pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"])


@pytest.fixture(scope="session")
def ct_mri():
    return paired_frame(CT_MRI)


@pytest.fixture(scope="session")
def ascus():
    return paired_frame(ASCUS)
