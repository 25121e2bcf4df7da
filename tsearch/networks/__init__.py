"""Networks: a plan without torch, the modules made from it, and the neurons that go through time."""
