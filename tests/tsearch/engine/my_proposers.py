"""Proposers that are not Optuna's, as a user would write them."""

from typing import Any


class Halton:
    """Evenly spread points: the n-th draw takes the n-th digits reversed, in the base of a prime per parameter."""

    def __call__(self, problem: Any, told: Any, under_way: Any, rng: Any) -> dict[str, Any]:
        number = len(told) + len(under_way) + int(rng.integers(10**6))
        primes = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)
        parts = (_reversed_digits(number, prime) for prime in primes)
        return {name: _at(domain, part) for (name, domain), part in zip(problem.parameters.items(), parts)}  # noqa: B905


def near_the_best(problem: Any, told: Any, under_way: Any, rng: Any) -> dict[str, Any]:  # noqa: ARG001
    """A new value for one parameter of the best trial so far, by its first objective."""
    drawn = {name: domain.encode(domain.random(rng)) for name, domain in problem.parameters.items()}
    usable = [trial for trial in told if trial.objectives is not None]
    if len(usable) < 4:
        return drawn
    sign = -1 if problem.objectives[0].is_maximized else 1
    best = min(usable, key=lambda trial: (sign * trial.objectives[0], trial.number))
    name = list(drawn)[int(rng.integers(len(drawn)))]
    return dict(best.values) | {name: drawn[name]}


def outside(problem: Any, *_: Any) -> dict[str, Any]:
    """A value that no parameter has."""
    return dict.fromkeys(problem.parameters, "nowhere")


def _reversed_digits(number: int, base: int) -> float:
    part, scale = 0.0, 1.0
    while number:
        scale /= base
        part += scale * (number % base)
        number //= base
    return part


def _at(domain: Any, part: float) -> Any:
    """The value at `part` of a domain."""
    if domain.size is not None:
        return domain.encode(domain.values[int(part * domain.size)])
    if domain.log:
        return min(domain.high, domain.low * (domain.high / domain.low) ** part)
    return domain.low + (domain.high - domain.low) * part
