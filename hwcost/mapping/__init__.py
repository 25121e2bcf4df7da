"""How a network fills the cores of a chip, and how far its spikes travel."""
