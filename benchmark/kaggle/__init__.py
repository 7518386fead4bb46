"""Fetches data from Kaggle."""
