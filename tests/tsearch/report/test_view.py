"""What the page tells equals what the results hold."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hwcost import Cost
from tsearch.configuration import Configuration, Phase, Result
from tsearch.engine.run_folder import Run
from tsearch.front import Front
from tsearch.report.trial_view import schedule_text, spike_rates
from tsearch.report.view import gather, uniform_points

MakeRun = Callable[..., Run]


def test_energy_by_layer_and_kind_adds_up_to_the_total(make_run: MakeRun, results: list[Result]) -> None:
    view = gather(make_run(results))
    assert view.profiles == ("45nm_memory", "45nm_paper_simple")
    for number, result in enumerate(results):
        for profile in view.profiles:
            cost, found = Cost.from_dict(result.costs[profile]), view.trials[number]
            layers = {layer: sum(kinds.values()) for layer, kinds in found.energy(profile).items()}
            assert layers == pytest.approx(cost.by_layer())
            assert found.by_kind(profile) == pytest.approx(cost.by_kind())
            assert sum(layers.values()) == pytest.approx(cost.total_pj)
            assert list(found.by_kind(profile).values()) == sorted(
                found.by_kind(profile).values(), reverse=True
            )


def test_spike_rates_are_spikes_per_neuron_sample_and_step() -> None:
    layer = {"name": "a", "kind": "linear", "stage": 0, "in_shape": [4], "out_shape": [5], "neuron": "lif"}
    last = {"name": "b", "kind": "linear", "stage": 0, "in_shape": [5], "out_shape": [2]}
    network = {"layers": [layer, last], "stages": [{"timesteps": 2, "transformer": None}]}
    layers = {"a": {"events": [[4], [4]], "outputs": [5, 20]}, "b": {"events": [[5], [20]], "outputs": []}}
    assert spike_rates({"network": network, "record": {"n_samples": 10, "layers": layers}}) == {
        "a": (0.1, 0.4)
    }
    assert spike_rates({}) == {}


def test_other_profiles_price_the_same_trials(make_run: MakeRun, results: list[Result]) -> None:
    view = gather(make_run(results))
    assert view.under("45nm_memory") is view.front
    for point in view.under("45nm_paper_simple").complete:
        cost = Cost.from_dict(results[point.number].costs["45nm_paper_simple"])
        assert point.metrics["energy_pj"] == cost.total_pj
        assert point.metrics["latency_s"] == cost.latency_s
        assert point.metrics["accuracy"] == results[point.number].metrics["accuracy"]


def test_the_chosen_points_are_both_ends_and_the_knee(make_run: MakeRun, results: list[Result]) -> None:
    run = make_run(results)
    front = Front.of(run)
    chosen = dict(gather(run).chosen)
    assert list(chosen) == ["cheapest", "knee", "most accurate"]
    assert chosen["cheapest"] == front.best("energy_pj")
    assert chosen["knee"] == front.knee
    assert chosen["most accurate"] == front.best("accuracy")
    assert [name for name, _ in gather(make_run(results[:1])).chosen] == ["cheapest"]
    assert gather(make_run([])).chosen == ()


def test_the_axes_are_what_is_maximised_against_the_energy(make_run: MakeRun, results: list[Result]) -> None:
    def axes(*objectives: str) -> tuple[str, str, str | None]:
        return gather(make_run(results, objectives)).axes

    assert axes("accuracy", "energy_pj") == ("energy_pj", "accuracy", None)
    assert axes("latency_s", "energy_pj", "accuracy") == ("energy_pj", "accuracy", "latency_s")
    assert axes("energy_pj", "latency_s") == ("latency_s", "energy_pj", None)
    assert axes("accuracy") == ("trial", "accuracy", None)


def test_every_uniform_number_of_timesteps_is_named_and_none_that_beats_the_rest_is_left_out(
    make_run: MakeRun, results: list[Result]
) -> None:
    front = Front.of(make_run(results))
    assert [point.timesteps[0] for point in uniform_points(front)] == [1, 2, 3, 4, 6, 8]
    assert uniform_points(Front.of(make_run(results[6:]))) == []


def test_the_command_names_the_run_and_is_quoted_for_a_shell(
    make_run: MakeRun, results: list[Result]
) -> None:
    def command(**how: object) -> str:
        return gather(make_run(results[:1], **how)).trials[0].command

    assert command(name="demo") == "tsearch export demo --trial 0"
    assert command(name="demo", folder=Path("elsewhere/demo")) == (
        "tsearch export demo --runs elsewhere --trial 0"
    )
    assert command(name="demo", folder=Path("/data/runs/demo")) == (
        "tsearch export demo --runs /data/runs --trial 0"
    )
    assert command(name="my run; rm") == "tsearch export 'my run; rm' --trial 0"


def test_a_run_without_weights_has_no_command(make_run: MakeRun, results: list[Result]) -> None:
    view = gather(make_run(results, has_weights=False))
    assert not view.are_exported
    assert {trial.command for trial in view.trials.values()} == {""}


def test_the_panels_name_trials_on_the_front_where_limits_exclude_the_ends(
    make_run: MakeRun, results: list[Result]
) -> None:
    energies = sorted(result.metrics["energy_pj"] for result in results)
    limits = {"energy_pj": {"min": None, "max": energies[8]}, "accuracy": {"min": 0.6, "max": None}}
    view = gather(make_run(results, space={"constraints": limits}))
    assert len(view.front.infeasible) > 2
    assert [name for name, _ in view.chosen] == ["cheapest", "most accurate"]
    assert {point.number for _, point in view.chosen} <= {point.number for point in view.front.points}


def test_where_no_trial_keeps_the_limits_the_nearest_one_is_shown(
    make_run: MakeRun, results: list[Result]
) -> None:
    limits = {"accuracy": {"min": 0.999, "max": None}}
    view = gather(make_run(results, space={"constraints": limits}))
    assert view.front.points == ()
    [(name, point)] = view.chosen
    assert name == "nearest to the limits"
    assert point.metrics["accuracy"] == max(result.metrics["accuracy"] for result in results)


def test_another_profile_has_roles_of_its_own(make_run: MakeRun, results: list[Result]) -> None:
    view = gather(make_run(results))
    for profile in view.profiles:
        front = view.under(profile)
        roles = {name: number for number, name in view.roles(profile).items()}
        assert roles["cheapest"] == front.best("energy_pj").number
        assert roles["most accurate"] == front.best("accuracy").number


def test_a_schedule_reads_as_a_sentence() -> None:
    phases = (Phase(timesteps=(8, 8), epochs=6), Phase(timesteps=(6, 1), epochs=20))
    assert (
        schedule_text(Configuration(stages=(1, 2), schedule=phases)) == "8, 8 for 6 epochs, then 6, 1 for 20"
    )
    compressed = {"timesteps": (1, 1), "epochs": 2, "sparsity": 0.5, "weight_bits": 4}
    chain = (Phase(timesteps=(1, 1), epochs=4, network="ann"), *phases, Phase.model_validate(compressed))
    assert schedule_text(Configuration(stages=(1, 2), schedule=chain)) == (
        "ANN for 4 epochs, then 8, 8 for 6, then 6, 1 for 20, then 1, 1 for 2 (50 % pruned, 4 bits)"
    )
