"""What masked windows execute, seen where it happens, against what `hwcost` counts from their description and their
record."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from hwcost import estimate, load_profile, n_synapses
from tsearch.configuration import Configuration, Phase
from tsearch.data.dataset import DatasetInfo
from tsearch.networks.backbones.windowed import PAPER_NEURON, Windowed
from tsearch.networks.build import build, initialise
from tsearch.networks.network import Network
from tsearch.networks.plan import Convolution
from tsearch.networks.windows.nodes import Gate, GroupSpikes
from tsearch.pricing.describe import describe_network
from tsearch.pricing.record import Recorder
from tsearch.pricing.reduction import reduction_of

SHAPE, N_SAMPLES = (2, 8, 8), 3
PER_SYNAPSE = load_profile("45nm_memory").where(dataflow="none")


@st.composite
def masked_windows(draw: st.DrawFn) -> Network:
    """Any core and routing, one or two stages, images or events, every layer of neurons masked."""
    core, routing = (
        draw(st.sampled_from(("cnn", "lstm", "gru", "mlp"))),
        draw(st.sampled_from(("code", "paper"))),
    )
    stages, timesteps = draw(st.sampled_from((((3,), (4,)), ((1, 2), (4, 2)))))
    config = Configuration(
        backbone=Windowed(core=core, width=4, depths=(2, 1), windows="NDN", routing=routing),
        neuron=PAPER_NEURON, stages=stages, schedule=(Phase(timesteps=timesteps, epochs=1),),
        temporal_transformer=draw(st.sampled_from(("truncate", "bucket"))),
    )  # fmt: skip
    network = build(config, SHAPE, 5, is_static=draw(st.booleans())).eval()
    initialise(network, draw(st.integers(0, 3)), 0)
    nn.init.normal_(network.head.weight)
    masks = {}
    for node, _ in network.plan.neurons():
        n_steps = timesteps[network.stage_of(node)]
        active = draw(st.integers(1, n_steps))
        masks[node.name] = (1,) * active + (0,) * (n_steps - active)
    network.timestep_masks.hold(masks)
    return network


def watched(network: Network) -> dict[str, int]:
    """Steps that the module of every node is given, or gives where it is given none by itself, as it runs."""
    steps: dict[str, int] = {}
    for node in network.plan.nodes[:-1]:
        module = network.module_of(node)
        if isinstance(node, Convolution):
            current = module.current
            module.current = lambda x, name=node.name, current=current: (
                steps.update({name: len(x)}) or current(x)
            )
        else:
            module.register_forward_hook(lambda _m, _x, y, name=node.name: steps.update({name: len(y)}))
    return steps


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(masked_windows())
def test_products_membranes_and_gates_that_are_executed_are_those_that_are_counted(network: Network) -> None:
    kind = "analog" if network.is_static else "graded"
    info = DatasetInfo("toy", SHAPE, 5, network.is_static, kind, most_events_per_pixel=2)
    timesteps = network.configuration.timesteps
    spec = describe_network(network.configuration, info, None, reduction_of(network, timesteps))
    recorder, values = Recorder(spec, network.plan), {}

    def observe(name: str, value: torch.Tensor) -> None:
        values[name] = value
        recorder(name, value)

    frames = torch.randint(0, 3, (1 if network.is_static else timesteps[0], N_SAMPLES, *SHAPE)).float()
    steps = watched(network)
    with torch.no_grad():
        network.run(frames, timesteps, observe)
    recorder.add_samples(N_SAMPLES)
    cost = estimate(spec, recorder.record(), PER_SYNAPSE)
    for node in network.plan.nodes[:-1]:
        if not isinstance(node, Convolution | GroupSpikes | Gate):
            continue
        layer = spec.layer(node.name)
        if isinstance(node, GroupSpikes):
            updates = steps[node.sources[0]] * N_SAMPLES * layer.n_outputs
            assert cost.count("neuron_update", node.name) * N_SAMPLES == updates, node.name
            assert sum(recorder.record().layers[node.name].outputs) == values[node.name].sum()
        elif isinstance(node, Gate):
            tests = len(values[node.name]) * N_SAMPLES * layer.n_outputs
            assert cost.count("gate_compare", node.name) * N_SAMPLES == tests, node.name
        elif layer.is_analog and not spec.mixes(layer):
            macs = steps[node.name] * N_SAMPLES * n_synapses(layer)
            assert cost.count("synapse_mac", node.name) * N_SAMPLES == pytest.approx(macs), node.name
