"""Searched settings in Optuna's words: for its samplers, and for the ledger, which its tools can read."""

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tsearch.space.domains import Choice, Domain, Real, Whole


def distribution(domain: Domain) -> BaseDistribution:
    """The distribution of a setting's values."""
    if isinstance(domain, Choice):
        return CategoricalDistribution(domain.choices)
    if isinstance(domain, Real):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    assert isinstance(domain, Whole)
    return IntDistribution(domain.low, domain.high, log=domain.log)
