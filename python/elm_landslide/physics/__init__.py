"""The equations of the network: torch, double precision, differentiable; SI units: Pa, m, gradients in m/m.

What has no torch here serves readers too: constants, pedotransfer, root_profile, clapp_hornberger. The water of the
simulated columns and hillslopes, and their bundles of fibres, are in simulator/; the odds of a report in observation/.
"""
