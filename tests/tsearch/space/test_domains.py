"""Domains: what every kind of setting promises."""

import json

import numpy as np
import pytest

from tsearch.space.domains import DOMAINS, Choice, Domain, Real, Whole, domain_from_dict

EXAMPLES: list[Domain] = [
    Choice((0.1, 0.2)),
    Choice(((4, 8), (8, 8))),
    Choice(("soft", True, None)),
    Real(0.001, 0.1, log=True, default=0.01),
    Real(-1.0, 1.0),
    Whole(2, 64, log=True, default=8),
]


@pytest.mark.parametrize("domain", EXAMPLES, ids=str)
def test_a_domain_keeps_its_promises(domain: Domain) -> None:
    assert domain_from_dict(json.loads(json.dumps(domain.to_dict()))) == domain
    assert domain.to_dict()["kind"] == domain.kind
    rng = np.random.default_rng(0)
    drawn = [domain.random(rng) for _ in range(50)]
    for value in (domain.default, *domain.ends, *drawn):
        assert domain.decode(domain.encode(value)) == value
    if domain.size is None:
        with pytest.raises(ValueError, match="cannot be listed"):
            _ = domain.values
    else:
        assert len(domain.values) == domain.size
        assert set(drawn) <= set(domain.values)


def test_every_kind_is_known_by_name() -> None:
    assert {domain.kind for domain in EXAMPLES} == set(DOMAINS)


def test_values_in_words() -> None:
    assert [domain.words for domain in EXAMPLES] == [
        "0.1, 0.2",
        "[4, 8], [8, 8]",
        "soft, True, null",
        "0.001 to 0.1, logarithmic",
        "-1 to 1",
        "2 to 64, logarithmic",
    ]


def test_choices_of_earlier_versions_name_no_kind() -> None:
    assert domain_from_dict({"values": [[1, 2], [3]]}) == Choice(((1, 2), (3,)))


@pytest.mark.parametrize(
    ("domain", "value", "message"),
    [
        (Choice((1, 2)), 3, r"3 is not one of \[1, 2\]"),
        (Real(0.0, 1.0), 1.5, r"1.5 is outside \[0.0, 1.0\]"),
        (Whole(1, 4), 5, r"5 is not a whole number in \[1, 4\]"),
        (Whole(1, 4), 1.5, r"1.5 is not a whole number in \[1, 4\]"),
    ],
)
def test_what_lies_outside_is_refused(domain: Domain, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        domain.encode(value)
