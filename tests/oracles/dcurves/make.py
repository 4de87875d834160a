"""Net benefit by the package dcurves, on patients rebuilt one by one from 2x2 counts.

dcurves needs pandas below 3, so it runs in an environment of its own:

    python -m venv dcurves-env && dcurves-env/bin/pip install dcurves==1.1.7
    dcurves-env/bin/python tests/oracles/dcurves/make.py
"""

from pathlib import Path

import dcurves
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
THRESHOLDS = np.array([0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75])
TEST_HARM = 0.0005


def patients(tp: int, fp: int, fn: int, tn: int) -> pd.DataFrame:
    """Return one row a patient: whether diseased and whether the flag is present."""
    cells = [(1, 1)] * tp + [(0, 1)] * fp + [(1, 0)] * fn + [(0, 0)] * tn
    return pd.DataFrame(cells, columns=["disease", "flag"])


def main() -> None:
    """Write net_benefit.csv."""
    tables = pd.read_csv(HERE / "tables.csv")
    parts = []
    for table in tables.itertuples(index=False):
        frame = patients(table.tp, table.fp, table.fn, table.tn)
        for harm in (0.0, TEST_HARM):
            result = dcurves.dca(
                data=frame,
                outcome="disease",
                modelnames=["flag"],
                thresholds=THRESHOLDS,
                harm={"flag": harm},
            )
            part = result[["model", "threshold", "net_benefit"]].copy()
            part.insert(0, "table", table.table)
            part.insert(1, "test_harm", harm)
            parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame.to_csv(HERE / "net_benefit.csv", index=False, float_format="%.17g", lineterminator="\n")


if __name__ == "__main__":
    main()
