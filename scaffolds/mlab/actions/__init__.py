"""The actions of MLAB, each on the shared tools of a run."""
