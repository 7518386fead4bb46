"""Where an agent acts: an isolated folder with data, a shell and scripts, and nothing else."""
