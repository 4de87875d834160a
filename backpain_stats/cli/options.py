"""Options that are given have effect or are refused: one rule for every command.

What goes with what is declared beside each command, as :class:`Needs` and
:class:`Excludes`; a repeated option accumulates if it is a list and is refused
if it is single; a value that is empty (an unset variable of the shell) is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from backpain_stats.errors import ArgumentError

__all__ = ["CheckedGroup", "Excludes", "Needs", "command"]


@dataclass(frozen=True, slots=True)
class Needs:
    """An option that has no effect unless one of others is given as well.

    Parameters
    ----------
    option : str
        Name of the parameter, or ``name=value``.
    others : sequence of str
        Names of the parameters, or ``name=value``; one of them is enough.
    """

    option: str
    others: Sequence[str]

    def broken(self, context: click.Context) -> str:
        """Return what is wrong, empty if nothing is."""
        if not _given(context, self.option) or any(_given(context, one) for one in self.others):
            return ""
        needed = " or ".join(_shown(context, one) for one in self.others)
        return f"{_shown(context, self.option)} has no effect without {needed}"


@dataclass(frozen=True, slots=True)
class Excludes:
    """An option beside which others would have no effect.

    Parameters
    ----------
    option : str
        Name of the parameter, or ``name=value``.
    others : sequence of str
        Names of the parameters, or ``name=value``.
    """

    option: str
    others: Sequence[str]

    def broken(self, context: click.Context) -> str:
        """Return what is wrong, empty if nothing is."""
        beside = [one for one in self.others if _given(context, one)]
        if not beside or not _given(context, self.option):
            return ""
        listed = ", ".join(_shown(context, one) for one in beside)
        return f"{_shown(context, self.option)} does not go with {listed}"


class CheckedCommand(click.Command):
    """A command that refuses what it would otherwise ignore.

    Parameters
    ----------
    *args, **kwargs
        As for :class:`click.Command`.
    rules : iterable of Needs or Excludes
        Which options go with which.
    may_be_empty : iterable of str
        Parameters of which an empty value says something.
    """

    def __init__(
        self,
        *args: Any,
        rules: Iterable[Needs | Excludes] = (),
        may_be_empty: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rules = tuple(rules)
        self.may_be_empty = frozenset(may_be_empty)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of the command line; refuse what cannot have effect."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        given, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter, times in Counter(order).items():
            if times > 1 and not parameter.multiple:
                raise ArgumentError(f"{_written(parameter)} is given {times} times; give it once")
        for parameter in order:
            value = given.get(parameter.name or "")
            values = value if isinstance(value, (list, tuple)) else [value]
            if parameter.name in self.may_be_empty:
                continue
            if any(isinstance(one, str) and not one.strip() for one in values):
                here = "; '.' is the current folder" if _is_path(parameter) else ""
                name = _written(parameter)
                raise ArgumentError(f"{name} is empty; give a value, or omit it{here}")
        rest = super().parse_args(ctx, args)
        for rule in self.rules:
            if wrong := rule.broken(ctx):
                raise ArgumentError(wrong)
        return rest


class CheckedGroup(click.Group):
    """A group of such commands."""

    command_class = CheckedCommand


def command(*rules: Needs | Excludes, **attributes: Any) -> Callable[[Any], CheckedCommand]:
    """Make a command with its rules, like :func:`click.command`."""
    return click.command(cls=CheckedCommand, rules=rules, **attributes)


def _given(context: click.Context, condition: str) -> bool:
    """Say whether an option is on the command line, with that value if one is named."""
    name, equals, value = condition.partition("=")
    if equals:
        return str(context.params[name]) == value
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _shown(context: click.Context, condition: str) -> str:
    """Return a condition as it is written at the command line."""
    name, _, value = condition.partition("=")
    parameter = next(one for one in context.command.params if one.name == name)
    return f"{_written(parameter)} {value}".rstrip()


def _written(parameter: click.Parameter) -> str:
    """Return ``--option``, or the name of an argument in capitals."""
    if isinstance(parameter, click.Argument):
        return parameter.metavar or str(parameter.name).upper()
    return max(parameter.opts, key=len)


def _is_path(parameter: click.Parameter) -> bool:
    return isinstance(parameter.type, click.Path)
