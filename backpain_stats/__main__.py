"""Run the command line as ``python -m backpain_stats``."""

from backpain_stats.cli import main

if __name__ == "__main__":
    main()
