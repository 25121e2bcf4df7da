"""Random unions of alternatives: whatever a file lists, every parameter value decodes, every configuration encodes, and
each is counted once."""

import json

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tsearch.space.alternatives import alternatives
from tsearch.space.domains import Domain, Real
from tsearch.space.file import parse_space
from tsearch.space.kinds import space_from_dict
from tsearch.space.lines import Lines
from tsearch.space.space import SearchSpace
from tsearch.space.union import UnionSpace

RATE = {"low": 0.001, "high": 0.1, "log": True}
BACKBONES = [  # no two share networks
    {"name": "vgg", "widths": [[4, 4], [4, 8]], "pool_after": []},
    {"name": "vgg", "widths": [4, 4, 4], "pool_after": []},
    {"name": "resnet18", "width": [4, 8], "blocks": [1]},
    {"name": "spikformer", "width": 8, "layers": 1, "pools": [3], "attention_scale": {"low": 0.1, "high": 1}},
    {"name": "windowed", "width": 2, "depths": [1, 1], "groups": [4, 1], "windows": ["normal", "alternating"]},
    {"name": "windowed", "core": "gru", "width": 2, "depths": [1], "fusion": ["sum", "nested"], "theta": [0.3, 0.5]},
]  # fmt: skip
SECTIONS = {
    "timesteps": [[1], [2], [1, 2], [1, 3, 4]],
    "temporal_transformer": ["bucket", ["truncate", "bucket"]],
    "neuron": [{"tau": [1.5, 2.0]}, {"reset": "hard"}],
    "training": [{"loss": ["tet", "mean"], "tet_weight": [0.1, 0.5]}, {"learning_rate": RATE}, {"loss": "mean"}],
    "masks": [
        {"mode": ["none", "free"], "weight": [0, 0.1], "loss": ["target", "mean"], "target": [1, 2]},
        {"mode": "prefix_sum", "warmup": {"low": 0, "high": 0.5}},
    ],
}  # fmt: skip
LEADS = [{}, {"leading": "any", "most_leading": 1}, {"leading": [[], [4]]}]
Content = dict[str, object]


@st.composite
def files(draw: st.DrawFn) -> Content:
    """A file with two alternatives or more; some sections stand in it, some in the alternatives, some in both."""
    chosen = draw(st.lists(st.sampled_from(BACKBONES), min_size=2, max_size=4, unique_by=str))
    sections = st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in SECTIONS.items()})
    return {
        "name": "random",
        "data": {"name": "digits"},
        "timesteps": [1, 2],
        "schedule": {"epochs": 4, "leading_epochs": 1} | draw(st.sampled_from(LEADS)),
        "search": {"baselines": [1]},
        **draw(sections),
        "backbone": [one | draw(sections) for one in chosen],
    }


def value_of(domain: Domain) -> st.SearchStrategy[object]:
    """What a sampler may give."""
    if isinstance(domain, Real):
        return st.floats(domain.low, domain.high)
    return st.sampled_from([domain.encode(value) for value in domain.values])


def alone(text: str) -> list[SearchSpace]:
    """Every alternative as the only one of a file."""
    members = [parse_space(yaml.safe_dump(seen.content)) for seen in alternatives(Lines("s.yaml", text))]
    return [member for member in members if isinstance(member, SearchSpace)]


@settings(max_examples=30, deadline=None)
@given(content=files(), data=st.data())
def test_a_union_is_what_its_alternatives_are(content: Content, data: st.DataObject) -> None:
    text = yaml.safe_dump(content)
    space = parse_space(text)
    assert isinstance(space, UnionSpace)
    members = alone(text)
    sizes = [member.size for member in members]
    assert space.size == (None if None in sizes else sum(size or 0 for size in sizes))
    assert space.n_structures == sum(member.n_structures for member in members)
    assert space_from_dict(json.loads(json.dumps(space.to_dict())), space.source_text) == space

    values = {name: data.draw(value_of(domain), label=name) for name, domain in space.parameters().items()}
    decoded = space.decode(values)
    assert space.alternative_of(decoded) == values["backbone"]
    conditions = space.conditions()
    mattering = {
        n: v
        for n, v in values.items()
        if values["backbone"] == conditions.get(n, ("", values["backbone"]))[1]
    }
    assert space.decode(mattering) == decoded

    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    for configuration in (decoded, *(space.random(rng) for _ in range(5))):
        encoded = space.encode(configuration)
        assert encoded.keys() == space.parameters().keys()
        assert space.decode(encoded) == configuration
        assert space.encode(space.decode(encoded)) == encoded
        assert space.from_plain(json.loads(json.dumps(space.to_plain(configuration)))) == configuration
        assert space.epochs(configuration) == space.epochs(decoded)
    for member, (name, one) in zip(members, space.alternatives.items(), strict=True):
        assert {space.alternative_of(baseline) for baseline in one.baselines()} == {name}
        assert [c.timesteps for c in one.baselines()] == [c.timesteps for c in member.baselines()]


@settings(max_examples=15, deadline=None)
@given(content=files())
def test_every_configuration_of_a_union_is_counted_once(content: Content) -> None:
    space = parse_space(yaml.safe_dump(content))
    if space.size is None or space.size > 2000:
        return
    every = list(space.enumerate())
    assert len(every) == len({c.key for c in every}) == space.size
    assert all(space.decode(space.encode(c)) == c for c in every[::37])
