"""Which operand stays in the array while a layer runs, and the memory traffic that follows."""
