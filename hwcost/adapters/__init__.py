"""Networks of other libraries become a `NetworkSpec` and a `SpikeRecord`. torch and nir are imported on call only."""
