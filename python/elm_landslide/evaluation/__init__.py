"""How well a model tells landslides from other dates and places: measures, comparators, the report."""
