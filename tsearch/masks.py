"""What may be learned about the timesteps of single layers: plain data, imports no torch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from tsearch.frozen import AbsentMeans, Frozen


class Masks(Frozen):
    """DTSS-style masks (arXiv 2311.16456, our reading): every layer of neurons has one trainable score per timestep of
    its stage, of which a binary mask follows; at a masked timestep the layer gives nothing.

    `mode` is how: "prefix_sum", "suffix_sum" and "gate_product" give masks that begin with ones and end with zeros,
    "free" decides every timestep alone; with "none" there are no masks. The `granularity` is one mask per "layer", or
    one for all layers of a "module": those of one type in one block.

    The loss has `weight` (lambda_m) times the masks' term: "mean", the mean part of timesteps that run, or the mean
    distance from `target` timesteps, on both sides ("target") or where there are fewer ("hinge"), as part of all. Of
    layers in the term are those of the `types` named, all where none is.

    `initial_timesteps` run at first, half of all where it is None. Scores are frozen for the first part `warmup` of a
    phase, and for its last part `settle`, in which weights get used to masks that no longer change; between, they are
    trained with AdamW at `learning_rate` times that of the training, without weight decay. `surrogate` is the
    derivative of the step, with a width of `surrogate_width`. At the end of a phase masks stay as they are and, where
    they say `recalibrate`, statistics of BatchNorm are measured under them.

    The mean over time that logits are made of is one over "all" timesteps, or over those up to the last at which
    anything reaches the `readout` ("active")."""

    mode: Annotated[
        Literal["none", "prefix_sum", "suffix_sum", "gate_product", "free"], AbsentMeans("none")
    ] = "none"
    granularity: Annotated[Literal["layer", "module"], AbsentMeans("layer")] = "layer"
    types: Annotated[tuple[str, ...], AbsentMeans(())] = ()
    weight: Annotated[NonNegativeFloat, AbsentMeans(0.0)] = 0.0
    loss: Annotated[Literal["mean", "target", "hinge"], AbsentMeans("mean")] = "mean"
    target: Annotated[PositiveInt, AbsentMeans(1)] = 1
    initial_timesteps: Annotated[PositiveInt | None, AbsentMeans(None)] = None
    warmup: Annotated[float, Field(ge=0, le=1), AbsentMeans(0.1)] = 0.1
    settle: Annotated[float, Field(ge=0, le=1), AbsentMeans(0.25)] = 0.25
    learning_rate: Annotated[PositiveFloat, AbsentMeans(1.0)] = 1.0
    surrogate: Annotated[Literal["rational", "triangular"], AbsentMeans("rational")] = "rational"
    surrogate_width: Annotated[PositiveFloat, AbsentMeans(1.0)] = 1.0
    recalibrate: Annotated[bool, AbsentMeans(True)] = True
    readout: Annotated[Literal["all", "active"], AbsentMeans("all")] = "all"

    @property
    def are_learned(self) -> bool:
        """Whether there are any."""
        return self.mode != "none"
