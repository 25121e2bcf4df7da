"""Which keys may stand at a place of a space file, for errors that name them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from tsearch.configuration import DataSpec, Hardware
from tsearch.space.goals import ConfirmSettings, Objective, SearchSettings
from tsearch.space.ranges import Range
from tsearch.space.schema import (
    SCHEDULE_SETTINGS,
    CompressionSpace,
    ConstraintText,
    ConversionSpace,
    Enqueued,
    MasksSpace,
    NeuronSpace,
    ScheduleSpace,
    SpaceFile,
    TrainingSpace,
    backbone_space,
)
from tsearch.space.settings import SECTIONS

_MODELS: dict[str, type[BaseModel]] = {
    "data": DataSpec,
    "schedule": ScheduleSpace,
    "neuron": NeuronSpace,
    "training": TrainingSpace,
    "conversion": ConversionSpace,
    "compression": CompressionSpace,
    "masks": MasksSpace,
    "objectives": Objective,
    "constraints": ConstraintText,
    "hardware": Hardware,
    "search": SearchSettings,
    "confirm": ConfirmSettings,
    "enqueue": Enqueued,
}


def known_keys(path: tuple[str | int, ...], content: Mapping[str, Any]) -> list[str]:
    """The keys that may stand at `path` of a file with `content`."""
    return list(_model_at(path, content).model_fields)


def _model_at(path: tuple[str | int, ...], content: Mapping[str, Any]) -> type[BaseModel]:
    if not path:
        return SpaceFile
    top = str(path[0])
    is_setting = top == "temporal_transformer" or (top in SECTIONS and len(path) > 1)
    is_setting = is_setting or (top == "schedule" and len(path) > 1 and path[1] in SCHEDULE_SETTINGS)
    if is_setting:
        return Range
    return backbone_space(content["backbone"]) if top == "backbone" else _MODELS[top]
