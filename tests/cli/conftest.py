"""How the commands are run: as typed, with what they print and their exit code."""

import pytest

from backpain_stats.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs a command line and returns its code and what it printed."""

    def command(*arguments):
        monkeypatch.setattr("sys.argv", ["backpain-stats", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return ended.value.code or 0, printed.out, printed.err

    return command
