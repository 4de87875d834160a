"""The wheel, installed outside the repository, runs the main job on its own data."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _run(*command: str | Path, cwd: Path) -> str:
    # Where the tests were told to find the package must not help the wheel.
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_runs_the_main_job_in_a_clean_environment(tmp_path):
    dist = tmp_path / "dist"
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", dist, ROOT, cwd=tmp_path)
    (wheel,) = dist.glob("backpain_stats-*.whl")

    environment = tmp_path / "clean"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    target = Path(
        _run(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path
        ).strip()
    )
    # The dependencies are borrowed from this environment by path, so the test needs no network.
    # Path files inside a borrowed folder are not read: an editable install stays out of sight.
    target.joinpath("borrowed.pth").write_text(
        "\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}) + "\n"
    )
    _run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--quiet",
        "--target",
        target,
        wheel,
        cwd=tmp_path,
    )

    where = _run(
        python, "-c", "import backpain_stats; print(backpain_stats.__file__)", cwd=tmp_path
    )
    assert str(environment) in where
    out = tmp_path / "out"
    _run(python, "-m", "backpain_stats", "report", "--no-explorer", "--out", out, cwd=tmp_path)
    page = out.joinpath("index.html").read_text(encoding="utf-8")
    assert "not a medical device" in page
    # The patients' rows are under the licence of their source, and not in the wheel.
    assert not list(target.rglob("smart2011*"))
    committed = {path.name for path in (ROOT / "reports" / "tables").glob("*.csv")}
    committed -= {"patients.csv"}
    assert {path.name for path in (out / "tables").glob("*.csv")} == committed
