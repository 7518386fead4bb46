"""The AIDE tree search: draft, improve and debug solutions, one node a step."""
