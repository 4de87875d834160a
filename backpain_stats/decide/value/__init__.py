"""What is still worth knowing, and which flags to ask for together."""

from backpain_stats.decide.value.order import QuestionOrder, question_order
from backpain_stats.decide.value.result import ValueOfInformation
from backpain_stats.decide.value.sets import FlagSets, flag_sets
from backpain_stats.decide.value.value import value_of_information

__all__ = [
    "FlagSets",
    "QuestionOrder",
    "ValueOfInformation",
    "flag_sets",
    "question_order",
    "value_of_information",
]
