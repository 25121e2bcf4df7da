"""What a confirmation found about one candidate: plain data, written once and shown from then on."""

from typing import Any, Literal

from tsearch.frozen import Frozen
from tsearch.replication.interval import Interval

Word = Literal["saves", "not shown", "costs more"]


class Twin(Frozen):
    """The uniform network that is a candidate's equal in all but timesteps, and its key; a plain one lacks the temporal
    transformers too."""

    timesteps: int
    key: str
    is_plain: bool = False

    @property
    def text(self) -> str:
        """'uniform T=5'."""
        return f"uniform T={self.timesteps}{' without temporal transformers' if self.is_plain else ''}"


class Verdict(Frozen):
    """Whether one candidate saves cost against its uniform twins.

    Args:
        number, key, label: The trial, the key of its configuration, and its short name.
        cost: The metric that is saved, such as `energy_pj`.
        twins: The cheaper and the dearer twin; the dearer one is named where a saving is told. () without a bracket.
            Of two pairs, with and without temporal transformers, the one that shows less.
        word: What was found; "not shown" also where nothing could be judged, then with a `reason`.
        saving: Part of the named twin's cost that is saved, below 0 where more is spent.
        gap: Accuracy minus that of the named twin.
        above_curve: Accuracy minus that of uniform networks at the candidate's own cost.
        p: The largest of the one-sided p-values; `p_holm` is the adjusted one, to compare with 5 %, see `family.py`.
        resolvable: The accuracy above the curve that so many replicates and samples show with 80 % probability.
        margin: How much less accuracy than that of the named twin still counts as equal.
        dataflow, unreused_saving: The dataflow of the priced hardware, and the part of the named twin's energy that
            would be saved if nothing fetched were reused; '' and None where weights have no price.
        named: Whether the trial was named by hand, instead of picked on validation.

    Numbers are None where nothing could be judged. Accuracies are fractions in [0, 1].
    """

    number: int
    key: str
    label: str
    cost: str
    word: Word
    twins: tuple[Twin, ...] = ()
    saving: Interval | None = None
    gap: Interval | None = None
    above_curve: Interval | None = None
    p: float | None = None
    p_holm: float | None = None
    resolvable: float | None = None
    margin: float = 0.01
    n_replicates: int = 0
    n_samples: int = 0
    n_groups: int = 0
    reason: str = ""
    named: bool = False
    dataflow: str = ""
    unreused_saving: float | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The verdict as plain JSON data."""
        return self.model_dump(mode="json")
