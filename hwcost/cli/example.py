"""The job that `python -m hwcost --example` prints: a small network, to be edited."""

EXAMPLE = """\
# A job for `python -m hwcost FILE`: a network of layers, and its activity.
# Edit it, then: python -m hwcost FILE --profile 45nm_memory,loihi --assume weight_bits=8
network:
  stages:                    # consecutive layers that share one number of timesteps
    - {timesteps: 4}
    - {timesteps: 2, transformer: bucket}   # how 4 timesteps become 2: bucket, truncate, score_mix, ...
  layers:                    # in the order in which they run; shapes of one timestep, channels first
    - name: conv1
      kind: conv2d           # conv, conv_transpose, avg_pool, max_pool with 1d, 2d or 3d; linear, recurrent, lstm ...
      stage: 0
      in_shape: [2, 16, 16]
      out_shape: [8, 16, 16]
      kernel: [3, 3]
      padding: [1, 1]
      in_class: graded       # what arrives: binary, ternary, graded (up to in_max) or analog
      in_max: 3
      bias: true
      neuron: lif            # lif, if, or null: the output is read as it is
    - {name: pool1, kind: avg_pool2d, stage: 0, in_shape: [8, 16, 16], out_shape: [8, 8, 8], kernel: [2, 2]}
    - name: conv2
      kind: conv2d
      stage: 1
      in_shape: [8, 8, 8]
      out_shape: [16, 8, 8]
      kernel: [3, 3]
      padding: [1, 1]
      in_class: graded       # the pool hands on the number of spikes in its window
      in_max: 4
      neuron: lif
    - {name: out, kind: linear, stage: 1, in_shape: [1024], out_shape: [10], bias: true}
rate: 0.1                    # spikes per neuron and timestep; or `spikes`, a record (hwcost.SpikeRecord.to_dict)
"""
