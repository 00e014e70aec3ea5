"""What if: a run of ELM's history with other rain, temperature, cover or disturbances, by a TOML file."""
