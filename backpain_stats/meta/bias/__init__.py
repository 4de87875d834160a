"""Bias as a number: what partial verification, an imperfect reference and others would do.

Each function takes a result as it stands and returns a curve beside it, never a correction in
its place.
"""

from backpain_stats.meta.bias.begg_greenes import begg_greenes
from backpain_stats.meta.bias.curve import BiasCurve
from backpain_stats.meta.bias.latent_class import LatentClassFit, fit_latent_class
from backpain_stats.meta.bias.plain import CURVE_MEASURES
from backpain_stats.meta.bias.pooled_verification import pool_verified
from backpain_stats.meta.bias.profile import BIASES, BiasProfile, bias_profile
from backpain_stats.meta.bias.publication import publication_bias
from backpain_stats.meta.bias.reference import reference_bias
from backpain_stats.meta.bias.small_study import SmallStudyTest, small_study_test
from backpain_stats.meta.bias.spectrum import spectrum_bias
from backpain_stats.meta.bias.verification import verification_bias

__all__ = [
    "BIASES",
    "CURVE_MEASURES",
    "BiasCurve",
    "BiasProfile",
    "LatentClassFit",
    "SmallStudyTest",
    "begg_greenes",
    "bias_profile",
    "fit_latent_class",
    "pool_verified",
    "publication_bias",
    "reference_bias",
    "small_study_test",
    "spectrum_bias",
    "verification_bias",
]
