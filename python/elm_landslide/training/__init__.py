"""Training: of the network on columns and simulated hillslopes, and of the observation model on sites.

config.py says what decides a training; run.py goes through its stages; columns.py, hillslopes.py and sites.py hold what
each learns from; fitting.py is the loop they share.
"""
