"""The language models a scaffold can ask, behind one protocol."""
