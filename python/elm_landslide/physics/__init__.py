"""The only place with equations. Torch, double precision, differentiable; SI units: Pa, m, gradients in m/m."""
