"""Training: of the network on columns and simulated hillslopes, and of the observation model on sites.

config.py holds the settings of a training; run.py goes through its stages; closed_form.py, simulated.py, stage_1.py and
stage_2.py hold what each learns from, and how; fitting.py is the loop they share.
"""
