"""What an evaluator gave, checked before anything else sees it: from here on a result is plain data of the right form.

Whatever is wrong with it is the fault of the configuration or of its evaluator, in one line; it is never repeated.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tsearch.configuration import Result
from tsearch.engine.executors.segments import Outcome, Segment
from tsearch.frozen import Frozen


def receive(given: Any, segment: Segment) -> Outcome:
    """The result that an evaluator gave, or that its metrics stand for; or what is wrong with it."""
    if not isinstance(given, Result | Mapping):
        return Outcome(
            error=f"the evaluator returned {type(given).__name__}, not a Result or metrics by name"
        )
    if isinstance(given, Mapping):
        fields: dict[str, Any] = {"budget": segment.stop, "metrics": dict(given)}
        checkpoint = None
    else:
        fields = given.model_dump(exclude={"configuration"}, warnings=False)
        checkpoint = given.checkpoint
    error = _problem(given, checkpoint, segment)
    if error:
        return Outcome(error=error)
    try:
        plain = json.loads(json.dumps(fields))
    except (TypeError, ValueError, RecursionError) as problem:
        return Outcome(error=f"the result cannot be written as JSON: {problem}")
    try:
        return Outcome(Result(configuration=segment.configuration, checkpoint=checkpoint, **plain))
    except ValidationError as problem:
        return Outcome(error=_wrong_field(problem))


def _problem(given: Result | Mapping[str, Any], checkpoint: Any, segment: Segment) -> str:
    """What is wrong with a result beside its fields' types; '' where nothing is."""
    metrics = given.metrics if isinstance(given, Result) else given
    wrong = [name for name, value in dict(metrics).items() if not _is_number(value)]
    if wrong:
        return f"the evaluator returned no number for the metric '{wrong[0]}'"
    if checkpoint is not None and not isinstance(checkpoint, bytes):
        return f"the evaluator returned a checkpoint of type {type(checkpoint).__name__}, not bytes"
    if not isinstance(given, Result):
        return ""
    if given.budget != segment.stop:
        return f"the result is for a budget of {given.budget}, not of {segment.stop}"
    if _plain(given.configuration) != _plain(segment.configuration):
        return "the result is for another configuration than the one to be tried"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(configuration: Any) -> str:
    """A configuration as text, alike for tuples and lists."""
    content = configuration.model_dump() if isinstance(configuration, Frozen) else configuration
    return json.dumps(content, sort_keys=True, default=str)


def _wrong_field(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    return f"the evaluator returned a result whose field '{name}' is wrong: {first['msg']}"
