"""Readers: ELM history files, ELM surface datasets, and the columns x they are turned into."""
