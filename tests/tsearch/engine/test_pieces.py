"""Pieces that wait and are under way: no phase twice at a time, who waits is told once, whoever waited is let go."""

from tsearch.engine.pieces import Job, Pieces
from tsearch.engine.scheduling import Piece, Standing
from tsearch.engine.store import CheckpointName

FIRST, LAST = 2, 5  # epochs: the end of a first phase, and of a training
JOBS = [Job(number, Piece(FIRST)) for number in range(3)]


def standings(*prefixes: str) -> dict[int, Standing]:
    """A trial for every name of a first phase; last phases are all different."""
    return {
        number: Standing(
            number,
            LAST,
            phases={
                FIRST: CheckpointName(prefix, 0, FIRST),
                LAST: CheckpointName(f"{prefix}{number}", 0, LAST),
            },
        )
        for number, prefix in enumerate(prefixes)
    }


def waiting(*prefixes: str) -> Pieces:
    pieces = Pieces(standings(*prefixes))
    for job in JOBS:
        pieces.wait(job)
    return pieces


def begin_next(pieces: Pieces) -> Job:
    """Submit, as "trial 0", the next piece that is ready; there is one."""
    job = pieces.next_ready()
    assert job is not None
    pieces.begin("trial 0", job)
    return job


def test_a_phase_under_way_is_given_to_no_other_trial() -> None:
    pieces = waiting("a", "a", "b")
    assert begin_next(pieces) == JOBS[0]
    assert pieces.next_ready() == JOBS[2]  # another phase
    assert pieces.next_ready() is None
    assert pieces.n_waiting == 1


def test_who_waits_is_told_once_and_let_go_when_the_phase_is_done() -> None:
    pieces = waiting("a", "a", "a")
    begin_next(pieces)
    assert pieces.news() == ["lineage: trials 1 and 2 wait for phase 1 of trial 0, which they share"]
    assert pieces.news() == []
    assert pieces.released(pieces.end("trial 0")) == [1, 2]
    assert pieces.n_waiting == 0


def test_a_phase_whose_worker_died_is_open_to_the_next_and_what_was_lost_comes_first() -> None:
    pieces = waiting("a", "a", "b")
    begin_next(pieces)
    pieces.wait(pieces.end("trial 0"), is_first=True)
    assert pieces.next_ready() == JOBS[0]
    assert pieces.next_ready() == JOBS[1]


def test_a_piece_that_ends_inside_a_phase_is_shared_with_none() -> None:
    pieces = Pieces(standings("a", "a"))
    inside = [Job(number, Piece(FIRST - 1)) for number in range(2)]
    for job in inside:
        pieces.wait(job)
    first = begin_next(pieces)
    assert first == inside[0]
    assert pieces.news() == []
    assert pieces.released(first) == []
    assert pieces.next_ready() == inside[1]
