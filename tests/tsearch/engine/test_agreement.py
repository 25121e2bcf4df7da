"""Real trainings end the same, to the bit, wherever they run."""

import pytest

import tsearch
from tsearch.front import Front
from tsearch.space.file import parse_space

pytest.importorskip("ray")


def test_real_trainings_give_the_same_front_on_every_executor(cluster, small_run, tmp_path) -> None:
    text = (small_run.folder / "space.yaml").read_text()
    text = text.replace(
        "search: {trials: 8, proposer: random}", "search: {trials: 8, proposer: tpe, ordered: true}"
    )
    space = parse_space(text)
    assert space.search.ordered
    found = {
        name: tsearch.run(space, name=name, runs=tmp_path, executor=name, address=address)
        for name, address in (("ray", cluster.address), ("process", None), ("inline", None))
    }

    def content(run):
        return [(t.number, t.key, t.result.metrics, t.result.probe, run.checkpoint(t)) for t in run.results]

    assert len(found["ray"].results) == 8
    assert content(found["ray"]) == content(found["process"]) == content(found["inline"])
    fronts = {name: [point.key for point in Front.of(run).points] for name, run in found.items()}
    assert fronts["ray"] == fronts["process"] == fronts["inline"]
    assert len({Front.of(run).hypervolume for run in found.values()}) == 1
