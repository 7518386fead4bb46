"""What is measured: competitions, submission contracts, metrics and medals."""
