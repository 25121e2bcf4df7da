"""Sections of a space file in which every setting may be one value, several, or a range: made from the models of what
the settings become."""

from functools import cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, create_model
from pydantic.fields import FieldInfo

from tsearch.frozen import Frozen
from tsearch.networks.backbones import Backbone
from tsearch.space.domains import Choice, Domain, Real, Whole
from tsearch.space.ranges import OPTION, one_value, setting


class Section(Frozen, validate_default=True):
    """A section whose settings are read as domains; what has no default and is left out is None."""

    def domains(self) -> dict[str, Domain]:
        """The domain of every setting that is given or has a default, by name."""
        return {name: value for name, value in self if isinstance(value, Choice | Real | Whole)}


class OpenSection(Section, extra="allow"):
    """A section that takes further settings: the options of a network that is not ours."""

    __pydantic_extra__: dict[str, OPTION]


@cache
def searchable(model: type[Frozen]) -> type[Section]:
    """`model` with every field widened to a setting; its defaults stay. One space has one family of backbones."""
    base = OpenSection if model.model_config.get("extra") == "allow" else Section
    is_backbone = issubclass(model, Backbone)
    fields: dict[str, Any] = {
        name: _widened(field, setting_type=one_value if is_backbone and name == "name" else setting)
        for name, field in model.model_fields.items()
    }
    return create_model(f"{model.__name__}Space", __base__=base, __doc__=model.__doc__, **fields)


def _widened(field: FieldInfo, setting_type: Any) -> tuple[Any, Any]:
    """Type and default of a setting for the values of `field`."""
    annotation = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    if field.annotation in (int, float):
        annotation = Annotated[annotation, BeforeValidator(no_truth)]
    if field.is_required():
        return setting_type(annotation), Field(default=None, validate_default=False)
    return setting_type(annotation), field.get_default(call_default_factory=True)


def no_truth(given: Any) -> Any:
    """What is given for a number. Raises: ValueError for true and false, which Python takes for 1 and 0."""
    if isinstance(given, bool):
        raise ValueError(f"input should be a number, found {given}")
    return given


def reads(read: Any, form: Any) -> PlainValidator:
    """Validates with `read`; the JSON schema shows `form`."""
    return PlainValidator(read, json_schema_input_type=form)


def reads_setting(annotation: Any) -> PlainValidator:
    """Validates a setting whose single value has type `annotation`."""
    form = setting(annotation)
    return reads(TypeAdapter(form).validate_python, form)
