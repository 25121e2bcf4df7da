"""From shapes and spikes to counts: operations, neuron updates, memory accesses and memory sizes."""
