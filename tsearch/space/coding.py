"""The structure of a configuration as a sampler sees it: parameters of which any combination of values decodes to a
valid structure."""

from collections.abc import Mapping
from typing import Any

from tsearch.space.divisions import AnyDivision, Division, Divisions
from tsearch.space.domains import Choice, Domain
from tsearch.space.structures import Structure, Structures
from tsearch.space.timesteps import cuts_of_division, division_of_cuts


def structure_parameters(structures: Structures) -> dict[str, Domain]:
    """The cuts between blocks or the listed divisions, and the parameters of the path."""
    divisions = structures.divisions
    if isinstance(divisions, AnyDivision):
        parameters: dict[str, Domain] = {f"cut.{k}": Choice((False, True)) for k in range(1, divisions.depth)}
    else:
        parameters = {"stages": Choice(tuple(divisions))}
    return parameters | structures.paths.parameters(divisions.most_stages)


def decode_structure(structures: Structures, values: Mapping[str, Any]) -> Structure:
    """The structure that parameter values stand for; parameters left out take their default."""
    division = _decode_division(structures.divisions, values)
    return Structure(division, structures.paths.decode(values, len(division)))


def encode_structure(structures: Structures, structure: Structure) -> dict[str, Any]:
    """Parameter values that decode to `structure`. Raises: ValueError, saying why, if it is not of this space."""
    if structure.division not in structures.divisions:
        raise ValueError(f"stages {list(structure.division)} is not a division of this space")
    path = structures.paths.encode(structure.path, structures.divisions.most_stages)
    return _encode_division(structures.divisions, structure.division) | path


def _decode_division(divisions: Divisions, values: Mapping[str, Any]) -> Division:
    if isinstance(divisions, AnyDivision):
        return division_of_cuts([bool(values.get(f"cut.{k}", False)) for k in range(1, divisions.depth)])
    domain = Choice(tuple(divisions))
    division: Division = domain.decode(values["stages"]) if "stages" in values else domain.default
    return division


def _encode_division(divisions: Divisions, division: Division) -> dict[str, Any]:
    if isinstance(divisions, AnyDivision):
        return {f"cut.{k}": cut for k, cut in enumerate(cuts_of_division(division), start=1)}
    return {"stages": Choice(tuple(divisions)).encode(division)}
