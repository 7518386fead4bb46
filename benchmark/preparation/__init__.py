"""How raw downloads become prepared data: shared steps, and the facts that steer them."""
