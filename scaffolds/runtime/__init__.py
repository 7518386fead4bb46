"""The durable run: the log, its replay, the budget and the lanes behind `scaffolds.run.Run`."""
