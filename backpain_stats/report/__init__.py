"""Pages to read and to play with: the report, the panel's report and the explorer."""

from backpain_stats.report.explorer.build import explorer_data, explorer_page, write_explorer
from backpain_stats.report.main.build import build_report
from backpain_stats.report.panel.build import PanelQuestion, PanelResults, build_panel

__all__ = [
    "PanelQuestion",
    "PanelResults",
    "build_panel",
    "build_report",
    "explorer_data",
    "explorer_page",
    "write_explorer",
]
