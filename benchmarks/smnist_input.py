"""Spikes that MNIST images become at the input of the sequential LSNN of benchmarks/tables/silicon.yaml.

An image is read pixel by pixel. 38 grey levels have a spike when the next pixel crosses them upwards and one when it
crosses them downwards (level 0 is never crossed), one input spikes at full white, and a cue spikes in each of the last
56 timesteps. Levels and cue are those of the encoder that ran on the chip. Takes a few seconds.
"""

import gzip
from pathlib import Path

import numpy as np
from claims import parser

LEVELS = np.floor(np.linspace(0, 255, 40)).astype(np.uint8)
CUE = 56
N_MEASURED = 200  # images of the measurement


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("images", type=Path, help="t10k-images-idx3-ubyte.gz")
    content = gzip.decompress(arguments.parse_args().images.read_bytes())
    pixels = np.frombuffer(content, np.uint8, offset=16).reshape(-1, 784)
    crossings = sum((np.diff(pixels >= level, axis=1)).sum(1) for level in LEVELS[1:-1])
    spikes = crossings + (pixels == LEVELS[-1]).sum(1) + CUE
    error = 1.96 * spikes.std() / N_MEASURED**0.5
    print(
        f"{len(pixels)} images: {spikes.mean():.1f} spikes per image, +/- {error:.0f} for {N_MEASURED} images (95 %)"
    )


if __name__ == "__main__":
    main()
