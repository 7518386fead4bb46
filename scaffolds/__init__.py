"""How an agent thinks: scaffolds, the run they live in, and the models they ask."""
