"""What is told of profiles is what is read."""

from dataclasses import fields
from pathlib import Path

import yaml

import hwcost as h
from hwcost.prices.profile import Semantics
from hwcost.prices.schema import schema
from hwcost.prices.units import ENTRIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "hwcost_profiles.md"


def test_the_page_of_profile_fields_is_made_from_the_schema() -> None:
    """After a change: `python -m hwcost --schema > docs/hwcost_profiles.md`."""
    assert PAGE.read_text() == schema() + "\n"


def test_every_entry_and_every_key_of_semantics_is_told() -> None:
    told = schema()
    names = {name for section in ENTRIES.values() for name in section} | {f.name for f in fields(Semantics)}
    assert sorted(name for name in names if f"| `{name}` |" not in told) == []


def test_the_profile_shown_is_one(tmp_path: Path) -> None:
    text = schema().split("```yaml\n")[1].split("```")[0]
    (tmp_path / "shown.yaml").write_text(text)
    assert h.load_profile(tmp_path / "shown.yaml").prices["mac"].ends == (3, 3.5, 4)
    assert yaml.safe_load(text).keys() == {"extends", "about", "prices"}
