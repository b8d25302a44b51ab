"""What the systems of the company send every night, said once for each of them in a feed."""
