"""Flags as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsearch.flags import pack, unpack


@given(st.lists(st.booleans(), max_size=40))
def test_unpack_is_the_inverse_of_pack(flags: list[bool]) -> None:
    assert unpack(pack(np.array(flags, dtype=bool)), len(flags)).tolist() == flags


def test_the_first_flag_is_the_highest_bit() -> None:
    assert pack(np.array([True] + [False] * 7)) == "gA=="  # base64 of byte 0x80


def test_text_of_another_number_of_flags_is_refused() -> None:
    with pytest.raises(ValueError, match="1 bytes do not hold 9 flags"):
        unpack("gA==", 9)
