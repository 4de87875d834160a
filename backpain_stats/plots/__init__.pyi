# Every figure; see the stub of the package. What is imported by its full name is no figure.

from backpain_stats.plots.offscreen import off_screen as off_screen

from .draw_bias_profile import bias_profile as bias_profile
from .draw_calibration import calibration as calibration
from .draw_crosshair import crosshair as crosshair
from .draw_decision_curve import decision_curve as decision_curve
from .draw_dependence import dependence as dependence
from .draw_endorsement import endorsement as endorsement
from .draw_fagan import fagan as fagan
from .draw_forest import forest as forest
from .draw_forest_paired import forest_paired as forest_paired
from .draw_frequency_tree import frequency_tree as frequency_tree
from .draw_funnel_deeks import funnel_deeks as funnel_deeks
from .draw_influence import influence as influence
from .draw_natural_frequencies import natural_frequencies as natural_frequencies
from .draw_posttest import posttest as posttest
from .draw_quality import quality as quality
from .draw_ranking import ranking as ranking
from .draw_risk_patterns import risk_patterns as risk_patterns
from .draw_risk_waterfall import risk_waterfall as risk_waterfall
from .draw_sensitivity_analysis import sensitivity_analysis as sensitivity_analysis
from .draw_shrinkage import shrinkage as shrinkage
from .draw_sroc import sroc as sroc
from .draw_thresholds import thresholds as thresholds
from .draw_value_of_information import value_of_information as value_of_information
