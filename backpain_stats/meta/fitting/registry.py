"""The families that can be asked for by name."""

from __future__ import annotations

from backpain_stats.meta.fitting.binomial_family import Binomial
from backpain_stats.meta.fitting.family import Family
from backpain_stats.meta.fitting.normal_family import Normal

FAMILIES: dict[str, type[Family]] = {family.name: family for family in (Binomial, Normal)}
