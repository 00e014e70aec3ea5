"""From maps to the ELM grid: slopes, wetness and curvature of a DEM; depth, texture, cover, lithology, leaf area."""
