"""Spike records: how many events and spikes every layer saw, per timestep."""
