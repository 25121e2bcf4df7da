"""What a search tells its listener while it goes on. The engine itself prints nothing.

`n_done` counts the trials that are complete or failed, `n_total` all that the run is to have.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tsearch.engine.run_folder import Trial
from tsearch.space.goals import Objective


@dataclass(frozen=True)
class Started:
    """The search begins, or goes on with the trials in `earlier` already finished."""

    folder: Path
    objectives: tuple[Objective, ...]
    reference: Mapping[str, float]
    ideal: Mapping[str, float]
    earlier: tuple[Trial, ...]
    n_total: int
    constraints: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    alternative_of: Callable[[Any], str] = lambda _: (
        ""
    )  # the name of a configuration's backbone in a space of several


@dataclass(frozen=True)
class Submitted:
    """A trial went to a worker; `attempt` counts from 1."""

    trial: Trial
    attempt: int


@dataclass(frozen=True)
class Finished:
    """A trial ended, complete or failed; it is on disk."""

    trial: Trial
    n_done: int
    n_total: int


@dataclass(frozen=True)
class Lost:
    """The worker of a trial died on it; the trial is submitted again unless this was its last attempt. Where more than
    a worker is away, no attempt counts: that is `Warned`.
    """

    trial: Trial
    attempt: int
    reason: str


@dataclass(frozen=True)
class Duplicate:
    """The proposer repeated the configuration of an earlier trial; it is not trained again and not
    counted.
    """

    key: str


@dataclass(frozen=True)
class Rejected:
    """A proposal cannot meet the constraints or fit the hardware, whatever its training; it is neither trained nor
    counted."""

    key: str
    reason: str


@dataclass(frozen=True)
class Advanced:
    """Work besides the search is so far, which `purpose` needs: 7 of 15 trainings, for instance. Told when it begins,
    and after each piece."""

    purpose: str
    piece: str
    n_done: int
    n_total: int


@dataclass(frozen=True)
class Warned:
    """Something that people should know while the search goes on; one line."""

    text: str


@dataclass(frozen=True)
class Noted:
    """What people like to know, such as what a confirmation is going to do; one line."""

    text: str


@dataclass(frozen=True)
class Ended:
    """Nothing is under way any more, because of `reason`: 'all trials done', 'all N trials failed ...', 'time is up',
    'space exhausted after N trials', or 'stopped' where an error or an interrupt follows.
    """

    reason: str
    n_done: int
    n_total: int


Event = Started | Submitted | Finished | Lost | Duplicate | Rejected | Advanced | Warned | Noted | Ended
Listener = Callable[[Event], None]


class Forgiving:
    """A listener that cannot end the search: once it fails it hears nothing more, with one warning in the log."""

    def __init__(self, listener: Listener) -> None:
        self._listener: Listener | None = listener

    def __call__(self, event: Event) -> None:
        """Pass the event on."""
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception as error:
            self._listener = None
            logging.getLogger(__name__).warning(
                "the listener failed (%s: %s) and hears nothing more; the search goes on",
                type(error).__name__,
                error,
            )


def quiet(event: Event) -> None:
    """A listener that says nothing."""
