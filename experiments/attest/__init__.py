"""The attestation: the red team set on a real run, judged by evidence that it cannot touch."""
