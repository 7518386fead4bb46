"""How long checks and grades take: generated files of the real sizes, and the measuring of them."""
