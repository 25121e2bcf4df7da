"""Codecs against encoders that write every bit, and that their decoders read back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hwcost as h


def aer(frame: np.ndarray) -> str:
    return "".join(word(i, width(frame.size)) for i in np.flatnonzero(frame))


def bitmap(frame: np.ndarray) -> str:
    return "".join(map(str, frame.ravel()))


def csr(frame: np.ndarray) -> str:
    rows = frame.reshape(1 if frame.ndim == 1 else len(frame), -1)
    pointers = np.cumsum([0, *rows.sum(axis=1)])
    size = int(frame.size).bit_length()
    return "".join(word(p, size) for p in pointers) + "".join(map(aer, rows))


def rle(frame: np.ndarray) -> str:
    sent, run = "", 0
    for event in frame.ravel()[: np.flatnonzero(frame)[-1] + 1] if frame.any() else ():
        if event:
            sent, run = sent + word(run, 5), 0
        else:
            run += 1
            if run == 31:
                sent, run = sent + word(31, 5), 0
    return sent


def decoded_rle(sent: str, size: int) -> list[int]:
    places: list[int] = []
    for i in range(0, len(sent), 5):
        run = int(sent[i : i + 5], 2)
        places += [0] * run + [1] * (run < 31)
    return places + [0] * (size - len(places))


def word(number: int, bits: int) -> str:
    return format(number, f"0{bits}b")


def width(places: int) -> int:
    return max(1, (places - 1).bit_length())


def priced(frames: np.ndarray, codec: str, **more: object) -> float:
    """Bits of the events of all samples that arrive at a layer; `frames` [samples, *shape]."""
    shape = frames.shape[1:]
    layer = h.linear("l", shape, 2, **more) if len(shape) == 1 else h.conv("l", shape, 2, 1, **more)
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    record = h.SpikeRecord.from_maps(network, {"l": frames[:, None]})
    profile = h.load_profile("45nm_memory").where(codec=codec)
    return h.estimate(network, record, profile).count("spike_read", "l") * len(frames)


@given(st.data())
def test_exact_codecs_are_as_long_as_what_an_encoder_writes(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(7,), (64,), (3, 4, 5), (1, 8, 8), (2, 33)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    frames = (rng.random((3, *shape)) < data.draw(st.sampled_from((0.0, 0.1, 0.5, 1.0)))).astype(int)
    for codec, encode in {"aer": aer, "bitmap": bitmap, "csr": csr}.items():
        assert priced(frames, codec) == sum(len(encode(frame)) for frame in frames)
    lengths = [sum(len(encode(frame)) for frame in frames) for encode in (aer, bitmap)]
    assert priced(frames, "min") == min(lengths)


@pytest.mark.parametrize(("shape", "rate"), [((4, 10, 10), 0.02), ((1000,), 0.005), ((8, 8, 8), 0.2)])
def test_run_lengths_are_expected_over_where_events_are(shape: tuple[int, ...], rate: float) -> None:
    """The mean over frames of independent events; and what an encoder writes can be read back."""
    frames = (np.random.default_rng(3).random((1500, *shape)) < rate).astype(int)
    sent = [rle(frame) for frame in frames]
    assert priced(frames, "rle") == pytest.approx(sum(map(len, sent)), rel=0.01)
    for frame, bits in zip(frames[:20], sent, strict=False):
        assert decoded_rle(bits, frame.size) == frame.ravel().tolist()


def test_run_lengths_of_a_small_frame_are_exact() -> None:
    frames = (np.random.default_rng(5).random((9, 31)) < 0.3).astype(int)
    assert priced(frames, "rle") == sum(len(rle(frame)) for frame in frames)


@pytest.mark.parametrize("codec", ["rle", "csr", "aer", "min", "word"])
def test_one_more_event_never_takes_fewer_bits(codec: str) -> None:
    lengths = [priced((np.arange(300) < n).astype(int)[None], codec) for n in range(0, 301, 10)]
    assert lengths == sorted(lengths)


def test_values_travel_beside_addresses_and_runs() -> None:
    """Where a graded event is one MAC, its value has to be sent: 3 bits up to 5."""
    frames = np.array([[0, 5, 0, 0, 2, 1, 0, 0]])
    layer = h.linear("l", 8, 2, in_class="graded", in_max=5)
    network = h.NetworkSpec((layer,), (h.StageSpec(1),))
    record = h.SpikeRecord.from_maps(network, {"l": frames[:, None]})
    bits = {}
    for codec in ("aer", "rle", "csr", "bitmap", "word"):
        profile = h.load_profile("45nm_memory").where(codec=codec, graded="mac")
        bits[codec] = h.estimate(network, record, profile).count("spike_read")
    assert bits == {
        "aer": 3 * (3 + 3),
        "rle": 3 * (5 + 3),
        "csr": 2 * 4 + 3 * (3 + 3),
        "bitmap": 24,
        "word": 96,
    }


def test_11_codec_word_is_accepted_by_every_profile_with_a_word() -> None:
    """It raised a KeyError where a profile had no queue; without one a frame's worth of words is held."""
    frames = np.ones((2, 4), int)
    assert priced(frames, "word") == 8 * 32
    profile = h.load_profile("45nm_memory").where(codec="word")
    network = h.NetworkSpec((h.linear("l", 4, 2),), (h.StageSpec(1),))
    lacking = h.Profile(**{**vars(profile), "bits": {k: n for k, n in profile.bits.items() if k != "event"}})
    with pytest.raises(h.HwcostError, match=r"codec 'word' needs .*'bits.event'"):
        h.estimate(network, h.SpikeRecord.full(network), lacking)
