"""What is priced: layers, stages and the network they make, as shapes without weights or values."""
