"""Reports that arrive by themselves: what is due, made exactly once, and who is told."""
