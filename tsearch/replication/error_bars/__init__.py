"""How sure a front is: its members are trained again, and spread, probabilities and intervals are told."""
