"""The timesteps that masks have left to the layers of a network, in words."""

from collections.abc import Mapping

from tsearch.units import OF_TYPE


def masked_to(metrics: Mapping[str, float]) -> str:
    """The mean over layers of neurons of the timesteps that they run, '2.4'; '' where no masks were learned."""
    of_types = _of_types(metrics)
    if not of_types:
        return ""
    mean = metrics.get("mean_timesteps_by_layer", sum(of_types.values()) / len(of_types))
    return _number(mean)


def masked_text(metrics: Mapping[str, float]) -> str:
    """The same with the mean of every type of layer: '2.4 (patch 4, qkv 2.1, attention 1.9, mlp 2)'."""
    of_types = _of_types(metrics)
    if len(of_types) < 2:
        return masked_to(metrics)
    return f"{masked_to(metrics)} ({', '.join(f'{name} {_number(mean)}' for name, mean in of_types.items())})"


def layers_text(layer_timesteps: Mapping[str, object]) -> str:
    """Every layer with its timesteps: 'block1 3, block2 1'; of a mask that is no prefix, all of it: 'block1 1-0-1'."""
    return ", ".join(
        f"{name} {'-'.join(map(str, steps)) if isinstance(steps, tuple | list) else steps}"
        for name, steps in layer_timesteps.items()
    )


def _of_types(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name.removeprefix(OF_TYPE): mean for name, mean in metrics.items() if name.startswith(OF_TYPE)}


def _number(mean: float) -> str:
    return f"{mean:.2f}".rstrip("0").rstrip(".")
