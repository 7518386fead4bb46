"""The Docker image that agents live in, and how it is built."""
