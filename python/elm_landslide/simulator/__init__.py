"""Process-based hillslopes: column hydrology, lateral flow, hydromechanical triggering, ensembles."""
