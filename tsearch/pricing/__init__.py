"""From a network and its spikes to prices: the record of a validation pass, its cost, and bounds before training."""

COUNTING = 4
"""Version of what is counted and how a count becomes a price; results of another one are not compared.

1: as in version 0.1.0.
2: `score_mix` pays for normalising its scores over time: three MACs a step and a look-up.
3: memory traffic follows a dataflow (before, every synaptic operation read its weight, and accumulators were free);
   records say how channels and samples differ; what layers hand on is written and read.
4: an identity shortcut that adds events to events in a stage whose temporal transformer hands them on as they are costs
   nothing by itself, and the sum stays one of events (before, a convolution, and a sum of numbers). Mean timesteps are
   of layers of neurons (before, by layer, of layers with weights, the readout among them).
"""
