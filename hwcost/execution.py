"""Execution models: how steps of different layers overlap (see `hwcost.overlap`)."""

from typing import Literal, get_args

from hwcost.errors import ChoiceError, did_you_mean

Execution = Literal["layer_serial", "lock_step", "pipelined", "event_driven"]
EXECUTIONS: tuple[str, ...] = get_args(Execution)


def check_execution(execution: str) -> None:
    """Raises: ChoiceError, with the known ones, for an unknown execution model."""
    if execution not in EXECUTIONS:
        hint = did_you_mean(execution, EXECUTIONS)
        raise ChoiceError(f"unknown execution model '{execution}'.{hint} Known: {', '.join(EXECUTIONS)}")
