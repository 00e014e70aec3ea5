"""From satellite soil moisture and ELM's history to an offset of soil moisture by cell and month."""
